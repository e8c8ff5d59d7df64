"""The Boolean Integer Program (paper, section 3.4): the best policy, and those next to it."""

from dataclasses import dataclass
from math import fsum, isfinite

from taskonomy.affinity.candidate import Candidate
from taskonomy.errors import BadInput, Infeasible
from taskonomy.taxonomy.hypergraph import Hypergraph
from taskonomy.taxonomy.options import (
    TIE,
    Choice,
    Option,
    best_within,
    bought_by,
    has_runner_up,
    undominated,
)
from taskonomy.taxonomy.solver import ROUNDING, Program
from taskonomy.taxonomy.start import starting_choice

_ALTERNATIVES = 8
"""How many further tied sets of tasks are compared before the first in order is taken."""

_NEAR = 1e-6
"""How far below the best known policy the solver looks for others."""


@dataclass(frozen=True, kw_only=True)
class Solution:
    """A proven choice of edges.

    Attributes:
        edges: one for every target, in the order of the targets.
        sources: tasks that are bought, and read by an edge or named as must-use; sorted.
        objective: its value, summed exactly.
        bound: what the solver proved that no policy exceeds (in `ranked`: none but those before).
        tied: whether another policy comes within `TIE`.
        solver: name and version.
    """

    edges: tuple[Candidate, ...]
    sources: tuple[str, ...]
    objective: float
    bound: float
    tied: bool
    solver: str


def solve(graph: Hypergraph, budget: float | int) -> Solution:
    """Return the best policy that the budget buys.

    Among optimal policies the choice is fixed: the cheapest set of tasks, then the smallest, then
    the first by name; within it, the edge that reads fewer tasks, then the more affine one, then
    the first by name. (Where more than nine sets tie, among those that the solver came upon.)

    Raises:
        BadInput: the budget is negative or not finite.
        Infeasible: no set of tasks within the budget gives every target an edge.
    """
    if not (isfinite(budget) and budget >= 0):
        raise BadInput(f"--budget: found {budget}, expected a finite number >= 0")
    _check_coverage(graph, budget)
    options = undominated(graph)
    program = Program(graph, options, budget)
    start = starting_choice(graph, options, budget)
    found = [start or _first(graph, options, program, budget)]
    best = found[0]
    for _ in range(_ALTERNATIVES + 1):
        # Policies within the tasks of what was found are compared below; any other reads a further
        # one. It must come near the best, or the solver stays there: so one proof tells that a
        # policy is optimal and that no other ties with it.
        program.look_beyond(found[-1].sources, best.options, _NEAR)
        other = program.solve()
        if other is None or (choice := Choice.of(graph, other)).objective < best.objective - TIE:
            break
        found.append(choice)
        best = max(best, choice, key=lambda p: p.objective)
    bound = max(program.bound, best.objective)
    tied = [choice for choice in found if choice.objective >= best.objective - TIE]
    chosen = min(
        (best_within(graph, options, choice.sources) for choice in tied), key=lambda p: p.rank
    )
    known_tie = len(tied) > 1 or has_runner_up(options, chosen)
    return _solution(chosen, bound, known_tie, program)


def optimum(graph: Hypergraph, budget: float | int) -> tuple[Candidate, ...]:
    """Return the edges of an optimal policy, without asking which others tie with it.

    Raises:
        Infeasible: no set of tasks within the budget gives every target an edge.
    """
    options = undominated(graph)
    program = Program(graph, options, budget)
    if start := starting_choice(graph, options, budget):
        program.suggest(start.options)
    best = _first(graph, options, program, budget)
    return tuple(option.edge for option in best.options)


def ranked(graph: Hypergraph, budget: float | int, count: int) -> list[Solution]:
    """Return the best policies of up to `count` distinct sets of bought tasks, best first.

    A set counts if its best policy reads all of it: tasks that only cost are not bought. The first
    is that of `solve`; those after it are the solver's, each under cuts that leave out the sets
    before it, and sorted by the rule of `solve` where they tie.

    Raises: as `solve`; BadInput for a count below 1.
    """
    if count < 1:
        raise BadInput(f"--k-best: found {count}, expected at least 1")
    best = solve(graph, budget)
    options = undominated(graph)
    program = Program(graph, options, budget)
    program.read_what_is_bought()
    program.buy_another_set(best.sources)
    others: list[tuple[Choice, float]] = []
    # One more than is asked for tells whether the last one ties.
    while len(others) < count and (found := program.solve()) is not None:
        as_found = Choice.of(graph, found)
        by_rule = best_within(graph, options, as_found.sources)
        if better := _better(by_rule, as_found):
            # A target made do with less only to read a task that no best edge reads.
            for option in better:
                program.take_no_worse(option)
            continue
        choice = by_rule if by_rule.sources == as_found.sources else as_found
        others.append((choice, max(program.bound, choice.objective)))
        program.buy_another_set(choice.sources)
    others.sort(key=lambda pair: (-round(pair[0].objective / TIE), pair[0].rank))
    objectives = [best.objective, *(choice.objective for choice, _ in others)]
    rest = [
        _solution(choice, bound, _ties(objectives, i) or has_runner_up(options, choice), program)
        for i, (choice, bound) in enumerate(others, start=1)
    ]
    return [best, *rest][:count]


def _first(
    graph: Hypergraph, options: list[Option], program: Program, budget: float | int
) -> Choice:
    found = program.solve()
    if found is None:
        raise Infeasible(f"no set of tasks within budget {budget:g} gives every target an edge")
    return best_within(graph, options, bought_by(graph, found))


def _better(one: Choice, other: Choice) -> list[Option]:
    """The edges of one choice that are better than the other's into the same target."""
    pairs = zip(one.options, other.options, strict=True)
    return [mine for mine, theirs in pairs if mine.worth > theirs.worth + TIE]


def _ties(objectives: list[float], index: int) -> bool:
    neighbours = objectives[max(index - 1, 0) : index] + objectives[index + 1 : index + 2]
    return any(abs(objectives[index] - other) <= TIE for other in neighbours)


def _solution(choice: Choice, bound: float, tied: bool, program: Program) -> Solution:
    return Solution(
        edges=tuple(option.edge for option in choice.options),
        sources=choice.sources,
        objective=choice.objective,
        bound=bound,
        tied=tied,
        solver=program.version,
    )


def _check_coverage(graph: Hypergraph, budget: float | int) -> None:
    """Name a target that nothing can reach, which tells more than the solver's 'infeasible'."""
    cheapest: dict[str, float] = {}
    for edge in graph.edges:
        cost = fsum(graph.cost[name] for name in {*edge.sources, *graph.must_use})
        cheapest[edge.target] = min(cost, cheapest.get(edge.target, cost))
    for target in graph.targets:
        if target not in cheapest:
            raise Infeasible(f"target {target!r} has no edge from the tasks that may be bought")
        if cheapest[target] > budget * (1 + ROUNDING):
            needs = f"target {target!r} needs labels that cost at least {cheapest[target]:g}"
            raise Infeasible(f"{needs}, the budget is {budget:g}")
