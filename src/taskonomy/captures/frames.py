"""Posed RGB-D frames: colour, depth, poses, cameras, wherever their files lie."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from jaxtyping import Float32, Float64, UInt8

from taskonomy.data import codecs
from taskonomy.errors import BadInput

MILLIMETRES = 1000.0
_RIGID = 0.01
"""How far a pose's rotation may be from orthonormal: printed digits and drift, not a scale."""


class Frame(NamedTuple):
    """One frame of a capture.

    Attributes:
        number: what the data set calls it.
        color: its JPEG or PNG image.
        depth: its 16-bit PNG of depth along the optical axis; levels 0 and 65535 are missing.
        pose: the depth camera's, to the world, in metres; camera x right, y down, z forward.
    """

    number: int
    color: Path
    depth: Path
    pose: Float64[np.ndarray, "4 4"]


@dataclass(frozen=True)
class Capture:
    """A posed RGB-D sequence; `posed` makes one.

    Attributes:
        folder: where its files lie; its name is the building's.
        numbers: frame numbers, in the order of time.
        colors, depths: the frames' images.
        unit: levels of a depth image in a metre.
        intrinsics: the depth camera's: fx 0 cx, 0 fy cy, 0 0 1 in pixels; integer coordinates are
            pixel centres.
        color_intrinsics: the colour camera's, which is in the same place and looks the same way.
        rotations: camera-to-world; camera x right, y down, z forward.
        locations: camera centres in metres.
    """

    folder: Path
    numbers: tuple[int, ...]
    colors: tuple[Path, ...]
    depths: tuple[Path, ...]
    unit: float
    intrinsics: Float64[np.ndarray, "3 3"]
    color_intrinsics: Float64[np.ndarray, "3 3"]
    rotations: Float64[np.ndarray, "n 3 3"]
    locations: Float64[np.ndarray, "n 3"]

    def color(self, i: int) -> UInt8[np.ndarray, "H W 3"]:
        """Return the i-th frame's image."""
        image = cv2.imread(str(self.colors[i]), cv2.IMREAD_COLOR)
        if image is None:
            raise BadInput(f"{self.colors[i]}: cannot be decoded, expected a JPEG or PNG image")
        return np.ascontiguousarray(image[..., ::-1])

    def depth(self, i: int) -> Float32[np.ndarray, "h w"]:
        """Return the i-th frame's depth along the optical axis in metres, nan = missing."""
        file = self.depths[i]
        levels = codecs.pixels(file.read_bytes(), str(file), (16,), (1,))
        metres = levels.astype(np.float32) / np.float32(self.unit)
        metres[(levels == 0) | (levels == 65535)] = np.nan
        return metres


def posed(
    folder: Path,
    frames: Iterable[Frame],
    intrinsics: Float64[np.ndarray, "3 3"],
    *,
    color_intrinsics: Float64[np.ndarray, "3 3"] | None = None,
    unit: float = MILLIMETRES,
) -> Capture:
    """Return the capture of these frames; images are read when asked for.

    Args:
        folder: what lies in it; its name is the building's.
        frames: three or more, in the order of time.
        intrinsics: the depth camera's.
        color_intrinsics: the colour camera's, where its images are not registered to depth pixel
            by pixel; both are in one place and look the same way.
        unit: levels of a depth image in a metre.

    Raises:
        BadInput: there are fewer frames, one lacks a file or has no rigid pose, intrinsics are not
            what they should be, or images of one camera differ in size.
    """
    every = list(frames)
    if len(every) < 3:
        raise BadInput(f"{folder}: found {len(every)} posed frames, expected three or more")
    for frame in every:
        for file in (frame.depth, frame.color):
            if not file.is_file():
                raise BadInput(
                    f"{file}: found no such file, though frame {frame.number} has a pose"
                )
    cameras = [intrinsics, intrinsics if color_intrinsics is None else color_intrinsics]
    for camera in cameras:
        if camera[0, 0] <= 0 or camera[1, 1] <= 0:
            raise BadInput(
                f"{folder}: found focal lengths {camera[0, 0]:g} and {camera[1, 1]:g}, expected"
                " positive ones"
            )
    poses = np.array([rigid(frame.pose, f"{folder}: frame {frame.number}") for frame in every])
    capture = Capture(
        folder=folder,
        numbers=tuple(frame.number for frame in every),
        colors=tuple(frame.color for frame in every),
        depths=tuple(frame.depth for frame in every),
        unit=unit,
        intrinsics=cameras[0],
        color_intrinsics=cameras[1],
        rotations=poses[:, :3, :3],
        locations=poses[:, :3, 3],
    )
    color, depth = capture.color(0).shape[:2], capture.depth(0).shape
    if color_intrinsics is None and color != depth:
        raise BadInput(
            f"{folder}: found colour of size {color} and depth of size {depth}, expected"
            " registered images of one size"
        )
    return capture


def rigid(pose: Float64[np.ndarray, "4 4"], where: str) -> Float64[np.ndarray, "4 4"]:
    """Return a pose with its rotation made orthonormal; raises BadInput where it is far from that,
    or not over 0 0 0 1."""
    if not np.isfinite(pose).all():
        raise BadInput(f"{where}: found numbers that are not finite, expected a rigid pose")
    rotation = pose[:3, :3]
    error = float(np.abs(rotation @ rotation.T - np.eye(3)).max())
    if error > _RIGID or np.linalg.det(rotation) < 0 or not np.allclose(pose[3], [0, 0, 0, 1]):
        raise BadInput(
            f"{where}: found a matrix {error:.3g} away from a rigid pose, expected a rotation and"
            " a translation over 0 0 0 1"
        )
    u, _, vt = np.linalg.svd(rotation)
    found = pose.copy()
    found[:3, :3] = u @ vt
    return found
