"""2D keypoints: SURF's interest before a choice of maxima, as the data set's annotator takes it."""

from collections.abc import Callable
from functools import lru_cache

import cv2
import numpy as np
from jaxtyping import Float32, Float64, Int, UInt8

from taskonomy.data.operators.grid import ACROSS, back, resized

SIGMAS = tuple(float(sigma) for sigma in np.linspace(1, 30, 10))
"""Pixels of an image 512 across."""
MIXED = 0.81
"""Weight of the mixed derivative among box filters (Bay et al., 2006)."""


def keypoints2d(rgb: UInt8[np.ndarray, "H W 3"]) -> Float32[np.ndarray, "H W"]:
    """Return the largest determinant of the Hessian among ten scales, 0 where none is positive.

    By box filters of sigmas from 1 to 30 pixels, as scikit-image's `hessian_matrix_det`. Boxes are
    whole pixels, and those of even size lie askew: the map shows both, and computed at half the
    size it agrees with itself at .6 (Spearman). So it is computed on a grid of 512 across whatever
    the view's size; of a smaller view at its pixels' centres. Boxes of a size that is no multiple
    of three leave a little of the image's brightness.

    Args:
        rgb: the image; its grey values count from 0 to 1.
    """
    grey = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY).astype(np.float64) / 255
    if rgb.shape[1] < ACROSS:
        best = _at_centres(grey)
    else:
        # Slow to import, and views of rooms and captures are smaller.
        from skimage.feature import hessian_matrix_det

        grid = resized(grey, ACROSS, cv2.INTER_AREA)
        determinant: Callable[..., np.ndarray] = hessian_matrix_det
        best = np.max([determinant(grid, sigma) for sigma in SIGMAS], axis=0)
    return back(np.maximum(best, 0).astype(np.float32), rgb.shape[:2])


def _at_centres(grey: Float64[np.ndarray, "H W"]) -> Float64[np.ndarray, "H W"]:
    """The same at the pixels' centres of the enlarged image.

    Boxes are separable and enlarging is linear, so each derivative of all pixels is the image
    between two small matrices. In 64 bits, that files are equal on whatever processor.
    """
    height, width = grey.shape
    rows = _filters(height, round(height * ACROSS / width))
    columns = _filters(width, ACROSS)
    best = np.full(grey.shape, -np.inf)
    for k in range(len(SIGMAS)):
        wide, second, mixed = rows[k] @ grey
        across, down = wide @ columns[k, 1].T, second @ columns[k, 0].T
        product = across * down - MIXED * np.square(mixed @ columns[k, 2].T)
        np.maximum(best, product, out=best)
    return best


@lru_cache(maxsize=8)
def _filters(length: int, grid: int) -> Float64[np.ndarray, "sigmas 3 {length} {length}"]:
    """For every sigma what a row of pixels is multiplied with: the wide box, the second derivative
    (a long box less three times its middle third), and a box after the pixel less one before it."""
    enlarge = cv2.resize(np.eye(length), (length, grid), interpolation=cv2.INTER_CUBIC)
    centre = ((np.arange(length) + 0.5) * grid / length).astype(int)
    made = []
    for size in (int(3 * sigma) for sigma in SIGMAS):
        third, half = size // 3, (size - 1) // 2
        wide = _boxes(centre - third + 1, 2 * third - 1, grid)
        second = _boxes(centre - half, size, grid) - 3 * _boxes(centre - third // 2, third, grid)
        mixed = _boxes(centre + 1, third, grid) - _boxes(centre - third, third, grid)
        made.append(np.stack([wide, second, mixed]) / size)
    return np.asarray(np.stack(made) @ enlarge)


def _boxes(first: Int[np.ndarray, " n"], length: int, grid: int) -> Float64[np.ndarray, "n {grid}"]:
    """Rows of ones for the `length` pixels after each of those; boxes are moved into the image."""
    first = np.clip(first, 0, grid - 1)[:, None]
    place = np.arange(grid)
    inside = (place > first) & (place <= np.minimum(first + length, grid - 1))
    return np.asarray(inside, np.float64)
