"""Jigsaw: shuffled 3x3 tiles, and the permutations that the network tells apart."""

from functools import cache

import cv2
import numpy as np
from jaxtyping import Int, UInt8

PERMUTATIONS = 100
_SIDE = 3
_POOL = 20_000
_CROP = 0.9
"""Tiles are cropped to this share at a random place, so that borders do not give them away."""


@cache
def permutations() -> Int[np.ndarray, "100 9"]:
    """100 permutations of 9 tiles, each as far (Hamming) as can be from the nearest before it.

    Chosen greedily among a fixed random 20,000 of the 362,880.
    """
    rng = np.random.default_rng(0)
    pool = rng.permuted(np.tile(np.arange(_SIDE**2, dtype=np.int8), (_POOL, 1)), axis=1)
    chosen = [0]
    nearest = np.full(_POOL, _SIDE**2, np.int64)
    for _ in range(PERMUTATIONS - 1):
        nearest = np.minimum(nearest, (pool != pool[chosen[-1]]).sum(axis=1))
        chosen.append(int(nearest.argmax()))
    return pool[chosen].astype(np.int64)


def tiles(
    rgb: UInt8[np.ndarray, "H W 3"], permutation: int, size: int, rng: np.random.Generator
) -> UInt8[np.ndarray, "9 3 {size} {size}"]:
    """The nine tiles of an image, jittered, resized and shuffled.

    Args:
        rgb: the image.
        permutation: index into `permutations`.
        size: height and width of a tile given to the network.
        rng: where the jitter comes from.
    """
    step = min(rgb.shape[:2]) // _SIDE
    crop = max(1, int(step * _CROP))
    cut = []
    for place in permutations()[permutation]:
        row, column = divmod(int(place), _SIDE)
        top, left = rng.integers(0, step - crop + 1, 2)
        y, x = row * step + int(top), column * step + int(left)
        tile = rgb[y : y + crop, x : x + crop]
        cut.append(cv2.resize(tile, (size, size), interpolation=cv2.INTER_LINEAR))
    return np.stack(cut).transpose(0, 3, 1, 2).copy()
