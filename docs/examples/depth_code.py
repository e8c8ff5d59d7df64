"""A compact depth code: 128 numbers, linear in the code, conditioned on the grey image.

As dense visual SLAM systems use: depth = Q(grey) code, where the columns of Q are 64 smooth maps
(a cosine basis) and the same maps times the grey image, made orthonormal. So an edge of the image
can be an edge of depth, and the squared error of two codes is that of the two depth maps they
stand for (up to a factor): plain L2 on the code is L2 on log depth.
"""

import cv2
import numpy as np

from taskonomy.data.layout import Dataset, View, read
from taskonomy.dictionary import Task

SIZE = 32
"""Pixels of the coded depth map."""
WAVES = 8
"""Cosines along each side: 64 maps, and 64 more times the grey image."""
NEAR = 2.5
"""Metres that a code of zeros stands for."""

TASK = Task(
    name="depth_code",
    title="Depth code",
    group="3D",
    kind="numbers",
    target="128 numbers: log depth in an orthonormal basis that the grey image shapes",
    channels=2 * WAVES**2,
    loss="l2",
    head="vector",
)


def basis(grey: np.ndarray) -> np.ndarray:
    """Q of a grey image in [-1, 1], float [SIZE, SIZE]: [SIZE * SIZE, 128], orthonormal columns."""
    phase = np.pi * (np.arange(SIZE) + 0.5) / SIZE
    waves = np.cos(np.arange(WAVES)[:, None] * phase)
    smooth = np.einsum("ay,bx->yxab", waves, waves).reshape(SIZE * SIZE, -1)
    q, r = np.linalg.qr(np.hstack([smooth, grey.reshape(-1, 1) * smooth]))
    return q * np.where(np.diag(r) < 0, -1.0, 1.0)


def decode(code: np.ndarray, grey: np.ndarray) -> np.ndarray:
    """Depth in metres, [SIZE, SIZE]."""
    return NEAR * np.exp((basis(grey) @ code * WAVES).reshape(SIZE, SIZE))


def grey_of(dataset: Dataset, view: View) -> np.ndarray:
    """The grey image that a code is conditioned on, in [-1, 1]."""
    grey = cv2.cvtColor(read(dataset, view, "rgb"), cv2.COLOR_RGB2GRAY)
    return cv2.resize(grey, (SIZE, SIZE), interpolation=cv2.INTER_AREA) / 127.5 - 1


def label(dataset: Dataset, view: View) -> np.ndarray:
    """The code of a view's z-depth; a hole in it counts as its mean."""
    depth = np.log(np.maximum(read(dataset, view, "depth_zbuffer"), 0.05) / NEAR)
    known = np.isfinite(depth)
    filled = np.where(known, depth, depth[known].mean() if known.any() else 0.0)
    small = cv2.resize(filled, (SIZE, SIZE), interpolation=cv2.INTER_AREA)
    return basis(grey_of(dataset, view)).T @ small.ravel() / WAVES
