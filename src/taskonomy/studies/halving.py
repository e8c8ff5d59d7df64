"""Ways to train a part of one target's first-order readouts: successive halving and its rivals.

Successive halving (Jamieson and Talwalkar, AISTATS 2016): all sources are tried on little, the
better half of them on more, until a few are left for the whole. A rung is one of these sizes. Each
of its readouts is trained from its first weights, so that all that is trained counts.
"""

from collections.abc import Collection, Mapping, Sequence
from fractions import Fraction
from math import ceil
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float

from taskonomy.affinity.ahp import ahp
from taskonomy.affinity.tournament import win_rates

SHARES = (Fraction(1, 16), Fraction(1, 8), Fraction(1, 4), Fraction(1))
"""Of the images and of the steps, rung by rung. With half of the sources going on from each, these
add up to 5/16 of the steps that training all of them whole takes."""

FEWEST = 8
"""As in a configuration: fewer images would hold no two triplets of views."""


class Rung(NamedTuple):
    """How much a readout is trained."""

    images: int
    steps: int


class Trained(NamedTuple):
    """A readout as it was trained: its steps, and its test losses; nan if it failed."""

    steps: int
    losses: Float[np.ndarray, " N"]


Rungs = Sequence[Mapping[str, Trained]]
"""One target's readouts by source, rung by rung; the last rung is the whole regime."""


class Screened(NamedTuple):
    """What one way of screening trains of a target's readouts, and goes by.

    Attributes:
        trained: rung and source of every readout that is trained, each once.
        known: the rung whose readout stands for a source; sources that are left out are no edges.
    """

    trained: frozenset[tuple[int, str]]
    known: Mapping[str, int]


def rungs_of(images: int, steps: int, batch: int) -> tuple[Rung, ...]:
    """The different rungs of a regime, the whole one last: shares of its steps and of its images.

    Args:
        images: of the regime.
        steps: of the regime.
        batch: examples a step; fewer images than that are not asked for.
    """
    found = (
        Rung(
            images=min(images, max(ceil(share * images), batch, FEWEST)),
            steps=max(1, ceil(share * steps)),
        )
        for share in SHARES
    )
    return tuple(dict.fromkeys(found))


def halving(rungs: Rungs, images: Bool[np.ndarray, " N"], *, keep: bool) -> Screened:
    """Successive halving by affinity on some test images.

    Args:
        rungs: the target's readouts.
        images: which test images are looked at.
        keep: whether a source that dropped out stays an edge, by the last readout that it had.
    """
    alive = sorted(rungs[0])
    trained: set[tuple[int, str]] = set()
    known: dict[str, int] = {}
    for number, rung in enumerate(rungs):
        trained |= {(number, source) for source in alive}
        if not keep:
            known.clear()
        ranked = best_first({source: rung[source].losses[images] for source in alive})
        known |= dict.fromkeys(ranked, number)
        alive = ranked[: ceil(len(alive) / 2)]
    return Screened(frozenset(trained), known)


def uniform(rungs: Rungs, number: int) -> Screened:
    """Every source on one rung."""
    return _of_rung(rungs, number, rungs[number])


def drawn(rungs: Rungs, steps: int, rng: np.random.Generator) -> Screened:
    """Sources drawn at random and trained whole, until they have taken at least so many steps."""
    sources = rng.permutation(sorted(rungs[-1])).tolist()
    taken = np.cumsum([rungs[-1][source].steps for source in sources])
    return _of_rung(rungs, len(rungs) - 1, sources[: int(np.searchsorted(taken, steps)) + 1])


def steps_of(rungs: Rungs, trained: Collection[tuple[int, str]]) -> int:
    """Optimisation steps of these readouts together."""
    return sum(rungs[number][source].steps for number, source in trained)


def best_first(losses: Mapping[str, Float[np.ndarray, " n"]]) -> list[str]:
    """Sources by affinity, without those that failed."""
    names = [name for name, row in sorted(losses.items()) if not np.isnan(row).any()]
    if len(names) < 2:
        return names
    affinities = ahp(win_rates(np.stack([losses[name] for name in names])))
    return [names[i] for i in np.argsort(-affinities, kind="stable")]


def _of_rung(rungs: Rungs, number: int, sources: Collection[str]) -> Screened:
    """Some sources on one rung; failed ones are trained and no edges."""
    sound = [s for s in sources if not np.isnan(rungs[number][s].losses).any()]
    return Screened(frozenset((number, s) for s in sources), dict.fromkeys(sound, number))
