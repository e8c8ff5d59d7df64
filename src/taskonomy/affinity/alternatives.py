"""Bradley-Terry and HodgeRank: other ways from a tournament to affinities, to hold AHP against.

All three give back the strengths of a consistent tournament and differ by how they weigh
contradictions. These two also take tournaments in which some pairs were never compared.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from taskonomy.affinity.ahp import CLIP
from taskonomy.errors import BadInput

_TOLERANCE = 1e-9
"""In ln p. Newton's error is squared by each step, so that the last one leaves rounding alone."""

_MAX_STEPS = 100


@dataclass(frozen=True, kw_only=True)
class Hodge:
    """A tournament's log odds, split into a ranking and what no ranking can express.

    Attributes:
        affinity: softmax of the ranking's scores; sums to 1.
        cyclic: the share in [0, 1] of the log odds' squared norm that is inconsistent: 0 if they
            all follow from scores, 1 if candidates beat each other in circles only.
    """

    affinity: Float[np.ndarray, " S"]
    cyclic: float


def hodge_rank(
    rates: Float[np.ndarray, "S S"], compared: Float[np.ndarray, "S S"] | None = None
) -> Hodge:
    """Rank by least squares on log odds (Jiang, Lim, Yao, Ye 2011: statistical ranking).

    The scores s minimise the sum over pairs of n_ij (ln(w_ij / w_ji) - s_i + s_j)^2, where win
    rates are clipped as for AHP; the cyclic share is the minimum over the sum at s = 0.

    Args:
        rates: win rates as of `tournament.win_rates`, nan for pairs never compared.
        compared: images on which each pair was compared (n_ij), the weight of the pair; equal
            weights if absent.

    Raises:
        BadInput: candidates are not connected by comparisons.
    """
    weights, clipped = _compared(rates, compared)
    odds = np.log(clipped / clipped.T)
    scores = _scores(weights, odds)
    residual = odds - scores[:, None] + scores
    flow = float((weights * odds**2).sum())
    cyclic = float((weights * residual**2).sum()) / flow if flow else 0.0
    return Hodge(affinity=_softmax(scores), cyclic=min(cyclic, 1.0))


def bradley_terry(
    rates: Float[np.ndarray, "S S"], compared: Float[np.ndarray, "S S"] | None = None
) -> Float[np.ndarray, " S"]:
    """Return the strengths under which the outcomes are likeliest, normalised to sum 1.

    Candidate i wins against j with probability p_i / (p_i + p_j) (Bradley and Terry 1952). Win
    rates are clipped as for AHP, so that the maximum exists; a tie is half a win to each. Newton's
    method on ln p from HodgeRank's scores, its steps halved until the likelihood no longer falls.

    Args:
        rates: win rates as of `tournament.win_rates`, nan for pairs never compared.
        compared: images on which each pair was compared, the weight of the pair; equal weights if
            absent.

    Raises:
        BadInput: candidates are not connected by comparisons.
        ArithmeticError: the iteration does not settle, which a concave likelihood rules out.
    """
    weights, clipped = _compared(rates, compared)
    scores = _scores(weights, np.log(clipped / clipped.T))

    def log_wins(at: Float[np.ndarray, " S"]) -> Float[np.ndarray, "S S"]:
        return np.asarray(-np.logaddexp(0, at - at[:, None]))

    def likelihood(at: Float[np.ndarray, " S"]) -> float:
        return float((weights * clipped * log_wins(at)).sum())

    for _ in range(_MAX_STEPS):
        expected = np.exp(log_wins(scores))
        step = _potential(
            weights * expected * expected.T, (weights * (clipped - expected)).sum(axis=1)
        )
        if np.abs(step).max(initial=0.0) <= _TOLERANCE:
            return _softmax(scores + step)
        # Rounding may lower the likelihood at the top by some units in the last place.
        before = likelihood(scores)
        while likelihood(scores + step) < before - 1e-12 * abs(before):
            step /= 2
        scores += step
    raise ArithmeticError(f"Newton's method moved by {np.abs(step).max()} after {_MAX_STEPS} steps")


def _compared(
    rates: Float[np.ndarray, "S S"], compared: Float[np.ndarray, "S S"] | None
) -> tuple[Float[np.ndarray, "S S"], Float[np.ndarray, "S S"]]:
    """Weights of the pairs, and clipped win rates with 1/2 where there are none."""
    there = ~np.isnan(rates) & ~np.eye(len(rates), dtype=bool)
    weights = there.astype(np.float64) if compared is None else np.where(there, compared, 0.0)
    _check_connected(weights > 0)
    return weights, np.clip(np.where(weights > 0, rates, 0.5), CLIP, 1 - CLIP)


def _check_connected(there: Bool[np.ndarray, "S S"]) -> None:
    """Refuse a tournament that falls apart: its parts' strengths have no common scale."""
    reached = there | np.eye(len(there), dtype=bool)
    for _ in range(len(there).bit_length()):
        reached = reached @ reached  # paths of twice the length
    largest = reached[np.argmax(reached.sum(axis=1))]
    if not largest.all():
        raise BadInput(
            f"win rates: found no chain of comparisons from candidate rows "
            f"{np.flatnonzero(~largest).tolist()} to the others, expected all to be connected"
        )


def _scores(
    weights: Float[np.ndarray, "S S"], odds: Float[np.ndarray, "S S"]
) -> Float[np.ndarray, " S"]:
    """The scores whose differences are nearest to log odds."""
    return _potential(weights, (weights * odds).sum(axis=1))


def _potential(
    weights: Float[np.ndarray, "S S"], divergence: Float[np.ndarray, " S"]
) -> Float[np.ndarray, " S"]:
    """Solve L s = divergence, L the Laplacian of the weights, for the s that sums to 0."""
    laplacian = np.diag(weights.sum(axis=1)) - weights
    # A constant in every cell makes it regular and changes no solution of sum 0.
    return np.asarray(np.linalg.solve(laplacian + (weights.max() or 1.0), divergence))


def _softmax(scores: Float[np.ndarray, " S"]) -> Float[np.ndarray, " S"]:
    powers = np.exp(scores - scores.max())
    return np.asarray(powers / powers.sum())
