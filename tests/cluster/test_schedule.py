"""The simulated schedule: known answers where nothing is random, and what always holds."""

import numpy as np
import pytest

from benchmarks.schedule import Pools, simulate

CALM = Pools(spot=3, on_demand=1, rate=0.0, start=10.0, launch=0.0)


@pytest.mark.parametrize(("shards", "rounds"), [(1, 1), (4, 1), (5, 2), (12, 3)])
def test_without_preemption_shards_run_in_rounds_of_all_gpus(shards: int, rounds: int) -> None:
    found = simulate([100.0] * shards, 1.0, CALM, np.random.default_rng(0))
    assert found.wall == rounds * 110.0
    assert found.held == shards * 110.0
    assert found.lost == shards * 10.0
    assert (found.attempts, found.preemptions) == (shards, 0)


def test_the_controller_makes_three_pods_a_shard_one_after_another() -> None:
    slow = Pools(spot=100, on_demand=1, rate=0.0, start=0.0, launch=2.0)
    assert simulate([5.0] * 10, 1.0, slow, np.random.default_rng(0)).wall == 9 * 3 * 2.0 + 5.0


@pytest.mark.parametrize("seed", range(3))
def test_preempted_shards_are_finished_and_only_started_models_are_lost(seed: int) -> None:
    pools = Pools(spot=6, on_demand=2, rate=4.0, start=60.0, launch=0.5)
    found = simulate([1800.0] * 50, 9.0, pools, np.random.default_rng(seed))
    assert found.preemptions > 0
    assert found.attempts == 50 + found.preemptions
    assert found.held - found.lost == pytest.approx(50 * 1800.0)
    assert found.lost <= found.attempts * (60.0 + 9.0)
    assert found.wall >= found.held / 8
    again = simulate([1800.0] * 50, 9.0, pools, np.random.default_rng(seed))
    assert again == found


def test_nobody_loses_more_than_the_attempts_on_spot_gpus() -> None:
    doomed = Pools(spot=4, on_demand=1, rate=3600.0, start=60.0, launch=0.0)
    found = simulate([600.0] * 8, 600.0, doomed, np.random.default_rng(0))
    assert found.preemptions <= 8 * doomed.attempts
    assert found.held - found.lost == pytest.approx(8 * 600.0)
