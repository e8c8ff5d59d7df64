"""A large programme: 200 tasks, 20,000 edges of orders 1 to 5, budget 40.

    python -m benchmarks.large [--seed S] [--scipy SECONDS]

Solves the seeded programme of `programmes.py` as `taskonomy solve` does, and with --scipy by
scipy's milp (HiGHS) on the same rows and columns, for so many seconds at most. Exits with 1 if the
optimum is not proven within 60 s, if scipy is faster, or if it finds a better policy.
"""

import argparse
import sys
import time

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array

from benchmarks.programmes import clustered
from taskonomy.taxonomy.hypergraph import Hypergraph, Question, build
from taskonomy.taxonomy.options import undominated
from taskonomy.taxonomy.program import solve

BUDGET = 40
SECONDS = 60.0
EXACT = 1e-9


def ours(graph: Hypergraph) -> tuple[float, float]:
    """Print what `taskonomy solve` finds; return its objective and seconds."""
    started = time.perf_counter()
    found = solve(graph, BUDGET)
    seconds = time.perf_counter() - started
    print(f"{found.solver}: {seconds:.1f} s, {found.objective:.9f}, bound {found.bound:.9f}")
    if found.bound > found.objective + EXACT:
        raise RuntimeError("the optimum is not proven")
    return found.objective, seconds


def scipys(graph: Hypergraph, limit: float) -> tuple[float, float]:
    """Print what scipy's milp finds on the same formulation; return objective and seconds."""
    started = time.perf_counter()
    options = undominated(graph)
    bought = {name: len(options) + i for i, name in enumerate(graph.sources)}
    rows = {target: i for i, target in enumerate(graph.targets)}
    reads: dict[tuple[str, str], int] = {}
    cells: list[tuple[int, int, float]] = []
    for column, option in enumerate(options):
        target = option.edge.target
        cells.append((rows[target], column, 1.0))
        for name in option.edge.sources:
            if (target, name) not in reads:
                reads[target, name] = len(rows) + len(reads)
                cells.append((reads[target, name], bought[name], -1.0))
            cells.append((reads[target, name], column, 1.0))
    last = len(rows) + len(reads)
    cells += [(last, column, graph.cost[name]) for name, column in bought.items()]
    row, column, value = zip(*cells, strict=True)
    size = len(options) + len(bought)
    low = [1.0] * len(rows) + [-np.inf] * (len(reads) + 1)
    high = [1.0] * len(rows) + [0.0] * len(reads) + [float(BUDGET)]
    found = milp(
        [-option.worth for option in options] + [0.0] * len(bought),
        integrality=[0] * len(options) + [1] * len(bought),
        bounds=Bounds(0, 1),
        constraints=LinearConstraint(
            csr_array((value, (row, column)), (last + 1, size)), low, high
        ),
        options={"mip_rel_gap": 0.0, "time_limit": limit},
    )
    seconds = time.perf_counter() - started
    objective = -np.inf if found.fun is None else -float(found.fun)
    bound = -float(found.mip_dual_bound)
    print(f"scipy milp: {seconds:.1f} s, {objective:.9f}, bound {bound:.9f} ({found.message})")
    return objective, seconds


def main() -> int:
    """Solve with both."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--scipy", type=float, metavar="SECONDS")
    args = parser.parse_args()
    graph = build(clustered(args.seed), Question(scale="raw", max_order=5))
    edges = len(undominated(graph))
    print(f"{len(graph.targets)} tasks, {len(graph.edges)} edges, {edges} not dominated")
    objective, seconds = ours(graph)
    ok = seconds <= SECONDS
    if args.scipy is not None:
        other, slower = scipys(graph, args.scipy)
        ok &= seconds < slower and other <= objective + EXACT
    return 0 if ok else 1


if __name__ == "__main__":
    sys.exit(main())
