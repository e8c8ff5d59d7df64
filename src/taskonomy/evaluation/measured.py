"""What the per-image losses of one target's models say beyond its affinities."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int64

from taskonomy.affinity.ahp import ahp
from taskonomy.affinity.bootstrap import (
    replicate_affinities,
    replicate_win_rates,
    resample,
    resample_groups,
)
from taskonomy.affinity.significance import Significance, significance
from taskonomy.affinity.tournament import win_rate, win_rates
from taskonomy.evaluation.intervals import (
    ENOUGH,
    REPLICATES,
    Replicates,
    Unit,
    interval,
    replicates,
)
from taskonomy.evaluation.methods import Methods, methods
from taskonomy.training.model_losses import Tournament

FALSE_DISCOVERIES = 0.05
"""Rate at which "a serves the target better than b" may be claimed in error, a target."""


@dataclass(frozen=True, kw_only=True)
class Draws:
    """One way to draw a target's test images anew.

    Attributes:
        unit: what is drawn.
        units: how many of them there are.
        counts: how often each image is drawn in each replicate.
    """

    unit: Unit
    units: int
    counts: Float[np.ndarray, "N R"]

    def interval(
        self, values: Float[np.ndarray, "R *S"]
    ) -> tuple[Float[np.ndarray, "*S"], Float[np.ndarray, "*S"]]:
        """The ends of percentile intervals of what was found in every replicate."""
        return interval(values, self.unit, self.units)


@dataclass(frozen=True, kw_only=True)
class Measured:
    """One target's tournament, with error bars.

    Attributes:
        tournament: who competed.
        methods: affinities by the analytic hierarchy process and by two others.
        win_rates: the tournament matrix.
        gain, quality: win rates against the scratch and the supervised network.
        choice: affinities on the images to choose by, each drawn anew as often as the test images
            are; None where the tournament has none.
        draws: by unit; without buildings where they are unknown or fewer than `ENOUGH`.
        replicates: the tournament on every draw, by unit.
        significance: the tests of all ordered pairs, by unit.
    """

    tournament: Tournament
    methods: Methods
    win_rates: Float[np.ndarray, "S S"]
    gain: Float[np.ndarray, " S"]
    quality: Float[np.ndarray, " S"]
    choice: Float[np.ndarray, "R S"] | None
    draws: Mapping[Unit, Draws]
    replicates: Mapping[Unit, Replicates]
    significance: Mapping[Unit, Significance]

    @property
    def best_unit(self) -> Unit:
        """Buildings where they can be drawn, else images."""
        return "building" if "building" in self.draws else "image"


def draws_of(
    images: int, buildings: Int64[np.ndarray, " N"] | None, seed: int
) -> dict[Unit, Draws]:
    """Draw test images and, where there are enough of them, buildings.

    Equal numbers of units give equal draws, so that targets with the same test images see the same.
    """
    counts = resample(images, REPLICATES, np.random.default_rng(seed))
    found: dict[Unit, Draws] = {"image": Draws(unit="image", units=images, counts=counts)}
    units = 0 if buildings is None else len(np.unique(buildings))
    if buildings is not None and units >= ENOUGH:
        counts = resample_groups(buildings, REPLICATES, np.random.default_rng(seed))
        found["building"] = Draws(unit="building", units=units, counts=counts)
    return found


def measured(
    tournament: Tournament,
    buildings: Int64[np.ndarray, " N"] | None,
    seed: int,
    choice_buildings: Int64[np.ndarray, " M"] | None = None,
) -> Measured:
    """Measure one target.

    Args:
        tournament: its candidates with their losses.
        buildings: the building of every test image, where it is known.
        seed: of the draws.
        choice_buildings: the building of every image to choose by, where it is known; else they are
            drawn by image.

    Raises:
        BadInput: two candidates share too few images.
    """
    losses = tournament.losses
    by_method = methods(losses)
    draws = draws_of(losses.shape[1], buildings, seed)
    groups: dict[Unit, Int64[np.ndarray, " N"] | None] = {"image": None, "building": buildings}
    return Measured(
        tournament=tournament,
        methods=by_method,
        win_rates=win_rates(losses),
        gain=win_rate(losses, tournament.scratch),
        quality=win_rate(losses, losses[0]),
        choice=_chosen(tournament, choice_buildings, seed),
        draws=draws,
        replicates={
            unit: replicates(losses, tournament.scratch, by_method.ahp, drawn.counts)
            for unit, drawn in draws.items()
        },
        significance={
            unit: significance(losses, FALSE_DISCOVERIES, groups[unit]) for unit in draws
        },
    )


def _chosen(
    tournament: Tournament, buildings: Int64[np.ndarray, " M"] | None, seed: int
) -> Float[np.ndarray, "R S"] | None:
    losses = tournament.choice
    if losses is None:
        return None
    drawn = draws_of(losses.shape[1], buildings, seed)
    counts = drawn["building" if "building" in drawn else "image"].counts
    return replicate_affinities(replicate_win_rates(losses, counts), ahp(win_rates(losses)))
