"""Small programmes for the solver, and what they are worth by brute force and another solver."""

from collections.abc import Iterable, Sequence
from itertools import chain, combinations
from math import fsum, inf, isfinite

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array

from taskonomy.affinity.candidate import Candidate
from taskonomy.taxonomy.hypergraph import Hypergraph, Question

NAMES = ("autoencoding", "depth_zbuffer", "edge_texture", "normal", "reshading", "room_layout")
RAW = Question(scale="raw", max_order=3)


def edge(target: str, *sources: str, p: float, kind: str = "transfer") -> Candidate:
    return Candidate(
        regime="r",
        target=target,
        sources=tuple(sorted(sources)),
        kind="supervised" if sources == (target,) and kind == "transfer" else kind,
        affinity=p,
        win_vs_scratch=min(1.0, p + 0.1),
        win_vs_supervised=p / 2,
    )


def everything(seed: int, names: Sequence[str] = NAMES, levels: int = 0) -> list[Candidate]:
    """All edges of orders 1-3 and full supervision, of random worth (or of few levels: ties)."""
    rng = np.random.default_rng(seed)
    rows = []
    for target in names:
        others = [name for name in names if name != target]
        sets = chain.from_iterable(combinations(others, k) for k in (1, 2, 3))
        for sources in [*sets, (target,)]:
            p = float(rng.random())
            p = (round(p * levels) / levels if levels else p) / 5
            rows.append(edge(target, *sources, p=p))
    return rows


def subsets(names: Sequence[str]) -> Iterable[tuple[str, ...]]:
    return chain.from_iterable(combinations(names, k) for k in range(len(names) + 1))


def brute_force(graph: Hypergraph, budget: float) -> float:
    """Try every set of tasks that the budget buys, with the best edge of every target."""
    best = -inf
    for bought in subsets(graph.sources):
        if not set(graph.must_use) <= set(bought):
            continue
        if fsum(graph.cost[name] for name in bought) > budget + 1e-9:
            continue
        worths = [
            max(
                (
                    worth
                    for e, worth in zip(graph.edges, graph.worths, strict=True)
                    if e.target == t and set(e.sources) <= set(bought)
                ),
                default=-inf,
            )
            for t in graph.targets
        ]
        best = max(best, fsum(worths) if all(map(isfinite, worths)) else -inf)
    return best


def other_solver(graph: Hypergraph, budget: float) -> float:
    """scipy's milp on the paper's own rows: x_e <= y_s for every edge and source."""
    y = {name: len(graph.edges) + i for i, name in enumerate(graph.sources)}
    size = len(graph.edges) + len(y)
    worth = np.zeros(size)
    cells: list[tuple[int, int, float]] = []
    low, high = [1.0] * len(graph.targets), [1.0] * len(graph.targets)
    for i, e in enumerate(graph.edges):
        worth[i] = graph.worths[i]
        cells.append((graph.targets.index(e.target), i, 1.0))
        for name in e.sources:
            cells += [(len(low), i, 1.0), (len(low), y[name], -1.0)]
            low.append(-inf)
            high.append(0.0)
    cells += [(len(low), column, graph.cost[name]) for name, column in y.items()]
    low.append(-inf)
    high.append(budget)
    rows, columns, values = zip(*cells, strict=True)
    matrix = csr_array((values, (rows, columns)), shape=(len(low), size))
    found = milp(
        -worth,
        integrality=np.ones(size),
        bounds=Bounds(0, 1),
        constraints=LinearConstraint(matrix, low, high),
        options={"mip_rel_gap": 0.0},
    )
    return float(-found.fun)
