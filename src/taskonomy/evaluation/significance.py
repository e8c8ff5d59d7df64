"""Are optimal taxonomies better than chance? Random feasible ones (paper, section 4.2, figure 10).

Sampling: a set of tasks is bought at random from the whole budget (with equal costs, every set of
that size is as likely). Then every target takes one of the edges that read bought tasks alone, each
as likely, so that a bought target's full supervision is one edge among its many. (Were a bought
target always supervised, the mean gain on the paper's released 16k results would rise from .48 at
budget 4 to .53, and from .55 at budget 18 to .78.) Draws that leave a target without an edge are
not feasible and are left out.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from taskonomy.affinity.candidate import Candidate
from taskonomy.errors import Infeasible
from taskonomy.taxonomy.hypergraph import Hypergraph, Question, build

DRAWS = 1000
PERCENTILES = (5, 95)
"""The paper's error bars."""


@dataclass(frozen=True, kw_only=True)
class Spread:
    """A figure of random taxonomies: its mean and its 5th and 95th percentiles."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class Chance:
    """What random feasible taxonomies reach.

    Attributes:
        max_order, budget: the question.
        draws: how many feasible taxonomies were drawn.
        gain, quality: of a taxonomy's mean over all targets, the fully supervised ones included;
            None where a win rate is unknown.
    """

    max_order: int
    budget: float | int
    draws: int
    gain: Spread | None
    quality: Spread | None


def chance(
    candidates: Sequence[Candidate],
    question: Question,
    budget: float | int,
    draws: int = DRAWS,
    seed: int = 0,
) -> Chance:
    """Draw random feasible taxonomies for one question and budget.

    Raises:
        BadInput: the question makes no sense for these candidates.
        Infeasible: no draw gives every target an edge.
    """
    graph = build(candidates, question)
    rng = np.random.default_rng(seed)
    bought = _bought(graph, budget, draws, rng)
    gains, qualities = np.zeros(draws), np.zeros(draws)
    feasible = np.ones(draws, bool)
    for target in graph.targets:
        edges = [edge for edge in graph.edges if edge.target == target]
        open_to = _open_to(edges, graph.sources, bought)
        feasible &= open_to.any(axis=1)
        taken = np.where(open_to, rng.random(open_to.shape), -1).argmax(axis=1)
        gains += np.array([edge.win_vs_scratch for edge in edges])[taken]
        qualities += np.array([edge.win_vs_supervised for edge in edges])[taken]
    if not feasible.any():
        raise Infeasible(f"no random set of tasks within budget {budget:g} reaches every target")
    return Chance(
        max_order=question.max_order,
        budget=budget,
        draws=int(feasible.sum()),
        gain=_spread(gains[feasible] / len(graph.targets)),
        quality=_spread(qualities[feasible] / len(graph.targets)),
    )


def _bought(
    graph: Hypergraph, budget: float | int, draws: int, rng: np.random.Generator
) -> Bool[np.ndarray, "draws sources"]:
    """Must-use tasks, then tasks in random order as long as the budget lasts."""
    cost = np.array([graph.cost[name] for name in graph.sources])
    first = np.array([name in graph.must_use for name in graph.sources])
    orders = np.argsort(rng.random((draws, len(cost))) - first, axis=1)
    bought = np.zeros(orders.shape, bool)
    left = np.full(draws, float(budget))
    for column in orders.T:
        fits = cost[column] <= left * (1 + 1e-9)
        bought[np.arange(draws), column] = fits
        left -= np.where(fits, cost[column], 0)
    return bought


def _open_to(
    edges: Sequence[Candidate], sources: Sequence[str], bought: Bool[np.ndarray, "draws sources"]
) -> Bool[np.ndarray, "draws edges"]:
    """Which edges into one target read nothing that is not bought."""
    reads = np.array([[name in edge.sources for edge in edges] for name in sources])
    readable: Bool[np.ndarray, "draws edges"] = (~bought).astype(int) @ reads.astype(int) == 0
    return readable


def _spread(values: Float[np.ndarray, " draws"]) -> Spread | None:
    if np.isnan(values).any():
        return None
    low, high = np.percentile(values, PERCENTILES).tolist()
    return Spread(mean=float(values.mean()), low=low, high=high)
