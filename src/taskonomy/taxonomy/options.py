"""What the program chooses between: edges with their worth, and whole choices of them."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from math import fsum
from typing import Any, NamedTuple

from taskonomy.affinity.candidate import Candidate
from taskonomy.taxonomy.hypergraph import Hypergraph

TIE = 1e-9
"""Policies whose objectives differ by no more are tied."""


class Option(NamedTuple):
    """An edge with what is asked of it often."""

    edge: Candidate
    sources: frozenset[str]
    worth: float


class Choice(NamedTuple):
    """One edge for every target, in the order of the targets, and what they add up to."""

    options: tuple[Option, ...]
    sources: tuple[str, ...]
    objective: float
    cost: float

    @classmethod
    def of(cls, graph: Hypergraph, options: Iterable[Option]) -> "Choice":
        """Return the choice of these edges, one a target."""
        ordered = tuple(sorted(options, key=lambda o: o.edge.target))
        sources = tuple(sorted(bought_by(graph, ordered)))
        objective = fsum(option.worth for option in ordered)
        return cls(ordered, sources, objective, fsum(graph.cost[name] for name in sources))

    @property
    def rank(self) -> tuple[Any, ...]:
        """Comes first among equals: the cheapest, then the smallest set, then by name."""
        return self.cost, len(self.sources), self.sources


def bought_by(graph: Hypergraph, options: Iterable[Option]) -> set[str]:
    """Return the tasks that the edges read, and those that must be bought."""
    return set(graph.must_use).union(*(option.sources for option in options))


def undominated(graph: Hypergraph) -> list[Option]:
    """Leave out edges that lose, by more than a tie, to one that reads a part of their sources."""
    into: dict[str, list[Option]] = defaultdict(list)
    for edge, worth in zip(graph.edges, graph.worths, strict=True):
        into[edge.target].append(Option(edge, frozenset(edge.sources), worth))
    return [
        option
        for rivals in into.values()
        for option in rivals
        if not any(o.worth > option.worth + TIE and o.sources <= option.sources for o in rivals)
    ]


def best_within(graph: Hypergraph, options: Iterable[Option], bought: Collection[str]) -> Choice:
    """Return the best edge of every target that reads nothing but what is bought.

    Ties go to the edge that reads fewer tasks, then the more affine one, then the first by name.
    """
    rest = [option for option in options if option.sources.issubset(bought)]
    rest.sort(key=_place)
    best: dict[str, Option] = {}
    for option in rest:
        best.setdefault(option.edge.target, option)
    return Choice.of(graph, best.values())


def _place(option: Option) -> tuple[Any, ...]:
    edge = option.edge
    return -option.worth, edge.order, -edge.ranking_affinity, edge.kind, edge.sources


def has_runner_up(options: Iterable[Option], choice: Choice) -> bool:
    """Return whether one edge can be exchanged within the choice's own tasks at no loss."""
    chosen = {option.edge.target: option for option in choice.options}
    return any(
        option.edge != (taken := chosen[option.edge.target]).edge
        and option.sources.issubset(choice.sources)
        and option.worth >= taken.worth - TIE
        for option in options
    )
