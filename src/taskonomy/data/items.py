"""What one example is: one view, or a pair or triplet of views.

Pairs and triplets are drawn evenly over points (or views, or buildings), never twice the same, and
only among the given views: no example reaches across a split.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import cache
from itertools import combinations
from typing import Any

import numpy as np
from jaxtyping import Int64

from taskonomy.data import layout
from taskonomy.data.layout import Dataset
from taskonomy.dictionary import Items

Example = tuple[int, ...]

IMAGES: dict[Items, int] = {
    "view": 1,
    "match_pair": 2,
    "fixated_pair": 2,
    "nonfixated_pair": 2,
    "fixated_triplet": 3,
}


def items(
    dataset: Dataset,
    view_indices: Int64[np.ndarray, " _"],
    kind: Items,
    count: int,
    seed: int,
) -> Int64[np.ndarray, "n k"]:
    """Return up to `count` examples, in a random order that the seed decides.

    `view`: one view. `fixated_pair` and `fixated_triplet`: views of one fixated point.
    `nonfixated_pair`: views of two points of which the first also sees the second's.
    `match_pair`: half of them views of one point, half of two points of one building, alternating.

    Args:
        dataset: the indexed data set.
        view_indices: the views that may be used: one split's.
        kind: which examples.
        count: how many; fewer are returned where fewer exist.
        seed: decides which, in which order.

    Returns:
        Indices into `dataset.views`, one row an example.
    """
    rng = np.random.default_rng(seed)
    allowed = [int(i) for i in view_indices]
    drawn = _DRAW[kind](dataset, allowed, count, rng)
    return np.array(drawn, np.int64).reshape(-1, IMAGES[kind])


def _views(
    dataset: Dataset, allowed: list[int], count: int, rng: np.random.Generator
) -> list[Example]:
    del dataset
    return [(allowed[i],) for i in rng.permutation(len(allowed))[:count]]


def _fixated(size: int) -> Callable[..., list[Example]]:
    def draw(
        dataset: Dataset, allowed: list[int], count: int, rng: np.random.Generator
    ) -> list[Example]:
        def of_point(members: list[int]) -> Iterator[Example]:
            every = list(combinations(members, size))
            for i in rng.permutation(len(every)):
                yield _shuffled(every[i], rng)

        groups = [m for m in _by_point(dataset, allowed).values() if len(m) >= size]
        return _rounds(groups, of_point, count, rng)

    return draw


def _nonfixated_pairs(
    dataset: Dataset, allowed: list[int], count: int, rng: np.random.Generator
) -> list[Example]:
    points = _by_point(dataset, allowed)
    by_building: dict[str, list[list[int]]] = {}
    for (building, _), members in points.items():
        by_building.setdefault(building, []).append(members)

    @cache
    def info(i: int) -> dict[str, Any]:
        content: dict[str, Any] = layout.read(dataset, dataset.views[i], "point_info")
        return content

    @cache
    def by_uuid(building: str) -> dict[str, list[int]]:
        return {str(info(m[0]).get("point_uuid")): m for m in by_building[building]}

    taken: set[frozenset[int]] = set()

    def of_view(i: int) -> Iterator[Example]:
        known = by_uuid(dataset.views[i].building)
        seen = [str(uuid) for uuid in info(i).get("nonfixated_points_in_view", ())]
        others = [j for uuid in sorted(set(seen)) for j in known.get(uuid, ())]
        for at in rng.permutation(len(others)):
            pair = (i, others[at])
            same_point = dataset.views[i].point == dataset.views[pair[1]].point
            if not same_point and frozenset(pair) not in taken:
                taken.add(frozenset(pair))
                yield _shuffled(pair, rng)

    return _rounds(allowed, of_view, count, rng)


def _match_pairs(
    dataset: Dataset, allowed: list[int], count: int, rng: np.random.Generator
) -> list[Example]:
    by_building: dict[str, list[int]] = {}
    taken: set[frozenset[int]] = set()
    for i in allowed:
        by_building.setdefault(dataset.views[i].building, []).append(i)

    def of_building(members: list[int]) -> Iterator[Example]:
        points = np.array([dataset.views[i].point for i in members])
        for first in rng.permutation(len(members)):
            others = np.flatnonzero(points != points[first])
            pair = (members[first], members[int(rng.choice(others))]) if len(others) else None
            if pair and frozenset(pair) not in taken:
                taken.add(frozenset(pair))
                yield pair

    same = _fixated(2)(dataset, allowed, (count + 1) // 2, rng)
    different = _rounds(list(by_building.values()), of_building, count // 2, rng)
    half = min(len(same), len(different) + 1)
    return [e for pair in zip(same[:half], [*different, None], strict=False) for e in pair if e]


_DRAW: dict[Items, Callable[[Dataset, list[int], int, np.random.Generator], list[Example]]] = {
    "view": _views,
    "fixated_pair": _fixated(2),
    "fixated_triplet": _fixated(3),
    "nonfixated_pair": _nonfixated_pairs,
    "match_pair": _match_pairs,
}


def _by_point(dataset: Dataset, allowed: list[int]) -> dict[tuple[str, int], list[int]]:
    groups: dict[tuple[str, int], list[int]] = {}
    for i in allowed:
        groups.setdefault(dataset.views[i][:2], []).append(i)
    return groups


def _rounds(
    groups: Sequence[Any],
    examples: Callable[[Any], Iterator[Example]],
    count: int,
    rng: np.random.Generator,
) -> list[Example]:
    """One example from every group in a random order, then a second one, until there are enough."""
    streams = [examples(groups[i]) for i in rng.permutation(len(groups))]
    drawn: list[Example] = []
    while streams and len(drawn) < count:
        going = []
        for stream in streams:
            if len(drawn) == count:
                break
            example = next(stream, None)
            if example is not None:
                drawn.append(example)
                going.append(stream)
        streams = going
    return drawn


def _shuffled(example: Example, rng: np.random.Generator) -> Example:
    return tuple(example[i] for i in rng.permutation(len(example)))
