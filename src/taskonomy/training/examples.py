"""Which examples train a task's network, train its readouts, and compare them. No torch here."""

import zlib
from typing import NamedTuple

import numpy as np
from jaxtyping import Int64

from taskonomy.data.items import items
from taskonomy.dictionary import Task
from taskonomy.errors import BadInput
from taskonomy.training.identity import main_regime
from taskonomy.training.workspace import Workspace

SHARE = 5
"""The supervised network sees at least this many times a readout's images and steps."""


class Examples(NamedTuple):
    """Rows of indices into the data set's views, and steps of optimisation.

    Attributes:
        train: examples of the train split, for the task's own network.
        transfer: examples of the val split, for readouts and the scratch network.
        test: examples of the test split, on which all models of the target are compared.
        steps: optimisation steps of the task's own network.
        transfer_steps: optimisation steps of a readout.
    """

    train: Int64[np.ndarray, "n k"]
    transfer: Int64[np.ndarray, "m k"]
    test: Int64[np.ndarray, "t k"]
    steps: int
    transfer_steps: int


def examples(workspace: Workspace, task: Task, regime: int | None = None) -> Examples:
    """Choose the examples of a task; equal for all tasks of one kind of item.

    Readouts get as many images as the regime has, at most a fifth of those of the task's own
    network, and `transfer.steps` steps, at most a fifth of its steps: on a small data set both
    shrink, and the models' records say what they were.

    Args:
        workspace: data set, splits and configuration.
        task: whose examples.
        regime: the size of the transfer set; smaller ones are subsets of larger ones.

    Raises:
        BadInput: a split has no such examples, or a fifth is too little to train on.
    """
    dataset, splits, config = workspace.dataset, workspace.splits, workspace.config

    def draw(views: Int64[np.ndarray, "v"], count: int, split: str) -> Int64[np.ndarray, "n k"]:
        seed = zlib.crc32(f"{config.seed}:{task.items}:{split}".encode())
        found = items(dataset, views, task.items, count, seed)
        if not len(found):
            raise BadInput(
                f"{dataset.root}: the {split} split has no {task.items} for the task {task.name}; "
                f"expected at least one among its {len(views)} views"
            )
        return found

    train = draw(splits.train, len(splits.train), "train")
    test = draw(splits.test, config.transfer.test_images, "test")
    steps = config.training.epochs * max(1, len(train) // config.training.batch)
    asked = main_regime(workspace) if regime is None else regime
    images = min(asked, images_of(train) // SHARE)
    transfer = _within(draw(splits.val, len(splits.val), "val"), images)
    transfer_steps = min(config.transfer.steps, steps // SHARE)
    if len(transfer) < 2 or transfer_steps < 1:
        raise BadInput(
            f"{dataset.root}: {task.name} has {images_of(train)} training images and {steps} steps,"
            f" a fifth of which leaves a readout {images} images ({len(transfer)} {task.items}s) "
            f"and {transfer_steps} steps; expected at least 2 examples and 1 step"
        )
    return Examples(train, transfer, test, steps, transfer_steps)


def images_of(chosen: Int64[np.ndarray, "n k"]) -> int:
    """How many different images these examples show."""
    return len(np.unique(chosen))


def _within(found: Int64[np.ndarray, "n k"], images: int) -> Int64[np.ndarray, "m k"]:
    """As many of these examples as show no more than that many images in all."""
    allowed: set[int] = set()
    for example in found.tolist():
        if len(allowed.union(example)) > images:
            break
        allowed.update(example)
    inside = np.isin(found, list(allowed)).all(axis=1)
    return found[inside][:images]
