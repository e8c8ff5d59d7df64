"""What taxonomy a way of screening leads to, replayed from readouts that are all there.

Edges are screened and chosen on one half of the test images and measured on the other, both ways
round, so that who tries more edges gains nothing by chance.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int64

from taskonomy.affinity.candidate import Candidate, Kind
from taskonomy.affinity.measure import measure
from taskonomy.errors import Infeasible
from taskonomy.evaluation.measured import Draws, draws_of
from taskonomy.studies.halving import Rungs, Screened, steps_of
from taskonomy.studies.losses import Losses
from taskonomy.taxonomy.hypergraph import Question, build
from taskonomy.taxonomy.policy import solved

HALVES = (0, 1)
_SEED = 0


@dataclass(frozen=True, kw_only=True)
class Target:
    """One target's readouts, and the test images that they are compared on.

    Attributes:
        name: the target.
        supervised, scratch: test losses of its own and of the scratch network.
        rungs: its readouts.
        half: which half of the test images each is in.
        draws: the images of each half drawn anew.
    """

    name: str
    supervised: Losses
    scratch: Losses
    rungs: Rungs
    half: Int64[np.ndarray, " N"]
    draws: tuple[Draws, Draws]

    def on(self, half: int) -> Bool[np.ndarray, " N"]:
        """The test images of a half."""
        return np.asarray(self.half == half)

    def gains(self, source: str | None, half: int) -> Float[np.ndarray, " R"]:
        """Win rates against scratch on a half: as it is, then in every draw.

        Args:
            source: whose readout, trained whole; the supervised network if None.
            half: which half.
        """
        mine = self.supervised if source is None else self.rungs[-1][source].losses
        won = ((mine < self.scratch) + 0.5 * (mine == self.scratch))[self.on(half)]
        counts = self.draws[half].counts
        return np.concatenate([[won.mean()], won @ counts / counts.sum(axis=0)])


class Outcome(NamedTuple):
    """What a way of screening comes to.

    Attributes:
        steps: that it trains, mean of both halves; chosen edges that are not yet trained whole are.
        gains: mean gain of the taxonomy by budget: as it is, then in every draw of the test images;
            a budget that buys no taxonomy on either half is absent.
    """

    steps: float
    gains: Mapping[float | int, Float[np.ndarray, " R"]]


Screening = Callable[[Target, Bool[np.ndarray, " N"]], Screened]
"""What is trained of a target, going by some of the test images."""


def halves(
    images: int, buildings: Int64[np.ndarray, " N"] | None
) -> tuple[Int64[np.ndarray, " N"], tuple[Draws, Draws]]:
    """Which half every test image is in, and each half drawn anew.

    Args:
        images: how many there are.
        buildings: the building of each; every other one is a half. None where they are unknown.

    Returns:
        0 or 1 for each image; the draws of either half, by building where there are enough.
    """
    if buildings is None or len(np.unique(buildings)) < len(HALVES):
        half, of = np.arange(images) % 2, None
    else:
        half, of = np.unique(buildings, return_inverse=True)[1] % 2, buildings
    found = [
        draws_of(int((half == i).sum()), None if of is None else of[half == i], _SEED + i)
        for i in HALVES
    ]
    first, second = (drawn.get("building", drawn["image"]) for drawn in found)
    return half.astype(np.int64), (first, second)


def outcome(
    targets: Sequence[Target],
    screening: Screening,
    question: Question,
    budgets: Sequence[float | int],
) -> Outcome:
    """Screen every target, and solve for every budget by what is then known."""
    steps, gains = 0, dict[float | int, list[Float[np.ndarray, " R"]]]()
    for half in HALVES:
        found = {target.name: screening(target, target.on(half)) for target in targets}
        graph = build(
            [row for t in targets for row in candidates(t, found[t.name], half)], question
        )
        trained = {t.name: set(found[t.name].trained) for t in targets}
        for budget in budgets:
            try:
                edges = {e.target: e for e in solved(graph, 1, budget).edges}
            except Infeasible:
                continue
            chosen = {
                name: None if edge.kind == "supervised" else edge.sources[0]
                for name, edge in edges.items()
            }
            for target in targets:
                source = chosen[target.name]
                if source is not None:
                    trained[target.name].add((len(target.rungs) - 1, source))
            measured = [target.gains(chosen[target.name], 1 - half) for target in targets]
            gains.setdefault(budget, []).append(np.mean(measured, axis=0))
        steps += sum(steps_of(target.rungs, trained[target.name]) for target in targets)
    both = {
        budget: np.asarray(np.mean(rows, axis=0))
        for budget, rows in gains.items()
        if len(rows) == len(HALVES)
    }
    return Outcome(steps / len(HALVES), both)


def candidates(target: Target, found: Screened, half: int) -> list[Candidate]:
    """The target's edges with affinities on one half of the images.

    Affinities of few candidates are larger than those of many, as they sum to 1; they are brought
    to the size of a tournament of all sources, which the objective's scale is made for.
    """
    images = target.on(half)
    entries: list[tuple[Kind, tuple[str, ...]]] = [("supervised", (target.name,))]
    entries += [("transfer", (source,)) for source in sorted(found.known)]
    rows = [target.rungs[rung][source].losses for source, rung in sorted(found.known.items())]
    held = measure(
        regime="",
        target=target.name,
        entries=entries,
        losses=np.stack([target.supervised, *rows])[:, images],
        scratch=target.scratch[images],
        replicates=1,
        seed=_SEED,
    )
    share = len(entries) / (1 + len(target.rungs[-1]))
    return [replace(candidate, affinity=share * candidate.affinity) for candidate in held]
