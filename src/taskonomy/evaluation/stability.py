"""How stable the task tree is: built again on bootstrap replicates of the affinities."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from taskonomy.evaluation.tree import Tree, adjusted_rand, tree_of

Affinities = Mapping[str, Mapping[str, float]]
"""First-order affinities by target, then by source."""


@dataclass(frozen=True, kw_only=True)
class Stability:
    """A tree and what becomes of it on other draws of the test images.

    Attributes:
        tree: the tree of all images.
        shares: for every join of it, the share of replicates whose tree joins just these sources.
        branches: the branch of every source when the tree is cut as the paper's.
        agreement: adjusted Rand index of these branches with each replicate's, its median, and the
            5th and 95th percentiles.
    """

    tree: Tree
    shares: tuple[float, ...]
    branches: Mapping[str, int]
    agreement: tuple[float, float, float]


def stability(affinities: Affinities, replicates: Sequence[Affinities]) -> Stability | None:
    """Compare the tree of all images with those of the replicates.

    Args:
        affinities: as of `tree.first_order`.
        replicates: the same in every replicate, with the same targets and sources.

    Returns:
        Nothing if there are fewer than two sources.
    """
    tree = tree_of(affinities)
    if tree is None:
        return None
    trees = [other for row in replicates if (other := tree_of(row)) is not None]
    joined = [set(other.joins()) for other in trees]
    members = tree.joins()
    branches = tree.branches()
    cuts = [other.branches() for other in trees]
    agreement = [
        adjusted_rand([branches[s] for s in tree.sources], [cut[s] for s in tree.sources])
        for cut in cuts
    ]
    median, low, high = np.percentile(agreement, [50, 5, 95]).tolist()
    return Stability(
        tree=tree,
        shares=tuple(sum(join in joins for joins in joined) / len(joined) for join in members),
        branches=branches,
        agreement=(median, low, high),
    )
