"""Neighbourhoods on range images that do not reach across a depth jump.

For K images of one size at once: with small ones most of the time would go into calls.
"""

from collections.abc import Callable
from dataclasses import dataclass
from types import EllipsisType
from typing import Any

import cv2
import numpy as np
from jaxtyping import Bool, Float32, Float64

JUMP_FOOTPRINTS = 1.2
"""A jump is a gap of more pixel footprints (z / focal) than two surfaces that meet can leave."""
JUMP_OF_DEPTH = 0.012
"""And of more than this part of the depth: the noise floor of real depth."""

Sides = tuple[EllipsisType | slice, ...]


@dataclass(frozen=True)
class Jumps:
    """Gaps between neighbours, to the right (K, H, W-d) and downward (K, H-d, W), d pixels apart.

    Attributes:
        right, down: metres between the two surfaces where they do not meet, else 0; positive
            where the neighbour is the farther one.
        joined_right, joined_down: both known and no jump between.
    """

    right: Float32[np.ndarray, "K H W1"]
    down: Float32[np.ndarray, "K H1 W"]
    joined_right: Bool[np.ndarray, "K H W1"]
    joined_down: Bool[np.ndarray, "K H1 W"]

    def strongest(self) -> Float32[np.ndarray, "K H W"]:
        """Return each pixel's largest gap to its neighbours in metres, on both of its sides."""
        right, down = np.abs(self.right), np.abs(self.down)
        out = np.zeros((*right.shape[:2], down.shape[2]), np.float32)
        for part, gap in (
            (out[..., :-1], right),
            (out[..., 1:], right),
            (out[:, :-1], down),
            (out[:, 1:], down),
        ):
            np.maximum(part, gap, out=part)
        return out

    def gradient(
        self, top: float
    ) -> tuple[Float32[np.ndarray, "K H W"], Float32[np.ndarray, "K H W"]]:
        """Return the gaps rightward and downward, over `top` and at most 1, on the nearer side."""
        shape = (*self.right.shape[:2], self.down.shape[2])
        right, down = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
        gap = np.clip(self.right / np.float32(top), -1, 1)
        right[..., :-1] = np.maximum(gap, 0)
        right[..., 1:] += np.minimum(gap, 0)
        gap = np.clip(self.down / np.float32(top), -1, 1)
        down[:, :-1] = np.maximum(gap, 0)
        down[:, 1:] += np.minimum(gap, 0)
        return right, down


def jumps(
    point: Float32[np.ndarray, "3 K H W"],
    normal: Float32[np.ndarray, "3 K H W"],
    valid: Bool[np.ndarray, "K H W"],
    focal: Float64[np.ndarray, "K 1 1"],
    apart: int,
) -> Jumps:
    """Return where neighbours `apart` pixels apart lie on surfaces that do not meet between them.

    Two surfaces meet when one of the two points lies near the other's tangent plane: true on a
    slanted plane and across a crease, false where one surface hides another.
    """
    tolerance = np.maximum(JUMP_FOOTPRINTS * apart / focal, JUMP_OF_DEPTH).astype(np.float32)
    right, joined_right = _gaps(point, normal, valid, tolerance, *_sides(0, apart))
    down, joined_down = _gaps(point, normal, valid, tolerance, *_sides(1, apart))
    return Jumps(right, down, joined_right, joined_down)


def _gaps(
    point: Float32[np.ndarray, "3 K H W"],
    normal: Float32[np.ndarray, "3 K H W"],
    valid: Bool[np.ndarray, "K H W"],
    tolerance: Float32[np.ndarray, "K 1 1"],
    here: Sides,
    there: Sides,
) -> tuple[Float32[np.ndarray, "K h w"], Bool[np.ndarray, "K h w"]]:
    step = point[there] - point[here]
    gap = np.minimum(np.abs(dot(normal[here], step)), np.abs(dot(normal[there], step)))
    known = valid[here] & valid[there]
    nearer = np.minimum(-point[here][2], -point[there][2])
    jump = known & (gap > tolerance * nearer)
    signed = np.where(step[2] < 0, gap, -gap)
    return np.where(jump, signed, np.float32(0)), known & ~jump


def smooth_normals(
    point: Float32[np.ndarray, "3 K H W"],
    normal: Float32[np.ndarray, "3 K H W"],
    valid: Bool[np.ndarray, "K H W"],
    focal: Float64[np.ndarray, "K 1 1"],
    near: Jumps,
    scale: int,
) -> Float32[np.ndarray, "3 K H W"]:
    """Return normals smoothed over about `scale` pixels, never across a jump; 0 where not valid.

    Passes of a 1-2-1 kernel at distances 1, 2, 4 ... up to `scale` (an a-trous Gaussian); `near`
    are the jumps between direct neighbours.
    """
    smooth, apart = normal, 1
    while apart <= scale:
        if apart > 1:
            near = jumps(point, normal, valid, focal, apart)
        for axis, joined in ((0, near.joined_right), (1, near.joined_down)):
            back, ahead = _sides(axis, apart)
            total = 2 * smooth
            total[back] += joined * smooth[ahead]
            total[ahead] += joined * smooth[back]
            smooth = total / np.maximum(np.sqrt(dot(total, total)), np.float32(1e-6))
        apart *= 2
    return smooth


def derivatives(
    field: Float32[np.ndarray, "C K H W"], near: Jumps
) -> tuple[Float32[np.ndarray, "C K H W"], Float32[np.ndarray, "C K H W"]]:
    """Return a field's derivatives per pixel rightward and downward: central where both neighbours
    are joined, one-sided where one is, 0 where none is."""
    return _along(field, 0, near.joined_right), _along(field, 1, near.joined_down)


def _along(
    field: Float32[np.ndarray, "C K H W"], axis: int, joined: Bool[np.ndarray, "K h w"]
) -> Float32[np.ndarray, "C K H W"]:
    back, ahead = _sides(axis, 1)
    step = (field[ahead] - field[back]) * joined
    total, count = np.zeros_like(field), np.zeros((1, *field.shape[1:]), np.float32)
    total[back] += step
    total[ahead] += step
    count[back] += joined
    count[ahead] += joined
    return total / np.maximum(count, 1)


def dot(
    a: Float32[np.ndarray, "3 *n"], b: Float32[np.ndarray, "3 *n"]
) -> Float32[np.ndarray, "*n"]:
    """Return the inner product at every pixel; planes of coordinates are what numpy is fast at."""
    product = a[0] * b[0]
    product += a[1] * b[1]
    product += a[2] * b[2]
    return np.asarray(product)


def _sides(axis: int, apart: int) -> tuple[Sides, Sides]:
    """What indexes every pixel with a neighbour to the right (axis 0) or below (1) of (..., H, W),
    and that neighbour."""
    rest = (slice(None),) * axis
    return (..., slice(None, -apart), *rest), (..., slice(apart, None), *rest)


def blur(planes: Float32[np.ndarray, "K H W"], sigma: float) -> Float32[np.ndarray, "K H W"]:
    """Return a Gaussian blur of `sigma` pixels; edges repeat."""
    return each(
        planes, cv2.GaussianBlur, ksize=(0, 0), sigmaX=sigma, borderType=cv2.BORDER_REPLICATE
    )


def each(
    planes: Float32[np.ndarray, "K H W"], transform: Callable[..., Any], **options: Any
) -> Float32[np.ndarray, "K H W"]:
    """Return what one of OpenCV's functions makes of each image."""
    return np.stack([transform(plane, **options) for plane in planes])
