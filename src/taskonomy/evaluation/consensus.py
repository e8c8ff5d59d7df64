"""How sure a taxonomy is: solved again on every bootstrap replicate of the affinities.

An edge's share is that of the replicates whose taxonomy holds it. The consensus taxonomy is the
policy within the budget whose edges' shares add up to most: of all taxonomies that the budget buys,
it has the most edges in common with the replicates' on average.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from math import nan

import numpy as np
from jaxtyping import Float
from tqdm import tqdm

from taskonomy.affinity.candidate import Candidate
from taskonomy.taxonomy.hypergraph import Hypergraph, Question, build
from taskonomy.taxonomy.policy import Policy, solved
from taskonomy.taxonomy.program import optimum
from taskonomy.taxonomy.scales import scaled
from taskonomy.workers import WORKERS, pool


@dataclass(frozen=True, kw_only=True)
class Consensus:
    """What the replicates' taxonomies of one budget and order have in common.

    Attributes:
        max_order, budget: the question.
        replicates: how many taxonomies were solved.
        edge_shares: share of them that hold an edge, of every edge that any holds.
        source_shares: share of them that buy a task, of every task that any buys.
        policy: the consensus taxonomy, with the affinities and win rates of all images.
        agreement: mean share of its edges.
        same_sources: share of the replicates that buy just its tasks.
    """

    max_order: int
    budget: float | int
    replicates: int
    edge_shares: Mapping[Candidate, float]
    source_shares: Mapping[str, float]
    policy: Policy
    agreement: float
    same_sources: float


def consensus(
    candidates: Sequence[Candidate],
    affinities: Float[np.ndarray, "R C"],
    question: Question,
    budgets: Sequence[float | int],
) -> list[Consensus]:
    """Solve the question at every budget on every replicate.

    Args:
        candidates: the candidates of one regime.
        affinities: their affinities in every replicate, in the order of `candidates`: of those
            images that the question is solved on.
        question: what is asked; its scale must need nothing but affinities.
        budgets: each at least what a policy costs.

    Raises:
        BadInput: the question or a budget makes no sense for these candidates.
        Infeasible: no policy answers it.
    """
    graph = build(candidates, question)
    place = {candidate: i for i, candidate in enumerate(candidates)}
    columns = [place[edge] for edge in graph.edges]
    importance = [question.importance.get(edge.target, 1.0) for edge in graph.edges]
    worths = [
        tuple(
            weight * scaled(replace(edge, affinity=float(p), affinity_choice=nan), question.scale)
            for weight, edge, p in zip(importance, graph.edges, row[columns], strict=True)
        )
        for row in affinities
    ]
    jobs = [(budget, row) for budget in budgets for row in worths]
    with pool(WORKERS) as workers:
        found = workers.map(partial(_chosen, graph), *zip(*jobs, strict=True), chunksize=8)
        progress = tqdm(found, desc="replicates' taxonomies", total=len(jobs), mininterval=1)
        taken = list(progress)
    size = len(worths)
    return [
        _in_common(graph, question, budget, taken[i * size : (i + 1) * size])
        for i, budget in enumerate(budgets)
    ]


def _chosen(graph: Hypergraph, budget: float | int, worths: tuple[float, ...]) -> list[int]:
    """The places of the best policy's edges."""
    edges = set(optimum(replace(graph, worths=worths), budget))
    return [i for i, edge in enumerate(graph.edges) if edge in edges]


def _in_common(
    graph: Hypergraph, question: Question, budget: float | int, taken: Sequence[Sequence[int]]
) -> Consensus:
    shares = np.zeros(len(graph.edges))
    for chosen in taken:
        shares[list(chosen)] += 1
    shares /= len(taken)
    bought = [_bought(graph, [graph.edges[i] for i in chosen]) for chosen in taken]
    weighted = replace(graph, worths=tuple(shares.tolist()))
    policy = solved(weighted, question.max_order, budget)
    return Consensus(
        max_order=question.max_order,
        budget=budget,
        replicates=len(taken),
        edge_shares={
            edge: float(share) for edge, share in zip(graph.edges, shares, strict=True) if share > 0
        },
        source_shares={
            name: sum(name in sources for sources in bought) / len(bought)
            for name in sorted(set().union(*bought))
        },
        policy=policy,
        agreement=policy.objective / len(policy.edges),
        same_sources=sum(sources == set(policy.sources) for sources in bought) / len(bought),
    )


def _bought(graph: Hypergraph, edges: Sequence[Candidate]) -> set[str]:
    return set(graph.must_use).union(*(edge.sources for edge in edges))
