"""Many budgets and sets at once: sweeps, the front, the next best sets, the search for a start."""

from dataclasses import replace
from math import fsum, isfinite

import pytest

from taskonomy.errors import BadInput, Infeasible
from taskonomy.taxonomy import start
from taskonomy.taxonomy.hypergraph import Hypergraph, build
from taskonomy.taxonomy.options import undominated
from taskonomy.taxonomy.program import ranked, solve
from taskonomy.taxonomy.search import good_choice
from taskonomy.taxonomy.sweep import front, policies
from tests.unit.programmes import NAMES, RAW, brute_force, edge, everything, subsets


def test_a_sweep_leaves_out_budgets_that_cover_nothing() -> None:
    found = policies(everything(0), budgets=[0, 1, 2], orders=[1, 2], question=RAW)
    assert [(p.max_order, p.budget) for p in found] == [(1, 1), (1, 2), (2, 1), (2, 2)]
    assert found[3].objective >= found[1].objective >= found[0].objective


@pytest.mark.parametrize("cost", [{}, {"normal": 2.0, "reshading": 0.5, "edge_texture": 0.0}])
@pytest.mark.parametrize("levels", [0, 2])
def test_the_front_is_what_brute_force_leaves_undominated(
    cost: dict[str, float], levels: int
) -> None:
    question = replace(RAW, cost=cost)
    graph = build(everything(1, levels=levels), question)
    best = {
        budget: value
        for budget in {fsum(graph.cost[n] for n in bought) for bought in subsets(graph.sources)}
        if isfinite(value := brute_force(graph, budget))
    }
    expected = [
        (budget, value)
        for budget, value in sorted(best.items())
        if all(other < value - 1e-9 for cheaper, other in best.items() if cheaper < budget)
    ]
    found = front(everything(1, levels=levels), question)
    assert [p.budget for p in found] == [budget for budget, _ in expected]
    assert [p.objective for p in found] == pytest.approx([value for _, value in expected])
    assert all(p.bound <= p.objective + 1e-9 for p in found)
    upto = front(everything(1, levels=levels), question, budget=2.25)
    assert upto == [p for p in found if p.budget <= 2.25]


def test_a_front_that_no_budget_reaches_is_infeasible() -> None:
    with pytest.raises(Infeasible):
        front(everything(0), RAW, budget=0.5)
    with pytest.raises(BadInput, match="--budget"):
        front(everything(0), RAW, budget=-1)


def sets_by_brute_force(graph: Hypergraph, budget: float) -> dict[tuple[str, ...], float]:
    """The value of every set of tasks that some policy, best within the set, reads in whole."""
    found = {}
    for bought in subsets(graph.sources):
        if fsum(graph.cost[name] for name in bought) > budget + 1e-9:
            continue
        within = [
            [
                (worth, set(e.sources))
                for e, worth in zip(graph.edges, graph.worths, strict=True)
                if e.target == t and set(e.sources) <= set(bought)
            ]
            for t in graph.targets
        ]
        if not all(within):
            continue
        best = [max(worth for worth, _ in rows) for rows in within]
        reads = [set(graph.must_use)]  # every union of what best edges read
        for rows, top in zip(within, best, strict=True):
            ties = {frozenset(r) for worth, r in rows if worth >= top - 1e-9}
            reads = [set(u) for u in {frozenset(a | b) for a in reads for b in ties}]
        if set(bought) in reads:
            found[tuple(sorted(bought))] = fsum(best)
    return found


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("levels", [0, 3])
@pytest.mark.parametrize("must_use", [(), ("jigsaw",)])
def test_the_next_best_sets_are_those_of_brute_force(
    seed: int, levels: int, must_use: tuple[str, ...]
) -> None:
    # Jigsaw helps little, and is no target: most sets that hold it do not read it.
    rows = everything(seed, NAMES[:5], levels)
    rows += [edge(name, "jigsaw", p=0.08) for name in NAMES[:5]]
    graph = build(rows, replace(RAW, must_use=must_use))
    every = sets_by_brute_force(graph, 3)
    found = ranked(graph, 3, count=9)
    assert found[0] == solve(graph, 3)
    assert len({s.sources for s in found}) == len(found) == 9
    best = sorted(every.values(), reverse=True)
    assert [s.objective for s in found] == pytest.approx(best[:9], abs=1e-9)
    for i, s in enumerate(found):
        assert every[s.sources] == pytest.approx(s.objective, abs=1e-9)
        assert s.objective <= s.bound <= s.objective + 1e-9
        near = best[max(i - 1, 0) : i] + best[i + 1 : i + 2]
        assert s.tied or all(abs(s.objective - other) > 1e-9 for other in near)


def test_there_are_no_more_sets_than_there_are() -> None:
    rows = [edge("normal", "normal", p=0.6), edge("normal", "reshading", p=0.2)]
    found = ranked(build(rows, RAW), budget=2, count=5)
    assert [s.sources for s in found] == [("normal",), ("reshading",)]
    assert not any(s.tied for s in found)
    with pytest.raises(BadInput, match="--k-best: found 0, expected at least 1"):
        ranked(build(rows, RAW), budget=2, count=0)


@pytest.mark.parametrize("seed", range(2))
def test_the_search_ends_at_a_policy_that_no_swap_improves(seed: int) -> None:
    graph = build(everything(seed), RAW)
    for budget in (1, 2, 3):
        choice = good_choice(graph, undominated(graph), budget)
        assert choice is not None
        assert choice.cost <= budget
        within = replace(RAW, sources=choice.sources)
        assert choice.objective == pytest.approx(
            solve(build(everything(seed), within), budget).objective
        )
        for out in choice.sources:
            for into in NAMES:
                swapped = replace(RAW, sources=(*(set(choice.sources) - {out}), into))
                other = solve(build(everything(seed), swapped), budget)
                assert other.objective <= choice.objective + 1e-9


@pytest.mark.parametrize("seed", range(3))
def test_a_large_programme_starts_from_a_better_policy_and_ends_at_the_same(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    graph = build(everything(seed), replace(RAW, must_use=("normal",)))
    options = undominated(graph)
    for budget in (1, 2, 3):
        searched, proven = good_choice(graph, options, budget), solve(graph, budget)
        with monkeypatch.context() as patch:
            patch.setattr(start, "LARGE", 0)
            choice = start.starting_choice(graph, options, budget)
            assert solve(graph, budget) == proven
        assert choice is not None
        assert searched is not None
        assert choice.cost <= budget
        assert "normal" in choice.sources
        assert searched.objective - 1e-9 <= choice.objective <= proven.objective + 1e-9
