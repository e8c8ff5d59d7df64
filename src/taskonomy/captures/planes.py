"""A plane through every pixel of a depth image: its normal, and depth between the pixels.

The inverse depth of a plane is linear in pixel coordinates, and a structured-light sensor's noise
is even in inverse depth; so planes are fitted there, by least squares over a window, in two passes
of which the second keeps only the pixels that agree with the first. What noise then leaves of waves
on a smooth surface is evened out, but not across creases: curvature is the normals' derivative.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float32, Float64, Int64

RADIUS, STEP = 6, 2
"""The window reaches 6 pixels to each side and takes every second pixel: 49 samples."""
NEAR = 0.06
"""First pass: samples within this part of the centre's inverse depth."""
NOISE = 0.007
"""Second pass: samples within this of the plane, in 1/m: some two sigmas of a Kinect."""
FEWEST = 12
REACH = 16
"""Slopes are evened out over about so many pixels."""
TURN = 2.5e-4
"""Difference of slopes, 1/m per pixel, that noise alone makes: some three sigmas of a Kinect."""


@dataclass(frozen=True)
class Planes:
    """Inverse depth q (1/m) and its derivatives per pixel, where `valid`.

    Attributes:
        intrinsics: of this grid.
        measured: pixels that the sensor measured; the other valid ones continue a neighbour.
    """

    q: Float32[np.ndarray, "H W"]
    qu: Float32[np.ndarray, "H W"]
    qv: Float32[np.ndarray, "H W"]
    valid: Bool[np.ndarray, "H W"]
    measured: Bool[np.ndarray, "H W"]
    intrinsics: Float64[np.ndarray, "3 3"]

    def normals(self) -> Float32[np.ndarray, "H W 3"]:
        """Return unit normals towards the camera (camera x right, y down, z forward)."""
        (fx, _, cx), (_, fy, cy), _ = self.intrinsics
        height, width = self.q.shape
        u = np.arange(width, dtype=np.float32)[None, :]
        v = np.arange(height, dtype=np.float32)[:, None]
        # 1 = Z q(u, v) on the plane, with u = fx X/Z + cx: (a fx, b fy, ...).(X, Y, Z) = 1.
        away = np.stack(
            [
                self.qu * np.float32(fx),
                self.qv * np.float32(fy),
                self.q + self.qu * (np.float32(cx) - u) + self.qv * (np.float32(cy) - v),
            ],
            -1,
        )
        length = np.linalg.norm(away, axis=-1, keepdims=True)
        return np.asarray(-away / np.maximum(length, 1e-9), np.float32)

    def at(
        self, u: Float64[np.ndarray, "*n"], v: Float64[np.ndarray, "*n"]
    ) -> tuple[Float32[np.ndarray, "*n"], Int64[np.ndarray, "*n"]]:
        """Return depth in metres at continuous pixel coordinates, nan where there is none, and the
        flat index of the pixel whose plane it lies on."""
        height, width = self.q.shape
        column, row = np.rint(u).astype(np.int64), np.rint(v).astype(np.int64)
        inside = (column >= 0) & (column < width) & (row >= 0) & (row < height)
        flat = np.where(inside, row * width + column, 0)
        q = self.q.ravel()[flat]
        slope = self.qu.ravel()[flat] * (u - column) + self.qv.ravel()[flat] * (v - row)
        known = inside & self.valid.ravel()[flat] & (q + slope > 1e-3)
        depth = np.where(known, 1 / np.where(known, q + slope, 1), np.nan)
        return depth.astype(np.float32), flat


def fit(depth: Float32[np.ndarray, "H W"], intrinsics: Float64[np.ndarray, "3 3"]) -> Planes:
    """Fit a plane around every measured pixel of a depth image in metres (nan = missing)."""
    q = np.nan_to_num(1 / depth).astype(np.float32)
    zero = np.zeros_like(q)
    qu, qv, centre, tolerance = zero, zero, q, q * np.float32(NEAR)
    for _ in range(2):
        centre, qu, qv, count = _regress(q, centre, qu, qv, tolerance)
        tolerance = np.full_like(q, NOISE)
    valid = (q > 0) & (count >= FEWEST) & (centre > 0.05)
    qu, qv = _even(centre, np.stack([qu, qv]), valid)
    return Planes(centre, qu, qv, valid, valid, intrinsics)


def _regress(
    q: Float32[np.ndarray, "H W"],
    centre: Float32[np.ndarray, "H W"],
    qu: Float32[np.ndarray, "H W"],
    qv: Float32[np.ndarray, "H W"],
    tolerance: Float32[np.ndarray, "H W"],
) -> tuple[
    Float32[np.ndarray, "H W"],
    Float32[np.ndarray, "H W"],
    Float32[np.ndarray, "H W"],
    Float32[np.ndarray, "H W"],
]:
    """One pass: the plane through the samples within `tolerance` of the plane given."""
    height, width = q.shape
    padded = np.pad(q, RADIUS)
    n, su, sv, suu, suv, svv, sq, squ, sqv = (np.zeros_like(q) for _ in range(9))
    for dv in range(-RADIUS, RADIUS + 1, STEP):
        for du in range(-RADIUS, RADIUS + 1, STEP):
            top, left = RADIUS + dv, RADIUS + du
            rise = padded[top : top + height, left : left + width] - q
            off = np.abs(rise + q - centre - np.float32(du) * qu - np.float32(dv) * qv)
            w = ((off < tolerance) & (rise + q > 0)).astype(np.float32)
            rise *= w
            n += w
            su += du * w
            sv += dv * w
            suu += du * du * w
            suv += du * dv * w
            svv += dv * dv * w
            sq += rise
            squ += du * rise
            sqv += dv * rise
    safe = np.maximum(n, 1)
    mu, mv, mq = su / safe, sv / safe, sq / safe
    cuu, cuv, cvv = suu - mu * su, suv - mu * sv, svv - mv * sv
    cqu, cqv = squ - mq * su, sqv - mq * sv
    area = cuu * cvv - cuv * cuv
    count = np.where(area > 1e-3, n, 0).astype(np.float32)
    area = np.maximum(area, np.float32(1e-3))
    new_u, new_v = (cqu * cvv - cqv * cuv) / area, (cqv * cuu - cqu * cuv) / area
    return q + mq - new_u * mu - new_v * mv, new_u, new_v, count


def _even(
    q: Float32[np.ndarray, "H W"],
    slope: Float32[np.ndarray, "2 H W"],
    valid: Bool[np.ndarray, "H W"],
) -> Float32[np.ndarray, "2 H W"]:
    """Average slopes (rightward, downward) over neighbours of the same smooth surface.

    Passes of a 1-2-1 kernel at distances 1, 2, 4 ... up to REACH, in which a neighbour counts the
    less the more its slope differs (an edge-avoiding a-trous transform; Dammertz et al., 2010).
    """
    apart, every = 1, slice(None)
    while apart <= REACH:
        back, ahead = slice(None, -apart), slice(apart, None)
        rightward, downward = ((..., back), (..., ahead)), ((..., back, every), (..., ahead, every))
        for along, (here, there) in enumerate((rightward, downward)):
            turn = slope[there] - slope[here]
            # Between two points of a smooth surface, inverse depth rises by the mean of the slopes.
            rise = np.float32(apart / 2) * (slope[there] + slope[here])[along]
            joined = valid[here] & valid[there] & (np.abs(q[there] - q[here] - rise) < NOISE)
            like = np.exp(-(turn * turn).sum(0) / np.float32(2 * TURN**2)) * joined
            total, weight = 2 * slope, np.full_like(q, 2)
            total[here] += like * slope[there]
            total[there] += like * slope[here]
            weight[here] += like
            weight[there] += like
            slope = total / weight
        apart *= 2
    return slope


def extend(planes: Planes, pixels: int) -> Planes:
    """Continue surfaces into holes of up to some pixels, the farther of two neighbours first.

    Beside a near thing the sensor's shadow hides a strip of what lies behind: an occlusion edge is
    between the thing and the continued background. `measured` still says what was seen.
    """
    stack = np.stack([planes.q, planes.qu, planes.qv])
    valid = planes.valid.copy()
    for _ in range(pixels):
        best = np.full(valid.shape, np.inf, np.float32)
        chosen = np.zeros_like(stack)
        for dv, du in ((0, 1), (0, -1), (1, 0), (-1, 0)):
            moved = np.roll(stack, (dv, du), (1, 2))
            q = moved[0] + dv * moved[2] + du * moved[1]
            usable = np.roll(valid, (dv, du), (0, 1)) & (q > 0.05) & (q < best)
            best = np.where(usable, q, best)
            chosen = np.where(usable, np.stack([q, moved[1], moved[2]]), chosen)
        new = ~valid & np.isfinite(best)
        stack = np.where(new, chosen, stack)
        valid |= new
    return Planes(stack[0], stack[1], stack[2], valid, planes.measured, planes.intrinsics)
