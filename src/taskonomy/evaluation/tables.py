"""The tables of `taskonomy evaluate` that need per-image losses: rows as plain data.

Rates, shares and affinities are numbers in [0, 1]; a number that was not measured is None. Sources
of a transfer are joined by `+`.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import product
from typing import Any

import numpy as np
from jaxtyping import Float, Int64

from taskonomy.affinity.bootstrap import replicate_win_rates
from taskonomy.affinity.candidate import Candidate
from taskonomy.affinity.tournament import win_rate
from taskonomy.dictionary import DICTIONARY, Dictionary
from taskonomy.evaluation import taxonomy_tables
from taskonomy.evaluation.intervals import Unit
from taskonomy.evaluation.measured import Draws, Measured, draws_of

Row = dict[str, Any]
Losses = Mapping[str, Float[np.ndarray, " _"]]

UNITS: tuple[Unit, ...] = ("image", "building")


def affinities(targets: Sequence[Measured]) -> list[Row]:
    """Affinity, gain and quality of every candidate, with intervals by image and by building."""
    return [
        {
            **_edge(one, row),
            "n_test": one.tournament.losses.shape[1],
            **_with_intervals(one, "affinity", one.methods.ahp, row),
            **_with_intervals(one, "gain", one.gain, row),
            **_with_intervals(one, "quality", one.quality, row),
        }
        for one in targets
        for row in range(len(one.tournament.entries))
    ]


def methods(targets: Sequence[Measured]) -> list[Row]:
    """Every candidate's affinity by AHP, Bradley-Terry and HodgeRank."""
    return [
        {
            **_edge(one, row),
            "ahp": float(one.methods.ahp[row]),
            "bradley_terry": float(one.methods.bradley_terry[row]),
            "hodge_rank": float(one.methods.hodge_rank[row]),
        }
        for one in targets
        for row in range(len(one.tournament.entries))
    ]


def agreement(targets: Sequence[Measured]) -> list[Row]:
    """How far the methods agree on every target, and how inconsistent its tournament is."""
    return [
        {
            "target": one.tournament.target,
            "candidates": len(one.tournament.entries),
            "cyclic_share": one.methods.cyclic,
            "spearman_bradley_terry": one.methods.bradley_terry_agrees,
            "spearman_hodge_rank": one.methods.hodge_rank_agrees,
            "same_best": one.methods.same_best,
        }
        for one in targets
    ]


def significance(targets: Sequence[Measured]) -> list[Row]:
    """Every pair of which the first wins more test images, with its tests."""
    rows = []
    for one in targets:
        names = [_sources(sources, kind) for kind, sources in one.tournament.entries]
        for i, j in product(range(len(names)), repeat=2):
            if i != j and one.win_rates[i, j] > 0.5:
                row: Row = {
                    "target": one.tournament.target,
                    "better": names[i],
                    "than": names[j],
                    "win_rate": float(one.win_rates[i, j]),
                }
                for unit in UNITS:
                    tests = one.significance.get(unit)
                    row[f"p_{unit}"] = None if tests is None else float(tests.p[i, j])
                    row[f"claimed_{unit}"] = None if tests is None else bool(tests.better[i, j])
                rows.append(row)
    return rows


def sanity(
    networks: Losses,
    guesses: Losses,
    targets: Sequence[Measured],
    buildings: Mapping[str, Int64[np.ndarray, " _"]],
    seed: int,
    dictionary: Dictionary = DICTIONARY,
) -> list[Row]:
    """The paper's table 1: every network against the informed guess and the random encoder."""
    untrained = {
        one.tournament.target: losses for one in targets for losses in _random(one, dictionary)
    }
    rows = []
    for name, losses in networks.items():
        draws = draws_of(len(losses), buildings.get(name), seed)
        row: Row = {"task": name, "n_test": len(losses)}
        for opponent, found in (("guess", guesses), ("random", untrained)):
            row |= _against(f"win_vs_{opponent}", losses, found.get(name), draws.values())
        rows.append(row)
    return rows


def novel(
    candidates: Sequence[Candidate],
    targets: Sequence[Measured],
    dictionary: Dictionary = DICTIONARY,
) -> list[Row]:
    """Every target held out in turn, as of `taxonomy_tables.novel`, with intervals.

    Beside gain and quality: the win rate against the readout from the untrained encoder.
    """
    by_target = {one.tournament.target: one for one in targets}
    rows = []
    highest = max(c.order for c in candidates)
    for row in taxonomy_tables.novel(candidates, highest, dictionary):
        one = by_target[row["target"]]
        at = one.tournament.entries.index((row["kind"], tuple(row["sources"].split("+"))))
        row |= _with_intervals(one, "gain", one.gain, at)
        row |= _with_intervals(one, "quality", one.quality, at)
        mine, untrained = one.tournament.losses[at], next(_random(one, dictionary), None)
        rows.append(row | _against("win_vs_random", mine, untrained, one.draws.values()))
    return rows


def _edge(one: Measured, row: int) -> Row:
    kind, sources = one.tournament.entries[row]
    return {
        "target": one.tournament.target,
        "sources": "+".join(sources),
        "order": len(sources),
        "kind": kind,
    }


def _sources(sources: Sequence[str], kind: str) -> str:
    return "full supervision" if kind == "supervised" else "+".join(sources)


def _with_intervals(one: Measured, name: str, values: Float[np.ndarray, " S"], row: int) -> Row:
    found: Row = {name: float(values[row])}
    for unit in UNITS:
        ends: list[float | None] = [None, None]
        if unit in one.draws:
            drawn = getattr(one.replicates[unit], name)[:, row]
            ends = [float(end) for end in one.draws[unit].interval(drawn)]
        found[f"{name}_{unit}_low"], found[f"{name}_{unit}_high"] = ends
    return found


def _random(one: Measured, dictionary: Dictionary) -> Iterator[Float[np.ndarray, " N"]]:
    """The losses of the readout from the untrained encoder, where it did not fail."""
    for (_, sources), losses in zip(one.tournament.entries, one.tournament.losses, strict=True):
        if len(sources) == 1 and dictionary.untrained(sources[0]):
            yield losses


def _against(
    name: str,
    mine: Float[np.ndarray, " N"],
    theirs: Float[np.ndarray, " N"] | None,
    draws: Iterable[Draws],
) -> Row:
    """A win rate with its intervals; None throughout where there is no opponent."""
    row: Row = {name: None}
    row |= {f"{name}_{unit}_{end}": None for unit in UNITS for end in ("low", "high")}
    if theirs is None:
        return row
    row[name] = float(win_rate(mine[None], theirs)[0])
    for drawn in draws:
        rates = replicate_win_rates(np.stack([mine, theirs]), drawn.counts)[0]
        low, high = drawn.interval(rates.astype(np.float64))
        row[f"{name}_{drawn.unit}_low"], row[f"{name}_{drawn.unit}_high"] = float(low), float(high)
    return row
