"""Noise from an integer hash, which gives equal bits on every processor."""

import numpy as np
from jaxtyping import Float, Int, UInt32

Values = Float[np.ndarray, " n"]


def hashed(
    x: Int[np.ndarray, " n"], y: Int[np.ndarray, " n"], seed: Int[np.ndarray, " n"]
) -> Values:
    """Independent uniform numbers in [0, 1) for whole-numbered places and seeds."""
    return _unit(_mix(x.astype(np.uint32), y.astype(np.uint32), seed.astype(np.uint32)))


def smooth(x: Values, y: Values, seed: Int[np.ndarray, " n"]) -> Values:
    """Value noise in [0, 1): hashed at whole numbers, smoothly interpolated between them."""
    fx, fy = np.floor(x), np.floor(y)
    u, v = x - fx, y - fy
    u, v = u * u * (3 - 2 * u), v * v * (3 - 2 * v)
    ix, iy = fx.astype(np.int32).astype(np.uint32), fy.astype(np.int32).astype(np.uint32)
    s, one = seed.astype(np.uint32), np.uint32(1)
    low = _unit(_mix(ix, iy, s)) * (1 - u) + _unit(_mix(ix + one, iy, s)) * u
    high = _unit(_mix(ix, iy + one, s)) * (1 - u) + _unit(_mix(ix + one, iy + one, s)) * u
    return np.asarray(low * (1 - v) + high * v)


def fractal(x: Values, y: Values, seed: Int[np.ndarray, " n"], octaves: int = 3) -> Values:
    """A sum of `octaves` noises, each twice as fine and half as strong, in [0, 1)."""
    total, weight = np.zeros_like(x), 0.0
    for octave in range(octaves):
        share, scale = 0.5**octave, 2.0**octave
        total = total + share * smooth(x * scale, y * scale, seed + octave)
        weight += share
    return np.asarray(total / weight)


Words = UInt32[np.ndarray, " n"]


def _mix(x: Words, y: Words, seed: Words) -> Words:
    h: Words = x * np.uint32(0x8DA6B343) + y * np.uint32(0xD8163841) + seed * np.uint32(0xCB1AB31F)
    h = (h ^ (h >> np.uint32(15))) * np.uint32(0x2C1B3C6D)
    h = (h ^ (h >> np.uint32(12))) * np.uint32(0x297A2D39)
    last: Words = h ^ (h >> np.uint32(15))
    return last


def _unit(h: Words) -> Values:
    return np.asarray((h >> np.uint32(8)).astype(np.float32) * np.float32(2.0**-24))
