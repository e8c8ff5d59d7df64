"""Which surface points to fixate, and from which frames: several views of each, from apart."""

from math import atan, tan
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float32, Float64

from taskonomy.captures.frames import Capture
from taskonomy.data.cameras import look_at, pixel_rays
from taskonomy.errors import BadInput

FOV_SHARE = 0.8
"""A view's field of view, as a share of the sensor's smaller one: room to turn within a frame."""
AGREES = 0.03
"""Metres within which two frames see the same surface."""
NOISIER = (1, 2, 4)
"""Times that, one after the other, where no point is seen so: a sensor's noise grows with the
square of the distance, and in a large room nothing may lie near."""
COVERED = 0.98
"""Share of a view that must lie inside its frame."""
WINDOW = 12
"""Frames before and after the first within which a point's views lie, so that they fall into one
stretch of a split in time."""
VIEWS = (3, 5)
"""Fewest and most views of a point."""
BASELINE = 0.03
"""Metres between the cameras of a point's views: from one place they would be one image."""
APART = 0.12
"""Metres between fixated points."""
DEGREES = ((0, 0), (6, 2), (-6, 2), (6, -2), (-6, -2), (3, 0), (-3, 0), (9, 0), (-9, 0))
"""Where in a frame points are looked for: degrees right and down of its centre."""


class Fixation(NamedTuple):
    """A surface point and the frames (indices, in time) whose views fixate it."""

    point: Float64[np.ndarray, "3"]
    frames: tuple[int, ...]


def field_of_view(capture: Capture, height: int, width: int) -> float:
    """Return the field of view in radians of all views of a capture."""
    half = min(width / 2 / capture.intrinsics[0, 0], height / 2 / capture.intrinsics[1, 1])
    return FOV_SHARE * 2 * atan(half)


def pixel_of(
    capture: Capture, i: int, points: Float64[np.ndarray, "n 3"]
) -> tuple[Float64[np.ndarray, "n 2"], Float64[np.ndarray, " n"]]:
    """Return where world points fall in the i-th frame (column, row) and their depth there."""
    local = (points - capture.locations[i]) @ capture.rotations[i]
    z = local[:, 2]
    homogeneous = local @ capture.intrinsics.T
    return homogeneous[:, :2] / np.where(np.abs(z) > 1e-9, z, 1e-9)[:, None], z


def choose(
    capture: Capture, depths: list[Float32[np.ndarray, "h w"]], stride: int, fov: float
) -> list[Fixation]:
    """Choose points that three or more frames see near their centres, from apart.

    Args:
        capture: the frames.
        depths: every frame's depth in metres, every `stride`-th pixel.
        stride: of those depths.
        fov: of the views, in radians.

    Raises:
        BadInput: no point is seen so.
    """
    for times in NOISIER:
        chosen = _chosen(capture, depths, stride, fov, times * AGREES)
        if chosen:
            return chosen
    raise BadInput(
        f"{capture.folder}: found no surface point that three frames see near their centres "
        f"from {BASELINE} m apart, expected a moving camera"
    )


def _chosen(
    capture: Capture,
    depths: list[Float32[np.ndarray, "h w"]],
    stride: int,
    fov: float,
    agrees: float,
) -> list[Fixation]:
    """The points that frames see within so many metres of each other."""
    chosen: list[Fixation] = []
    for anchor in range(len(capture.numbers)):
        for point in _candidates(capture, anchor, depths[anchor], stride, agrees):
            if any(np.linalg.norm(point - other.point) < APART for other in chosen):
                continue
            window = range(anchor, min(anchor + WINDOW, len(capture.numbers)))
            able = [
                i
                for i in window
                if sees(capture, i, depths[i], stride, point[None], agrees)[0]
                and covered(capture, i, depths[i].shape, stride, point, fov) >= COVERED
            ]
            frames = _apart(capture, able)
            if len(frames) >= VIEWS[0]:
                chosen.append(Fixation(point, frames))
    return chosen


def sees(
    capture: Capture,
    i: int,
    depth: Float32[np.ndarray, "h w"],
    stride: int,
    points: Float64[np.ndarray, "n 3"],
    agrees: float = AGREES,
) -> Bool[np.ndarray, " n"]:
    """Return which world points the i-th frame sees: its depth there is theirs, to some metres."""
    pixel, z = pixel_of(capture, i, points)
    at = pixel / stride
    limit = np.array([depth.shape[1] - 1, depth.shape[0] - 1])
    inside = (z > 0.1) & (at >= 0).all(1) & (at < limit).all(1)
    (column, row), (x, y) = np.divmod(np.where(inside[:, None], at, 0).T, 1)
    v, u = row.astype(int), column.astype(int)
    upper = depth[v, u] * (1 - x) + depth[v, u + 1] * x
    lower = depth[v + 1, u] * (1 - x) + depth[v + 1, u + 1] * x
    found = upper * (1 - y) + lower * y
    with np.errstate(invalid="ignore"):
        return np.asarray(inside & (np.abs(found - z) < agrees))


def covered(
    capture: Capture,
    i: int,
    shape: tuple[int, ...],
    stride: int,
    point: Float64[np.ndarray, "3"],
    fov: float,
) -> float:
    """Return the share of the i-th frame's view of a point that lies inside the frame."""
    rotation = look_at(capture.locations[i], point)
    ray = pixel_rays(12, fov).reshape(-1, 3) @ rotation.T
    pixel, z = pixel_of(capture, i, capture.locations[i] + ray)
    limit = np.array([shape[1] * stride - 1, shape[0] * stride - 1])
    return float(((z > 0) & (pixel >= 0).all(1) & (pixel <= limit).all(1)).mean())


def _candidates(
    capture: Capture, i: int, depth: Float32[np.ndarray, "h w"], stride: int, agrees: float
) -> list[Float64[np.ndarray, "3"]]:
    (fx, _, cx), (_, fy, cy), _ = capture.intrinsics
    points = []
    for right, down in DEGREES:
        x, y = tan(np.radians(right)), tan(np.radians(down))
        column, row = round((fx * x + cx) / stride), round((fy * y + cy) / stride)
        if not (1 <= column < depth.shape[1] - 1 and 1 <= row < depth.shape[0] - 1):
            continue
        around = depth[row - 1 : row + 2, column - 1 : column + 2]
        # Not on an edge: there the frames would not agree on what is fixated.
        bend = (around + around[::-1, ::-1]) / 2 - around[1, 1]
        if np.isfinite(bend).all() and np.abs(bend).max() < agrees / 2:
            z = float(around[1, 1])
            ray = np.array([(column * stride - cx) / fx, (row * stride - cy) / fy, 1.0])
            points.append(capture.locations[i] + capture.rotations[i] @ (ray * z))
    return points


def _apart(capture: Capture, able: list[int]) -> tuple[int, ...]:
    """Frames from places apart, at most as many as a point gets, evenly over time."""
    kept: list[int] = []
    for i in able:
        steps = [np.linalg.norm(capture.locations[i] - capture.locations[j]) for j in kept]
        if all(step >= BASELINE for step in steps):
            kept.append(i)
    if len(kept) > VIEWS[1]:
        kept = [kept[round(at)] for at in np.linspace(0, len(kept) - 1, VIEWS[1])]
    return tuple(kept)
