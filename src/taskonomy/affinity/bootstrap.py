"""Bootstrap intervals of affinities and win rates over test images.

The comparisons of two candidates are made once; what a replicate changes is only how often an
image counts. So all replicates of a pair are one row of a matrix product: comparisons (pairs x
images) by counts (images x replicates). Comparisons are 0, 1/2 or 1 and counts small integers, so
that single precision is exact.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float32, Float64

from taskonomy.affinity.ahp import ahp, principal, ratios
from taskonomy.affinity.tournament import check_losses, win_rates

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


def resample(images: int, replicates: int, rng: np.random.Generator) -> Float32[np.ndarray, "R N"]:
    """Return how often each image is drawn in each replicate: rows of a multinomial."""
    counts = np.empty((replicates, images), np.float32)
    for row in counts:
        row[:] = np.bincount(rng.integers(0, images, images), minlength=images)
    return counts


def replicate_win_rates(
    losses: Float[np.ndarray, "S N"], counts: Float32[np.ndarray, "R N"]
) -> Float32[np.ndarray, "R S S"]:
    """Return the tournament matrix of every replicate.

    Equal to repeating each image's column `counts` times and calling `tournament.win_rates`.

    Raises:
        BadInput: a loss is nan, or there is no image.
    """
    check_losses(losses)
    size = len(losses)
    drawn = counts.sum(axis=1)
    rates = np.full((len(counts), size, size), 0.5, np.float32)
    by_image = np.ascontiguousarray(counts.T)
    for i in range(size - 1):
        rest = losses[i + 1 :]
        compared = (losses[i] < rest).astype(np.float32)
        compared[losses[i] == rest] = 0.5
        won = (compared @ by_image).T / drawn[:, None]
        rates[:, i, i + 1 :] = won
        rates[:, i + 1 :, i] = 1 - won
    return rates


def replicate_affinities(
    rates: Float32[np.ndarray, "R S S"], start: Float[np.ndarray, " S"]
) -> Float64[np.ndarray, "R S"]:
    """Return the affinities of every replicate, the iteration warm-started from `start`."""
    return np.concatenate(
        [principal(ratios(batch.astype(np.float64)), start) for batch in _batches(rates)]
    )


def bootstrap(
    losses: Float[np.ndarray, "S N"], replicates: int, level: float, rng: np.random.Generator
) -> Bootstrap:
    """Return affinities and win rates of one target with percentile intervals over its images.

    Args:
        losses: per-image test losses, one row a candidate, all on the same images.
        replicates: how many times the images are drawn anew, at least 1.
        level: coverage of the intervals, such as 0.95.
        rng: the generator that draws the images; equal seeds give equal intervals.

    Raises:
        BadInput: a loss is nan, or there is no image.
    """
    rates = win_rates(losses)
    affinity = ahp(rates)
    drawn = replicate_win_rates(losses, resample(losses.shape[1], replicates, rng))
    tails = np.array([(1 - level) / 2, (1 + level) / 2])
    affinity_low, affinity_high = np.quantile(replicate_affinities(drawn, affinity), tails, axis=0)
    # One candidate's row at a time: quantiles of the whole stack would copy it several times.
    rows = [np.quantile(drawn[:, i], tails, axis=0) for i in range(len(losses))]
    win_rate_low, win_rate_high = np.stack(rows, axis=1).astype(np.float64)
    return Bootstrap(
        affinity=affinity,
        affinity_low=affinity_low,
        affinity_high=affinity_high,
        win_rate=rates,
        win_rate_low=win_rate_low,
        win_rate_high=win_rate_high,
    )


def _batches(rates: Float32[np.ndarray, "R S S"]) -> Iterator[Float32[np.ndarray, "b S S"]]:
    for first in range(0, len(rates), _BATCH):
        yield rates[first : first + _BATCH]
