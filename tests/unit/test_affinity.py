"""Tournaments, the analytic hierarchy process, bootstrap intervals, the affinity table."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jaxtyping import Float

from taskonomy.affinity import table
from taskonomy.affinity.ahp import CLIP, ahp
from taskonomy.affinity.bootstrap import bootstrap, replicate_win_rates, resample
from taskonomy.affinity.candidate import Candidate
from taskonomy.affinity.measure import measure
from taskonomy.affinity.tournament import win_rate, win_rates
from taskonomy.errors import BadInput
from tests.unit.tournaments import bradley_terry_losses, true_win_rates


def naive_win_rates(losses: Float[np.ndarray, "S N"]) -> Float[np.ndarray, "S S"]:
    """The definition, letter by letter; nan for two that have no image in common."""
    size, images = losses.shape
    rates = np.full((size, size), np.nan)
    for i in range(size):
        for j in range(size):
            pairs = [(losses[i, n], losses[j, n]) for n in range(images)]
            scores = [(a < b) + (a == b) / 2 for a, b in pairs if a == a and b == b]
            if scores:
                rates[i, j] = sum(scores) / len(scores)
    return rates


@st.composite
def tied_losses(draw: st.DrawFn, values: tuple[float, ...] = ()) -> Float[np.ndarray, "S N"]:
    """Few different values, so that ties abound; every candidate is measured on an image."""
    size, images = draw(st.integers(1, 6)), draw(st.integers(1, 9))
    cells = st.sampled_from([0.0, 0.5, 1.0, float("inf"), *values])
    losses = np.array(draw(st.lists(cells, min_size=size * images, max_size=size * images)))
    losses = losses.reshape(size, images)
    losses[np.isnan(losses).all(axis=1), 0] = 0.5
    return losses


SOME_MISSING = (float("nan"),)


@given(st.one_of(tied_losses(), tied_losses(SOME_MISSING)))
@settings(max_examples=120, deadline=None)
def test_win_rates_follow_the_definition_with_ties(losses: Float[np.ndarray, "S N"]) -> None:
    rates = win_rates(losses)
    np.testing.assert_allclose(rates, naive_win_rates(losses), atol=1e-12)
    np.testing.assert_allclose((rates + rates.T)[~np.isnan(rates)], 1, atol=1e-12)
    np.testing.assert_allclose(win_rate(losses, losses[0]), rates[:, 0], atol=1e-12)


@given(st.one_of(tied_losses(), tied_losses(SOME_MISSING)), st.integers(0, 2**32 - 1))
@settings(max_examples=120, deadline=None)
def test_a_replicate_is_the_tournament_on_repeated_images(
    losses: Float[np.ndarray, "S N"], seed: int
) -> None:
    counts = resample(losses.shape[1], 3, np.random.default_rng(seed))
    assert (counts.sum(axis=0) == losses.shape[1]).all()
    pairs = np.triu_indices(len(losses), 1)
    expected = [
        naive_win_rates(np.repeat(losses, count.astype(int), axis=1))[pairs] for count in counts.T
    ]
    if np.isnan(expected).any():
        with pytest.raises(BadInput, match="both measured"):
            replicate_win_rates(losses, counts)
    else:
        found = replicate_win_rates(losses, counts)
        np.testing.assert_allclose(found.T, expected, atol=1e-6)


def test_more_pairs_than_are_held_at_once_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    losses = bradley_terry_losses(np.ones(9), 30, np.random.default_rng(5))
    counts = resample(30, 4, np.random.default_rng(6))
    whole = replicate_win_rates(losses, counts)
    monkeypatch.setattr("taskonomy.affinity.bootstrap._CELLS", 7 * 30)
    np.testing.assert_array_equal(replicate_win_rates(losses, counts), whole)


def test_failed_readouts_are_refused_by_row() -> None:
    losses = np.ones((4, 3))
    losses[2] = np.nan
    with pytest.raises(BadInput, match=r"rows \[2\]"):
        win_rates(losses)


@given(st.lists(st.floats(0.05, 1.0), min_size=2, max_size=8))
@settings(max_examples=60, deadline=None)
def test_consistent_win_rates_give_back_the_strengths(strengths: list[float]) -> None:
    """Bradley-Terry: i wins against j with s_i / (s_i + s_j), so that w'_ij = s_i / s_j."""
    s = np.array(strengths)
    rates = s[:, None] / (s[:, None] + s[None, :])
    np.testing.assert_allclose(ahp(rates), s / s.sum(), rtol=1e-9)


def test_affinities_are_the_perron_vector_of_clipped_ratios() -> None:
    losses = np.random.default_rng(0).normal(size=(12, 40)) + np.linspace(0, 5, 12)[:, None]
    rates = win_rates(losses)
    assert rates.max() == 1.0  # so that clipping matters
    clipped = np.clip(rates, CLIP, 1 - CLIP)
    values, vectors = np.linalg.eig(clipped / clipped.T)
    perron = np.abs(vectors[:, np.argmax(values.real)].real)
    np.testing.assert_allclose(ahp(rates), perron / perron.sum(), rtol=1e-9)


def test_who_wins_every_image_is_999_times_better() -> None:
    np.testing.assert_allclose(ahp(np.array([[0.5, 1.0], [0.0, 0.5]])), [0.999, 0.001])


def test_intervals_hold_the_estimates_and_repeat_by_seed() -> None:
    losses = np.random.default_rng(1).normal(size=(6, 200)) + np.linspace(0, 1, 6)[:, None]
    one, again = (bootstrap(losses, 200, 0.95, np.random.default_rng(7)) for _ in range(2))
    np.testing.assert_array_equal(one.affinity_low, again.affinity_low)
    assert (one.affinity_low < one.affinity).all()
    assert (one.affinity < one.affinity_high).all()
    np.testing.assert_allclose(one.affinity.sum(), 1)
    # A win rate of 1/2 on 200 images has a standard error of sqrt(1/4 / 200) = .035.
    width = one.win_rate_high[2, 3] - one.win_rate_low[2, 3]
    assert 2 * 1.96 * 0.025 < width < 2 * 1.96 * 0.045


def test_intervals_cover_the_truth_as_often_as_they_say() -> None:
    rng = np.random.default_rng(2)
    strengths = np.array([1.0, 1.2, 1.5, 2.0, 3.0])
    truth, pairs = true_win_rates(strengths), np.triu_indices(5, 1)
    rates, affinities = [], []
    for _ in range(150):
        found = bootstrap(bradley_terry_losses(strengths, 200, rng), 300, 0.95, rng)
        rates.append(((found.win_rate_low <= truth) & (truth <= found.win_rate_high))[pairs])
        p = strengths / strengths.sum()
        affinities.append((found.affinity_low <= p) & (p <= found.affinity_high))
    assert 0.93 <= np.mean(rates) <= 0.97
    assert 0.92 <= np.mean(affinities) <= 0.97


ENTRIES = [
    ("supervised", ("normal",)),
    ("own_readout", ("normal",)),
    ("transfer", ("reshading",)),
    ("transfer", ("depth_zbuffer",)),
    ("transfer", ("reshading", "depth_zbuffer")),
    ("transfer", ("reshading", "edge_texture")),
]


def measured(losses: Float[np.ndarray, "S N"], candidate_set: str, rows: range) -> list[Candidate]:
    return measure(
        regime="256",
        target="normal",
        entries=ENTRIES[rows.start : rows.stop],
        losses=losses[rows.start : rows.stop],
        scratch=np.ones(losses.shape[1]),
        replicates=50,
        seed=0,
        candidate_set=candidate_set,
    )


def test_each_order_alone_is_a_tournament_of_its_own() -> None:
    strengths = np.array([3.0, 1.0, 1.5, 1.2, 2.0, 1.8])
    losses = bradley_terry_losses(strengths, 200, np.random.default_rng(8))
    together = measured(losses, "all_orders", range(6))
    apart = measured(losses, "each_order", range(6))

    assert apart[:4] == measured(losses, "all_orders", range(4))
    np.testing.assert_allclose([c.affinity for c in apart[4:]], ahp(win_rates(losses[4:])))
    for row, other in zip(together, apart, strict=True):
        same = replace(
            other,
            affinity=row.affinity,
            affinity_low=row.affinity_low,
            affinity_high=row.affinity_high,
        )
        assert row == same  # win rates do not depend on who else was there
    # To normalise anew is another thing.
    share = np.array([c.affinity for c in together[:4]])
    assert np.abs(share / share.sum() - [c.affinity for c in apart[:4]]).max() > 1e-4


def test_wins_against_the_guess_and_affinities_to_choose_by_are_those_of_their_images() -> None:
    losses = np.array([[1.0, 1.0, 1.0, 1.0], [2.0, 2.0, 2.0, 2.0]])
    choice = np.array([[2.0, 2.0], [1.0, 2.0]])
    first, second = measure(
        regime="8",
        target="normal",
        entries=ENTRIES[:1] + ENTRIES[2:3],
        losses=losses,
        scratch=np.ones(4),
        replicates=50,
        seed=0,
        guess=np.array([2.0, 2.0, 1.0, 0.5]),
        choice=choice,
    )
    assert (first.win_vs_guess, second.win_vs_guess) == (2.5 / 4, 1.0 / 4)
    assert first.win_vs_guess_low < first.win_vs_guess < first.win_vs_guess_high
    # Of two images to choose by, the second candidate wins one and ties the other: odds 3 to 1.
    assert (first.affinity_choice, second.affinity_choice) == pytest.approx((0.25, 0.75))
    assert first.affinity > second.affinity
    assert (first.n_test, first.n_choice) == (4, 2)


def test_a_partly_measured_candidate_is_compared_where_it_was_measured() -> None:
    losses = bradley_terry_losses(np.ones(6), 100, np.random.default_rng(9))
    losses[3, 70:] = np.nan
    found = measured(losses, "all_orders", range(6))
    assert [c.n_test for c in found] == [100, 100, 100, 70, 100, 100]
    np.testing.assert_allclose(found[3].win_vs_scratch, np.mean(losses[3, :70] < 1))
    np.testing.assert_allclose(found[3].win_vs_supervised, np.mean(losses[3, :70] < losses[0, :70]))
    assert all(c.affinity_low < c.affinity < c.affinity_high for c in found)


ROW = Candidate(
    regime="256",
    target="normal",
    sources=("depth_zbuffer", "reshading"),
    kind="transfer",
    affinity=0.25,
    affinity_low=0.2,
    affinity_high=0.3,
    win_vs_scratch=0.75,
    win_vs_supervised=0.4,
    n_test=300,
)


def test_the_table_comes_back_as_written(tmp_path: Path) -> None:
    rows = [ROW, replace(ROW, sources=("normal",), kind="supervised")]
    table.write(tmp_path / "affinity.parquet", rows)
    assert table.read(tmp_path / "affinity.parquet") == [rows[1], rows[0]]  # by order
    table.write(tmp_path / "again.parquet", rows[::-1])
    first, second = (tmp_path / f for f in ("affinity.parquet", "again.parquet"))
    assert first.read_bytes() == second.read_bytes()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["affinity.parquet", "again.parquet"]


def test_what_was_not_measured_is_null(tmp_path: Path) -> None:
    table.write(tmp_path / "t.parquet", [replace(ROW, win_vs_scratch=float("nan"))])
    (row,) = table.read(tmp_path / "t.parquet")
    assert np.isnan(row.win_vs_scratch)


def test_other_files_are_no_affinity_table(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    (tmp_path / "text.parquet").write_text("not parquet")
    pq.write_table(pa.table({"target": ["normal"]}), tmp_path / "other.parquet")
    table.write(tmp_path / "range.parquet", [replace(ROW, affinity=1.5)])
    for name, complaint in [
        ("absent.parquet", "no such file"),
        ("text.parquet", "expected an affinity.parquet"),
        ("other.parquet", "column 'regime' is missing"),
        ("range.parquet", "affinity is 1.5"),
    ]:
        with pytest.raises(BadInput, match=complaint):
            table.read(tmp_path / name)
