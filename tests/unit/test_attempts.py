"""A shard is tried again, fails within a budget, and leaves a record for the next attempt."""

import errno
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from taskonomy.errors import BadInput, StageFailed
from taskonomy.runs import outcomes
from taskonomy.stages import attempts, pools
from taskonomy.store import Store
from taskonomy.training import record
from taskonomy.training.job import Job
from taskonomy.training.model_losses import all_trained, job_models
from taskonomy.training.shard import train_tasks, train_transfers
from taskonomy.training.workspace import Workspace

SHARD = "0123456789abcdef0123/first-order-000-of-002"
SPOT = {
    "selector": {"pool": "spot"},
    "tolerations": [{"key": "spot", "operator": "Exists"}],
    "affinity": {},
    "gpu": "nvidia.com/gpu",
    "gpus": "1",
}
ON_DEMAND = {**SPOT, "selector": {"pool": "on-demand"}, "tolerations": []}


@pytest.fixture
def starved(workspace: Workspace) -> Workspace:
    """A workspace whose readouts are too wide for any memory; its networks are trained."""
    train_tasks(workspace, ["class_scene", "normal"])
    transfer = workspace.config.transfer.model_copy(update={"width": 2**19})
    return replace(workspace, config=workspace.config.model_copy(update={"transfer": transfer}))


@pytest.mark.parametrize("error", [ConnectionResetError("gone"), OSError(errno.EIO, "I/O error")])
def test_what_the_machine_spoils_is_tried_again(
    error: OSError, capsys: pytest.CaptureFixture[str]
) -> None:
    troubles = [error, error]

    def work() -> str:
        if troubles:
            raise troubles.pop()
        return "done"

    assert attempts.retry(work, pause=0.0) == "done"
    assert capsys.readouterr().err.splitlines()[1].endswith("try 3 of 3 follows")


def test_a_machine_that_stays_broken_is_an_error() -> None:
    tries = []

    def work() -> None:
        tries.append(1)
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        attempts.retry(work, pause=0.0)
    assert len(tries) == attempts.TRIES


@pytest.mark.parametrize(
    "error",
    [BadInput("no label"), OSError(errno.ENOSPC, "full"), FileNotFoundError("x"), ValueError("y")],
)
def test_what_another_try_cannot_mend_is_not_tried_again(error: Exception) -> None:
    tries = []

    def work() -> None:
        tries.append(1)
        raise error

    with pytest.raises(type(error)):
        attempts.retry(work, pause=0.0)
    assert len(tries) == 1


def test_a_model_that_runs_out_of_memory_is_a_failed_one_within_the_budget(
    starved: Workspace,
) -> None:
    jobs = [Job("transfer", "normal", ("class_scene",), 8)]
    models = job_models(starved, jobs)

    outcome = attempts.train(starved, SHARD, models, partial(train_transfers, starved, jobs))

    found = record.read(starved.store, models[0].identity)
    assert found.status.startswith("failed: RuntimeError: ")
    assert "alloc" in found.status
    assert found.test_loss is None
    assert outcome == outcomes.read(starved.store, SHARD)
    assert (outcome.status, outcome.attempts, outcome.models) == ("finished", 1, 1)
    assert outcome.failed == (f"transfer class_scene → normal: {found.status}",)
    # A result like any other: it is not tried again.
    again = attempts.train(starved, SHARD, models, partial(train_transfers, starved, jobs))
    assert again == outcome


def test_past_the_budget_the_shard_fails_and_its_crashed_models_are_tried_again(
    starved: Workspace,
) -> None:
    jobs = [Job("transfer", "class_scene", (name,), 8) for name in ("class_scene", "normal")]
    models = job_models(starved, jobs)
    shard = SHARD.replace("000-of", "001-of")

    for attempt in (1, 2):
        with pytest.raises(StageFailed, match="2 of 2 models failed, expected at most 1"):
            attempts.train(starved, shard, models, partial(train_transfers, starved, jobs))
        outcome = outcomes.read(starved.store, shard)
        assert outcome is not None
        assert (outcome.status, outcome.attempts) == ("failed", attempt)
    assert not all_trained(starved, models[:1])


def test_other_models_under_the_same_address_are_another_shard(workspace: Workspace) -> None:
    shard = "00000000000000000000/first-order-000-of-001"
    for count, name in enumerate(("class_scene", "normal"), start=1):
        jobs = [Job("scratch", name, (), 8)]
        models = job_models(workspace, jobs)
        work = partial(train_transfers, workspace, jobs)
        outcome = attempts.train(workspace, shard, models, work)
        assert outcome.attempts == 1, count
        assert all_trained(workspace, models)


def test_a_shard_that_was_lost_often_enough_moves_its_loop_on_demand(tmp_path: Path) -> None:
    store, shards = Store(str(tmp_path)), [SHARD, SHARD.replace("000-of", "001-of")]
    choose = partial(pools.choose, str(tmp_path), shards, SPOT, ON_DEMAND, 2)
    assert choose().selector == {"pool": "spot"}

    # What a preempted pod leaves behind: begun, and never ended.
    outcomes.write(store, outcomes.Outcome(SHARD, "content", 3, "begun", attempts=1))
    assert choose().selector == {"pool": "spot"}
    outcomes.write(store, outcomes.Outcome(SHARD, "content", 3, "begun", attempts=2))
    assert choose() == pools.Pool(**ON_DEMAND)
    outcomes.write(store, outcomes.Outcome(SHARD, "content", 3, "finished", attempts=3))
    assert choose() == pools.Pool(**SPOT)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"gpus": 1}, r"pool spot.gpus: found 1; expected a str"),
        ({"gpus": "one"}, r"pool spot.gpus: found 'one'; expected a whole number"),
        ({"tolerations": {}}, r"pool spot.tolerations: found \{\}; expected a list"),
        ({"taints": []}, r"pool spot: found the keys .*taints.*; expected selector, "),
    ],
)
def test_a_pool_that_kubernetes_would_not_take_is_bad_input(
    change: dict[str, object], message: str, tmp_path: Path
) -> None:
    with pytest.raises(BadInput, match=message):
        pools.choose(str(tmp_path), [], {**SPOT, **change}, ON_DEMAND, 2)
