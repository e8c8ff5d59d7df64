"""The Boolean Integer Program: against brute force, against another solver, and its arguments."""

from dataclasses import replace
from itertools import combinations
from math import fsum, inf, nan

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taskonomy.errors import BadInput, Infeasible
from taskonomy.taxonomy.hypergraph import Question, build
from taskonomy.taxonomy.policy import find
from taskonomy.taxonomy.program import solve
from tests.unit.programmes import NAMES, RAW, brute_force, edge, everything, other_solver


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
