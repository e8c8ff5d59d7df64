"""The task tree: which sources transfer alike (paper, section 4.3 and figure 13).

A source is described by what it gives to every target. Two sources are as far apart as these
patterns are uncorrelated, and are merged pair by pair (average linkage). Correlation compares the
shape of two patterns, not their size: by Euclidean distance a network that has learned little lies
with others that have, whatever its task. A source's own readout is no transfer, and would set it
apart from all others: it counts as the best transfer into that target does.

This was chosen on the released affinities, where the five branches of the paper's tree come back
with an adjusted Rand index of .95, more than by any other choice of distance and linkage
(`python -m benchmarks.tree`, kept in docs/tree-choice.txt).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import comb, fsum

import numpy as np
from jaxtyping import Float
from scipy.cluster.hierarchy import fcluster, leaves_list, linkage
from scipy.spatial.distance import pdist

from taskonomy.affinity.candidate import Candidate

STEEPNESS = 20.0
"""The paper's display distance is exp(-20 p)."""

BRANCHES = 5
"""The paper's tree shows five: 3D, 2D, denoising, low-dimensional geometric, semantic."""


@dataclass(frozen=True, kw_only=True)
class Tree:
    """An agglomerative clustering of sources.

    Attributes:
        sources: the leaves, sorted by name.
        merges: scipy's linkage matrix: the two clusters merged, their distance, the new size.
    """

    sources: tuple[str, ...]
    merges: Float[np.ndarray, "merges 4"]

    def leaves(self) -> tuple[str, ...]:
        """The sources in the order in which a drawing shows them."""
        return tuple(self.sources[i] for i in leaves_list(self.merges))

    def joins(self) -> list[tuple[str, ...]]:
        """The sources below every join, sorted by name, in the order of the merges."""
        below: list[tuple[str, ...]] = [(source,) for source in self.sources]
        for one, other in self.merges[:, :2].astype(int).tolist():
            below.append(tuple(sorted(below[one] + below[other])))
        return below[len(self.sources) :]

    def branches(self, count: int = BRANCHES) -> dict[str, int]:
        """Cut the tree into at most so many branches; return the branch of every source."""
        cut = fcluster(self.merges, count, criterion="maxclust")
        return dict(zip(self.sources, cut.tolist(), strict=True))


def first_order(candidates: Sequence[Candidate]) -> dict[str, dict[str, float]]:
    """Return affinities by target and source, over first-order candidates alone.

    Affinities are renormalised to sum to 1 over a target's first-order candidates, full
    supervision included; a target's entry for itself is its own readout.
    """
    affinities: dict[str, dict[str, float]] = {}
    totals: dict[str, list[float]] = {}
    for c in candidates:
        if c.order == 1:
            totals.setdefault(c.target, []).append(c.affinity)
            if c.kind != "supervised":
                affinities.setdefault(c.target, {})[c.sources[0]] = c.affinity
    return {
        target: {name: p / fsum(totals[target]) for name, p in by_source.items()}
        for target, by_source in affinities.items()
    }


def task_tree(candidates: Sequence[Candidate]) -> Tree | None:
    """Cluster the sources of one regime by what they give; see `tree_of`."""
    return tree_of(first_order(candidates))


def tree_of(affinities: Mapping[str, Mapping[str, float]]) -> Tree | None:
    """Cluster sources by affinities as of `first_order`; nothing if there are fewer than two.

    Only sources that were measured towards every target (own readout included) are leaves.
    """
    sources, given = patterns(affinities)
    if len(sources) < 2:
        return None
    with np.errstate(invalid="ignore"):
        distance = pdist(given, "correlation")
    # A source that gives the same to every target has no pattern: like none, and unlike none.
    distance = np.nan_to_num(distance, nan=1.0)
    return Tree(sources=sources, merges=linkage(distance, method="average"))


def patterns(
    affinities: Mapping[str, Mapping[str, float]],
) -> tuple[tuple[str, ...], Float[np.ndarray, "sources targets"]]:
    """Return the sources measured towards every target, sorted, and exp(-20 p) towards each.

    An own readout counts as the best transfer from another of these sources.
    """
    targets = sorted(affinities)
    rows = [set(affinities[target]) for target in targets]
    sources = tuple(sorted(set.intersection(*rows))) if rows else ()
    given = np.zeros((len(sources), len(targets)))
    for column, target in enumerate(targets):
        row = affinities[target]
        best = max((row[name] for name in sources if name != target), default=0.0)
        given[:, column] = [best if name == target else row[name] for name in sources]
    return sources, np.exp(-STEEPNESS * given)


def adjusted_rand(one: Sequence[object], other: Sequence[object]) -> float:
    """Return the adjusted Rand index of two partitions of the same items (Hubert & Arabie 1985).

    1 for equal partitions, 0 in the mean for independent ones.
    """

    def pairs(labels: Sequence[object]) -> int:
        return sum(comb(labels.count(label), 2) for label in set(labels))

    both = pairs(list(zip(one, other, strict=True)))
    first, second = pairs(list(one)), pairs(list(other))
    expected = first * second / comb(len(one), 2)
    most = (first + second) / 2
    return 1.0 if most == expected else (both - expected) / (most - expected)
