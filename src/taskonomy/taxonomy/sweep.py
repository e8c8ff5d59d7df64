"""Policies over many budgets and orders at once."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from tqdm import tqdm

from taskonomy.affinity.candidate import Candidate
from taskonomy.errors import Infeasible
from taskonomy.taxonomy.hypergraph import Question, build
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
