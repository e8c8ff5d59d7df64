"""A plan holds every feasible network once, in shards of near equal work."""

from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from taskonomy.config import load
from taskonomy.dictionary import DICTIONARY
from taskonomy.runs.sharding import first_order, task_shards, transfer_shards
from taskonomy.training.job import Job

CONFIG = load(Path(__file__).parents[2] / "params.yaml", "demo")


def test_first_order_is_every_target_from_every_source_and_a_scratch_network() -> None:
    jobs = first_order(DICTIONARY, DICTIONARY.names, CONFIG)
    assert len(jobs) == len(set(jobs)) == len(DICTIONARY.targets) * (len(DICTIONARY.names) + 1)
    assert Job("transfer", "normal", ("normal",), 220) in jobs
    assert not [job for job in jobs if job.target in {"jigsaw", "random_projection"}]


@settings(max_examples=20, deadline=None)
@given(shards=st.integers(1, 120))
def test_shards_partition_the_jobs_and_do_not_exceed_their_number(shards: int) -> None:
    jobs = first_order(DICTIONARY, DICTIONARY.names, CONFIG)
    dealt = transfer_shards(DICTIONARY, jobs, shards, "first")
    assert len(dealt) <= shards
    assert sorted(job for members in dealt.values() for job in members) == sorted(jobs)


def test_two_shards_carry_near_equal_work_and_keep_targets_whole() -> None:
    first, second = transfer_shards(
        DICTIONARY, first_order(DICTIONARY, DICTIONARY.names, CONFIG), 2, "first"
    ).values()
    assert not {job.target for job in first} & {job.target for job in second}
    assert 0.5 < len(first) / len(second) < 2


def test_every_task_is_in_one_shard() -> None:
    dealt = task_shards(DICTIONARY, DICTIONARY.names, 26)
    assert sorted(name for members in dealt.values() for name in members) == sorted(
        DICTIONARY.names
    )


def test_every_regime_and_seed_of_a_readout_is_a_job_of_its_own() -> None:
    config = CONFIG.updated(regimes=(220, 27), seeds=3)
    jobs = first_order(DICTIONARY, DICTIONARY.names, config)
    assert len(jobs) == len(set(jobs)) == 6 * len(first_order(DICTIONARY, DICTIONARY.names, CONFIG))
    assert Job("scratch", "normal", (), 27, 2) in jobs
    assert [Job.of_plain(job.plain()) for job in jobs] == jobs
