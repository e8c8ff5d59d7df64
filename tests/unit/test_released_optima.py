"""Optima on the paper's released 16k affinities, against means that share nothing with ours.

The paper's own rows (section 3.4) in scipy's milp: |sources(e)| x_e - sum of their y <= 0 for every
edge; and all sets of up to three tasks, one by one.
"""

from itertools import combinations
from math import inf

import numpy as np
import pytest
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array

from taskonomy.affinity.candidate import Candidate
from taskonomy.taxonomy.hypergraph import Hypergraph, Question, build
from taskonomy.taxonomy.policy import find
from taskonomy.taxonomy.program import ranked
from taskonomy.taxonomy.sweep import front


def by_the_papers_rows(graph: Hypergraph, budget: int) -> float:
    edges, sources, targets = graph.edges, list(graph.sources), list(graph.targets)
    size = len(edges) + len(sources)
    cells: list[tuple[int, int, float]] = []
    for i, e in enumerate(edges):
        cells.append((i, i, float(e.order)))
        cells += [(i, len(edges) + sources.index(name), -1.0) for name in e.sources]
        cells.append((len(edges) + targets.index(e.target), i, 1.0))
    last = len(edges) + len(targets)
    cells += [(last, len(edges) + j, 1.0) for j in range(len(sources))]
    row, column, value = zip(*cells, strict=True)
    low = [-inf] * len(edges) + [1.0] * len(targets) + [-inf]
    high = [0.0] * len(edges) + [1.0] * len(targets) + [float(budget)]
    found = milp(
        [*(-worth for worth in graph.worths), *[0.0] * len(sources)],
        integrality=np.ones(size),
        bounds=Bounds(0, 1),
        constraints=LinearConstraint(
            csr_array((value, (row, column)), (last + 1, size)), low, high
        ),
        options={"mip_rel_gap": 0.0},
    )
    taken = np.flatnonzero(found.x[: len(edges)] > 0.5)
    return float(np.array(graph.worths)[taken].sum())


def by_brute_force(graph: Hypergraph, budget: int) -> dict[tuple[str, ...], float]:
    """The objective of every set of so many tasks; -inf where a target stays without an edge."""
    sources, targets = list(graph.sources), list(graph.targets)
    reads = np.array([[name in e.sources for e in graph.edges] for name in sources])
    into = np.array([[e.target == t for e in graph.edges] for t in targets])
    worths, values = np.array(graph.worths), {}
    for chosen in combinations(range(len(sources)), budget):
        rest = np.delete(reads, chosen, axis=0)
        open_to = np.where(~rest.any(axis=0), worths, -inf)
        best = np.where(into, open_to, -inf).max(axis=1)
        values[tuple(sources[i] for i in chosen)] = float(best.sum())
    return values


@pytest.mark.parametrize(("order", "budget"), [(1, 3), (1, 12), (2, 18), (3, 6), (4, 2), (4, 21)])
def test_the_papers_own_rows_agree(
    released_candidates: list[Candidate], order: int, budget: int
) -> None:
    question = Question(max_order=order, scale="raw")
    expected = by_the_papers_rows(build(released_candidates, question), budget)
    assert find(released_candidates, question, budget).objective == pytest.approx(
        expected, abs=1e-9
    )


def test_brute_force_agrees(released_candidates: list[Candidate]) -> None:
    question = Question(max_order=4, scale="raw")
    graph = build(released_candidates, question)
    for budget in (1, 2, 3):
        every = sorted(by_brute_force(graph, budget).values(), reverse=True)
        found = find(released_candidates, question, budget)
        assert found.objective == pytest.approx(every[0], abs=1e-9)
        assert found.bound == pytest.approx(every[0], abs=1e-9)


def test_the_next_best_triples_are_the_best_of_all_triples(
    released_candidates: list[Candidate],
) -> None:
    graph = build(released_candidates, Question(max_order=4))
    every = by_brute_force(graph, 3)
    found = [s for s in ranked(graph, 3, 6) if len(s.sources) == 3]
    assert len(found) >= 5
    best = sorted(every, key=lambda names: -every[names])[: len(found)]
    assert [s.sources for s in found] == best
    assert [s.objective for s in found] == pytest.approx([every[b] for b in best], abs=1e-9)


def test_the_front_gains_with_every_step(released_candidates: list[Candidate]) -> None:
    question = Question(max_order=1, scale="raw")
    found = front(released_candidates, question, budget=8)
    budgets = [p.budget for p in found]
    assert budgets == list(range(1, 9))
    assert all(len(p.sources) == p.budget for p in found)
    assert np.all(np.diff([p.objective for p in found]) > 1e-9)
    assert found[-1] == find(released_candidates, question, 8)
