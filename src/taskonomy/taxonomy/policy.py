"""A policy: what to label, and from what to solve every target."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import fsum, isnan
from typing import Any

from taskonomy.affinity.candidate import Candidate
from taskonomy.taxonomy.hypergraph import Hypergraph, Question, build
from taskonomy.taxonomy.program import Solution, ranked, solve
from taskonomy.taxonomy.scales import Scale


@dataclass(frozen=True, kw_only=True)
class Policy:
    """An optimal taxonomy for one budget and order.

    Attributes:
        budget, max_order, scale: what was asked.
        objective: sum over targets of importance times scaled worth.
        bound: what the solver proved that no policy exceeds.
        sources: tasks bought and used (a must-use task counts as used), sorted.
        edges: the chosen candidate of every target, sorted by target.
        tied: whether another policy comes within 1e-9 of the optimum.
        solver: name and version.
    """

    budget: float | int
    max_order: int
    scale: Scale
    objective: float
    bound: float
    sources: tuple[str, ...]
    edges: tuple[Candidate, ...]
    tied: bool
    solver: str

    @property
    def mean_gain(self) -> float | None:
        """Mean win rate against scratch over all targets; None where one is unknown."""
        return _mean([edge.win_vs_scratch for edge in self.edges])

    @property
    def mean_quality(self) -> float | None:
        """Mean win rate against full supervision over all targets; None where one is unknown."""
        return _mean([edge.win_vs_supervised for edge in self.edges])

    @property
    def mean_gain_transferred(self) -> float | None:
        """Mean gain over the transferred targets; None where there is none or one is unknown."""
        return _mean([edge.win_vs_scratch for edge in self.transferred])

    @property
    def mean_quality_transferred(self) -> float | None:
        """Mean quality over the transferred targets; None where there is none or one is unknown."""
        return _mean([edge.win_vs_supervised for edge in self.transferred])

    @property
    def transferred(self) -> tuple[Candidate, ...]:
        """The edges of targets that are not themselves fully supervised."""
        return tuple(edge for edge in self.edges if edge.kind != "supervised")

    @property
    def solved_on_choice(self) -> bool:
        """Whether affinities of validation images decided; else those of test images, on which
        win rates are measured in any case."""
        of_affinity = self.scale not in ("quality", "gain")
        return of_affinity and any(not isnan(edge.affinity_choice) for edge in self.edges)

    @property
    def losing(self) -> tuple[Candidate, ...]:
        """The edges that do not beat the informed guess."""
        return tuple(edge for edge in self.edges if edge.beats_guess is False)

    @property
    def _further(self) -> list[str]:
        """The figures that not every file of affinities holds, and that of these edges does."""
        names = ("win_vs_guess", "win_vs_guess_low", "win_vs_guess_high", "affinity_choice")
        return [name for name in names if any(not isnan(getattr(e, name)) for e in self.edges)]

    def as_json(self) -> dict[str, Any]:
        """Return the policy as plain data (docs/contract.md); without what differs between runs.

        What only some affinities have is there where it is known of an edge.
        """
        return {
            "status": "optimal",
            "objective": self.objective,
            "bound": self.bound,
            "scale": self.scale,
            **({"solved_on": "affinity_choice"} if self.solved_on_choice else {}),
            "sources": list(self.sources),
            "edges": [
                {
                    "target": edge.target,
                    "sources": list(edge.sources),
                    "order": edge.order,
                    "kind": edge.kind,
                    "affinity": edge.affinity,
                    "win_vs_scratch": _number(edge.win_vs_scratch),
                    "win_vs_supervised": _number(edge.win_vs_supervised),
                    **{name: _number(getattr(edge, name)) for name in self._further},
                }
                for edge in self.edges
            ],
            "tied": self.tied,
            "mean_gain": self.mean_gain,
            "mean_quality": self.mean_quality,
            "mean_gain_transferred": self.mean_gain_transferred,
            "mean_quality_transferred": self.mean_quality_transferred,
            "solver": self.solver,
        }


def find(candidates: Sequence[Candidate], question: Question, budget: float | int) -> Policy:
    """Return the optimal policy for one question and budget.

    Raises:
        BadInput: the question or the budget makes no sense for these candidates.
        Infeasible: no policy answers it.
    """
    return solved(build(candidates, question), question.max_order, budget)


def find_ranked(
    candidates: Sequence[Candidate], question: Question, budget: float | int, count: int
) -> list[Policy]:
    """Return the best policies of up to `count` distinct sets of bought tasks, best first.

    Raises: as `find`; BadInput for a count below 1.
    """
    graph = build(candidates, question)
    solutions = ranked(graph, budget, count)
    return [_policy(graph, question.max_order, budget, solution) for solution in solutions]


def solved(graph: Hypergraph, max_order: int, budget: float | int) -> Policy:
    """Return the optimal policy on a hypergraph; raises as `find`."""
    return _policy(graph, max_order, budget, solve(graph, budget))


def _policy(graph: Hypergraph, max_order: int, budget: float | int, solution: Solution) -> Policy:
    return Policy(
        budget=budget,
        max_order=max_order,
        scale=graph.scale,
        objective=solution.objective,
        bound=solution.bound,
        sources=solution.sources,
        edges=solution.edges,
        tied=solution.tied,
        solver=solution.solver,
    )


def _number(value: float) -> float | None:
    return None if isnan(value) else value


def _mean(values: Sequence[float]) -> float | None:
    if not values or any(isnan(value) for value in values):
        return None
    return fsum(values) / len(values)
