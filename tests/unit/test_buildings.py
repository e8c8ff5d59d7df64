"""Images of one building are not independent: intervals and tests that draw buildings."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taskonomy.affinity.bootstrap import replicate_win_rates, resample, resample_groups
from taskonomy.affinity.significance import group_flip, significance
from taskonomy.evaluation.intervals import Unit, interval
from taskonomy.evaluation.measured import measured
from taskonomy.training.model_losses import Tournament
from tests.unit.tournaments import bradley_terry_losses

IMAGES, BUILDINGS, SHIFT = 200, 10, 0.7


def clustered(strengths: np.ndarray, rng: np.random.Generator) -> tuple[Tournament, np.ndarray]:
    """A tournament in which every building shifts each candidate's strength."""
    buildings = rng.integers(0, BUILDINGS, IMAGES)
    shifts = SHIFT * rng.normal(size=(len(strengths), BUILDINGS))
    losses = bradley_terry_losses(strengths, IMAGES, rng) - shifts[:, buildings]
    names = [("transfer", (f"task{i}",)) for i in range(1, len(strengths))]
    entries = (("supervised", ("target",)), *names)
    return Tournament(8, "target", entries, losses, rng.normal(size=IMAGES)), buildings


def test_whole_buildings_are_drawn() -> None:
    groups = np.array([3, 3, 3, 7, 7, 9])
    counts = resample_groups(groups, 400, np.random.default_rng(0))
    assert (counts[:3] == counts[0]).all()
    assert (counts[3:5] == counts[3]).all()
    of_each = counts[[0, 3, 5]]
    assert (of_each.sum(axis=0) == 3).all()
    assert np.abs(of_each.mean(axis=1) - 1).max() < 0.15


@given(st.lists(st.integers(-3, 3), min_size=1, max_size=8))
@settings(max_examples=60, deadline=None)
def test_p_is_the_share_of_all_flips_of_buildings_that_score_as_much(scores: list[int]) -> None:
    """The definition: all of a building's outcomes may be turned round at once."""
    flips = np.array(list(product([-1, 1], repeat=len(scores))))
    share = np.mean(flips @ scores >= sum(scores))
    np.testing.assert_allclose(group_flip(np.array([scores])), [share], rtol=1e-12)


def test_a_building_for_every_image_is_the_test_by_image() -> None:
    losses = bradley_terry_losses(np.array([1.5, 1.0, 1.0]), 60, np.random.default_rng(1))
    alone = significance(losses, 0.05, np.arange(60))
    np.testing.assert_allclose(alone.p, significance(losses, 0.05).p, rtol=1e-9)
    one = significance(losses, 0.05, np.zeros(60, np.int64)).p
    assert set(np.unique(one)) <= {0.5, 1.0}


def test_few_buildings_widen_the_percentiles_as_student_s_t_does() -> None:
    values = np.random.default_rng(2).normal(size=200_000)
    low, high = interval(values, "image", 10)
    assert (float(low), float(high)) == pytest.approx((-1.96, 1.96), abs=0.03)
    low, high = interval(values, "building", 10)
    # t of 9 degrees of freedom at 97.5% is 2.262; times sqrt(10 / 9).
    assert (float(low), float(high)) == pytest.approx((-2.384, 2.384), abs=0.04)


def test_intervals_by_building_hold_the_truth_where_those_by_image_do_not() -> None:
    """Candidates as good as each other: over all buildings, each wins half the images."""
    rng = np.random.default_rng(3)
    held: dict[Unit, list[float]] = {"image": [], "building": []}
    for _ in range(200):
        tournament, buildings = clustered(np.ones(5), rng)
        of_image, of_building = resample(IMAGES, 200, rng), resample_groups(buildings, 200, rng)
        ways: dict[Unit, np.ndarray] = {"image": of_image, "building": of_building}
        for unit, counts in ways.items():
            rates = replicate_win_rates(tournament.losses, counts)
            low, high = interval(rates.T, unit, BUILDINGS)
            held[unit].append(float(np.mean((low <= 0.5) & (high >= 0.5))))
    assert np.mean(held["image"]) < 0.8
    assert 0.93 <= np.mean(held["building"]) <= 0.97


def test_tests_by_building_claim_nothing_where_there_is_nothing() -> None:
    """Every claim among equal candidates is false: the rate of tournaments with one."""
    rng = np.random.default_rng(3)
    claims: dict[str, list[bool]] = {"image": [], "building": []}
    for _ in range(1000):
        tournament, buildings = clustered(np.ones(5), rng)
        for unit, groups in (("image", None), ("building", buildings)):
            claims[unit].append(bool(significance(tournament.losses, 0.05, groups).better.any()))
    assert np.mean(claims["image"]) > 0.5
    assert np.mean(claims["building"]) <= 0.05


def test_too_few_buildings_are_not_drawn() -> None:
    tournament, _ = clustered(np.ones(3), np.random.default_rng(4))
    few = np.arange(IMAGES, dtype=np.int64) % 3
    assert set(measured(tournament, few, 0).draws) == {"image"}
    assert measured(tournament, None, 0).best_unit == "image"
