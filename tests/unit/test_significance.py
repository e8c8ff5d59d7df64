"""Paired permutation tests between candidates, and the false discovery rate."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taskonomy.affinity.significance import benjamini_hochberg, sign_flip, significance
from tests.unit.tournaments import bradley_terry_losses


@given(st.lists(st.sampled_from([-1, 0, 1]), min_size=1, max_size=9))
@settings(max_examples=60, deadline=None)
def test_p_is_the_share_of_all_sign_flips_that_score_as_much(score: list[int]) -> None:
    """The definition: every image's outcome may be turned round."""
    flips = np.array(list(product([-1, 1], repeat=len(score))))
    share = np.mean(flips @ score >= sum(score))
    losses = np.array([[0.0] * len(score), score])  # the first wins where the score is 1
    np.testing.assert_allclose(significance(losses, 0.05).p[0, 1], share, rtol=1e-12)


def test_p_agrees_with_drawn_flips_on_many_images() -> None:
    rng = np.random.default_rng(0)
    losses = bradley_terry_losses(np.array([1.05, 1.0]), 2000, rng)
    score = np.sign(losses[1] - losses[0])
    flips = rng.choice([-1, 1], size=(4000, 2000)).astype(np.int16)
    drawn = (1 + np.count_nonzero(flips @ score >= score.sum())) / (1 + 4000)
    p = significance(losses, 0.05).p[0, 1]
    assert 0.01 < p < 0.5
    assert abs(drawn - p) < 4 * np.sqrt(p * (1 - p) / 4000)


def test_p_is_never_0_and_1_where_nothing_was_decided() -> None:
    wins, decided = np.array([0, 0, 20_000]), np.array([0, 20_000, 20_000])
    p = sign_flip(wins, decided)
    np.testing.assert_allclose(p[:2], 1)
    assert 0 < p[2] < 1e-300


def test_images_count_on_which_both_were_measured() -> None:
    losses = bradley_terry_losses(np.array([2.0, 1.0, 1.0]), 60, np.random.default_rng(1))
    partly = losses.copy()
    partly[1, 40:] = np.nan
    found = significance(partly, 0.05).p
    short, whole = significance(losses[:, :40], 0.05).p, significance(losses, 0.05).p
    np.testing.assert_array_equal(found[1], short[1])
    np.testing.assert_array_equal(found[:, 1], short[:, 1])
    assert found[0, 2] == whole[0, 2] != short[0, 2]


def test_the_false_discovery_rate_is_worked_out_as_by_hand() -> None:
    p = np.array([0.04, 0.001, 0.03, 0.9, 0.012])
    # Sorted against 0.05 k / 5: .001 <= .01, .012 <= .02, .03 <= .03, .04 <= .04, .9 > .05.
    assert benjamini_hochberg(p, 0.05).tolist() == [True, True, True, False, True]
    # Against 0.04 k / 5: .001 <= .008, .012 <= .016, .03 > .024, .04 > .032, .9 > .04.
    assert benjamini_hochberg(p, 0.04).tolist() == [False, True, False, False, True]
    assert not benjamini_hochberg(np.array([0.06, 0.5]), 0.05).any()


@pytest.mark.parametrize(
    "strengths", [(1.0,) * 8, (1.0, 1.0, 1.0, 1.0, 1.8, 1.8, 3.0, 3.0)], ids=["equal", "clusters"]
)
@pytest.mark.parametrize("coarse", [False, True], ids=["no ties", "ties"])
def test_no_more_discoveries_are_false_than_was_allowed(
    strengths: tuple[float, ...], coarse: bool
) -> None:
    rng, s, rate = np.random.default_rng(2), np.array(strengths), 0.1
    false, found = [], []
    for _ in range(300):
        losses = bradley_terry_losses(s, 150, rng)
        better = significance(np.round(losses) if coarse else losses, rate).better
        wrong = better & (s[:, None] <= s)
        false.append(wrong.sum() / max(1, better.sum()))
        found.append((better & ~wrong).sum() / max(1, (s[:, None] > s).sum()))
    assert np.mean(false) <= rate
    assert np.mean(found) > 0.6 or len(set(strengths)) == 1  # and true ones are found
