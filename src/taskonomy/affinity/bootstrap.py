"""Bootstrap intervals of affinities and win rates over test images.

The comparisons of two candidates are made once; what a replicate changes is only how often an
image counts. So all replicates of a pair are one row of a matrix product: comparisons (pairs x
images) by counts (images x replicates). Comparisons are 0, 1/2 or 1 and counts small integers, so
that single precision is exact.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Float32, Float64, Int64

from taskonomy.affinity.ahp import ahp, principal, ratios
from taskonomy.affinity.tournament import check_losses, win_rates
from taskonomy.errors import BadInput

_CELLS = 2**25
"""Comparisons held at once: 128 MiB, some 2,000 pairs of 17,000 images. A product of fewer pairs
spends most of its time packing the counts anew."""

_BATCH = 64
"""Replicates whose matrices are held at once: 7 MB at 115 candidates."""


@dataclass(frozen=True, kw_only=True)
class Bootstrap:
    """Point estimates of one target's candidates and their percentile intervals."""

    affinity: Float[np.ndarray, " S"]
    affinity_low: Float[np.ndarray, " S"]
    affinity_high: Float[np.ndarray, " S"]
    win_rate: Float[np.ndarray, "S S"]
    win_rate_low: Float[np.ndarray, "S S"]
    win_rate_high: Float[np.ndarray, "S S"]


def resample(images: int, replicates: int, rng: np.random.Generator) -> Float32[np.ndarray, "N R"]:
    """Return how often each image is drawn in each replicate: columns of a multinomial."""
    counts = np.empty((replicates, images), np.float32)
    for row in counts:
        row[:] = np.bincount(rng.integers(0, images, images), minlength=images)
    return np.ascontiguousarray(counts.T)


def resample_groups(
    groups: Int64[np.ndarray, " N"], replicates: int, rng: np.random.Generator
) -> Float32[np.ndarray, "N R"]:
    """Return how often each image is drawn where whole groups of images are drawn.

    Images of one building are not independent of each other, its neighbours' are: what is drawn
    anew is the building, with all its images (Davison and Hinkley 1997, section 3.8).

    Args:
        groups: the group of every image.
        replicates: how many times as many groups as there are, are drawn.
        rng: the generator that draws them.
    """
    found, member = np.unique(groups, return_inverse=True)
    return np.ascontiguousarray(resample(len(found), replicates, rng)[member])


def replicate_win_rates(
    losses: Float[np.ndarray, "S N"], counts: Float32[np.ndarray, "N R"]
) -> Float32[np.ndarray, "P R"]:
    """Return the win rates of every replicate, one row a pair i < j of candidates.

    Pairs are in the order of `np.triu_indices(S, 1)`; the other half of each matrix is 1 minus this
    one. Equal to repeating each image's column `counts` times and calling `tournament.win_rates`.

    Raises:
        BadInput: a candidate has no loss at all, there is no image, or a replicate draws none of
            the images on which two candidates were both measured.
    """
    check_losses(losses)
    pairs = np.stack(np.triu_indices(len(losses), 1), axis=1)
    there, drawn = ~np.isnan(losses), counts.sum(axis=0)
    complete = there.all()
    rates = np.empty((len(pairs), counts.shape[1]), np.float32)
    height = max(1, _CELLS // losses.shape[1])
    buffer = np.empty((min(height, len(pairs)), losses.shape[1]), np.float32)
    for begin in range(0, len(pairs), height):
        some, won = pairs[begin : begin + height], rates[begin : begin + height]
        np.matmul(_compare(losses, some, buffer), counts, out=won)
        won /= drawn if complete else _drawn_together(there, some, counts, buffer)
    return rates


def replicate_affinities(
    rates: Float32[np.ndarray, "P R"], start: Float[np.ndarray, " S"]
) -> Float64[np.ndarray, "R S"]:
    """Return the affinities of every replicate, the iteration warm-started from `start`.

    Args:
        rates: win rates as of `replicate_win_rates`.
        start: a first guess: the affinities of the tournament itself.
    """
    return np.concatenate(
        [principal(ratios(matrices), start) for matrices in replicate_matrices(rates, len(start))]
    )


def replicate_matrices(
    rates: Float32[np.ndarray, "P R"], size: int
) -> Iterator[Float64[np.ndarray, "b S S"]]:
    """Yield the tournament matrices of all replicates, some replicates at a time.

    Args:
        rates: win rates as of `replicate_win_rates`.
        size: the number of candidates, S.
    """
    for begin in range(0, rates.shape[1], _BATCH):
        upper = rates[:, begin : begin + _BATCH].T.astype(np.float64)
        yield _square(upper, 1 - upper, size)


def bootstrap(
    losses: Float[np.ndarray, "S N"], replicates: int, level: float, rng: np.random.Generator
) -> Bootstrap:
    """Return affinities and win rates of one target with percentile intervals over its images.

    Args:
        losses: per-image test losses, one row a candidate; nan where one was not measured.
        replicates: how many times the images are drawn anew, at least 1.
        level: coverage of the intervals, such as 0.95.
        rng: the generator that draws the images; equal seeds give equal intervals.

    Raises:
        BadInput: a candidate has no loss at all, there is no image, or two candidates share too few
            images.
    """
    rates = win_rates(losses)
    affinity = ahp(rates)
    drawn = replicate_win_rates(losses, resample(losses.shape[1], replicates, rng))
    tails = np.array([(1 - level) / 2, (1 + level) / 2])
    affinity_low, affinity_high = np.quantile(replicate_affinities(drawn, affinity), tails, axis=0)
    pairs = np.quantile(drawn, tails, axis=1).astype(np.float64)
    return Bootstrap(
        affinity=affinity,
        affinity_low=affinity_low,
        affinity_high=affinity_high,
        win_rate=rates,
        win_rate_low=_square(pairs[0], 1 - pairs[1], len(losses)),
        win_rate_high=_square(pairs[1], 1 - pairs[0], len(losses)),
    )


def _compare(
    losses: Float[np.ndarray, "S N"],
    pairs: Int64[np.ndarray, "p 2"],
    buffer: Float32[np.ndarray, "b N"],
) -> Float32[np.ndarray, "p N"]:
    """1 where the first of a pair has the smaller loss, 1/2 where the two are equal, else 0."""
    for row, (i, j) in zip(buffer, pairs, strict=False):
        np.less(losses[i], losses[j], out=row)
        np.copyto(row, 0.5, where=losses[i] == losses[j])
    return buffer[: len(pairs)]


def _drawn_together(
    there: Bool[np.ndarray, "S N"],
    pairs: Int64[np.ndarray, "p 2"],
    counts: Float32[np.ndarray, "N R"],
    buffer: Float32[np.ndarray, "b N"],
) -> Float32[np.ndarray, "p R"]:
    """How many images of each replicate both of a pair were measured on."""
    for row, (i, j) in zip(buffer, pairs, strict=False):
        np.logical_and(there[i], there[j], out=row)
    found = np.asarray(buffer[: len(pairs)] @ counts)
    if not found.all():
        i, j = pairs[np.argmin(found.min(axis=1))]
        raise BadInput(
            f"losses: found {np.count_nonzero(there[i] & there[j])} images on which candidate rows "
            f"{i} and {j} were both measured, expected enough for each of {found.shape[1]} draws"
        )
    return found


def _square(
    upper: Float64[np.ndarray, "*b P"], lower: Float64[np.ndarray, "*b P"], size: int
) -> Float64[np.ndarray, "*b S S"]:
    """Matrices from their two triangles; 1/2 on the diagonal."""
    matrices = np.full((*upper.shape[:-1], size, size), 0.5)
    first, second = np.triu_indices(size, 1)
    matrices[..., first, second] = upper
    matrices[..., second, first] = lower
    return matrices
