"""Training stops where held-out examples are served best; they are a fifth, and whole buildings."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from jaxtyping import Bool

from taskonomy.data.layout import Dataset, View
from taskonomy.dictionary import DICTIONARY
from taskonomy.training import record
from taskonomy.training.identity import job_ref
from taskonomy.training.job import Job
from taskonomy.training.schedule import CHECKS, Schedule
from taskonomy.training.session import Session
from taskonomy.training.stopping import held_out
from taskonomy.training.task_network import train_network
from taskonomy.training.workspace import Workspace


def schedule(steps: int) -> Schedule:
    return Schedule(steps=steps, batch=8, learning_rate=0.01, weight_decay=0.0)


def chosen(buildings: Sequence[str]) -> Bool[np.ndarray, "n"]:
    """What is held out of one example a view."""
    views = [View(name, f"{i}", "0") for i, name in enumerate(buildings)]
    dataset = Dataset(Path(), tuple(views), frozenset(), {})
    return held_out(dataset, np.arange(len(views))[:, None])


def test_whole_buildings_are_held_out_until_they_are_a_fifth():
    names = [f"building{i}" for i in range(10)] * 5
    held = chosen(names)
    assert held.sum() == 10
    assert set(np.array(names)[held]) == {"building8", "building9"}


@pytest.mark.parametrize("names", [["one"] * 20, ["one"] * 5 + ["two"] * 15])
def test_where_buildings_are_too_few_the_last_fifth_is(names: list[str]):
    assert chosen(names).tolist() == [False] * 16 + [True] * 4


def test_two_examples_are_one_to_train_on_and_one_to_hold_out():
    assert chosen(["one", "two"]).tolist() == [False, True]
    assert chosen(["one", "one"]).tolist() == [False, True]


@pytest.mark.parametrize("steps", [1, 3, 160])
def test_the_last_check_is_after_the_last_step(steps: int):
    checks = schedule(steps).checks
    assert max(checks) == steps
    assert min(checks) >= 1
    assert len(checks) == min(CHECKS, steps)


def test_the_learning_rate_falls_by_half_a_cosine_whatever_the_number_of_steps():
    few, many = schedule(16), schedule(64)
    assert few.rate(0) == 0.01
    assert few.rate(8) == pytest.approx(0.005)
    for step in range(16):
        assert few.rate(step) == pytest.approx(many.rate(4 * step))


def test_a_scratch_network_keeps_the_weights_that_served_what_it_had_not_seen(fresh: Workspace):
    """Trained for far too long on few images, it learns them by heart."""
    config = fresh.config.updated(transfer={"scratch_steps": 240, "learning_rate": 0.03})
    workspace = Workspace(
        fresh.store, config, fresh.dataset, fresh.dataset_key, fresh.content, fresh.splits
    )
    session = Session(workspace)
    ref = job_ref(workspace, Job("scratch", "normal", (), config.regimes[0]))
    found, _ = train_network(session, ref)
    rows = session.examples(DICTIONARY["normal"], ref.regime).transfer
    assert found.best_step in schedule(240).checks
    assert found.best_step < found.steps == 240
    assert found.train_images == len(rows)  # what is held out is labelled too
    assert record.read(workspace.store, ref.identity).best_step == found.best_step
