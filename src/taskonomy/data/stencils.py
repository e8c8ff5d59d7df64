"""Neighbourhoods on a range image that do not reach across a depth jump."""

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Bool, Float32

JUMP_FOOTPRINTS = 1.2
"""A jump is a gap of more pixel footprints (z / focal) than two surfaces that meet can leave."""
JUMP_OF_DEPTH = 0.012
"""And of more than this part of the depth: the noise floor of real depth."""


@dataclass(frozen=True)
class Jumps:
    """Gaps between neighbours, to the right (H, W-d) and downward (H-d, W), d pixels apart.

    Attributes:
        right, down: metres between the two surfaces where they do not meet, else 0; positive
            where the neighbour is the farther one.
        joined_right, joined_down: both known and no jump between.
    """

    right: Float32[np.ndarray, "H W1"]
    down: Float32[np.ndarray, "H1 W"]
    joined_right: Bool[np.ndarray, "H W1"]
    joined_down: Bool[np.ndarray, "H1 W"]

    def strongest(self) -> Float32[np.ndarray, "H W"]:
        """Return each pixel's largest gap to its neighbours in metres, on both of its sides."""
        right, down = np.abs(self.right), np.abs(self.down)
        out = np.zeros((right.shape[0], down.shape[1]), np.float32)
        for part, gap in (
            (out[:, :-1], right),
            (out[:, 1:], right),
            (out[:-1], down),
            (out[1:], down),
        ):
            np.maximum(part, gap, out=part)
        return out

    def gradient(self, top: float) -> tuple[Float32[np.ndarray, "H W"], Float32[np.ndarray, "H W"]]:
        """Return the gaps rightward and downward, over `top` and at most 1, on the nearer side."""
        shape = (self.right.shape[0], self.down.shape[1])
        right, down = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
        gap = np.clip(self.right / np.float32(top), -1, 1)
        right[:, :-1] = np.maximum(gap, 0)
        right[:, 1:] += np.minimum(gap, 0)
        gap = np.clip(self.down / np.float32(top), -1, 1)
        down[:-1] = np.maximum(gap, 0)
        down[1:] += np.minimum(gap, 0)
        return right, down


def jumps(
    point: Float32[np.ndarray, "3 H W"],
    normal: Float32[np.ndarray, "3 H W"],
    valid: Bool[np.ndarray, "H W"],
    focal: float,
    apart: int,
) -> Jumps:
    """Return where neighbours `apart` pixels apart lie on surfaces that do not meet between them.

    Two surfaces meet when one of the two points lies near the other's tangent plane: true on a
    slanted plane and across a crease, false where one surface hides another.
    """
    tolerance = np.float32(max(JUMP_FOOTPRINTS * apart / focal, JUMP_OF_DEPTH))

    def between(
        here: tuple[slice, ...], there: tuple[slice, ...]
    ) -> tuple[Float32[np.ndarray, "h w"], Bool[np.ndarray, "h w"]]:
        step = point[there] - point[here]
        gap = np.minimum(np.abs(dot(normal[here], step)), np.abs(dot(normal[there], step)))
        known = valid[here[1:]] & valid[there[1:]]
        nearer = np.minimum(-point[here][2], -point[there][2])
        jump = known & (gap > tolerance * nearer)
        signed = np.where(step[2] < 0, gap, -gap)
        return np.where(jump, signed, np.float32(0)), known & ~jump

    right, joined_right = between(*_sides(2, apart))
    down, joined_down = between(*_sides(1, apart))
    return Jumps(right, down, joined_right, joined_down)


def smooth_normals(
    point: Float32[np.ndarray, "3 H W"],
    normal: Float32[np.ndarray, "3 H W"],
    valid: Bool[np.ndarray, "H W"],
    focal: float,
    near: Jumps,
    scale: int,
) -> Float32[np.ndarray, "3 H W"]:
    """Return normals smoothed over about `scale` pixels, never across a jump; 0 where not valid.

    Passes of a 1-2-1 kernel at distances 1, 2, 4 ... up to `scale` (an a-trous Gaussian); `near`
    are the jumps between direct neighbours.
    """
    smooth, apart = normal, 1
    while apart <= scale:
        if apart > 1:
            near = jumps(point, normal, valid, focal, apart)
        for axis, joined in ((2, near.joined_right), (1, near.joined_down)):
            back, ahead = _sides(axis, apart)
            total = 2 * smooth
            total[back] += joined * smooth[ahead]
            total[ahead] += joined * smooth[back]
            smooth = total / np.maximum(np.sqrt(dot(total, total)), np.float32(1e-6))
        apart *= 2
    return smooth


def derivatives(
    field: Float32[np.ndarray, "C H W"], near: Jumps
) -> tuple[Float32[np.ndarray, "C H W"], Float32[np.ndarray, "C H W"]]:
    """Return a field's derivatives per pixel rightward and downward: central where both neighbours
    are joined, one-sided where one is, 0 where none is."""

    def along(axis: int, joined: Bool[np.ndarray, "h w"]) -> Float32[np.ndarray, "C H W"]:
        back, ahead = _sides(axis, 1)
        step = (field[ahead] - field[back]) * joined
        total, count = np.zeros_like(field), np.zeros((1, *field.shape[1:]), np.float32)
        total[back] += step
        total[ahead] += step
        count[back] += joined
        count[ahead] += joined
        return total / np.maximum(count, 1)

    return along(2, near.joined_right), along(1, near.joined_down)


def dot(
    a: Float32[np.ndarray, "3 *n"], b: Float32[np.ndarray, "3 *n"]
) -> Float32[np.ndarray, "*n"]:
    """Return the inner product at every pixel; planes of coordinates are what numpy is fast at."""
    product = a[0] * b[0]
    product += a[1] * b[1]
    product += a[2] * b[2]
    return np.asarray(product)


def _sides(axis: int, apart: int) -> tuple[tuple[slice, ...], tuple[slice, ...]]:
    """What indexes every pixel with a neighbour along an axis of (C, H, W), and that neighbour."""
    every = (slice(None),) * axis
    rest = (slice(None),) * (2 - axis)
    return (*every, slice(None, -apart), *rest), (*every, slice(apart, None), *rest)


def blur(plane: Float32[np.ndarray, "H W"], sigma: float) -> Float32[np.ndarray, "H W"]:
    """Return a Gaussian blur of `sigma` pixels; edges repeat."""
    blurred = cv2.GaussianBlur(plane, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE)
    return np.asarray(blurred, np.float32)
