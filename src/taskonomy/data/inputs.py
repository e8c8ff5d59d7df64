"""What networks see of a view: the image as it is, or noisy, masked, shuffled, without colour.

Everything here is numpy and per view, as 8-bit images.
"""

import zlib

import cv2
import numpy as np
from jaxtyping import Shaped, UInt8

from taskonomy.data import colour, jigsaw
from taskonomy.data.layout import View
from taskonomy.dictionary import Inputs

_NOISE = 0.1
"""Standard deviation of denoising's noise on [0, 1]: variance 0.01."""


def seed_of(view: View, seed: int) -> int:
    """A seed that belongs to the view whatever data set or order it is read in."""
    return zlib.crc32(f"{seed}:{view.building}:{view.point}:{view.view}".encode())


def resize(
    value: Shaped[np.ndarray, "H W *c"], size: int, interpolation: int
) -> Shaped[np.ndarray, "h w *c"]:
    """The value at `size` x `size`; the same array where it has that size already."""
    if value.shape[:2] == (size, size):
        return value
    # OpenCV drops a channel dimension of one.
    small = cv2.resize(value, (size, size), interpolation=interpolation)
    return np.asarray(small).reshape(size, size, *value.shape[2:])


def encode_input(
    inputs: Inputs, rgb: UInt8[np.ndarray, "H W 3"], view: View, seed: int, tile: int
) -> UInt8[np.ndarray, "towers c h w"]:
    """What a task's network sees of one view, as 8-bit channels-first images.

    Noise, jitter and permutation are fixed per view, so that losses can be reproduced.

    Args:
        inputs: which kind of input.
        rgb: the image at the network's size.
        view: whose image it is.
        seed: the run's seed.
        tile: size of a jigsaw tile.
    """
    if inputs == "lightness":
        return colour.lab(rgb)[None, None, :, :, 0].copy()
    if inputs == "tiles":
        number = seed_of(view, seed)
        return jigsaw.tiles(rgb, permutation(view, seed), tile, np.random.default_rng(number))
    image = rgb
    if inputs == "noisy":
        rng = np.random.default_rng(seed_of(view, seed))
        noise = rng.standard_normal(rgb.shape, np.float32) * (255 * _NOISE)
        image = np.rint(np.clip(rgb + noise, 0, 255)).astype(np.uint8)
    elif inputs == "masked":
        height, width = rgb.shape[:2]
        image = rgb.copy()
        # Mid-grey is 0 after scaling to [-1, 1].
        image[height // 4 : -(height // 4), width // 4 : -(width // 4)] = 128
    return image.transpose(2, 0, 1)[None].copy()


def permutation(view: View, seed: int) -> int:
    """Which jigsaw permutation shuffles a view."""
    return seed_of(view, seed) % jigsaw.PERMUTATIONS
