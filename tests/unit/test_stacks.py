"""Readouts trained side by side come to what each comes to alone."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from jaxtyping import Float32

from benchmarks.engine import Problem
from taskonomy.training.memory import Allocations, free_bytes, most_members, stack_bytes
from taskonomy.training.schedule import Outcome

MEMBERS = 3
HEADS = ("normal", "colorization", "segment_unsup2d", "class_object", "jigsaw", "egomotion")
"""A bounded map, classes of pixels, an embedding, and vectors of one image and of a triplet."""


def problem(task: str, order: int = 1) -> Problem:
    made = Problem("demo", task, members=MEMBERS, order=order, examples=24, steps=6, batch=8)
    # Adam's first steps are the signs of gradients: in large ones, rounding would soon show.
    made.schedule = replace(made.schedule, learning_rate=1e-4)
    return made


def numbers(found: Outcome) -> Float32[np.ndarray, "n"]:
    assert found.status == "finished"
    return np.concatenate([found.curve[:, 1], found.test_losses])


@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize("task", HEADS)
def test_stacked_equals_one_after_another(task: str, order: int):
    asked = problem(task, order)
    one_network, turns = (asked.train(stacked=stacked, held=True) for stacked in (True, False))
    for one, other in zip(one_network, turns, strict=True):
        assert one.best_step == other.best_step
        np.testing.assert_allclose(numbers(one), numbers(other), rtol=1e-4)


@pytest.mark.parametrize("task", ["normal", "class_object"])
def test_one_after_another_is_equal_in_bytes_in_any_company(task: str):
    asked = problem(task)
    together = asked.train(stacked=False)
    for index in range(MEMBERS):
        [alone] = asked.train(stacked=False, members=[index])
        assert numbers(alone).tobytes() == numbers(together[index]).tobytes()


@pytest.mark.parametrize("stacked", [True, False])
@pytest.mark.parametrize("task", ["normal", "class_object"])
def test_a_member_that_diverges_leaves_the_others_as_they_are(task: str, stacked: bool):
    asked = problem(task)
    before = asked.train(stacked=stacked)
    asked.codes[1] *= np.float32(np.nan)
    after = asked.train(stacked=stacked)

    assert after[1].status == "failed: loss nan at step 1 of 6"
    assert np.isnan(after[1].test_losses).all()
    for index in (0, 2):
        assert numbers(after[index]).tobytes() == numbers(before[index]).tobytes()


@pytest.mark.parametrize("stacked", [True, False])
def test_each_member_ends_with_the_weights_that_served_held_out_examples_best(stacked: bool):
    """The held-out examples are the test examples, so that no check had less test loss."""
    asked = problem("normal")
    asked.schedule = replace(asked.schedule, steps=16, learning_rate=0.4)
    chosen, last = asked.train(stacked=stacked, held=True), asked.train(stacked=stacked)
    stopped = []
    for one, other in zip(chosen, last, strict=True):
        assert one.best_step in asked.schedule.checks
        assert one.curve.tobytes() == other.curve.tobytes()
        assert one.test_losses.mean() <= other.test_losses.mean()
        stopped.append(one.best_step)
        if one.best_step == 16:
            assert one.test_losses.tobytes() == other.test_losses.tobytes()
    assert len(set(stopped)) > 1  # members stop by themselves


@pytest.mark.parametrize("stacked", [True, False])
def test_memory_is_known_before_within_a_tenth(stacked: bool):
    asked = problem("segment_unsup2d")
    expected = stack_bytes(asked.readouts()[0], "metric", MEMBERS, asked.batch(), 24, stacked)
    with Allocations() as measured:
        asked.train(stacked=stacked, held=True)
    assert measured.peak == pytest.approx(expected, rel=0.1)


@pytest.mark.parametrize("stacked", [True, False])
def test_what_does_not_fit_is_split_down_to_single_readouts(stacked: bool):
    asked, cpu = problem("class_object"), torch.device("cpu")
    free = free_bytes(cpu)

    def most(held: int) -> int:
        return most_members(
            asked.readouts()[0], asked.task.loss, asked.batch(), 24, held, cpu, stacked
        )

    assert most(held=1) > 26
    assert most(held=free // 4) in (2, 3, 4, 5)  # what is free changes meanwhile
    assert most(held=100 * free) == 1
