"""Which candidates serve a target better than which others, beyond chance.

A paired permutation test: if two candidates were equally good, any image that one of them wins
might as well have been won by the other. So the score of a pair (images won less images lost) is
held against the scores under all 2^n ways to flip images. Images that tie score nothing either way,
so that the number of wins among the m others follows Binomial(m, 1/2): the share of flips that
reach a score is a binomial tail, exact for any number of images, and none needs to be drawn.

Images of one building are not independent: what makes one candidate win there makes it win on all
of them. Where the buildings are known, a building is what is turned round, with all its images; the
distribution of the score is then built up building by building, again exactly.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int64

from taskonomy.affinity.tournament import check_losses


@dataclass(frozen=True, kw_only=True)
class Significance:
    """Tests of all ordered pairs of one target's candidates.

    Attributes:
        p: p_ij, in (0, 1], is how likely i would win by so much against j were they equally good;
            1 on the diagonal.
        better: whether i is better than j, at the false discovery rate asked for.
    """

    p: Float[np.ndarray, "S S"]
    better: Bool[np.ndarray, "S S"]


_CELLS = 2**22
"""Shares of scores held at once by `group_flip`: 32 MiB."""


def significance(
    losses: Float[np.ndarray, "S N"], rate: float, groups: Int64[np.ndarray, " N"] | None = None
) -> Significance:
    """Test for every ordered pair of candidates whether the first serves the target better.

    Args:
        losses: per-image test losses, one row a candidate; nan where one was not measured.
        rate: the false discovery rate: the expected share of false claims among `better`.
        groups: the building of every image, which is then turned round as one; if absent, every
            image is by itself.

    Raises:
        BadInput: a candidate has no loss at all, or there is no image.
    """
    check_losses(losses)
    if groups is None:
        wins = np.array([np.count_nonzero(row < losses, axis=1) for row in losses])
        p = sign_flip(wins, wins + wins.T)
    else:
        p = _flip_groups(losses, groups)
    better = np.zeros(p.shape, bool)
    pairs = ~np.eye(len(p), dtype=bool)
    better[pairs] = benjamini_hochberg(p[pairs], rate)
    return Significance(p=p, better=better)


def sign_flip(
    wins: Int64[np.ndarray, "*shape"], decided: Int64[np.ndarray, "*shape"]
) -> Float[np.ndarray, "*shape"]:
    """Return the share of all sign flips with at least `wins` wins among `decided` images.

    Never 0: the flip that changes nothing is one of them. (Shares below the smallest positive
    number are given as that.)
    """
    p = np.ones(wins.shape)
    log_factorial = np.cumsum(np.log(np.arange(decided.max(initial=0) + 1).clip(1)))
    for m in np.unique(decided):
        ways = log_factorial[m] - log_factorial[: m + 1] - log_factorial[m::-1]
        tail = np.cumsum(np.exp(ways - m * np.log(2))[::-1])[::-1]
        p[decided == m] = tail[wins[decided == m]]
    return p.clip(np.finfo(p.dtype).tiny, 1)


def group_flip(scores: Int64[np.ndarray, "P B"]) -> Float[np.ndarray, " P"]:
    """Return the share of all 2^B sign flips of groups whose total is at least the one found.

    Args:
        scores: of every pair in every group, images won less images lost.
    """
    sizes, totals = np.abs(scores), scores.sum(axis=1)
    reach = int(sizes.sum(axis=1).max(initial=0))
    p = np.empty(len(scores))
    step = max(1, _CELLS // (2 * reach + 1))
    for begin in range(0, len(scores), step):
        rows = slice(begin, begin + step)
        p[rows] = _tail(sizes[rows], totals[rows], reach)
    return p


def _flip_groups(
    losses: Float[np.ndarray, "S N"], groups: Int64[np.ndarray, " N"]
) -> Float[np.ndarray, "S S"]:
    """p of all ordered pairs when whole groups are turned round."""
    found, member = np.unique(groups, return_inverse=True)
    first, second = np.triu_indices(len(losses), 1)
    scores = np.zeros((len(first), len(found)), np.int64)
    for row, (i, j) in enumerate(zip(first, second, strict=True)):
        won = (losses[i] < losses[j]).astype(np.float64) - (losses[j] < losses[i])
        scores[row] = np.bincount(member, won, len(found))
    p = np.ones((len(losses), len(losses)))
    p[first, second], p[second, first] = group_flip(scores), group_flip(-scores)
    return p


def _tail(
    sizes: Int64[np.ndarray, "p B"], totals: Int64[np.ndarray, " p"], reach: int
) -> Float[np.ndarray, " p"]:
    """The shares of flips with at least that total; scores run from -reach to reach."""
    place = np.arange(2 * reach + 1)
    share = np.zeros((len(sizes), len(place)))
    share[:, reach] = 1
    for size in sizes.T:
        # What would come from outside is 0: no total exceeds the reach.
        up, down = (np.clip(place + sign * size[:, None], 0, 2 * reach) for sign in (-1, 1))
        share = np.take_along_axis(share, up, 1) + np.take_along_axis(share, down, 1)
        share /= 2
    return np.asarray(np.where(place >= reach + totals[:, None], share, 0).sum(axis=1))


def benjamini_hochberg(p: Float[np.ndarray, " m"], rate: float) -> Bool[np.ndarray, " m"]:
    """Return which of m hypotheses are rejected at a false discovery rate.

    The k smallest p values, k the largest number with p_(k) <= rate k / m (Benjamini and Hochberg
    1995). Both directions of a pair may be among the hypotheses: their p values sum to at least 1,
    so that this is the two-sided procedure, and a claim of the wrong sign counts as false too.
    """
    ordered = np.sort(p)
    passed = np.flatnonzero(ordered <= rate * np.arange(1, len(p) + 1) / len(p))
    return p <= ordered[passed[-1]] if passed.size else np.zeros(len(p), bool)
