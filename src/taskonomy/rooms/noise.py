"""Noise from an integer hash, which gives equal bits on every processor."""

import numpy as np
from jaxtyping import Float, Int, UInt32

Values = Float[np.ndarray, " n"]


def hashed(
    x: Int[np.ndarray, " n"], y: Int[np.ndarray, " n"], seed: Int[np.ndarray, " n"]
) -> Values:
    """Independent uniform numbers in [0, 1) for whole-numbered places and seeds."""
    return _unit(_stir(_place(x.astype(np.uint32), y.astype(np.uint32), seed.astype(np.uint32))))


def smooth(x: Values, y: Values, seed: Int[np.ndarray, " n"]) -> Values:
    """Value noise in [0, 1): hashed at whole numbers, smoothly interpolated between them."""
    place = np.stack([x, y])
    whole = np.floor(place)
    place -= whole
    u, v = place * place * (3 - 2 * place)
    right, up = whole.astype(np.int32).view(np.uint32)
    # The four corners at once, from the hash's own linear beginning.
    corners = np.empty((2, 2, len(x)), np.uint32)
    corners[0, 0] = _place(right, up, seed.astype(np.uint32))
    np.add(corners[0, 0], _RIGHT, out=corners[0, 1])
    np.add(corners[0], _UP, out=corners[1])
    lattice = _unit(_stir(corners))
    low, high = lattice[:, 0] + (lattice[:, 1] - lattice[:, 0]) * u
    return np.asarray(low + (high - low) * v)


def fractal(x: Values, y: Values, seed: Int[np.ndarray, " n"], octaves: int = 3) -> Values:
    """A sum of `octaves` noises, each twice as fine and half as strong, in [0, 1)."""
    number = np.arange(octaves, dtype=np.int32)[:, None]
    scale = np.exp2(number.astype(x.dtype))
    # All octaves in one call: places of one texture are few, calls are not free.
    noise = smooth((scale * x).ravel(), (scale * y).ravel(), (seed + number).ravel())
    return np.asarray((1 / scale[:, 0] / (1 / scale).sum()) @ noise.reshape(octaves, -1))


Words = UInt32[np.ndarray, "*n"]

_RIGHT, _UP, _SEED = np.uint32(0x8DA6B343), np.uint32(0xD8163841), np.uint32(0xCB1AB31F)


def _place(x: Words, y: Words, seed: Words) -> Words:
    return x * _RIGHT + y * _UP + seed * _SEED


def _stir(h: Words) -> Words:
    """Mix every bit into every other, in place."""
    for shift, factor in ((15, 0x2C1B3C6D), (12, 0x297A2D39)):
        h ^= h >> np.uint32(shift)
        h *= np.uint32(factor)
    h ^= h >> np.uint32(15)
    return h


def _unit(h: Words) -> Float[np.ndarray, "*n"]:
    h >>= np.uint32(8)
    return np.asarray(h.astype(np.float32) * np.float32(2.0**-24))
