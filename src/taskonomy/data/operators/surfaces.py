"""Local planes of a range image, that do not reach across a depth jump."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float32

from taskonomy.data.operators.range_image import Moments, RangeImage, shifted, squared

RADIUS = 2
"""Pixels to each side from which neighbours are taken."""
SAME = 9
"""How many of the 25 neighbours, the pixel among them, surely lie on its own surface."""


class Surface(NamedTuple):
    """The plane through each pixel's neighbours on the same surface.

    Attributes:
        normal: unit, towards the camera.
        mean: of the neighbours, in metres from the camera.
        reach: squared metres to the farthest of the nine nearest neighbours.
        known: where there are at least three.
    """

    normal: Float32[np.ndarray, "3 h w"]
    mean: Float32[np.ndarray, "3 h w"]
    reach: Float32[np.ndarray, "h w"]
    known: Bool[np.ndarray, "h w"]


def fit_surface(image: RangeImage) -> Surface:
    """Return the planes: through all neighbours no farther than twice the ninth nearest."""
    moves = range(-RADIUS, RADIUS + 1)
    steps = [(down, right) for down in moves for right in moves]
    offsets = [shifted(image.point, *step) - image.point for step in steps]
    there = [shifted(image.valid, *step) for step in steps]
    apart = np.stack(
        [np.where(v, squared(o), np.float32(np.inf)) for v, o in zip(there, offsets, strict=True)]
    )
    nearest = np.partition(apart, SAME - 1, axis=0)[SAME - 1]
    few = np.isinf(nearest)
    if few.any():
        nearest = np.where(few, np.where(np.isfinite(apart), apart, 0).max(0), nearest)
    reach = np.where(image.valid, nearest, np.float32(0))
    moments = Moments(image.range.shape)
    for offset, distance in zip(offsets, apart, strict=True):
        # Four times the squared distance; infinity is never within.
        moments.add(offset, distance <= 4 * reach)
    _, normal = moments.principal(largest=False)
    away = (normal * image.point).sum(0) > 0
    normal = np.where(away, -normal, normal)
    mean = moments.mean() + image.point
    return Surface(normal, mean, reach, image.valid & (moments.count >= 3))
