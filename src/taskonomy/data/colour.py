"""Colour bins for colorization: soft-encoded ab values, rebalanced by how rare they are."""

from functools import cache

import cv2
import numpy as np
from jaxtyping import Float, Float32, Int, UInt8

BINS = 313
_STEP = 10.0
_NEIGHBOURS = 10
_SIGMA = 5.0


def lab(rgb: UInt8[np.ndarray, "H W 3"]) -> UInt8[np.ndarray, "H W 3"]:
    """CIE Lab in 8 bits: L x 2.55, a + 128, b + 128."""
    return np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2LAB), np.uint8)


@cache
def bins() -> Float32[np.ndarray, "313 2"]:
    """The 313 points of the ab grid of step 10 that lie nearest to a colour of sRGB."""
    levels = np.linspace(0, 1, 18, dtype=np.float32)
    cube = np.stack(np.meshgrid(levels, levels, levels, indexing="ij"), axis=-1)
    colours = cv2.cvtColor(cube.reshape(-1, 1, 3), cv2.COLOR_RGB2LAB)[:, 0, 1:]
    axis = np.arange(-12, 13, dtype=np.float32) * _STEP
    grid = np.stack(np.meshgrid(axis, axis, indexing="ij"), axis=-1).reshape(-1, 2)
    nearest = np.array([np.square(colours - point).sum(axis=1).min() for point in grid])
    return grid[np.sort(np.argsort(nearest, kind="stable")[:BINS])]


@cache
def soft_bins() -> tuple[Int[np.ndarray, "65536 10"], Float32[np.ndarray, "65536 10"]]:
    """The 10 bins nearest to each 8-bit ab value, nearest first, and their Gaussian weights.

    Row 256 a + b, with a and b as `lab` gives them.
    """
    axis = np.arange(256, dtype=np.float32) - 128
    values = np.stack(np.meshgrid(axis, axis, indexing="ij"), axis=-1).reshape(-1, 2)
    points = bins()
    where = np.empty((len(values), _NEIGHBOURS), np.int64)
    weights = np.empty((len(values), _NEIGHBOURS), np.float32)
    for start in range(0, len(values), 8192):
        part = slice(start, start + 8192)
        # Squared distances up to a constant of each value, which cancels below.
        distance = np.square(points).sum(axis=1) - 2 * values[part] @ points.T
        near = np.argpartition(distance, _NEIGHBOURS, axis=1)[:, :_NEIGHBOURS]
        near_distance = np.take_along_axis(distance, near, axis=1)
        order = np.argsort(near_distance, axis=1, kind="stable")
        near_distance = np.take_along_axis(near_distance, order, axis=1)
        where[part] = np.take_along_axis(near, order, axis=1)
        # Far out of the gamut every weight would underflow; only ratios count.
        weight = np.exp((near_distance[:, :1] - near_distance) / (2 * _SIGMA**2))
        weights[part] = weight / weight.sum(axis=1, keepdims=True)
    return where, weights


def rebalance(counts: Float[np.ndarray, "classes"]) -> Float32[np.ndarray, "classes"]:
    """Weights that raise rare classes: 1 / (half the prior + half uniform), 1 on average.

    Args:
        counts: how often each class occurs.
    """
    prior = counts / max(counts.sum(), 1e-12)
    weights = 1 / (0.5 * prior + 0.5 / len(counts))
    return np.asarray(weights / max((prior * weights).sum(), 1e-12), np.float32)
