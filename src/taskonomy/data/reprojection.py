"""Whether what one view sees is where another view of it says: cameras and depths together."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float64

from taskonomy.data import cameras, layout
from taskonomy.data.camera_records import rotation
from taskonomy.data.items import items
from taskonomy.data.layout import Dataset
from taskonomy.dictionary import Items

OVERLAPPING: tuple[Items, ...] = ("fixated_pair", "nonfixated_pair")
"""The examples whose views look at the same surfaces."""
_FEWEST = 20
"""Points of one view that must fall into the other for a pair to count."""
_STEP = 64
"""Every view is looked at in about so many rows and columns."""


def pair_errors(dataset: Dataset, kind: Items, count: int, seed: int) -> Float64[np.ndarray, " n"]:
    """Return, for up to `count` pairs of views, by how many metres the second view's depth differs
    from where the first's points are seen by it: the median over those points.

    Points that something nearer hides in the second view count as they are found. Nothing is
    returned of a data set without z-depth or poses.

    Args:
        dataset: an indexed data set.
        kind: which pairs, one of `OVERLAPPING`.
        count: how many.
        seed: decides which.
    """
    if not {"depth_zbuffer", "point_info"} <= dataset.domains:
        return np.zeros(0)
    every = np.arange(len(dataset.views), dtype=np.int64)
    pairs = items(dataset, every, kind, count, seed)
    errors = [_pair_error(dataset, int(a), int(b)) for a, b in pairs]
    return np.array([error for error in errors if np.isfinite(error)], float)


def _pair_error(dataset: Dataset, a: int, b: int) -> float:
    (depth, camera), (other, seer) = (_seen(dataset, i) for i in (a, b))
    world = cameras.unproject(depth, camera.location, camera.rotation, camera.fov)
    step = max(1, len(depth) // _STEP)
    points = world[::step, ::step].reshape(-1, 3)
    points = points[np.isfinite(points[:, 0])]
    size = len(other)
    pixel, z = cameras.project(points, seer.location, seer.rotation, seer.fov, size)
    inside = (z > 0) & (pixel >= 0).all(1) & (pixel < size).all(1)
    column, row = np.where(inside[:, None], pixel, 0).astype(int).T
    error = np.abs(other[row, column] - z)[inside]
    error = error[np.isfinite(error)]
    return float(np.median(error)) if len(error) >= _FEWEST else float("nan")


class _Camera(NamedTuple):
    location: Float64[np.ndarray, "3"]
    rotation: Float64[np.ndarray, "3 3"]
    fov: float


def _seen(dataset: Dataset, i: int) -> tuple[Float64[np.ndarray, "H H"], _Camera]:
    """A view's z-depth and camera."""
    view = dataset.views[i]
    depth = layout.read(dataset, view, "depth_zbuffer").astype(np.float64)
    info = layout.read(dataset, view, "point_info")
    location = np.array(info["camera_location"], float)
    return depth, _Camera(location, rotation(info), float(info["field_of_view_rads"]))
