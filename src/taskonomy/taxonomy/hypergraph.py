"""The hypergraph of a question: which targets must be solved, by which edges, from what is bought.

Vertices are tasks, an edge runs from a set of sources into one target (paper, section 3.4).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from math import isfinite, isnan

from taskonomy.affinity.candidate import Candidate
from taskonomy.dictionary import DICTIONARY, Dictionary
from taskonomy.errors import BadInput, Infeasible
from taskonomy.taxonomy.scales import DEFAULT, Scale, known, scaled

_LISTED = 30
"""How many tasks the line on an unknown one lists."""


@dataclass(frozen=True, kw_only=True)
class Question:
    """What a taxonomy is asked for. Task names may be the dictionary's or a file's own.

    Attributes:
        max_order: most sources an edge may read, at least 1.
        scale: the objective scale (`scales.py`).
        sources: tasks that may be bought; all if absent.
        targets: tasks that must be solved; all that have candidates if absent.
        novel: further targets, which can neither be bought nor serve as a source.
        must_use: tasks that must be bought, whether or not an edge comes to read them.
        must_not_use: tasks that may not be bought.
        cost: label costs by task; where absent, what its declaration says, else 1.
        importance: weights of the targets in the objective, 1 where absent.
        with_own_readouts: whether low-data readouts of a target's own encoder are edges.
        with_random: whether the random projection may be bought.
        must_beat_guess: whether edges are barred that do not win against the informed guess.
        dictionary: the tasks whose names and aliases are known.
    """

    max_order: int = 1
    scale: Scale = DEFAULT
    sources: tuple[str, ...] | None = None
    targets: tuple[str, ...] | None = None
    novel: tuple[str, ...] = ()
    must_use: tuple[str, ...] = ()
    must_not_use: tuple[str, ...] = ()
    cost: Mapping[str, float | int] = field(default_factory=dict)
    importance: Mapping[str, float | int] = field(default_factory=dict)
    with_own_readouts: bool = False
    with_random: bool = False
    must_beat_guess: bool = False
    dictionary: Dictionary = DICTIONARY


@dataclass(frozen=True, kw_only=True)
class Hypergraph:
    """A question made definite against one set of candidates; names are the candidates' own.

    Attributes:
        targets: what must be solved, sorted.
        sources: what may be bought, sorted.
        edges: the candidates that may be chosen, in a fixed order: equal candidates in any order
            give the same hypergraph.
        worths: importance times scaled worth of every edge.
        must_use: what must be bought, sorted.
        cost: of every source.
        scale: the objective scale.
    """

    targets: tuple[str, ...]
    sources: tuple[str, ...]
    edges: tuple[Candidate, ...]
    worths: tuple[float, ...]
    must_use: tuple[str, ...]
    cost: Mapping[str, float | int]
    scale: Scale


def build(candidates: Sequence[Candidate], question: Question) -> Hypergraph:
    """Return the hypergraph of a question about one regime's candidates.

    An edge is left out if it reads too many tasks, a task that may not be bought, its own target
    (own readouts), if its worth in the objective scale is unknown, or if it must beat the informed
    guess and is not known to.

    Raises:
        BadInput: the question names an unknown task or contradicts itself, or the candidates lack
            what it asks for.
        Infeasible: none of a target's edges beats the informed guess.
    """
    _check(candidates, question)
    names = _Names(candidates, question.dictionary)
    novel = names.all_of(question.novel, "--novel")
    asked = names.all_of(question.targets, "--targets")
    targets = sorted(novel | (names.targets if question.targets is None else asked))
    for name in targets:
        if name not in names.targets:
            raise BadInput(f"--targets, --novel: nothing leads to {name!r} in the affinities")
    if not targets:
        raise BadInput("--targets: found no task, expected at least one")
    must_use = names.all_of(question.must_use, "--must-use")
    barred = names.all_of(question.must_not_use, "--must-not-use") | novel
    if not question.with_random:
        barred |= {name for name in names.sources if question.dictionary.untrained(name)}
    allowed = names.sources
    if question.sources is not None:
        allowed = names.all_of(question.sources, "--sources")
    buyable = allowed - barred
    for name in sorted(must_use - buyable):
        raise BadInput(f"--must-use: {name!r} may not be bought under the other options")
    edges = [
        c
        for c in candidates
        if c.target in targets
        and c.order <= question.max_order
        and buyable.issuperset(c.sources)
        and (c.kind != "own_readout" or question.with_own_readouts)
        and known(c, question.scale)
    ]
    if question.must_beat_guess:
        _check_guess(candidates)
        edges = _beating_the_guess(edges)
    edges.sort(key=lambda c: (c.target, c.order, c.kind, c.sources))
    cost = names.keys_of(question.cost, "--cost")
    importance = names.keys_of(question.importance, "--importance")
    return Hypergraph(
        targets=tuple(targets),
        sources=tuple(sorted(buyable)),
        edges=tuple(edges),
        worths=tuple(importance.get(c.target, 1.0) * scaled(c, question.scale) for c in edges),
        must_use=tuple(sorted(must_use)),
        cost={name: cost.get(name, _declared_cost(question, name)) for name in sorted(buyable)},
        scale=question.scale,
    )


def _declared_cost(question: Question, name: str) -> float:
    return question.dictionary[name].cost if name in question.dictionary else 1.0


def _check(candidates: Sequence[Candidate], question: Question) -> None:
    if not candidates:
        raise BadInput("affinities: found no candidate, expected at least one a target")
    if len(regimes := {c.regime for c in candidates}) > 1:
        raise BadInput(f"affinities of regimes {sorted(regimes)}: expected one, name it (--regime)")
    if question.max_order < 1:
        raise BadInput(f"--max-order: found {question.max_order}, expected at least 1")
    if not any(known(c, question.scale) for c in candidates):
        wins = "--wins-vs-" + ("scratch" if question.scale == "gain" else "supervised")
        raise BadInput(f"--scale {question.scale}: the affinities lack those win rates ({wins})")
    _check_one_basis(candidates)
    for option, numbers in (("--cost", question.cost), ("--importance", question.importance)):
        for name, number in numbers.items():
            if not (isfinite(number) and number >= 0):
                raise BadInput(f"{option}: found {name}={number}, expected a number >= 0")


def _check_one_basis(candidates: Sequence[Candidate]) -> None:
    """Affinities of different images do not compare."""
    measured: dict[str, set[bool]] = {}
    for c in candidates:
        measured.setdefault(c.target, set()).add(isnan(c.affinity_choice))
    for target in (name for name, found in measured.items() if len(found) > 1):
        raise BadInput(
            f"affinities: target {target!r} has an affinity_choice for some of its candidates, "
            "expected one for all of them or for none"
        )


def _check_guess(candidates: Sequence[Candidate]) -> None:
    if all(c.beats_guess is None for c in candidates):
        raise BadInput(
            "--must-beat-guess: the affinities lack win rates against the informed guess "
            "(win_vs_guess)"
        )


def _beating_the_guess(edges: Sequence[Candidate]) -> list[Candidate]:
    """The edges that are known to beat the informed guess.

    Raises:
        Infeasible: a target is left with none.
    """
    kept = [edge for edge in edges if edge.beats_guess]
    for target in sorted({edge.target for edge in edges} - {edge.target for edge in kept}):
        count = sum(edge.target == target for edge in edges)
        raise Infeasible(
            f"target {target!r} has {count} edges from the tasks that may be bought, none of which "
            "beats the informed guess"
        )
    return kept


class _Names:
    """The names that candidates use, and which of them an argument means."""

    def __init__(self, candidates: Sequence[Candidate], dictionary: Dictionary) -> None:
        self._dictionary = dictionary
        self.targets = {c.target for c in candidates}
        self.sources = {name for c in candidates for name in c.sources}
        self._known = sorted(self.targets | self.sources)

    def all_of(self, arguments: Iterable[str] | None, option: str) -> set[str]:
        return {self.one(argument, option) for argument in arguments or ()}

    def keys_of(self, arguments: Mapping[str, float | int], option: str) -> dict[str, float | int]:
        return {self.one(name, option): number for name, number in arguments.items()}

    def one(self, argument: str, option: str) -> str:
        """The candidates' own name for a task: as it is, or by the dictionary's aliases."""
        if argument in self._known:
            return argument
        found = f"unknown task {argument!r}"
        if argument in self._dictionary:
            found = f"{argument!r} is not among the affinities' tasks"
            meant = self._dictionary[argument]
            for name in self._known:
                if name in (meant.name, *meant.aliases):
                    return name
        near = sorted(self._known, key=lambda name: -self._likeness(argument, name))
        more = f" and {len(near) - _LISTED} more" if len(near) > _LISTED else ""
        raise BadInput(
            f"{option}: {found}; expected one of these, nearest first: "
            f"{', '.join(near[:_LISTED])}{more}"
        )

    def _likeness(self, argument: str, name: str) -> float:
        """How like a name, or another one of the same task, an argument is."""
        every = [name]
        if name in self._dictionary:
            task = self._dictionary[name]
            every += [task.name, *task.aliases]
        return max(SequenceMatcher(None, argument.lower(), one.lower()).ratio() for one in every)
