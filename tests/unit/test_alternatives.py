"""Bradley-Terry and HodgeRank beside the analytic hierarchy process."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taskonomy.affinity.ahp import ahp
from taskonomy.affinity.alternatives import bradley_terry, hodge_rank
from taskonomy.affinity.tournament import comparisons, win_rates
from taskonomy.errors import BadInput
from tests.unit.tournaments import bradley_terry_losses, true_win_rates

SEEDS = st.integers(0, 2**32 - 1)


@given(st.lists(st.floats(0.05, 1.0), min_size=1, max_size=8), SEEDS)
@settings(max_examples=60, deadline=None)
def test_consistent_tournaments_give_back_the_strengths_even_with_pairs_missing(
    strengths: list[float], seed: int
) -> None:
    rng = np.random.default_rng(seed)
    s = np.array(strengths)
    compared = np.triu(rng.integers(0, 3, (len(s), len(s))), 1).astype(float)
    chain = np.arange(len(s) - 1)
    compared[chain, chain + 1] = 1  # all are connected
    compared += compared.T
    missing = np.where((compared > 0) | np.eye(len(s), dtype=bool), true_win_rates(s), np.nan)

    for rates, weights in [(true_win_rates(s), None), (missing, None), (missing, compared)]:
        hodge = hodge_rank(rates, weights)
        np.testing.assert_allclose(hodge.affinity, s / s.sum(), rtol=1e-9)
        np.testing.assert_allclose(bradley_terry(rates, weights), s / s.sum(), rtol=1e-9)
        odds = np.log(s)[:, None] - np.log(s)
        if np.abs(odds).max() > 1e-6:  # else what is left is rounding over rounding
            assert hodge.cyclic < 1e-15


@given(st.integers(2, 8), SEEDS)
@settings(max_examples=40, deadline=None)
def test_they_solve_the_problems_that_define_them(size: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    rates = np.full((size, size), 0.5)
    upper = np.triu_indices(size, 1)
    rates[upper] = rng.uniform(0.05, 0.95, len(upper[0]))
    rates.T[upper] = 1 - rates[upper]
    compared = rng.integers(1, 100, (size, size)).astype(float)
    compared += compared.T

    # At the maximum of the likelihood every candidate wins as often as its strength says.
    expected = true_win_rates(bradley_terry(rates, compared))
    np.testing.assert_allclose(
        (compared * expected).sum(axis=1), (compared * rates).sum(axis=1), rtol=1e-9
    )

    # HodgeRank is a weighted regression of the log odds of all pairs.
    first, second = upper
    design = np.zeros((len(first), size))
    design[np.arange(len(first)), first], design[np.arange(len(first)), second] = 1, -1
    odds = np.log(rates[upper] / (1 - rates[upper]))
    root = np.sqrt(compared[upper])
    scores = np.linalg.lstsq(design * root[:, None], odds * root, rcond=None)[0]
    hodge = hodge_rank(rates, compared)
    np.testing.assert_allclose(hodge.affinity, np.exp(scores) / np.exp(scores).sum(), rtol=1e-9)
    left = np.sum((root * (odds - design @ scores)) ** 2) / np.sum((root * odds) ** 2)
    np.testing.assert_allclose(hodge.cyclic, left, atol=1e-12)


def test_stone_scissors_paper_is_cyclic_through_and_through() -> None:
    rates = np.array([[0.5, 0.8, 0.2], [0.2, 0.5, 0.8], [0.8, 0.2, 0.5]])
    np.testing.assert_allclose(hodge_rank(rates).cyclic, 1)
    np.testing.assert_allclose(hodge_rank(rates).affinity, 1 / 3)
    np.testing.assert_allclose(bradley_terry(rates), 1 / 3)


def test_equal_candidates_leave_nothing_to_be_cyclic() -> None:
    assert hodge_rank(np.full((4, 4), 0.5)).cyclic == 0


def test_who_wins_every_image_is_999_times_better_by_all_methods() -> None:
    rates = np.array([[0.5, 1.0], [0.0, 0.5]])
    for p in (ahp(rates), bradley_terry(rates), hodge_rank(rates).affinity):
        np.testing.assert_allclose(p, [0.999, 0.001])


def test_a_long_chain_of_unbeaten_candidates_is_ranked() -> None:
    size = 115
    rates = np.full((size, size), np.nan)
    above = np.arange(size - 1)
    rates[above, above + 1], rates[above + 1, above] = 1.0, 0.0
    for p in (bradley_terry(rates), hodge_rank(rates).affinity):
        np.testing.assert_allclose(p[1:50] / p[:49], 1 / 999, rtol=1e-6)


def test_partly_measured_candidates_come_near_their_strengths_too() -> None:
    rng = np.random.default_rng(3)
    s = np.array([4.0, 3.0, 2.0, 1.5, 1.0])
    losses = bradley_terry_losses(s, 20_000, rng)
    losses[0, 500:] = np.nan  # 500 images: a standard error of some 0.1 in ln p
    losses[1, :500] = np.nan  # never on an image with the first
    rates, compared = win_rates(losses), comparisons(losses)
    assert np.isnan(rates[0, 1])
    assert compared[0].tolist() == [500, 0, 500, 500, 500]
    for p in (bradley_terry(rates, compared), hodge_rank(rates, compared).affinity):
        error = np.log(p / p[2]) - np.log(s / s[2])
        assert abs(error[0]) < 0.3
        assert np.abs(error[1:]).max() < 0.05


def test_candidates_without_a_chain_of_comparisons_are_named() -> None:
    rates = np.full((5, 5), 0.5)
    rates[:, [1, 3]] = rates[[1, 3]] = np.nan
    rates[1, 3] = rates[3, 1] = 0.5
    for method in (bradley_terry, hodge_rank):
        with pytest.raises(BadInput, match=r"from candidate rows \[1, 3\] to the others"):
            method(rates)
    with pytest.raises(BadInput, match=r"between candidate rows \[0, 1\]"):
        ahp(rates)
