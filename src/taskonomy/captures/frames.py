"""Posed RGB-D frames: colour, depth, poses, cameras, wherever their files lie."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from jaxtyping import Bool, Float32, Float64, UInt8
from PIL import Image, UnidentifiedImageError

from taskonomy.captures.conventions import Conventions
from taskonomy.captures.lenses import Lens
from taskonomy.data import codecs
from taskonomy.errors import BadInput

ABSENT, LOST, BLANK = "absent or empty image files", "lost poses", "blank depth"
UNPOSED = "no pose of theirs"
"""Why frames are left out, whatever their style."""
FEWEST = 3
_RIGID = 0.01
"""How far a pose's rotation may be from orthonormal: printed digits and drift, not a scale."""
_ORIENTATION = 0x0112
"""The EXIF tag that says how an image is to be turned; 1: as it is."""
_ENDS, _TAIL = (b"IEND", b"\xff\xd9"), 4096
"""How whole PNG and JPEG files end, but for what some cameras append."""


class Frame(NamedTuple):
    """One frame of a capture.

    Attributes:
        number: what the data set calls it.
        color: its JPEG or PNG image.
        depth: its 16-bit PNG of depth along the optical axis; levels 0 and 65535 are missing.
        pose: the depth camera's, as the capture's conventions say: by default to the world, in
            metres, camera x right, y down, z forward. Not finite or zero where it was lost.
        where: where the pose stands, for errors.
        lens: how the frame's own camera differs from the capture's.
    """

    number: int
    color: Path
    depth: Path
    pose: Float64[np.ndarray, "4 4"]
    where: str = ""
    lens: Lens | None = None


@dataclass(frozen=True)
class Capture:
    """A posed RGB-D sequence; `posed` makes one.

    Attributes:
        folder: where its files lie; its name is the building's.
        numbers: frame numbers, in the order of time.
        colors, depths: the frames' images.
        conventions: how its numbers were read.
        intrinsics: the depth camera's: fx 0 cx, 0 fy cy, 0 0 1 in pixels; integer coordinates are
            pixel centres.
        color_intrinsics: the colour camera's, which is in the same place and looks the same way.
        rotations: camera-to-world; camera x right, y down, z forward.
        locations: camera centres in metres.
        lenses: how each frame's camera differs from these.
        left_out: how many frames were left out, by reason.
    """

    folder: Path
    numbers: tuple[int, ...]
    colors: tuple[Path, ...]
    depths: tuple[Path, ...]
    conventions: Conventions
    intrinsics: Float64[np.ndarray, "3 3"]
    color_intrinsics: Float64[np.ndarray, "3 3"]
    rotations: Float64[np.ndarray, "n 3 3"]
    locations: Float64[np.ndarray, "n 3"]
    lenses: tuple[Lens | None, ...]
    left_out: Mapping[str, int] = field(default_factory=dict)

    @property
    def unit(self) -> float:
        """Levels of a depth image in a metre."""
        return self.conventions.depth_unit

    def color(self, i: int) -> UInt8[np.ndarray, "H W 3"]:
        """Return the i-th frame's image."""
        # An orientation other than the pixels' own was refused; codecs differ in which they obey.
        content = np.frombuffer(self.colors[i].read_bytes(), np.uint8)
        image = cv2.imdecode(content, cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)
        # OpenCV decodes half a file without a word.
        if image is None or not any(end in content[-_TAIL:].tobytes() for end in _ENDS):
            raise BadInput(f"{self.colors[i]}: cannot be decoded, expected a whole JPEG or PNG")
        lens = self.lenses[i]
        if lens is not None:
            image = lens.straighten(image, self.color_intrinsics, cv2.INTER_LINEAR)
        return np.ascontiguousarray(image[..., ::-1])

    def depth(self, i: int) -> Float32[np.ndarray, "h w"]:
        """Return the i-th frame's depth along the optical axis in metres, nan = missing."""
        file = self.depths[i]
        levels = codecs.pixels(file.read_bytes(), str(file), (16,), (1,))
        lens = self.lenses[i]
        if lens is not None:
            levels = lens.straighten(levels, self.intrinsics, cv2.INTER_NEAREST)
        metres = levels.astype(np.float32) / np.float32(self.unit)
        metres[(levels == 0) | (levels == 65535)] = np.nan
        return metres

    def only(self, kept: Bool[np.ndarray, " n"], reason: str) -> "Capture":
        """Return the capture with these frames alone; the others are counted as left out.

        Raises:
            BadInput: fewer than three are kept.
        """
        if kept.all():
            return self
        left_out = {**self.left_out, reason: int((~kept).sum())}
        indices = np.flatnonzero(kept)
        _check_count(self.folder, len(indices), left_out)
        return replace(
            self,
            numbers=tuple(self.numbers[i] for i in indices),
            colors=tuple(self.colors[i] for i in indices),
            depths=tuple(self.depths[i] for i in indices),
            rotations=self.rotations[indices],
            locations=self.locations[indices],
            lenses=tuple(self.lenses[i] for i in indices),
            left_out=left_out,
        )


def posed(
    folder: Path,
    frames: Iterable[Frame],
    intrinsics: Float64[np.ndarray, "3 3"],
    *,
    color_intrinsics: Float64[np.ndarray, "3 3"] | None = None,
    unit: float | None = None,
    conventions: Conventions | None = None,
    left_out: Mapping[str, int] | None = None,
) -> Capture:
    """Return the capture of these frames; images are read when asked for.

    Frames whose pose was lost, and frames of which an image file is absent or empty, are left out
    and counted.

    Args:
        folder: what lies in it; its name is the building's.
        frames: three or more, in the order of time.
        intrinsics: the depth camera's.
        color_intrinsics: the colour camera's, where its images are not registered to depth pixel
            by pixel; both are in one place and look the same way.
        unit: levels of a depth image in a metre [as the conventions say].
        conventions: how poses and depth are to be read.
        left_out: how many frames were left out before, by reason.

    Raises:
        BadInput: there are fewer frames, one has no rigid pose, intrinsics are not what they should
            be, or images of one camera differ in size or are to be turned.
    """
    conventions = Conventions() if conventions is None else conventions
    if unit is not None:
        conventions = replace(conventions, depth_unit=float(unit))
    counts = Counter(left_out or {})
    every = []
    for frame in frames:
        if lost(frame.pose):
            counts[LOST] += 1
        elif not (present(frame.color) and present(frame.depth)):
            counts[ABSENT] += 1
        else:
            every.append(frame)
    _check_count(folder, len(every), counts)
    cameras = [intrinsics, intrinsics if color_intrinsics is None else color_intrinsics]
    for camera in cameras:
        if camera[0, 0] <= 0 or camera[1, 1] <= 0:
            raise BadInput(
                f"{folder}: found focal lengths {camera[0, 0]:g} and {camera[1, 1]:g}, expected"
                " positive ones"
            )
    places = [frame.where or f"{folder}: frame {frame.number}" for frame in every]
    raw = [rigid(frame.pose, where) for frame, where in zip(every, places, strict=True)]
    poses = conventions.pose(np.array(raw))
    color = _one_size([frame.color for frame in every])
    depth = _one_size([frame.depth for frame in every])
    if color_intrinsics is None and color != depth:
        raise BadInput(
            f"{folder}: found colour of size {color} and depth of size {depth}, expected"
            " registered images of one size"
        )
    return Capture(
        folder=folder,
        numbers=tuple(frame.number for frame in every),
        colors=tuple(frame.color for frame in every),
        depths=tuple(frame.depth for frame in every),
        conventions=conventions,
        intrinsics=cameras[0],
        color_intrinsics=cameras[1],
        rotations=poses[:, :3, :3],
        locations=poses[:, :3, 3],
        lenses=tuple(frame.lens for frame in every),
        left_out={reason: count for reason, count in counts.items() if count},
    )


def lost(pose: Float64[np.ndarray, "4 4"]) -> bool:
    """Whether a pose says that there is none: by numbers that are not finite, or zeros."""
    return not np.isfinite(pose).all() or not pose[:3, :3].any()


def rigid(pose: Float64[np.ndarray, "4 4"], where: str) -> Float64[np.ndarray, "4 4"]:
    """Return a pose with its rotation made orthonormal; raises BadInput where it is far from that,
    or not over 0 0 0 1."""
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


def image_size(file: Path) -> tuple[int, int]:
    """Return an image's height and width, of its header alone.

    Raises:
        BadInput: it is no image, or its EXIF data ask for it to be turned.
    """
    try:
        with Image.open(file) as image:
            # A PNG without such data would be decoded for them.
            tagged = image.format != "PNG" or "exif" in image.info
            orientation = image.getexif().get(_ORIENTATION, 1) if tagged else 1
            width, height = image.size
    except (UnidentifiedImageError, OSError, SyntaxError) as error:
        raise BadInput(f"{file}: cannot be decoded, expected a JPEG or PNG image") from error
    if orientation not in (0, 1):
        raise BadInput(
            f"{file}: found EXIF orientation {orientation}, expected pixels that stand as those of"
            " the depth image do (orientation 1, or none)"
        )
    return height, width


def present(file: Path) -> bool:
    """Whether a file is there and holds anything: a download may have ended before it."""
    return file.is_file() and file.stat().st_size > 0


def why_left_out(left_out: Mapping[str, int]) -> str:
    """What was left out and why, in words; empty where nothing was."""
    reasons = [f"{count} for {reason}" for reason, count in left_out.items() if count]
    return f"left out: {', '.join(reasons)}" if reasons else ""


def _one_size(files: list[Path]) -> tuple[int, int]:
    """The height and width of all these images."""
    first = image_size(files[0])
    for file in files[1:]:
        size = image_size(file)
        if size != first:
            raise BadInput(
                f"{file}: found {size[1]}x{size[0]} pixels, expected {first[1]}x{first[0]} as"
                f" {files[0].name} has"
            )
    return first


def _check_count(folder: Path, count: int, left_out: Mapping[str, int]) -> None:
    if count < FEWEST:
        reasons = why_left_out(left_out)
        raise BadInput(
            f"{folder}: found {count} posed frames with images{reasons and f' ({reasons})'},"
            " expected three or more"
        )
