"""The Boolean Integer Program: against brute force, against another solver, and its arguments."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import chain, combinations
from math import fsum, inf, isfinite, nan

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array

from taskonomy.affinity.candidate import Candidate
from taskonomy.errors import BadInput, Infeasible
from taskonomy.taxonomy.hypergraph import Hypergraph, Question, build
from taskonomy.taxonomy.options import undominated
from taskonomy.taxonomy.policy import find
from taskonomy.taxonomy.program import ranked, solve
from taskonomy.taxonomy.search import good_choice
from taskonomy.taxonomy.sweep import front, policies

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


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("scale", ["raw", "log", "saturating", "quality", "gain"])
def test_optimal_by_brute_force_and_by_another_solver(seed: int, scale: str) -> None:
    graph = build(everything(seed), replace(RAW, scale=scale))
    for budget in (1, 2, 3):
        found = solve(graph, budget)
        assert found.objective == pytest.approx(brute_force(graph, budget), abs=1e-9)
        assert found.objective == pytest.approx(other_solver(graph, budget), abs=1e-9)
        assert found.objective <= found.bound <= found.objective + 1e-9
        assert found.sources == tuple(sorted({s for e in found.edges for s in e.sources}))
        assert [e.target for e in found.edges] == sorted(NAMES)


@given(
    seed=st.integers(0, 10**6),
    budget=st.integers(0, 7).map(lambda b: b / 2),
    cost=st.dictionaries(st.sampled_from(NAMES), st.sampled_from([0.0, 0.5, 2.0]), max_size=3),
    importance=st.dictionaries(st.sampled_from(NAMES), st.sampled_from([0.0, 3.0]), max_size=2),
    sources=st.none() | st.sets(st.sampled_from(NAMES), min_size=1).map(tuple),
    targets=st.none() | st.sets(st.sampled_from(NAMES), min_size=1).map(tuple),
    novel=st.sets(st.sampled_from(NAMES), max_size=2).map(tuple),
    max_order=st.integers(1, 3),
    levels=st.sampled_from([0, 3]),
)
@settings(max_examples=25, deadline=None)
def test_every_argument_means_what_brute_force_says(
    seed: int,
    budget: float,
    cost: dict[str, float],
    importance: dict[str, float],
    sources: tuple[str, ...] | None,
    targets: tuple[str, ...] | None,
    novel: tuple[str, ...],
    max_order: int,
    levels: int,
) -> None:
    question = Question(
        scale="raw",
        cost=cost,
        importance=importance,
        sources=sources,
        targets=targets,
        novel=novel,
        max_order=max_order,
    )
    graph = build(everything(seed, levels=levels), question)
    expected = brute_force(graph, budget)
    if expected == -inf:
        with pytest.raises(Infeasible):
            solve(graph, budget)
        return
    found = solve(graph, budget)
    assert found.objective == pytest.approx(expected, abs=1e-9)
    assert fsum(graph.cost[name] for name in found.sources) <= budget + 1e-9


def test_one_edge_into_a_target_and_only_from_bought_tasks() -> None:
    policy = find(everything(0), RAW, budget=2)
    assert [e.target for e in policy.edges] == sorted(NAMES)
    assert len(policy.sources) <= 2
    assert all(set(e.sources) <= set(policy.sources) for e in policy.edges)


def test_budget_zero_is_infeasible_and_says_why() -> None:
    with pytest.raises(Infeasible, match="'autoencoding' needs labels that cost at least 1"):
        find(everything(0), RAW, budget=0)


@pytest.mark.parametrize("budget", [-1.0, nan, inf])
def test_a_negative_or_endless_budget_is_bad_input(budget: float) -> None:
    with pytest.raises(BadInput, match="--budget"):
        find(everything(0), RAW, budget=budget)


def test_free_labels_are_bought_on_any_budget() -> None:
    free = replace(RAW, cost=dict.fromkeys(NAMES, 0.0))
    assert find(everything(0), free, budget=0).objective == pytest.approx(
        find(everything(0), RAW, budget=6).objective
    )


def test_a_novel_task_is_neither_bought_nor_read() -> None:
    policy = find(everything(0), replace(RAW, novel=("normal",)), budget=6)
    assert "normal" not in policy.sources
    (novel,) = (e for e in policy.edges if e.target == "normal")
    assert novel.kind == "transfer"


def test_a_task_that_may_not_be_bought_is_still_solved() -> None:
    question = replace(RAW, sources=("depth_zbuffer", "reshading"))
    policy = find(everything(0), question, budget=6)
    assert set(policy.sources) <= {"depth_zbuffer", "reshading"}
    assert len(policy.edges) == len(NAMES)
    barred = policy.sources[0]
    policy = find(everything(0), replace(RAW, must_not_use=(barred,)), budget=6)
    assert barred not in policy.sources


def test_targets_limit_what_is_solved_but_not_what_is_bought() -> None:
    rows = [edge("normal", "normal", p=0.1), edge("normal", "reshading", p=0.9)]
    rows.append(edge("reshading", "reshading", p=0.5))
    policy = find(rows, replace(RAW, targets=("normal",)), budget=1)
    assert [e.target for e in policy.edges] == ["normal"]
    assert policy.sources == ("reshading",)


def test_must_use_is_bought_from_the_same_budget() -> None:
    graph = build(everything(0), replace(RAW, must_use=("room_layout",)))
    for budget in (1, 2, 3):
        found = solve(graph, budget)
        assert "room_layout" in found.sources
        assert len(found.sources) <= budget
        assert found.objective == pytest.approx(brute_force(graph, budget), abs=1e-9)


def test_own_readouts_and_the_random_projection_are_edges_only_when_asked_for() -> None:
    rows = [
        edge("normal", "normal", p=0.1),
        edge("normal", "normal", p=0.5, kind="own_readout"),
        edge("normal", "random_projection", p=0.9),
    ]
    assert find(rows, RAW, budget=1).edges == (rows[0],)
    assert find(rows, replace(RAW, with_own_readouts=True), budget=1).edges == (rows[1],)
    assert find(rows, replace(RAW, with_random=True), budget=1).edges == (rows[2],)


def test_means_over_all_and_over_transferred_targets() -> None:
    rows = [edge("normal", "normal", p=0.6), edge("reshading", "normal", p=0.2)]
    found = find(rows, RAW, budget=1).as_json()
    assert found["mean_gain"] == pytest.approx((0.7 + 0.3) / 2)
    assert found["mean_quality"] == pytest.approx((0.3 + 0.1) / 2)
    assert found["mean_gain_transferred"] == pytest.approx(0.3)
    assert found["mean_quality_transferred"] == pytest.approx(0.1)
    alone = find(rows[:1], RAW, budget=1).as_json()
    assert alone["mean_gain_transferred"] is None


def test_ties_are_told_and_broken_by_rule_whatever_the_order_of_the_rows() -> None:
    rows = [
        edge("normal", "reshading", p=0.5),
        edge("normal", "depth_zbuffer", p=0.5),
        edge("normal", "edge_texture", "room_layout", p=0.5),
    ]
    for order in (rows, rows[::-1]):
        policy = find(order, RAW, budget=2)
        assert policy.tied
        assert policy.sources == ("depth_zbuffer",)
    assert not find(rows[:1], RAW, budget=2).tied
    apart = [rows[0], replace(rows[1], affinity=0.5 - 1e-6)]
    assert not find(apart, RAW, budget=2).tied


@pytest.mark.parametrize("seed", range(6))
def test_ties_are_found_exactly_where_brute_force_finds_them(seed: int) -> None:
    names = NAMES[:4]
    graph = build(everything(seed, names, levels=4), RAW)
    found = solve(graph, 2)
    best = set()
    for bought in combinations(names, 2):
        choices = [[]]  # all policies that read nothing but `bought`
        for t in graph.targets:
            into = [e for e in graph.edges if e.target == t and set(e.sources) <= set(bought)]
            choices = [[*chosen, e] for chosen in choices for e in into]
        for chosen in choices:
            if len(chosen) == len(names) and fsum(e.affinity for e in chosen) >= (
                found.objective - 1e-9
            ):
                best.add(tuple((e.target, e.sources) for e in chosen))
    assert found.tied == (len(best) > 1)


@pytest.mark.parametrize(
    ("question", "complaint"),
    [
        (replace(RAW, sources=("surface_normals",)), "--sources: unknown task 'surface_normals'"),
        (replace(RAW, targets=("jigsaw",)), "--targets: 'jigsaw' is not among"),
        (replace(RAW, targets=()), "--targets: found no task"),
        (replace(RAW, max_order=0), "--max-order: found 0, expected at least 1"),
        (replace(RAW, cost={"normal": -1.0}), "--cost: found normal=-1.0, expected"),
        (replace(RAW, importance={"normal": nan}), "--importance: found normal=nan"),
        (replace(RAW, must_use=("normal",), must_not_use=("normal",)), "may not be bought"),
        (replace(RAW, must_use=("normal",), novel=("normal",)), "may not be bought"),
    ],
)
def test_questions_that_make_no_sense(question: Question, complaint: str) -> None:
    with pytest.raises(BadInput, match=complaint):
        find(everything(0), question, budget=2)


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
