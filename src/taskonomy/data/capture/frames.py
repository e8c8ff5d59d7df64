"""Posed RGB-D frames as 7-Scenes packages them: colour, depth, pose, one camera."""

import re
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import Float32, Float64, UInt8

from taskonomy.data import codecs
from taskonomy.errors import BadInput

_FRAME = re.compile(r"frame-(\d+)\.pose\.txt")
_RIGID = 0.01
"""How far a pose's rotation may be from orthonormal: printed digits and drift, not a scale."""


@dataclass(frozen=True)
class Capture:
    """A posed RGB-D sequence.

    Attributes:
        folder: where its files lie; its name is the building's.
        numbers: frame numbers, ascending: the order of time.
        intrinsics: fx 0 cx, 0 fy cy, 0 0 1 in pixels; integer coordinates are pixel centres.
        rotations: camera-to-world; camera x right, y down, z forward.
        locations: camera centres in metres.
    """

    folder: Path
    numbers: tuple[int, ...]
    intrinsics: Float64[np.ndarray, "3 3"]
    rotations: Float64[np.ndarray, "n 3 3"]
    locations: Float64[np.ndarray, "n 3"]

    def color(self, i: int) -> UInt8[np.ndarray, "H W 3"]:
        """Return the i-th frame's image."""
        file = _color(self.folder, self.numbers[i])
        image = cv2.imread(str(file), cv2.IMREAD_COLOR)
        if image is None:
            raise BadInput(f"{file}: cannot be decoded, expected a JPEG or PNG image")
        return np.ascontiguousarray(image[..., ::-1])

    def depth(self, i: int) -> Float32[np.ndarray, "H W"]:
        """Return the i-th frame's depth along the optical axis in metres, nan = missing."""
        file = _file(self.folder, self.numbers[i], "depth.png")
        levels = codecs.pixels(file.read_bytes(), str(file), (16,), (1,))
        metres = levels.astype(np.float32) / 1000
        metres[(levels == 0) | (levels == 65535)] = np.nan
        return metres


def load(folder: Path) -> Capture:
    """Find a capture's frames and read its cameras; images are read when asked for.

    Raises:
        BadInput: intrinsics, frames or a frame's file are missing, or a pose is not rigid.
    """
    if not folder.is_dir():
        raise BadInput(f"{folder}: found no such folder, expected posed RGB-D frames")
    intrinsics = _matrix(folder / "camera-intrinsics.txt", 3, "the camera's intrinsics")
    if intrinsics[0, 0] <= 0 or intrinsics[1, 1] <= 0:
        raise BadInput(
            f"{folder / 'camera-intrinsics.txt'}: found focal lengths {intrinsics[0, 0]:g} and "
            f"{intrinsics[1, 1]:g}, expected positive ones"
        )
    matches = (_FRAME.fullmatch(entry.name) for entry in folder.iterdir())
    numbers = sorted(int(match[1]) for match in matches if match)
    if len(numbers) < 3:
        raise BadInput(
            f"{folder}: found {len(numbers)} frame-NNNNNN.pose.txt, expected three or more"
        )
    poses = np.array([_pose(_file(folder, number, "pose.txt")) for number in numbers])
    for number in numbers:
        for file in (_file(folder, number, "depth.png"), _color(folder, number)):
            if not file.is_file():
                raise BadInput(f"{file}: found no such file, though frame {number} has a pose")
    capture = Capture(folder, tuple(numbers), intrinsics, poses[:, :3, :3], poses[:, :3, 3])
    if capture.color(0).shape[:2] != capture.depth(0).shape:
        raise BadInput(
            f"{folder}: found colour of size {capture.color(0).shape[:2]} and depth of size "
            f"{capture.depth(0).shape}, expected registered images of one size"
        )
    return capture


def _file(folder: Path, number: int, what: str) -> Path:
    return folder / f"frame-{number:06d}.{what}"


def _color(folder: Path, number: int) -> Path:
    png = _file(folder, number, "color.png")
    return png if png.is_file() else _file(folder, number, "color.jpg")


def _matrix(file: Path, size: int, what: str) -> Float64[np.ndarray, "s s"]:
    try:
        values = [float(word) for word in file.read_text().split()]
    except FileNotFoundError as error:
        raise BadInput(f"{file}: found no such file, expected {what}") from error
    except ValueError as error:
        raise BadInput(f"{file}: {error}, expected {size}x{size} numbers") from error
    if len(values) != size * size or not np.isfinite(values).all():
        raise BadInput(f"{file}: found {len(values)} numbers, expected {size}x{size} finite ones")
    return np.array(values).reshape(size, size)


def _pose(file: Path) -> Float64[np.ndarray, "4 4"]:
    pose = _matrix(file, 4, "a camera-to-world pose")
    rotation = pose[:3, :3]
    error = float(np.abs(rotation @ rotation.T - np.eye(3)).max())
    if error > _RIGID or np.linalg.det(rotation) < 0 or not np.allclose(pose[3], [0, 0, 0, 1]):
        raise BadInput(
            f"{file}: found a matrix {error:.3g} away from a rigid pose, expected a rotation and a "
            "translation over 0 0 0 1"
        )
    u, _, vt = np.linalg.svd(rotation)
    pose[:3, :3] = u @ vt
    return pose
