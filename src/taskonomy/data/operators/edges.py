"""Edges of depth and of texture: gradients as the data set's annotator takes them."""

import cv2
import numpy as np
from jaxtyping import Bool, Float, Float32, UInt8

from taskonomy.data.operators.grid import ACROSS, back, resized

LEAST = 256
"""Pixels across below which neither operator holds: there texture's sigma is 1.5 pixels."""
TEXTURE_SIGMA = 3.0
"""Pixels of 512 across, as in the data set (later settings of its annotator have 2)."""
DEPTH_UNITS = 512
"""Levels of a depth file in a metre."""
DEPTH_KNOWN = 65036
"""Levels of a depth file from here on count as missing."""


def edge_occlusion(depth_z: Float32[np.ndarray, "H W"]) -> Float32[np.ndarray, "H W"]:
    """Return the gradient of the root of the depth: edges where one surface hides another.

    Sobel's magnitude of sqrt(levels) / 256, levels being those of the depth file, without a
    threshold; 0 beside a missing depth and on the image's border. Of the two depths the annotator
    takes this one, z.

    Args:
        depth_z: metres along the optical axis, nan = missing.
    """
    levels = np.rint(depth_z.astype(np.float64) * DEPTH_UNITS)
    known = np.isfinite(levels) & (levels >= 0) & (levels < DEPTH_KNOWN)
    root = np.sqrt(np.where(known, levels, 0)) / 256
    width = max(LEAST, depth_z.shape[1])
    # Nearest: an enlarged edge stays an edge.
    root = resized(root, width, cv2.INTER_NEAREST)
    mask = resized(known.astype(np.uint8), width, cv2.INTER_NEAREST)
    return _gradient(root, mask.astype(bool), depth_z.shape)


def edge_texture(
    rgb: UInt8[np.ndarray, "H W 3"], sigma: float = TEXTURE_SIGMA
) -> Float32[np.ndarray, "H W"]:
    """Return Canny's edge strength before it thins edges: the gradient of the smoothed grey image.

    Args:
        rgb: the image; its grey values count from 0 to 1.
        sigma: of the Gaussian, in pixels of an image 512 across.
    """
    grey = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY).astype(np.float64) / 255
    grey = resized(grey, max(LEAST, rgb.shape[1]), cv2.INTER_CUBIC)
    scaled = sigma * grey.shape[1] / ACROSS
    # As far as four sigmas; beyond the border lies nothing, and the weights are those within.
    size = (2 * round(4 * scaled) + 1,) * 2
    smooth, weight = (
        cv2.GaussianBlur(plane, size, scaled, borderType=cv2.BORDER_CONSTANT)
        for plane in (grey, np.ones_like(grey))
    )
    return _gradient(smooth / weight, np.ones(grey.shape, bool), rgb.shape[:2])


def _gradient(
    plane: Float[np.ndarray, "h w"], known: Bool[np.ndarray, "h w"], shape: tuple[int, int]
) -> Float32[np.ndarray, "H W"]:
    """Sobel's magnitude per pixel of 512, as scikit-image scales and masks it."""
    right, down = (
        cv2.Sobel(plane, cv2.CV_64F, *axes, ksize=3, scale=1 / 4, borderType=cv2.BORDER_REFLECT)
        for axes in ((1, 0), (0, 1))
    )
    strength = np.sqrt((right * right + down * down) / 2) * (plane.shape[1] / ACROSS)
    inner = cv2.erode(known.astype(np.uint8), np.ones((3, 3), np.uint8), borderValue=0)
    return back(np.where(inner, strength, 0).astype(np.float32), shape)
