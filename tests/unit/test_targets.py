"""The kinds of target: what is drawn of them, and which declarations they take."""

from dataclasses import replace

import numpy as np
import pytest

from taskonomy.data.layout import View
from taskonomy.dictionary import DICTIONARY, Task
from taskonomy.dictionary.task import check
from taskonomy.errors import BadInput
from taskonomy.targets import KINDS, kind_of
from taskonomy.training.session import Session
from taskonomy.training.workspace import Workspace


@pytest.mark.parametrize(
    "task", [task for task in DICTIONARY if task.trained], ids=lambda t: t.name
)
def test_every_tasks_kind_takes_its_declaration(task: Task) -> None:
    check(task)
    assert kind_of(task) is KINDS[task.kind]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"kind": "voxels"}, "kind 'voxels': expected one of image, map, "),
        ({"head": "vector", "loss": "l2"}, "kind 'map' with head 'vector': expected image"),
        ({"loss": "metric"}, "kind 'map' with loss 'metric': expected l1 or l2"),
    ],
)
def test_a_kind_that_does_not_fit_is_named(change: dict[str, str], words: str) -> None:
    with pytest.raises(BadInput, match=words):
        kind_of(replace(DICTIONARY["normal"], **change))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"name": "my task"}, "name 'my task': expected a name of letters"),
        ({"inputs": "pair"}, "inputs 'pair' with items 'view': expected as many images"),
        ({"loss": "cross_entropy"}, "head 'image' with loss 'cross_entropy'"),
        ({"cost": -1.0}, "cost -1.0: expected a number from 0"),
    ],
)
def test_a_declaration_that_contradicts_itself_is_named(
    change: dict[str, object], words: str
) -> None:
    with pytest.raises(BadInput, match=words):
        check(replace(DICTIONARY["normal"], **change))


@pytest.mark.parametrize("name", [task.name for task in DICTIONARY if task.trained])
def test_a_target_is_drawn_as_pictures_or_as_numbers(workspace: Workspace, name: str) -> None:
    session, task = Session(workspace), DICTIONARY[name]
    data = session.data(task)
    batch = data.batch(session.examples(task).test[:3])
    inputs = np.zeros((3, task.images, 32, 32, 3), np.uint8)
    output = batch.target.numpy()
    if task.loss == "metric":
        output = np.random.default_rng(0).normal(size=(3, task.channels, 8, 8)).astype(np.float32)
    drawn = data.target.drawn(inputs, batch.target.numpy(), output, batch.mask.numpy())
    for part in drawn:
        assert len(part) == 3
        if task.head == "image":
            assert part.dtype == np.uint8
            assert part.shape[1] == part.shape[2]
            assert part.shape[3] == 3
        else:
            assert part.shape == (3, data.outputs)
        if data.target.bars:
            np.testing.assert_allclose(part.sum(axis=1), 1, rtol=1e-5)


def test_pixels_without_a_label_are_drawn_grey(workspace: Workspace) -> None:
    target = Session(workspace).data(DICTIONARY["depth_zbuffer"]).target
    values = np.random.default_rng(0).normal(size=(2, 1, 16, 16)).astype(np.float32)
    mask = np.ones((2, 1, 16, 16), np.float32)
    mask[0, :, :8] = 0
    truth, said = target.drawn(np.zeros((2, 1, 32, 32, 3), np.uint8), values, values, mask)
    assert (truth[0, :8] == 128).all()
    assert not (truth[0, 8:] == 128).all()
    np.testing.assert_array_equal(truth[1], said[1])


def test_a_label_that_is_not_as_declared_is_named(workspace: Workspace) -> None:
    def label(dataset: object, view: View) -> np.ndarray:
        del dataset, view
        return shown["value"]

    shown = {"value": np.zeros((4, 4))}
    task = replace(DICTIONARY["normal"], name="mine", channels=1, scale="plain", masked=False)
    reader = Session(workspace).source
    target = kind_of(task)(task, workspace.config.network, reader, label)
    assert target.encode((0,)).shape == (1, 16, 16)
    for value, words in (
        (np.zeros(5), r"mine: label of .*: found shape \(5,\); expected a map of 1 channels"),
        (np.full((4, 4), 3.0), r"found values up to 3; expected a map in \[-1, 1\]"),
        ("text", r"mine: its label function failed on .*: ValueError"),
    ):
        shown["value"] = value
        with pytest.raises(BadInput, match=words):
            target.encode((0,))
