"""The grid on which an operator is computed, and the way back to the view's own size.

The data set's operators are defined at 512 pixels across: their sigmas, supports and gradients
scale with size. Below the size at which one of them still holds, the view is enlarged to that
size, the operator computed there, and its map reduced by area: as a network sees a map of the data
set that was reduced to its own size.
"""

import cv2
import numpy as np
from jaxtyping import Shaped

ACROSS = 512
"""Pixels across the views for which the data set's annotator was written."""


def resized(
    plane: Shaped[np.ndarray, "H W"], width: int, interpolation: int
) -> Shaped[np.ndarray, "h {width}"]:
    """Return the plane `width` pixels across, in its own proportions; as it is, if it is that."""
    height = max(1, round(plane.shape[0] * width / plane.shape[1]))
    if plane.shape == (height, width):
        return plane
    return np.asarray(cv2.resize(plane, (width, height), interpolation=interpolation))


def back(plane: Shaped[np.ndarray, "h w"], shape: tuple[int, int]) -> Shaped[np.ndarray, "H W"]:
    """Return a map at the view's own size: by area where it is smaller, else linearly."""
    if plane.shape == shape:
        return plane
    smaller = shape[1] <= plane.shape[1]
    interpolation = cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(plane, shape[::-1], interpolation=interpolation))
