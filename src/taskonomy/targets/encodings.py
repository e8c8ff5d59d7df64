"""From physical values to what networks see and predict (paper, supplement).

Everything here is numpy and per view. What is kept is small: 8-bit images, 8-bit labels, and maps
as float32 with nan where a label is missing; `loading` makes batches of it.
"""

import zlib

import cv2
import numpy as np
from jaxtyping import Float32, Int, Shaped, UInt8

from taskonomy.data.layout import View
from taskonomy.dictionary import Inputs
from taskonomy.targets import colour, jigsaw

_NOISE = 0.1
"""Standard deviation of denoising's noise on [0, 1]: variance 0.01."""

_DEPTH_UNITS = 512.0
_DEPTH_TOP = float(np.log(2.0**16))

_CURVATURE_SCALE = 2.0
"""Curvature, 1/m, at which the compressed value is tanh(1): most surfaces of a room lie below."""

_SPARSE_RANGE = {
    "edge_texture": 0.08,
    "keypoints2d": 0.005,
    "edge_occlusion": 0.00625,
    "keypoints3d": 1.0,
}
"""Nominal tops of the maps that are near zero almost everywhere."""

_SPARSE_BLUR = {"edge_occlusion": 4.0 / 256, "keypoints3d": 2.0 / 256}
"""Gaussian sigma as a share of the image's width (the reference blurs occlusion edges by 4 px)."""


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


def shrink(value: Float32[np.ndarray, "H W c"], size: int) -> Float32[np.ndarray, "h w c"]:
    """Area average over the pixels that are not nan; nan where fewer than half are there."""
    if value.shape[:2] == (size, size):
        return value
    there = np.isfinite(value).all(axis=-1)
    share = resize(there.astype(np.float32), size, cv2.INTER_AREA)
    filled = np.where(there[..., None], value, 0).astype(np.float32)
    total = resize(filled, size, cv2.INTER_AREA)
    return np.where(
        share[..., None] >= 0.5, total / np.maximum(share, 1e-6)[..., None], np.nan
    ).astype(np.float32)


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


def encode_map(
    domain: str,
    value: Float32[np.ndarray, "H W *c"],
    depth: Float32[np.ndarray, "H W"] | None,
    size: int,
) -> Float32[np.ndarray, "c {size} {size}"]:
    """A continuous map as a target in [-1, 1], nan where it is missing.

    Depths are log-scaled; normals stay unit; curvature is compressed by tanh. The sparse maps
    (edges and keypoints) are clipped to their nominal range, blurred, and square-root-compressed:
    as they are, nearly all of their pixels are 0 and an L1 loss is best served by a constant.

    Args:
        domain: which map; units as in `codecs.decode`.
        value: the map.
        depth: z-depth whose holes mask the map; None where the map needs no mask.
        size: height and width of the target.
    """
    plane = value[..., None] if value.ndim == 2 else value
    if depth is not None:
        plane = np.where(np.isnan(depth)[..., None], np.float32(np.nan), plane)
    if domain in _SPARSE_RANGE:
        return _sparse(domain, plane, size)
    if domain == "principal_curvature":
        # Compressed before averaging, so that one sharp edge does not swallow a neighbourhood.
        plane = np.tanh(plane / np.float32(_CURVATURE_SCALE))
    plane = shrink(plane, size)
    if domain in ("depth_zbuffer", "depth_euclidean"):
        plane = 2 * np.log1p(plane * _DEPTH_UNITS) / _DEPTH_TOP - 1
    elif domain == "normal":
        length = np.linalg.norm(plane, axis=-1, keepdims=True)
        plane = plane / np.maximum(length, 1e-6)
    elif domain == "reshading":
        plane = 2 * plane - 1
    return np.ascontiguousarray(plane.transpose(2, 0, 1), np.float32)


def _sparse(
    domain: str, plane: Float32[np.ndarray, "H W 1"], size: int
) -> Float32[np.ndarray, "1 {size} {size}"]:
    hole = np.isnan(plane)
    known = np.where(hole, 0, plane) / _SPARSE_RANGE[domain]
    strength: np.ndarray = np.clip(known, 0, 1)[..., 0]
    if domain in _SPARSE_BLUR:
        sigma = _SPARSE_BLUR[domain] * strength.shape[1]
        strength = cv2.GaussianBlur(strength, (0, 0), sigma, borderType=cv2.BORDER_REFLECT)
    blurred = np.where(hole, np.float32(np.nan), strength[..., None]).astype(np.float32)
    target = 2 * np.sqrt(np.clip(shrink(blurred, size), 0, 1)) - 1
    return np.ascontiguousarray(target.transpose(2, 0, 1), np.float32)


def sampled_pixels(
    view_seeds: Int[np.ndarray, "n"], pixels: int, size: int
) -> Int[np.ndarray, "n p"]:
    """Which pixels of a `size` x `size` map the metric loss looks at, fixed per view.

    Windows of one fixed random order of all pixels; as many as `pixels`, or all there are.
    """
    order = np.random.default_rng(size).permutation(size * size)
    window = np.arange(min(pixels, size * size))
    return order[(view_seeds[:, None] + window) % len(order)]
