"""The Boolean Integer Program (paper, section 3.4), solved to proven optimality with OR-Tools.

    maximise   sum_e importance(target(e)) * worth(e) * x_e
    such that  sum_{e into t} x_e = 1                            for every target t
               sum_{e into t, s in sources(e)} x_e <= y_s        for every target t and source s
               sum_s cost(s) * y_s <= budget,  y binary

The second row replaces the paper's x_e <= y_s for every edge: a target takes one edge, so both
allow the same policies, but the relaxation is tighter. Once y is 0 or 1 some best x is too, so
that only the tasks need be integer variables.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from math import fsum, isfinite
from typing import Any, NamedTuple

from ortools.linear_solver import pywraplp

from taskonomy.affinity.candidate import Candidate
from taskonomy.errors import BadInput, Infeasible
from taskonomy.taxonomy.hypergraph import Hypergraph

TIE = 1e-9
"""Policies whose objectives differ by no more are tied."""

_ALTERNATIVES = 8
"""How many further tied sets of tasks are compared before the first in order is taken."""

_NEAR = 1e-6
"""How far below the optimum the solver is asked to look for tied policies."""

_ROUNDING = 1e-9
"""Relative rounding error that sums of costs may have."""


@dataclass(frozen=True, kw_only=True)
class Solution:
    """An optimal choice of edges.

    Attributes:
        edges: one for every target, in the order of the targets.
        sources: tasks that are bought, and read by an edge or named as must-use; sorted.
        objective: its value, summed exactly.
        bound: what the solver proved that no policy exceeds.
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
    options = _undominated(graph)
    program = _Program(graph, options, budget)
    first = program.solve()
    if first is None:
        raise Infeasible(f"no set of tasks within budget {budget:g} gives every target an edge")
    bound = program.bound
    best = _best_within(graph, options, _bought(graph, first))
    found = [best]
    for _ in range(_ALTERNATIVES):
        # Policies within the tasks of `best` are compared below; any other reads a further one.
        program.exclude(frozenset(found[-1].sources))
        other = program.solve(at_least=best.objective - _NEAR)
        if other is None or (policy := _Policy.of(graph, other)).objective < best.objective - TIE:
            break
        found.append(policy)
        best = max(best, policy, key=lambda p: p.objective)
    tied = [policy for policy in found if policy.objective >= best.objective - TIE]
    chosen = min(
        (_best_within(graph, options, policy.sources) for policy in tied), key=lambda p: p.rank
    )
    return Solution(
        edges=tuple(option.edge for option in chosen.options),
        sources=chosen.sources,
        objective=chosen.objective,
        bound=max(bound, best.objective),
        tied=len(tied) > 1 or _has_runner_up(options, chosen),
        solver=program.version,
    )


class _Option(NamedTuple):
    """An edge with what is asked of it often."""

    edge: Candidate
    sources: frozenset[str]
    worth: float


class _Policy(NamedTuple):
    options: tuple[_Option, ...]
    sources: tuple[str, ...]
    objective: float
    cost: float

    @classmethod
    def of(cls, graph: Hypergraph, options: Iterable[_Option]) -> "_Policy":
        ordered = tuple(sorted(options, key=lambda o: o.edge.target))
        sources = tuple(sorted(_bought(graph, ordered)))
        objective = fsum(option.worth for option in ordered)
        return cls(ordered, sources, objective, fsum(graph.cost[name] for name in sources))

    @property
    def rank(self) -> tuple[Any, ...]:
        return self.cost, len(self.sources), self.sources


def _bought(graph: Hypergraph, options: Iterable[_Option]) -> set[str]:
    return set(graph.must_use).union(*(option.sources for option in options))


def _best_within(graph: Hypergraph, options: Iterable[_Option], bought: Collection[str]) -> _Policy:
    """The best edge of every target that reads nothing but what is bought, ties by the rule."""
    rest = [option for option in options if option.sources.issubset(bought)]
    rest.sort(key=lambda o: (-o.worth, o.edge.order, -o.edge.affinity, o.edge.kind, o.edge.sources))
    best: dict[str, _Option] = {}
    for option in rest:
        best.setdefault(option.edge.target, option)
    return _Policy.of(graph, best.values())


def _has_runner_up(options: Iterable[_Option], policy: _Policy) -> bool:
    """Whether one edge can be exchanged within the policy's own tasks at no loss."""
    chosen = {option.edge.target: option for option in policy.options}
    return any(
        option.edge != (taken := chosen[option.edge.target]).edge
        and option.sources.issubset(policy.sources)
        and option.worth >= taken.worth - TIE
        for option in options
    )


def _undominated(graph: Hypergraph) -> list[_Option]:
    """Leave out edges that lose, by more than a tie, to one that reads a part of their sources."""
    into: dict[str, list[_Option]] = defaultdict(list)
    for edge, worth in zip(graph.edges, graph.worths, strict=True):
        into[edge.target].append(_Option(edge, frozenset(edge.sources), worth))
    return [
        option
        for rivals in into.values()
        for option in rivals
        if not any(o.worth > option.worth + TIE and o.sources <= option.sources for o in rivals)
    ]


def _check_coverage(graph: Hypergraph, budget: float | int) -> None:
    """Name a target that nothing can reach, which tells more than the solver's 'infeasible'."""
    cheapest: dict[str, float] = {}
    for edge in graph.edges:
        cost = fsum(graph.cost[name] for name in {*edge.sources, *graph.must_use})
        cheapest[edge.target] = min(cost, cheapest.get(edge.target, cost))
    for target in graph.targets:
        if target not in cheapest:
            raise Infeasible(f"target {target!r} has no edge from the tasks that may be bought")
        if cheapest[target] > budget * (1 + _ROUNDING):
            needs = f"target {target!r} needs labels that cost at least {cheapest[target]:g}"
            raise Infeasible(f"{needs}, the budget is {budget:g}")


class _Program:
    """The program in the solver.

    SCIP through `pywraplp`: it starts in 0.1 s, where MathOpt takes 0.7 s to import and CP-SAT
    2 s; and what `pywraplp` calls HIGHS is PDLP in OR-Tools 9.15, which knows no integers.
    """

    def __init__(self, graph: Hypergraph, options: Sequence[_Option], budget: float | int) -> None:
        self._graph, self._options, self._budget = graph, options, budget
        self._solver = pywraplp.Solver.CreateSolver("SCIP")
        self._bought = {name: self._solver.BoolVar("") for name in graph.sources}
        self._chosen = [self._solver.NumVar(0, 1, "") for _ in options]
        self.version: str = self._solver.SolverVersion()
        self._link()
        within_budget = self._at_most(budget * (1 + _ROUNDING))
        objective = self._solver.Objective()
        objective.SetMaximization()
        for name, variable in self._bought.items():
            within_budget.SetCoefficient(variable, graph.cost[name])
            variable.SetLb(name in graph.must_use)
        for option, variable in zip(options, self._chosen, strict=True):
            objective.SetCoefficient(variable, option.worth)
        self._good_enough: Any = None

    @property
    def bound(self) -> float:
        """What no policy exceeds, by the last proof."""
        return float(self._solver.Objective().BestBound())

    def solve(self, at_least: float | None = None) -> list[_Option] | None:
        """Return the edges of an optimal policy, or nothing if there is none (that good)."""
        if at_least is not None:
            self._demand(at_least)
        exact = pywraplp.MPSolverParameters()
        exact.SetDoubleParam(exact.RELATIVE_MIP_GAP, 0.0)
        while True:
            status = self._solver.Solve(exact)
            if status == pywraplp.Solver.INFEASIBLE:
                return None
            if status != pywraplp.Solver.OPTIMAL:
                raise RuntimeError(f"{self.version} ended with status {status}, without a proof")
            options = self._solution()
            bought = _bought(self._graph, options)
            cost = fsum(self._graph.cost[name] for name in bought)
            if cost <= self._budget * (1 + _ROUNDING):
                return options
            # The solver's own tolerance let a set pass that is too dear: cut it off.
            too_dear = self._at_most(len(bought) - 1)
            for name in bought:
                too_dear.SetCoefficient(self._bought[name], 1)

    def exclude(self, bought: frozenset[str]) -> None:
        """Demand from now on an edge that reads a task outside of `bought`."""
        row = self._solver.Constraint(1, self._solver.infinity())
        for option, variable in zip(self._options, self._chosen, strict=True):
            # With this row, whole numbers are no longer for free.
            variable.SetInteger(True)
            if not option.sources <= bought:
                row.SetCoefficient(variable, 1)

    def _solution(self) -> list[_Option]:
        """The heaviest edge of every target: shares of a target may be split between equals."""
        heaviest: dict[str, tuple[float, _Option]] = {}
        for option, variable in zip(self._options, self._chosen, strict=True):
            share = variable.solution_value()
            if share > heaviest.get(option.edge.target, (0.0, option))[0]:
                heaviest[option.edge.target] = (share, option)
        return [option for _, option in heaviest.values()]

    def _demand(self, objective: float) -> None:
        if self._good_enough is None:
            self._good_enough = self._solver.Constraint(objective, self._solver.infinity())
            for option, variable in zip(self._options, self._chosen, strict=True):
                self._good_enough.SetCoefficient(variable, option.worth)
        self._good_enough.SetLb(objective)

    def _link(self) -> None:
        """One edge into every target, reading nothing that is not bought."""
        into: dict[str, Any] = {t: self._solver.Constraint(1, 1) for t in self._graph.targets}
        reads: dict[tuple[str, str], Any] = {}
        for option, variable in zip(self._options, self._chosen, strict=True):
            target = option.edge.target
            into[target].SetCoefficient(variable, 1)
            for name in option.edge.sources:
                if (target, name) not in reads:
                    reads[target, name] = self._at_most(0)
                    reads[target, name].SetCoefficient(self._bought[name], -1)
                reads[target, name].SetCoefficient(variable, 1)

    def _at_most(self, bound: float | int) -> Any:
        return self._solver.Constraint(-self._solver.infinity(), bound)
