"""Planar range images: points on rays through pixels, their neighbours, and coarser copies.

Arrays are planes of coordinates: (3, h, w). Unlike in the rest of the code y points down here and z
forward, as the images of PCL do.
"""

from math import asin, tan
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float32, Float64, Shaped


class RangeImage(NamedTuple):
    """What a camera measures.

    Attributes:
        point: metres; 0 where nothing is known.
        range: metres from the camera; 0 where nothing is known.
        valid: where something is known.
        focal: focal length in pixels.
        pixel: radians that a pixel spans, on the mean.
    """

    point: Float32[np.ndarray, "3 h w"]
    range: Float32[np.ndarray, "h w"]
    valid: Bool[np.ndarray, "h w"]
    focal: float
    pixel: float


def range_image(depth_z: Float32[np.ndarray, "h w"], fov: float) -> RangeImage:
    """Return the range image of a depth image (nan = missing) with a horizontal field of view."""
    height, width = depth_z.shape
    focal = width / 2 / tan(fov / 2)
    valid = np.isfinite(depth_z) & (depth_z > 0)
    z = np.where(valid, depth_z, np.float32(0))
    x, y = _middle(np.arange(width), width), _middle(np.arange(height), height)
    point = np.stack([x / np.float32(focal) * z, (y / np.float32(focal))[:, None] * z, z])
    pixel = asin(min(1.0, width / 2 / focal)) / (width / 2)
    return RangeImage(point, np.sqrt(squared(point)), valid, focal, pixel)


def _middle(index: Shaped[np.ndarray, " n"], length: int) -> Float32[np.ndarray, " n"]:
    return (index + 0.5 - length / 2).astype(np.float32)


def view_rays(
    image: RangeImage, x: Shaped[np.ndarray, " n"], y: Shaped[np.ndarray, " n"]
) -> Float32[np.ndarray, "3 n"]:
    """Return the rays (z = 1) through pixels, in the image or beside it."""
    height, width = image.range.shape
    across, down = _middle(x, width), _middle(y, height)
    focal = np.float32(image.focal)
    return np.stack([across / focal, down / focal, np.ones_like(across)])


def half(image: RangeImage) -> RangeImage:
    """Return the image of half the size: of each two by two points the nearest."""
    height, width = (length // 2 for length in image.range.shape)
    blocks = [(slice(i, 2 * height, 2), slice(j, 2 * width, 2)) for i in (0, 1) for j in (0, 1)]
    ranges = np.where(image.valid, image.range, np.float32(np.inf))
    nearest = np.stack([ranges[block] for block in blocks]).argmin(0)
    points = np.stack([image.point[:, *block] for block in blocks])
    point = np.take_along_axis(points, nearest[None, None], 0)[0]
    distance = np.sqrt(squared(point))
    return RangeImage(point, distance, distance > 0, image.focal / 2, image.pixel * 2)


def squared(vectors: Float32[np.ndarray, "3 *n"]) -> Float32[np.ndarray, "*n"]:
    """Return the squared lengths."""
    return np.asarray(vectors[0] ** 2 + vectors[1] ** 2 + vectors[2] ** 2)


def shifted(
    plane: Shaped[np.ndarray, "*c h w"], down: int, right: int
) -> Shaped[np.ndarray, "*c h w"]:
    """Return at each pixel the value of the one so many rows below and columns to the right; 0
    beyond the image."""
    out = np.zeros_like(plane)
    rows, columns = (_overlap(*each) for each in zip(plane.shape[-2:], (down, right), strict=True))
    out[..., rows[0], columns[0]] = plane[..., rows[1], columns[1]]
    return out


def _overlap(length: int, move: int) -> tuple[slice, slice]:
    """Which of so many places have another so far on, and which those are."""
    here = slice(max(0, -move), max(0, min(length, length - move)))
    return here, slice(max(0, move), max(0, min(length, length + move)))


class Moments:
    """Sums over vectors at every pixel, for their mean and their spread about it."""

    def __init__(self, shape: tuple[int, int]) -> None:
        self.count = np.zeros(shape, np.float32)
        self._first = np.zeros((3, *shape), np.float32)
        self._second = np.zeros((6, *shape), np.float32)

    def add(self, vector: Float32[np.ndarray, "3 h w"], where: Bool[np.ndarray, "h w"]) -> None:
        """Count the vectors of those pixels."""
        x, y, z = kept = vector * where
        self.count += where
        self._first += kept
        for total, one, other in zip(
            self._second, (x, x, x, y, y, z), (x, y, z, y, z, z), strict=True
        ):
            total += one * other

    def mean(self) -> Float32[np.ndarray, "3 h w"]:
        """Return the means; 0 where nothing was counted."""
        return self._first / np.maximum(self.count, 1)

    def principal(
        self, largest: bool
    ) -> tuple[Float64[np.ndarray, "h w"], Float32[np.ndarray, "3 h w"]]:
        """Return the covariances' largest or smallest eigenvalue and its unit eigenvector."""
        x, y, z = self.mean()
        count = np.maximum(self.count, 1)
        products = (x * x, x * y, x * z, y * y, y * z, z * z)
        spread = [total / count - p for total, p in zip(self._second, products, strict=True)]
        return _eigen(np.stack(spread).astype(np.float64), largest)


def _eigen(
    matrix: Float64[np.ndarray, "6 h w"], largest: bool
) -> tuple[Float64[np.ndarray, "h w"], Float32[np.ndarray, "3 h w"]]:
    """Of symmetric matrices (xx, xy, xz, yy, yz, zz) by the trigonometric formula (Smith, 1961)."""
    trace = np.maximum(matrix[0] + matrix[3] + matrix[5], 1e-30)
    xx, xy, xz, yy, yz, zz = matrix / trace
    a, b, c = xx - 1 / 3, yy - 1 / 3, zz - 1 / 3
    radius = np.sqrt(
        np.maximum((a * a + b * b + c * c + 2 * (xy * xy + xz * xz + yz * yz)) / 6, 1e-20)
    )
    determinant = a * (b * c - yz * yz) - xy * (xy * c - yz * xz) + xz * (xy * yz - b * xz)
    angle = np.arccos(np.clip(determinant / (2 * radius**3), -1, 1)) / 3
    if not largest:
        angle += 2 * np.pi / 3
    value = 1 / 3 + 2 * radius * np.cos(angle)
    rows = ((xx - value, xy, xz), (xy, yy - value, yz), (xz, yz, zz - value))
    best, length = np.zeros((3, *value.shape)), np.full(value.shape, 1e-30)
    # The eigenvector is at right angles to all three rows: of their products the longest.
    for one, other in ((0, 1), (0, 2), (1, 2)):
        (ux, uy, uz), (vx, vy, vz) = rows[one], rows[other]
        product = np.stack([uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx])
        size = product[0] ** 2 + product[1] ** 2 + product[2] ** 2
        best = np.where(size > length, product, best)
        length = np.maximum(length, size)
    return value * trace, (best / np.sqrt(length)).astype(np.float32)
