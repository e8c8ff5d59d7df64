"""Policies over many budgets and orders at once."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from fractions import Fraction
from math import fsum, gcd, inf, lcm

from tqdm import tqdm

from taskonomy.affinity.candidate import Candidate
from taskonomy.errors import Infeasible
from taskonomy.taxonomy.hypergraph import Question, build
from taskonomy.taxonomy.options import TIE
from taskonomy.taxonomy.policy import Policy, solved


def policies(
    candidates: Sequence[Candidate],
    budgets: Iterable[float | int],
    orders: Iterable[int],
    question: Question | None = None,
) -> list[Policy]:
    """Return the optimal policy of every order and budget, in that order of loops.

    Budgets that cover no policy are left out.

    Args:
        candidates: of one regime.
        question: what else is asked; its own `max_order` is replaced by each of `orders`.

    Raises:
        BadInput: the question or a budget makes no sense for these candidates.
    """
    budgets = list(budgets)
    graphs = {
        order: build(candidates, replace(question or Question(), max_order=order))
        for order in orders
    }
    found = []
    for order, graph in graphs.items():
        for budget in tqdm(budgets, desc=f"taxonomies of order {order}", mininterval=1):
            try:
                found.append(solved(graph, order, budget))
            except Infeasible:
                continue
    return found


def front(
    candidates: Sequence[Candidate], question: Question, budget: float | int = inf
) -> list[Policy]:
    """Return the policies that no cheaper one equals, cheapest first: budget against objective.

    Each has as its `budget` what its tasks cost, and is proven optimal for it. The front is walked
    from its dear end: the next policy is the best of those that cost less than the last.

    Args:
        budget: where the front ends; by default, no budget is too large.

    Raises:
        BadInput: the question or the budget makes no sense for these candidates.
        Infeasible: no policy answers the question within the budget.
    """
    graph = build(candidates, question)
    step = _step(graph.cost.values())
    left: float | int = budget if budget != inf else fsum(graph.cost.values())
    found: list[Policy] = []
    with tqdm(desc="budgets", mininterval=1) as progress:
        while True:
            try:
                policy = solved(graph, question.max_order, left)
            except Infeasible:
                if not found:
                    raise
                break
            progress.update()
            if found and policy.objective >= found[-1].objective - TIE:
                found.pop()
            cost = fsum(graph.cost[name] for name in policy.sources)
            found.append(replace(policy, budget=int(cost) if cost.is_integer() else cost))
            left = cost - step / 2
            if left < 0:
                break
    return found[::-1]


def _step(costs: Iterable[float | int]) -> float:
    """The largest number of which all costs are multiples, and so all sums of costs."""
    exact = [Fraction(str(cost)) for cost in costs if cost]
    if not exact:
        return 1.0
    return gcd(*(c.numerator for c in exact)) / lcm(*(c.denominator for c in exact))
