"""The ways in which posed RGB-D frames are published: 7-Scenes, TUM RGB-D, ScanNet; and how a
folder's style is told."""

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float64
from scipy.spatial.transform import Rotation, Slerp

from taskonomy.captures import colmap, nerfstudio
from taskonomy.captures.conventions import Conventions
from taskonomy.captures.frames import (
    ABSENT,
    UNPOSED,
    Capture,
    Frame,
    image_size,
    posed,
    present,
    why_left_out,
)
from taskonomy.captures.lenses import resized
from taskonomy.captures.texts import check_unit, lines, matrix, numbers
from taskonomy.errors import BadInput

_FRAME = re.compile(r"frame-(\d+)\.(pose\.txt|color\.(?:jpg|png))")
_INTRINSICS = "camera-intrinsics.txt"
_SCENES_CAMERA = "585 0 320 0 585 240 0 0 1 for 7-Scenes"
_TUM_CAMERA = "525 0 319.5 0 525 239.5 0 0 1 for sequences of TUM itself"
"""What the authors recommend; their downloads hold no such file."""
_TUM = Conventions(quaternions="xyzw", depth_unit=5000.0)
_TOGETHER, _BETWEEN = 0.02, 0.1
"""Seconds between a colour image and its depth at most, and between the poses around it."""
_SAME = 1e-3
"""How far the extrinsics of two cameras in one place may differ."""
APART, BETWEEN = f"no depth image within {_TOGETHER} s", f"no poses within {_BETWEEN} s around them"
"""Why TUM's images are left out."""


def load(folder: Path, changes: Mapping[str, Any] | None = None) -> Capture:
    """Return the capture in a folder of any style, told by what lies there.

    Args:
        folder: what `annotate` is given.
        changes: what the user says otherwise than the style: `intrinsics` (3x3), and fields of
            `Conventions`; None leaves one as it is.

    Raises:
        BadInput: nothing of that is there, a file is missing or not what it should be, or a pose is
            not rigid.
    """
    if not folder.is_dir():
        raise BadInput(f"{folder}: found no such folder, expected posed RGB-D frames")
    corrections = dict(changes or {})
    intrinsics = corrections.pop("intrinsics", None)
    if (folder / nerfstudio.FILE).is_file():
        return nerfstudio.load(folder, intrinsics, corrections)
    model = colmap.find(folder)
    if model is not None:
        return colmap.load(folder, model, intrinsics, corrections)
    if (folder / "groundtruth.txt").is_file():
        return tum(folder, intrinsics, corrections)
    if (folder / "pose").is_dir():
        return scannet(folder, intrinsics, corrections)
    return seven_scenes(folder, intrinsics, corrections)


def seven_scenes(
    folder: Path, intrinsics: Float64[np.ndarray, "3 3"] | None, changes: Mapping[str, Any]
) -> Capture:
    """Return frame-NNNNNN.color.jpg|png, .depth.png (millimetres), .pose.txt (4x4) and
    camera-intrinsics.txt (3x3)."""
    matches = (_FRAME.fullmatch(entry.name) for entry in folder.iterdir())
    parts = {(int(match[1]), match[2] == "pose.txt") for match in matches if match}
    found = sorted(number for number, is_pose in parts if is_pose)
    if not found:
        raise BadInput(
            f"{folder}: found no posed frames, expected frame-NNNNNN.pose.txt (7-Scenes),"
            " groundtruth.txt (TUM RGB-D) or a folder pose (ScanNet); or transforms.json"
            " (nerfstudio), or cameras.txt and images.txt (COLMAP)"
        )
    if intrinsics is None:
        intrinsics = matrix(folder / _INTRINSICS, 3, f"the camera's intrinsics ({_SCENES_CAMERA})")

    def frame(number: int) -> Frame:
        name = f"frame-{number:06d}"
        png = folder / f"{name}.color.png"
        color = png if png.is_file() else folder / f"{name}.color.jpg"
        pose = folder / f"{name}.pose.txt"
        raw = matrix(pose, 4, "a camera-to-world pose", finite=False)
        return Frame(number, color, folder / f"{name}.depth.png", raw, str(pose))

    conventions = Conventions().corrected(changes)
    left_out = {UNPOSED: len({number for number, _ in parts}) - len(found)}
    return posed(folder, map(frame, found), intrinsics, conventions=conventions, left_out=left_out)


def tum(
    folder: Path, intrinsics: Float64[np.ndarray, "3 3"] | None, changes: Mapping[str, Any]
) -> Capture:
    """Return what rgb.txt and depth.txt (time, file) and groundtruth.txt (time, position,
    quaternion x y z w) list, with camera-intrinsics.txt.

    A colour image goes with the depth image that is nearest in time, of those that are there. The
    pose is that of the time of the depth image, between those before and after; numbers count the
    listed colour images. Images without a partner or poses around them are left out.
    """
    if intrinsics is None:
        intrinsics = matrix(folder / _INTRINSICS, 3, f"the camera's intrinsics ({_TUM_CAMERA})")
    conventions = _TUM.corrected(changes)
    listed, depths = _listed(folder / "rgb.txt"), _listed(folder / "depth.txt")
    depths = [(time, name) for time, name in depths if present(folder / name)] or depths[:1]
    times, poses = _trajectory(folder / "groundtruth.txt", conventions)
    turns = Slerp(times, Rotation.from_quat(poses[:, 3:]))
    at = np.array([time for time, _ in depths])
    frames, left_out = [], Counter[str]()
    for number, (time, color) in enumerate(listed):
        nearest = int(np.abs(at - time).argmin())
        seen = at[nearest]
        after = bisect_left(times, seen)
        if not present(folder / color):
            left_out[ABSENT] += 1
        elif abs(seen - time) > _TOGETHER:
            left_out[APART] += 1
        elif not (0 < after < len(times) and times[after] - times[after - 1] <= _BETWEEN):
            left_out[BETWEEN] += 1
        else:
            pose = np.eye(4)
            pose[:3, :3] = turns(seen).as_matrix()
            pose[:3, 3] = [np.interp(seen, times, poses[:, axis]) for axis in range(3)]
            frames.append(Frame(number, folder / color, folder / depths[nearest][1], pose))
    if len(frames) < 3:
        raise BadInput(
            f"{folder}: found {len(frames)} colour images with depth within {_TOGETHER} s and poses"
            f" within {_BETWEEN} s of each other around it"
            f" ({why_left_out(left_out)}), expected three or more"
        )
    return posed(folder, frames, intrinsics, conventions=conventions, left_out=left_out)


def scannet(
    folder: Path, intrinsics: Float64[np.ndarray, "3 3"] | None, changes: Mapping[str, Any]
) -> Capture:
    """Return color/N.jpg, depth/N.png (millimetres), pose/N.txt (4x4) and intrinsic/ (4x4 of both
    cameras), as ScanNet's own reader exports them. Intrinsics that the user gives are the depth
    camera's, and the colour camera's in its images' size."""
    places = [folder / "intrinsic" / f"extrinsic_{name}.txt" for name in ("depth", "color")]
    if all(place.is_file() for place in places):
        one, two = (matrix(place, 4, "a camera's place") for place in places)
        if np.abs(one - two).max() > _SAME:
            raise BadInput(
                f"{places[1]}: found another place than the depth camera's, expected colour seen"
                " from where depth is"
            )
    frames = []
    for file in (folder / "pose").glob("*.txt"):
        if not file.stem.isdigit():
            raise BadInput(f"{file}: found a name that is no number, expected pose/N.txt")
        pose = matrix(file, 4, "a camera-to-world pose", finite=False)
        images = folder / "color" / f"{file.stem}.jpg", folder / "depth" / f"{file.stem}.png"
        frames.append(Frame(int(file.stem), *images, pose, str(file)))
    frames.sort(key=lambda frame: frame.number)
    posed_ones = {frame.color.name for frame in frames}
    unposed = sum(file.name not in posed_ones for file in (folder / "color").glob("*.jpg"))
    if intrinsics is None:
        depth, color = (
            matrix(
                folder / "intrinsic" / f"intrinsic_{name}.txt", 4, f"the {name} camera's intrinsics"
            )[:3, :3]
            for name in ("depth", "color")
        )
    else:
        whole = [frame for frame in frames if present(frame.color) and present(frame.depth)]
        depth = color = intrinsics
        if whole:
            sizes = image_size(whole[0].depth), image_size(whole[0].color)
            color = resized(intrinsics, *sizes)
    conventions = Conventions().corrected(changes)
    return posed(
        folder,
        frames,
        depth,
        color_intrinsics=color,
        conventions=conventions,
        left_out={UNPOSED: unposed},
    )


def _listed(file: Path) -> list[tuple[float, str]]:
    """Times and files, in the order of time."""
    what = "a time and a file a line"
    found = []
    for where, words in lines(file, what):
        if len(words) != 2:
            raise BadInput(f"{where}: found {len(words)} words, expected {what}")
        found.append((numbers(words[:1], where, what)[0], words[1]))
    if not found:
        raise BadInput(f"{file}: found no line, expected {what}")
    return sorted(found)


def _trajectory(
    file: Path, conventions: Conventions
) -> tuple[Float64[np.ndarray, " t"], Float64[np.ndarray, "t 7"]]:
    """Times, strictly ascending, and positions with quaternions x y z w; without lost poses."""
    what = "timestamp tx ty tz qx qy qz qw a line"
    rows = []
    for where, words in lines(file, what):
        row = numbers(words, where, what)
        if len(row) != 8 or not np.isfinite(row[0]):
            raise BadInput(f"{where}: found {' '.join(words)!r}, expected {what}")
        if not np.isfinite(row).all() or not any(row[4:]):
            continue
        check_unit(np.array(row[4:]), where)
        rows.append(row)
    if len(rows) < 2:
        raise BadInput(f"{file}: found {len(rows)} poses, expected {what}")
    found = np.array(rows)
    if conventions.quaternions == "wxyz":
        found[:, 4:] = found[:, [5, 6, 7, 4]]
    times, first = np.unique(found[:, 0], return_index=True)
    return times, found[first, 1:]
