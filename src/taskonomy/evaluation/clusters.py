"""Do the tasks about surfaces cluster: normals, depths and reshading?

Asked of two trees: that of all sources, cut into the five branches of the paper's, and that of the
2D and 3D tasks alone, both as sources and as targets, cut into three (appearance, outlines,
surfaces).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from textwrap import fill, indent

from taskonomy.dictionary import DICTIONARY, Dictionary
from taskonomy.dictionary.figures import SURFACE
from taskonomy.evaluation.tree import BRANCHES, tree_of

IMAGE_BRANCHES = 3

Affinities = Mapping[str, Mapping[str, float]]
"""First-order affinities by target, then by source."""


@dataclass(frozen=True, kw_only=True)
class Clusters:
    """A tree of affinities averaged over seeds, cut into branches.

    Attributes:
        name: which tree.
        branches: its branches, each sorted, the one that holds the first of `SURFACE` first.
        surface: those of `SURFACE` that are in the tree.
        together: whether they share a branch.
        together_by_seed: the same on each seed's own tree.
    """

    name: str
    branches: tuple[tuple[str, ...], ...]
    surface: tuple[str, ...]
    together: bool
    together_by_seed: tuple[bool, ...]


def clusters(
    mean: Affinities, by_seed: Sequence[Affinities], dictionary: Dictionary = DICTIONARY
) -> tuple[Clusters, ...]:
    """Cut both trees.

    The second is left out where fewer image tasks than branches were measured, the first where
    there are fewer than two sources.

    Args:
        mean: affinities averaged over the seeds, as of `tree.first_order`.
        by_seed: each seed's own.
        dictionary: says which tasks are 2D and 3D.
    """
    found = [_cut("all sources", mean, by_seed, BRANCHES)]
    of_images = [_of_images(affinities, dictionary) for affinities in (mean, *by_seed)]
    if len(of_images[0]) > IMAGE_BRANCHES:
        found.append(_cut("2D and 3D tasks", of_images[0], of_images[1:], IMAGE_BRANCHES))
    return tuple(clusters for clusters in found if clusters is not None)


def render_text(found: Clusters) -> str:
    """Return the branches in words."""
    verdict = (
        f"Tree of {found.name}, {len(found.branches)} branches: {', '.join(found.surface)} are "
        f"{'in one' if found.together else 'not in one'} (on the seeds' own trees: "
        f"{sum(found.together_by_seed)} of {len(found.together_by_seed)})."
    )
    branches = [indent(fill(", ".join(branch), width=94), "  ") for branch in found.branches]
    return "\n".join([fill(verdict, width=100), *branches])


def _cut(name: str, mean: Affinities, by_seed: Sequence[Affinities], count: int) -> Clusters | None:
    trees = [tree for affinities in (mean, *by_seed) if (tree := tree_of(affinities)) is not None]
    if len(trees) <= len(by_seed):
        return None
    of_source = trees[0].branches(count)
    surface = tuple(name for name in SURFACE if name in of_source)
    numbers = dict.fromkeys([*(of_source[member] for member in surface), *of_source.values()])
    return Clusters(
        name=name,
        branches=tuple(
            tuple(source for source, branch in of_source.items() if branch == number)
            for number in numbers
        ),
        surface=surface,
        together=_together(of_source, surface),
        together_by_seed=tuple(_together(tree.branches(count), surface) for tree in trees[1:]),
    )


def _of_images(affinities: Affinities, dictionary: Dictionary) -> Affinities:
    """Affinities between the 2D and 3D tasks that are targets."""
    names = [name for name in affinities if dictionary[name].group in ("2D", "3D")]
    return {
        target: {source: affinities[target][source] for source in names if source in row}
        for target, row in affinities.items()
        if target in names
    }


def _together(branch: Mapping[str, int], members: Sequence[str]) -> bool:
    return len({branch[name] for name in members}) == 1
