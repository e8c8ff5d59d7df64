"""From the per-image test losses of one target's models to its rows of the affinity table."""

from collections.abc import Iterable, Sequence
from math import nan
from typing import Literal

import numpy as np
from jaxtyping import Float

from taskonomy.affinity.ahp import ahp
from taskonomy.affinity.bootstrap import bootstrap, replicate_win_rates, resample
from taskonomy.affinity.candidate import Candidate, Kind
from taskonomy.affinity.tournament import win_rate, win_rates

CandidateSet = Literal["all_orders", "each_order"]
"""Who meets in a tournament: a target's candidates of all orders (the paper's released files), or
those of each order alone (the paper's figure 7, for first order). An affinity depends on who else
was there, so that neither can be had from the other by a new normalisation; and affinities from
different tournaments, so those of two orders each alone, cannot be compared."""

LEVEL = 0.95
"""Coverage of the bootstrap intervals."""


def measure(
    *,
    regime: str,
    target: str,
    entries: Sequence[tuple[Kind, tuple[str, ...]]],
    losses: Float[np.ndarray, "S N"],
    scratch: Float[np.ndarray, " N"],
    replicates: int,
    seed: int,
    guess: Float[np.ndarray, " N"] | None = None,
    choice: Float[np.ndarray, "S M"] | None = None,
    candidate_set: CandidateSet = "all_orders",
) -> list[Candidate]:
    """Hold one target's tournament and return its candidates.

    Args:
        regime: the data regime of the readouts.
        target: the task solved.
        entries: kind and sources of every row of `losses`; one of them is the supervised network.
        losses: per-image test losses of every candidate; nan where one was not measured.
        scratch: the losses of the scratch network on those images (gain).
        replicates: bootstrap replicates over the images.
        seed: of the bootstrap.
        guess: the losses of the informed guess on those images, where they are known.
        choice: losses of every candidate on the validation images to choose by, where there are
            such.
        candidate_set: who meets in a tournament; affinities sum to 1 over each.

    Raises:
        BadInput: a candidate has no loss at all, there is no image, or two candidates share too few
            images.
        ValueError: no candidate is the supervised network.
    """
    kinds = [kind for kind, _ in entries]
    supervised = losses[kinds.index("supervised")]
    gain = win_rate(losses, scratch)
    quality = win_rate(losses, supervised)
    vs_guess = _against(guess, losses, replicates, seed)
    affinity, chosen_by = np.empty((3, len(entries))), np.full(len(entries), nan)
    for rows in _tournaments(entries, candidate_set):
        # Equal seeds: tournaments on the same images see the same draws of them.
        found = bootstrap(losses[rows], replicates, LEVEL, np.random.default_rng(seed))
        affinity[:, rows] = found.affinity, found.affinity_low, found.affinity_high
        if choice is not None:
            chosen_by[rows] = ahp(win_rates(choice[rows]))
    return [
        Candidate(
            regime=regime,
            target=target,
            sources=tuple(sorted(sources)),
            kind=kind,
            affinity=float(affinity[0, row]),
            affinity_low=float(affinity[1, row]),
            affinity_high=float(affinity[2, row]),
            win_vs_scratch=float(gain[row]),
            win_vs_supervised=float(quality[row]),
            n_test=int(np.count_nonzero(~np.isnan(losses[row]))),
            **{name: float(rates[row]) for name, rates in vs_guess.items()},
            affinity_choice=nan if choice is None else float(chosen_by[row]),
            n_choice=0 if choice is None else int(np.count_nonzero(~np.isnan(choice[row]))),
        )
        for row, (kind, sources) in enumerate(entries)
    ]


def _against(
    guess: Float[np.ndarray, " N"] | None,
    losses: Float[np.ndarray, "S N"],
    replicates: int,
    seed: int,
) -> dict[str, Float[np.ndarray, " S"]]:
    """Win rates against the informed guess and their intervals; nothing where it is unknown."""
    if guess is None:
        return {}
    counts = resample(losses.shape[1], replicates, np.random.default_rng(seed))
    tails = [(1 - LEVEL) / 2, (1 + LEVEL) / 2]
    pairs = (replicate_win_rates(np.stack([row, guess]), counts)[0] for row in losses)
    low, high = np.quantile(np.stack([*pairs]).astype(np.float64), tails, axis=1)
    rates = win_rate(losses, guess)
    return {"win_vs_guess": rates, "win_vs_guess_low": low, "win_vs_guess_high": high}


def _tournaments(
    entries: Sequence[tuple[Kind, tuple[str, ...]]], candidate_set: CandidateSet
) -> Iterable[list[int]]:
    """The rows that meet in each tournament."""
    if candidate_set == "all_orders":
        return [list(range(len(entries)))]
    by_order: dict[int, list[int]] = {}
    for row, (_, sources) in enumerate(entries):
        by_order.setdefault(len(sources), []).append(row)
    return by_order.values()
