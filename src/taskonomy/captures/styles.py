"""The ways in which posed RGB-D frames are published: 7-Scenes, TUM RGB-D, ScanNet."""

import re
from bisect import bisect_left
from pathlib import Path

import numpy as np
from jaxtyping import Float64
from scipy.spatial.transform import Rotation, Slerp

from taskonomy.captures.frames import Capture, Frame, posed, rigid
from taskonomy.errors import BadInput
from taskonomy.text import read_text

_FRAME = re.compile(r"frame-(\d+)\.pose\.txt")
_INTRINSICS = "camera-intrinsics.txt"
_SCENES_CAMERA = "585 0 320 0 585 240 0 0 1 for 7-Scenes"
_TUM_CAMERA = "525 0 319.5 0 525 239.5 0 0 1 for sequences of TUM itself"
"""What the authors recommend; their downloads hold no such file."""
_TUM_UNIT = 5000.0
"""Levels of a depth image in a metre."""
_TOGETHER, _BETWEEN = 0.02, 0.1
"""Seconds between a colour image and its depth at most, and between the poses around it."""
_SAME = 1e-3
"""How far the extrinsics of two cameras in one place may differ."""


def load(folder: Path) -> Capture:
    """Return the capture in a folder of any style, told by what lies there.

    Raises:
        BadInput: nothing of that is there, a file is missing or not what it should be, or a pose is
            not rigid.
    """
    if not folder.is_dir():
        raise BadInput(f"{folder}: found no such folder, expected posed RGB-D frames")
    if (folder / "groundtruth.txt").is_file():
        return tum(folder)
    if (folder / "pose").is_dir():
        return scannet(folder)
    return seven_scenes(folder)


def seven_scenes(folder: Path) -> Capture:
    """Return frame-NNNNNN.color.jpg|png, .depth.png (millimetres), .pose.txt (4x4) and
    camera-intrinsics.txt (3x3)."""
    matches = (_FRAME.fullmatch(entry.name) for entry in folder.iterdir())
    numbers = sorted(int(match[1]) for match in matches if match)
    if not numbers:
        raise BadInput(
            f"{folder}: found no posed frames, expected frame-NNNNNN.pose.txt (7-Scenes),"
            " groundtruth.txt (TUM RGB-D) or a folder pose (ScanNet)"
        )
    intrinsics = _matrix(folder / _INTRINSICS, 3, f"the camera's intrinsics ({_SCENES_CAMERA})")

    def frame(number: int) -> Frame:
        name = f"frame-{number:06d}"
        png = folder / f"{name}.color.png"
        color = png if png.is_file() else folder / f"{name}.color.jpg"
        pose = folder / f"{name}.pose.txt"
        matrix = rigid(_matrix(pose, 4, "a camera-to-world pose"), str(pose))
        return Frame(number, color, folder / f"{name}.depth.png", matrix)

    return posed(folder, map(frame, numbers), intrinsics)


def tum(folder: Path) -> Capture:
    """Return what rgb.txt and depth.txt (time, file) and groundtruth.txt (time, position,
    quaternion x y z w) list, with camera-intrinsics.txt.

    A colour image goes with the depth image that is nearest in time. The pose is that of the time
    of the depth image, between those before and after; numbers count the colour images. Images
    without a partner or poses around them are left out.
    """
    intrinsics = _matrix(folder / _INTRINSICS, 3, f"the camera's intrinsics ({_TUM_CAMERA})")
    colors, depths = _listed(folder / "rgb.txt"), _listed(folder / "depth.txt")
    times, poses = _trajectory(folder / "groundtruth.txt")
    turns = Slerp(times, Rotation.from_quat(poses[:, 3:]))
    at = np.array([time for time, _ in depths])
    frames = []
    for number, (time, color) in enumerate(colors):
        nearest = int(np.abs(at - time).argmin())
        seen = at[nearest]
        after = bisect_left(times, seen)
        known = 0 < after < len(times) and times[after] - times[after - 1] <= _BETWEEN
        if abs(seen - time) > _TOGETHER or not known:
            continue
        pose = np.eye(4)
        pose[:3, :3] = turns(seen).as_matrix()
        pose[:3, 3] = [np.interp(seen, times, poses[:, axis]) for axis in range(3)]
        frames.append(Frame(number, folder / color, folder / depths[nearest][1], pose))
    if len(frames) < 3:
        raise BadInput(
            f"{folder}: found {len(frames)} colour images with depth within {_TOGETHER} s and poses"
            f" within {_BETWEEN} s of each other around it, expected three or more"
        )
    return posed(folder, frames, intrinsics, unit=_TUM_UNIT)


def scannet(folder: Path) -> Capture:
    """Return color/N.jpg, depth/N.png (millimetres), pose/N.txt (4x4) and intrinsic/ (4x4 of both
    cameras), as ScanNet's own reader exports them; frames whose pose was lost (-inf) are left
    out."""
    cameras = [
        _matrix(
            folder / "intrinsic" / f"intrinsic_{name}.txt", 4, f"the {name} camera's intrinsics"
        )
        for name in ("depth", "color")
    ]
    places = [folder / "intrinsic" / f"extrinsic_{name}.txt" for name in ("depth", "color")]
    if all(place.is_file() for place in places):
        one, two = (_matrix(place, 4, "a camera's place") for place in places)
        if np.abs(one - two).max() > _SAME:
            raise BadInput(
                f"{places[1]}: found another place than the depth camera's, expected colour seen"
                " from where depth is"
            )
    frames = []
    for file in (folder / "pose").glob("*.txt"):
        if not file.stem.isdigit():
            raise BadInput(f"{file}: found a name that is no number, expected pose/N.txt")
        pose = _matrix(file, 4, "a camera-to-world pose", finite=False)
        if np.isfinite(pose).all():
            images = folder / "color" / f"{file.stem}.jpg", folder / "depth" / f"{file.stem}.png"
            frames.append(Frame(int(file.stem), *images, rigid(pose, str(file))))
    frames.sort(key=lambda frame: frame.number)
    depth, color = (camera[:3, :3] for camera in cameras)
    return posed(folder, frames, depth, color_intrinsics=color)


def _matrix(file: Path, size: int, what: str, *, finite: bool = True) -> Float64[np.ndarray, "s s"]:
    values = _numbers(_text(file, what).split(), str(file), f"{size}x{size} numbers")
    if len(values) != size * size or (finite and not np.isfinite(values).all()):
        raise BadInput(f"{file}: found {len(values)} numbers, expected {size}x{size} finite ones")
    return np.array(values).reshape(size, size)


def _lines(file: Path, what: str) -> list[tuple[str, list[str]]]:
    """The words of every line but comments, each with where it stands."""
    lines = enumerate(_text(file, what).splitlines(), 1)
    words = [(f"{file}: line {number}", line.split()) for number, line in lines]
    return [(where, found) for where, found in words if found and not found[0].startswith("#")]


def _listed(file: Path) -> list[tuple[float, str]]:
    """Times and files, in the order of time."""
    what = "a time and a file a line"
    found = []
    for where, words in _lines(file, what):
        if len(words) != 2:
            raise BadInput(f"{where}: found {len(words)} words, expected {what}")
        found.append((_numbers(words[:1], where, what)[0], words[1]))
    if not found:
        raise BadInput(f"{file}: found no line, expected {what}")
    return sorted(found)


def _trajectory(file: Path) -> tuple[Float64[np.ndarray, " t"], Float64[np.ndarray, "t 7"]]:
    """Times, strictly ascending, and positions with quaternions."""
    what = "timestamp tx ty tz qx qy qz qw a line"
    rows = []
    for where, words in _lines(file, what):
        row = _numbers(words, where, what)
        if len(row) != 8 or not np.isfinite(row).all() or not any(row[4:]):
            raise BadInput(f"{where}: found {' '.join(words)!r}, expected {what}")
        rows.append(row)
    if len(rows) < 2:
        raise BadInput(f"{file}: found {len(rows)} poses, expected {what}")
    found = np.array(rows)
    times, first = np.unique(found[:, 0], return_index=True)
    return times, found[first, 1:]


def _text(file: Path, what: str) -> str:
    try:
        return read_text(file)
    except FileNotFoundError as error:
        raise BadInput(f"{file}: found no such file, expected {what}") from error


def _numbers(words: list[str], where: str, what: str) -> list[float]:
    try:
        return [float(word) for word in words]
    except ValueError as error:
        raise BadInput(f"{where}: {error}, expected {what}") from error
