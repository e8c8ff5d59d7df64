"""A network whose training is killed is trained on, and ends as if nothing had happened."""

import os
import signal
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pytest

from taskonomy.store import Store
from taskonomy.training import record
from taskonomy.training.checkpoints import Checkpoint, Checkpoints
from taskonomy.training.identity import ModelRef, job_ref, model_ref
from taskonomy.training.job import Job
from taskonomy.training.session import Session
from taskonomy.training.task_network import train_network
from taskonomy.training.workspace import Kind, Workspace

KILLED_AT = 6


def kill_halfway(step: int, _: float) -> None:
    if step >= KILLED_AT:
        os.kill(os.getpid(), signal.SIGKILL)


def ref_of(workspace: Workspace, kind: Kind, name: str) -> ModelRef:
    if kind == "scratch":
        return job_ref(workspace, Job("scratch", name, (), workspace.config.regimes[0]))
    return model_ref(workspace, kind, name)


def train_and_be_killed(workspace: Workspace, kind: Kind, name: str) -> None:
    ref = ref_of(workspace, kind, name)
    train_network(Session(workspace), ref, kill_halfway, between_checkpoints=0.0)


def train_whole(workspace: Workspace, kind: Kind, name: str) -> tuple[str, list[int]]:
    """Train a network; return its identity and at which steps it told its loss."""
    told: list[int] = []
    ref = ref_of(workspace, kind, name)
    train_network(Session(workspace), ref, lambda step, _: told.append(step))
    return ref.identity, told


def result(store: Store, identity: str) -> dict[str, bytes]:
    """Weights, curve and losses of a model."""
    found = record.read(store, identity)
    weights = {name: array.tobytes() for name, array in record.weights(store, identity).items()}
    measured = {"curve": found.curve.tobytes(), "losses": found.test_losses.tobytes()}
    return {**weights, **measured, "best step": str(found.best_step).encode()}


@pytest.mark.parametrize(
    ("kind", "name", "gan"),
    [("task", "class_scene", False), ("task", "reshading", True), ("scratch", "normal", False)],
)
def test_a_killed_network_ends_in_the_bytes_of_an_undisturbed_one(
    fresh: Workspace, tmp_path: Path, kind: Kind, name: str, gan: bool
):
    config = fresh.config.updated(training={"gan": gan, "epochs": 2})
    whole = replace(fresh, config=config, store=Store(str(tmp_path / "whole")))
    killed = replace(whole, store=Store(str(tmp_path / "killed")))

    child = get_context("spawn").Process(target=train_and_be_killed, args=(killed, kind, name))
    child.start()
    child.join()
    assert child.exitcode == -signal.SIGKILL
    assert not killed.store.exists("models")

    identity, told = train_whole(killed, kind, name)
    assert min(told) >= KILLED_AT
    assert result(killed.store, identity) == result(whole.store, train_whole(whole, kind, name)[0])
    assert not killed.store.exists("checkpoints", f"{identity}.safetensors")


def written(store: Store, identity: str, device: str = "cpu") -> Path:
    """The place of a checkpoint."""
    arrays = {"network.weight": np.arange(4, dtype=np.float32)}
    Checkpoints(store, identity, device).write(Checkpoint(arrays, {"steps": 7}))
    return store.local("checkpoints", f"{identity}.safetensors")


def test_a_checkpoint_is_read_as_it_was_written(tmp_path: Path):
    store = Store(str(tmp_path))
    written(store, "0123")
    found = Checkpoints(store, "0123", "cpu").latest()

    assert found is not None
    assert found.facts == {"steps": 7}
    assert found.tensors["network.weight"].tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("damage", "line"),
    [
        (lambda path: path.write_bytes(path.read_bytes()[:-3]), "no checkpoint"),
        (lambda path: path.write_bytes(b""), "no checkpoint"),
        (lambda path: path.write_bytes(path.read_bytes()[:-1] + b"\1"), "other content"),
        (lambda path: written(Store(str(path.parents[2] / "b")), "4567").rename(path), "'4567'"),
        (lambda path: written(Store(str(path.parents[1])), "0123", "cuda"), "device 'cuda'"),
    ],
)
def test_a_checkpoint_that_cannot_be_used_is_ignored_with_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], damage, line: str
):
    store = Store(str(tmp_path / "a"))
    damage(written(store, "0123"))

    assert Checkpoints(store, "0123", "cpu").latest() is None
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert line in said
    assert "training begins anew" in said
