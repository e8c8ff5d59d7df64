"""How large a run's Workflow grows: the model, held against a real run, and what it says of ours.

Modelled: no cluster is here. Sizes are multiplied by what the model lacked of the measured run.
"""

import pytest

from benchmarks import workflow
from benchmarks.workflow import LIMIT, MOST_SHARDS, ROADS, current, measured

WAS = measured()


def test_the_model_comes_close_to_the_run_that_was_measured() -> None:
    assert WAS.modelled.at(WAS.facts["shards"]) == pytest.approx(WAS.whole, rel=0.05)
    assert WAS.modelled.iteration == pytest.approx(WAS.iteration, rel=0.05)


@pytest.mark.parametrize("name", ROADS)
def test_an_iteration_stays_below_25_kb_and_below_50_kb_where_the_cluster_retries_each_step(
    name: str,
) -> None:
    assert current(name, retried=False).iteration * WAS.correction < 25_000
    assert current(name, retried=True).iteration * WAS.correction < 50_000


@pytest.mark.parametrize("name", ROADS)
def test_40_shards_a_loop_fit_compressed_without_the_cluster_s_retries(name: str) -> None:
    """With them 25 do in three loops, which docs/cluster.md says."""
    compression = WAS.compression / WAS.correction
    assert current(name, retried=False).at(MOST_SHARDS) < 0.8 * LIMIT * compression
    assert current(name, retried=False).most(compression) >= MOST_SHARDS
    assert current(name, retried=True).most(compression) >= 25


def test_two_shards_a_loop_need_no_compression() -> None:
    for name in ROADS:
        assert current(name, retried=True).at(2) * WAS.correction < LIMIT


def test_the_table_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert workflow.main() == 0
    said = capsys.readouterr().out
    assert "941.0 kB" in said
    assert said.count("taxonomy") >= 2
