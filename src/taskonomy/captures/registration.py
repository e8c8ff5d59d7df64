"""Frames whose cameras are listed with them, as one capture with one pinhole camera."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
from jaxtyping import Float64

from taskonomy.captures.conventions import Conventions
from taskonomy.captures.frames import ABSENT, Capture, Frame, image_size, posed, present
from taskonomy.captures.lenses import Lens, resized
from taskonomy.errors import BadInput

_SHAPE = 0.01
"""How far the shape of an image may be from its camera's: sizes are rounded when halved."""


def registered(
    folder: Path,
    listed: Iterable[Frame],
    intrinsics: Float64[np.ndarray, "3 3"] | None,
    conventions: Conventions,
    left_out: Mapping[str, int],
) -> Capture:
    """Return the capture of frames with a lens each, as `posed` does.

    Images are brought to the pinhole camera in the middle of the frames' own. Depth images see what
    colour images see; their size may be another, as may an image's be than its camera's (a folder
    of smaller copies).

    Args:
        intrinsics: of all depth images, where the user gives them: lenses then do not count.

    Raises:
        BadInput: an image has another shape than its camera, or what `posed` refuses.
    """
    counts = Counter(left_out)
    frames = []
    for frame in listed:
        if present(frame.color) and present(frame.depth):
            frames.append(frame)
        else:
            counts[ABSENT] += 1
    if not frames:
        return posed(folder, [], np.eye(3), conventions=conventions, left_out=counts)
    color_size, depth_size = image_size(frames[0].color), image_size(frames[0].depth)
    if intrinsics is None:
        lenses = [_fitting(frame, color_size) for frame in frames]
        camera = np.median([lens.intrinsics for lens in lenses], axis=0)
        frames = [
            frame._replace(lens=_needed(lens, camera))
            for frame, lens in zip(frames, lenses, strict=True)
        ]
    else:
        camera = resized(intrinsics, depth_size, color_size)
        frames = [frame._replace(lens=None) for frame in frames]
    return posed(
        folder,
        frames,
        resized(camera, color_size, depth_size),
        color_intrinsics=camera,
        conventions=conventions,
        left_out=counts,
    )


def _fitting(frame: Frame, size: tuple[int, int]) -> Lens:
    """A frame's lens for images of the size that the capture's have."""
    lens = frame.lens
    assert lens is not None
    if abs(lens.size[1] / lens.size[0] / (size[1] / size[0]) - 1) > _SHAPE:
        raise BadInput(
            f"{frame.where}: found a camera of {lens.size[1]}x{lens.size[0]} pixels for images of"
            f" {size[1]}x{size[0]}, expected one shape; --intrinsics names another camera"
        )
    return replace(lens, intrinsics=resized(lens.intrinsics, lens.size, size), size=size)


def _needed(lens: Lens, camera: Float64[np.ndarray, "3 3"]) -> Lens | None:
    """None where a frame's own camera is the one that all images are brought to."""
    straight = not lens.distortion.any() and np.allclose(lens.intrinsics, camera)
    return None if straight else lens
