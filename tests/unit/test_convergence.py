"""Is training long enough? Agreement, losses and gains of two trainings, on known answers."""

import numpy as np
import pytest

from taskonomy.studies import convergence
from taskonomy.training.model_losses import Tournament

RNG = np.random.default_rng(0)
SOURCES = ("a", "b", "c", "d")


def tournament(losses: np.ndarray, scratch: float = 1.0) -> dict[str, Tournament]:
    """Readouts of four sources into `t`, by their losses on forty images."""
    rows = np.concatenate([np.full((1, 40), 0.01), losses])
    entries = (("supervised", ("t",)), *(("transfer", (name,)) for name in SOURCES))
    return {"t": Tournament(8, "t", entries, rows, np.full(40, scratch))}  # type: ignore[arg-type]


LOSSES = np.array([[1.0], [2.0], [3.0], [4.0]]) + 0.6 * RNG.normal(size=(4, 40))


def test_the_same_order_of_sources_agrees_and_the_reverse_does_not() -> None:
    own = tournament(LOSSES)
    assert convergence.rank_agreement(own, tournament(LOSSES * 0.5)) == pytest.approx(1)
    assert convergence.rank_agreement(own, tournament(LOSSES[::-1])) == pytest.approx(-1)


def test_a_source_that_failed_is_left_out_of_the_comparison() -> None:
    own, other = tournament(LOSSES), tournament(LOSSES)["t"]
    fewer = {"t": other._replace(entries=other.entries[:-1], losses=other.losses[:-1])}
    assert convergence.rank_agreement(own, fewer) == pytest.approx(1)
    assert convergence.loss_ratio(fewer, own) == pytest.approx(1)


def test_losses_are_compared_by_their_geometric_mean() -> None:
    own = tournament(LOSSES, scratch=2.0)
    longer = tournament(LOSSES * np.array([[0.5], [2.0], [1.0], [1.0]]), scratch=1.0)
    assert convergence.loss_ratio(longer, own) == pytest.approx(1)
    assert convergence.loss_ratio(longer, own, scratch=True) == pytest.approx(0.5)


def test_a_gain_changes_its_side_only_where_its_interval_leaves_out_one_half() -> None:
    """Against a scratch loss of 1: a draws, b loses for certain."""
    buildings = np.arange(40) % 8
    own = tournament(LOSSES, scratch=1.0)
    turned = tournament(LOSSES[[1, 0, 2, 3]], scratch=1.0)
    assert convergence.changed_gains(own["t"], own["t"], buildings, 0) == []
    better = tournament(LOSSES - 3.0, scratch=1.0)
    found = convergence.changed_gains(own["t"], better["t"], buildings, 0)
    assert "b to t" in found
    assert "a to t" not in convergence.changed_gains(own["t"], turned["t"], buildings, 0)
