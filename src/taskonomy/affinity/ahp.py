"""The analytic hierarchy process: from a tournament to affinities (paper, section 3.3)."""

import numpy as np
from jaxtyping import Float

from taskonomy.errors import BadInput

CLIP = 0.001
"""Win rates are clipped to [CLIP, 1 - CLIP]: a candidate that always wins is 999 times better."""

_TOLERANCE = 1e-13
_MAX_STEPS = 10_000


def ratios(rates: Float[np.ndarray, "*R S S"]) -> Float[np.ndarray, "*R S S"]:
    """Return w'_ij = w_ij / w_ji of clipped win rates: how many times better i is than j."""
    clipped = np.clip(rates, CLIP, 1 - CLIP)
    return np.asarray(clipped / np.swapaxes(clipped, -1, -2))


def principal(
    matrices: Float[np.ndarray, "*R S S"], start: Float[np.ndarray, " S"] | None = None
) -> Float[np.ndarray, "*R S"]:
    """Return the Perron vectors of positive matrices, each summing to 1, by power iteration.

    A positive matrix has one positive eigenvector, real and unique, so that no complex arithmetic
    is needed. Iterates until no entry moves by more than 1e-13 relative to the largest.

    Args:
        matrices: one positive matrix or a stack of them.
        start: a positive first guess, shared by the stack; uniform if absent.

    Raises:
        ArithmeticError: the iteration does not settle, which positive matrices rule out.
    """
    size = matrices.shape[-1]
    vectors = np.broadcast_to(
        np.full(size, 1.0 / size) if start is None else start, matrices.shape[:-1]
    )
    for _ in range(_MAX_STEPS):
        following = (matrices @ vectors[..., None])[..., 0]
        following /= following.sum(axis=-1, keepdims=True)
        moved = np.max(np.abs(following - vectors), initial=0.0)
        vectors = following
        if moved <= _TOLERANCE:
            return np.asarray(vectors)
    raise ArithmeticError(f"power iteration moved by {moved} after {_MAX_STEPS} steps")


def ahp(
    rates: Float[np.ndarray, "S S"], start: Float[np.ndarray, " S"] | None = None
) -> Float[np.ndarray, " S"]:
    """Return the affinities p of one target's candidates from its tournament matrix.

    p is the principal right eigenvector of w'_ij = w_ij / w_ji, normalised to sum 1; for
    consistent (Bradley-Terry) win rates it is the candidates' strengths.

    Args:
        rates: win rates as of `tournament.win_rates`.
        start: a first guess, such as the affinities of a similar tournament.

    Raises:
        BadInput: two candidates were never compared.
    """
    missing = np.argwhere(np.isnan(rates))
    if missing.size:
        raise BadInput(
            f"win rates: found none between candidate rows {missing[0].tolist()}, expected one for "
            "every pair: the analytic hierarchy process needs a whole matrix"
        )
    return principal(ratios(rates), start)
