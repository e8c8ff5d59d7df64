"""Intervals of affinities, gain and quality, by resampling test images or whole buildings.

Images of one building are not independent: whoever is lucky with its rooms is lucky on all of its
images. Intervals by image say how well the result is known for these buildings, intervals by
building how well for buildings like them; the second are the wider and the more honest ones, where
there are enough buildings to draw from.
"""

from dataclasses import dataclass
from math import sqrt
from typing import Literal

import numpy as np
from jaxtyping import Float, Float32
from scipy.special import ndtr, stdtrit

from taskonomy.affinity.ahp import principal, ratios
from taskonomy.affinity.bootstrap import replicate_matrices, replicate_win_rates

Unit = Literal["image", "building"]
"""What is drawn anew."""

LEVEL = 0.95
REPLICATES = 500

ENOUGH = 5
"""With fewer buildings than that, none are drawn: hardly any two draws would differ."""


@dataclass(frozen=True, kw_only=True)
class Replicates:
    """One target's candidates in every replicate."""

    affinity: Float[np.ndarray, "R S"]
    gain: Float[np.ndarray, "R S"]
    quality: Float[np.ndarray, "R S"]


def replicates(
    losses: Float[np.ndarray, "S N"],
    scratch: Float[np.ndarray, " N"],
    start: Float[np.ndarray, " S"],
    counts: Float32[np.ndarray, "N R"],
) -> Replicates:
    """Hold one target's tournament again on each draw of its images.

    Args:
        losses: per-image test losses of the candidates; the first is full supervision.
        scratch: those of the scratch network.
        start: the affinities on the images as they are, from which the iteration starts.
        counts: how often each image is drawn in each replicate.

    Raises:
        BadInput: a candidate has no loss at all, or a draw leaves two candidates without a common
            image.
    """
    size = len(losses) + 1
    rates = replicate_win_rates(np.concatenate([losses, scratch[None]]), counts)
    affinity, gain, quality = [], [], []
    for matrices in replicate_matrices(rates, size):
        affinity.append(principal(ratios(matrices[:, :-1, :-1]), start))
        gain.append(matrices[:, :-1, -1])
        quality.append(matrices[:, :-1, 0])
    return Replicates(
        affinity=np.concatenate(affinity),
        gain=np.concatenate(gain),
        quality=np.concatenate(quality),
    )


def interval(
    values: Float[np.ndarray, "R *S"], unit: Unit, units: int
) -> tuple[Float[np.ndarray, "*S"], Float[np.ndarray, "*S"]]:
    """Return the ends of percentile intervals over replicates.

    Few buildings give too narrow an interval: their spread is estimated from themselves. Where
    buildings were drawn, the percentiles are moved outwards by as much as for the mean of so many
    normal numbers (Hesterberg 2015, What Teachers Should Know About the Bootstrap, section 4.2).

    Args:
        values: of every replicate.
        unit: what was drawn.
        units: how many of them there are.
    """
    tail = (1 - LEVEL) / 2
    if unit == "building":
        tail = float(ndtr(sqrt(units / (units - 1)) * stdtrit(units - 1, tail)))
    low, high = np.quantile(values, [tail, 1 - tail], axis=0)
    return np.asarray(low), np.asarray(high)
