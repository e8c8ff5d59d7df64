"""The Boolean Integer Program in OR-Tools.

    maximise   sum_e importance(target(e)) * worth(e) * x_e
    such that  sum_{e into t} x_e = 1                            for every target t
               sum_{e into t, s in sources(e)} x_e <= y_s        for every target t and source s
               sum_s cost(s) * y_s <= budget,  x and y binary

The second row replaces the paper's x_e <= y_s for every edge: a target takes one edge, so both
allow the same policies, but the relaxation is tighter.
"""

from collections.abc import Collection, Sequence
from math import fsum
from typing import Any

from ortools.linear_solver import pywraplp

from taskonomy.taxonomy.hypergraph import Hypergraph
from taskonomy.taxonomy.options import TIE, Option, bought_by

ROUNDING = 1e-9
"""Relative rounding error that sums of costs may have."""

_PARAMETERS = """
separating/zerohalf/maxroundsroot = -1
separating/zerohalf/maxsepacutsroot = 1000
separating/gomory/freq = -1
separating/aggregation/freq = -1
separating/clique/freq = -1
heuristics/feaspump/freq = -1
presolving/maxrestarts = 0
branching/pscost/priority = 1000000
"""
"""Targets that share pairs of sources make odd cycles, which half of every source serves in the
relaxation. Zero-half cuts remove them (hence whole x, for which alone they hold), in rounds of
tenths of a second; SCIP's other cuts take most of the time and add little, and behind the cuts so
few branchings are left that neither strong branching nor a restart pays."""


class Program:
    """The program of one budget, with rows that may be added between solutions.

    SCIP through `pywraplp`: it starts in 0.1 s, where MathOpt takes 0.7 s to import and CP-SAT
    2 s; and what `pywraplp` calls HIGHS is PDLP in OR-Tools 9.15, which knows no integers.

    Args:
        relaxed: whether tasks may be bought, and edges chosen, in part; by GLOP.
    """

    def __init__(
        self,
        graph: Hypergraph,
        options: Sequence[Option],
        budget: float | int,
        *,
        relaxed: bool = False,
    ) -> None:
        self._graph, self._options, self._budget = graph, options, budget
        self._solver = pywraplp.Solver.CreateSolver("GLOP" if relaxed else "SCIP")
        if not relaxed:
            self._solver.SetSolverSpecificParametersAsString(_PARAMETERS)
        self._bought = {name: self._solver.Var(0, 1, not relaxed, "") for name in graph.sources}
        self._chosen = [self._solver.Var(0, 1, not relaxed, "") for _ in options]
        self.version: str = self._solver.SolverVersion()
        self._link()
        within_budget = self._at_most(budget * (1 + ROUNDING))
        objective = self._solver.Objective()
        objective.SetMaximization()
        for name, variable in self._bought.items():
            if not relaxed:
                # Once y is 0 or 1, the best x is clear.
                variable.SetBranchingPriority(1)
            within_budget.SetCoefficient(variable, graph.cost[name])
            variable.SetLb(name in graph.must_use)
        for option, variable in zip(options, self._chosen, strict=True):
            objective.SetCoefficient(variable, option.worth)
        self._stay: Any = None

    @property
    def bound(self) -> float:
        """What no policy exceeds, by the last proof."""
        return float(self._solver.Objective().BestBound())

    def solve(self) -> list[Option] | None:
        """Return the edges of an optimal policy; nothing if there is none, or (after `look_beyond`)
        if none that reads beyond comes near enough."""
        exact = pywraplp.MPSolverParameters()
        exact.SetDoubleParam(exact.RELATIVE_MIP_GAP, 0.0)
        while True:
            status = self._solver.Solve(exact)
            if status == pywraplp.Solver.INFEASIBLE:
                return None
            if status != pywraplp.Solver.OPTIMAL:
                raise RuntimeError(f"{self.version} ended with status {status}, without a proof")
            if self._stay is not None and self._stay.solution_value() > 0.5:
                return None
            options = self._solution()
            bought = bought_by(self._graph, options)
            cost = fsum(self._graph.cost[name] for name in bought)
            if cost <= self._budget * (1 + ROUNDING):
                return options
            # The solver's own tolerance let a set pass that is too dear: cut it off.
            too_dear = self._at_most(len(bought) - 1)
            for name in bought:
                too_dear.SetCoefficient(self._bought[name], 1)

    def shares(self) -> dict[str, float]:
        """Solve, and return how much is bought of every task; nothing if there is no solution."""
        if self._solver.Solve() != pywraplp.Solver.OPTIMAL:
            return {}
        return {name: float(y.solution_value()) for name, y in self._bought.items()}

    def suggest(self, options: Collection[Option]) -> None:
        """Give the solver a policy to start from."""
        bought, chosen = bought_by(self._graph, options), set(map(id, options))
        variables = [*self._bought.values(), *self._chosen]
        values = [float(name in bought) for name in self._bought]
        values += [float(id(option) in chosen) for option in self._options]
        if self._stay is not None:
            variables, values = [*variables, self._stay], [*values, 1.0]
        self._solver.SetHint(variables, values)

    def look_beyond(self, bought: Collection[str], best: Collection[Option], near: float) -> None:
        """Demand from now on an edge that reads a task outside of `bought`, or else to stay.

        Who stays within what was demanded so far loses `near`: the solver then starts from the best
        policy known, and leaves it for any other that is worth more than that less `near`.
        """
        if self._stay is None:
            self._stay = self._solver.BoolVar("")
        self._solver.Objective().SetCoefficient(self._stay, -near)
        row = self._at_least(1)
        row.SetCoefficient(self._stay, 1)
        for option, variable in zip(self._options, self._chosen, strict=True):
            if not option.sources.issubset(bought):
                row.SetCoefficient(variable, 1)
        self.suggest(best)

    def buy_another_set(self, bought: Collection[str]) -> None:
        """Demand from now on a set of tasks other than `bought`."""
        row = self._at_least(1 - len(bought))
        for name, variable in self._bought.items():
            row.SetCoefficient(variable, -1 if name in bought else 1)

    def read_what_is_bought(self) -> None:
        """Demand from now on an edge that reads each bought task, unless it must be bought."""
        for name in sorted(set(self._bought) - set(self._graph.must_use)):
            row = self._at_least(0)
            row.SetCoefficient(self._bought[name], -1)
            for option, variable in zip(self._options, self._chosen, strict=True):
                if name in option.sources:
                    row.SetCoefficient(variable, 1)

    def take_no_worse(self, wanted: Option) -> None:
        """Demand from now on this edge, or one as good, where all that it reads is bought."""
        row = self._at_least(1 - len(wanted.sources))
        for name in wanted.sources:
            row.SetCoefficient(self._bought[name], -1)
        for option, variable in zip(self._options, self._chosen, strict=True):
            if option.edge.target == wanted.edge.target and option.worth >= wanted.worth - TIE:
                row.SetCoefficient(variable, 1)

    def _solution(self) -> list[Option]:
        pairs = zip(self._options, self._chosen, strict=True)
        return [option for option, variable in pairs if variable.solution_value() > 0.5]

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

    def _at_least(self, bound: float | int) -> Any:
        return self._solver.Constraint(bound, self._solver.infinity())
