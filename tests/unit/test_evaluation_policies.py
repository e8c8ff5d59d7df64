"""What optimal taxonomies are held against: chance, and one target at a time."""

from itertools import chain, combinations
from math import isnan

import numpy as np
import pytest

from taskonomy.affinity.candidate import Candidate
from taskonomy.errors import Infeasible
from taskonomy.evaluation.novel import all_for_one
from taskonomy.evaluation.significance import chance
from taskonomy.taxonomy.hypergraph import Question

NAMES = ("autoencoding", "depth_zbuffer", "edge_texture", "normal")
BOTH = Question(scale="raw", max_order=2)


def edge(target: str, *sources: str, p: float, gain: float) -> Candidate:
    return Candidate(
        regime="r",
        target=target,
        sources=tuple(sorted(sources)),
        kind="supervised" if sources == (target,) else "transfer",
        affinity=p,
        win_vs_scratch=gain,
        win_vs_supervised=gain / 2,
    )


def everything() -> list[Candidate]:
    """All edges of orders 1 and 2 and full supervision, of random worth."""
    rng = np.random.default_rng(0)
    rows = []
    for target in NAMES:
        others = [name for name in NAMES if name != target]
        for sources in [*chain(combinations(others, 1), combinations(others, 2)), (target,)]:
            rows.append(edge(target, *sources, p=float(rng.random()), gain=float(rng.random())))
    return rows


def exact_mean(rows: list[Candidate], budget: int) -> float:
    """The expected gain over all sets of that size, each target's feasible edges alike."""
    means = []
    for bought in combinations(NAMES, budget):
        for target in NAMES:
            into = [c for c in rows if c.target == target and set(c.sources) <= set(bought)]
            means.append(float(np.mean([c.win_vs_scratch for c in into])))
    return float(np.mean(means))


@pytest.mark.parametrize("budget", [1, 2, 3, 4])
def test_chance_draws_sets_alike_and_then_edges_alike(budget: int) -> None:
    rows = everything()
    found = chance(rows, BOTH, budget, draws=20_000)
    assert found.draws == 20_000
    assert found.gain is not None
    assert found.quality is not None
    assert found.gain.mean == pytest.approx(exact_mean(rows, budget), abs=0.005)
    assert found.quality.mean == pytest.approx(found.gain.mean / 2)
    assert found.gain.low <= found.gain.mean <= found.gain.high


def test_chance_is_the_same_for_the_same_seed_and_the_budget_is_kept() -> None:
    rows = everything()
    assert chance(rows, BOTH, 2, seed=3) == chance(rows, BOTH, 2, seed=3)
    assert chance(rows, BOTH, 2, seed=3) != chance(rows, BOTH, 2, seed=4)
    # Whoever can pay for one task alone takes an edge of order 1, here always of gain 1.
    dear = Question(scale="raw", max_order=2, cost=dict.fromkeys(NAMES, 2.0))
    ones = [edge(c.target, *c.sources, p=0.1, gain=float(c.order == 1)) for c in rows]
    found = chance(ones, dear, budget=3)
    assert found.gain is not None
    assert (found.gain.mean, found.gain.low, found.gain.high) == (1.0, 1.0, 1.0)


def test_draws_that_leave_a_target_out_do_not_count() -> None:
    rows = [edge("normal", "normal", p=0.5, gain=0.5), edge("normal", "jigsaw", p=0.5, gain=0.1)]
    rows.append(edge("reshading", "normal", p=0.5, gain=0.7))
    found = chance(rows, BOTH, budget=1)
    assert 0 < found.draws < 1000
    assert found.gain is not None
    assert found.gain.mean == pytest.approx(0.6)
    with pytest.raises(Infeasible, match="no random set"):
        chance(rows, BOTH, budget=0)


@pytest.mark.parametrize(
    ("budget", "gain", "low", "high", "quality"),
    [
        (4, 0.473, 0.40, 0.56, 0.159),
        (8, 0.484, None, None, 0.163),
        (12, 0.505, None, None, 0.171),
        (18, 0.546, None, None, 0.186),
    ],
)
def test_chance_on_the_released_file(
    released_candidates: list[Candidate],
    budget: int,
    gain: float,
    low: float | None,
    high: float | None,
    quality: float,
) -> None:
    """Against 300 draws made elsewhere: within three standard errors of such a mean."""
    found = chance(released_candidates, Question(max_order=4), budget)
    assert found.gain is not None
    assert found.quality is not None
    assert found.gain.mean == pytest.approx(gain, abs=3 * 0.05 / 300**0.5)
    assert found.quality.mean == pytest.approx(quality, abs=3 * 0.025 / 300**0.5)
    if low is not None:
        assert found.gain.low == pytest.approx(low, abs=0.015)
        assert found.gain.high == pytest.approx(high, abs=0.015)


def test_a_novel_target_takes_its_best_edge_from_others() -> None:
    rows = everything()
    for order in (1, 2):
        found = all_for_one(rows, order)
        assert [taken.target for taken in found.edges] == list(NAMES)
        for taken in found.edges:
            rivals = [c for c in rows if c.target == taken.target and c.kind == "transfer"]
            assert taken.affinity == max(c.affinity for c in rivals if c.order <= order)
        assert found.mean_quality == pytest.approx(found.mean_gain / 2)


def test_an_unknown_win_rate_leaves_the_mean_unknown() -> None:
    unknown = edge("normal", "reshading", p=0.9, gain=float("nan"))
    assert isnan(all_for_one([*everything(), unknown], 1).mean_gain)


@pytest.mark.parametrize(
    ("order", "gain", "quality"),
    [(1, 0.684, 0.242), (2, 0.755, 0.285), (3, 0.805, 0.296), (4, 0.806, 0.303)],
)
def test_novel_targets_of_the_released_file(
    released_candidates: list[Candidate], order: int, gain: float, quality: float
) -> None:
    found = all_for_one(released_candidates, order)
    assert len(found.edges) == 22
    assert found.mean_gain == pytest.approx(gain, abs=5e-4)
    assert found.mean_quality == pytest.approx(quality, abs=5e-4)
