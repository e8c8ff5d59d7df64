"""A plan holds every feasible network once, in shards of near equal work."""

from hypothesis import given, settings
from hypothesis import strategies as st

from taskonomy.dictionary import SOURCES, TARGETS
from taskonomy.runs.sharding import first_order, task_shards, transfer_shards
from taskonomy.training.workspace import Job


def test_first_order_is_every_target_from_every_source_and_a_scratch_network() -> None:
    jobs = first_order(SOURCES)
    assert len(jobs) == len(set(jobs)) == len(TARGETS) * (len(SOURCES) + 1)
    assert Job("transfer", "normal", ("normal",)) in jobs
    assert not [job for job in jobs if job.target in {"jigsaw", "random_projection"}]


@settings(max_examples=20, deadline=None)
@given(shards=st.integers(1, 120))
def test_shards_partition_the_jobs_and_do_not_exceed_their_number(shards: int) -> None:
    jobs = first_order(SOURCES)
    dealt = transfer_shards(jobs, shards, "first")
    assert len(dealt) <= shards
    assert sorted(job for members in dealt.values() for job in members) == sorted(jobs)


def test_two_shards_carry_near_equal_work_and_keep_targets_whole() -> None:
    first, second = transfer_shards(first_order(SOURCES), 2, "first").values()
    assert not {job.target for job in first} & {job.target for job in second}
    assert 0.5 < len(first) / len(second) < 2


def test_every_task_is_in_one_shard() -> None:
    dealt = task_shards(SOURCES, 26)
    assert sorted(name for members in dealt.values() for name in members) == sorted(SOURCES)
