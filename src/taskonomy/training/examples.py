"""Which examples train a task's network, train its readouts, choose among them, and compare them.

No torch here.
"""

import zlib
from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256
from itertools import groupby
from math import ceil
from typing import Literal, NamedTuple

import numpy as np
from jaxtyping import Int64

from taskonomy.data.items import items
from taskonomy.data.layout import Dataset
from taskonomy.dictionary import Task
from taskonomy.errors import BadInput
from taskonomy.training.identity import main_regime
from taskonomy.training.workspace import Workspace

SHARE = 5
"""The supervised network sees at least this many times a readout's images."""
_CHOICE_SHARE = 5
"""Where a data set has too few images for a regime in any case, choosing takes one in so many of
the val split."""
_FURTHER = 1.1
"""Where a cut leaves too few pairs in front, the next one lies so many times as far back."""

Apart = Literal["building", "point", "nothing"]
"""What the readouts' training examples and the choice examples never share. `nothing`: the readouts
take the whole val split, so that there is no choice example."""


class Examples(NamedTuple):
    """Rows of indices into the data set's views, and steps of optimisation.

    Attributes:
        train: examples of the train split, for the task's own network.
        transfer: examples of the val split, for readouts and the scratch network.
        choice: examples of the val split that train nothing: what is chosen, is chosen by the
            losses on them. Equal for all regimes; may be empty.
        test: examples of the test split, on which all models of the target are compared.
        steps: optimisation steps of the task's own network.
        transfer_steps: optimisation steps of a readout.
        scratch_steps: optimisation steps of the scratch network.
        apart: what no transfer example of any regime shares with a choice example.
    """

    train: Int64[np.ndarray, "n k"]
    transfer: Int64[np.ndarray, "m k"]
    choice: Int64[np.ndarray, "c k"]
    test: Int64[np.ndarray, "t k"]
    steps: int
    transfer_steps: int
    scratch_steps: int
    apart: Apart


def examples(workspace: Workspace, task: Task, regime: int | None = None) -> Examples:
    """Choose the examples of a task; equal for all tasks of one kind of item.

    Readouts get as many images as the regime has, at most a fifth of those of the task's own
    network: on a small data set they shrink, and the models' records say to how many.

    The val split's buildings stand in an order that the seed decides. The readouts' images come
    from the front of it, as many buildings as the largest regime takes, and the choice examples,
    at most as many as test examples, from the rest. Where that leaves no building, the split is cut
    between two points of one. A regime that the data suffice for is never cut short by choosing.

    Args:
        workspace: data set, splits and configuration.
        task: whose examples.
        regime: the size of the transfer set, up to the largest of the profile; smaller ones are
            subsets of larger ones.

    Raises:
        BadInput: a split has no such examples, or a fifth is too little to train on.
    """
    dataset, splits, config = workspace.dataset, workspace.splits, workspace.config

    def draw(views: Int64[np.ndarray, "v"], count: int, split: str) -> Int64[np.ndarray, "n k"]:
        seed = zlib.crc32(f"{config.seed}:{task.items}:{split}".encode())
        return items(dataset, views, task.items, count, seed)

    def expect(found: Int64[np.ndarray, "n k"], split: str, views: int) -> None:
        if not len(found):
            raise BadInput(
                f"{dataset.root}: the {split} split has no {task.items} for the task {task.name}; "
                f"expected at least one among its {views} views"
            )

    train = draw(splits.train, len(splits.train), "train")
    expect(train, "train", len(splits.train))
    test = draw(splits.test, config.transfer.test_images, "test")
    expect(test, "test", len(splits.test))
    steps = config.training.epochs * max(1, len(train) // config.training.batch)
    asked = main_regime(workspace) if regime is None else regime
    most = images_of(train) // SHARE
    front, back, apart = _cut(
        *(dataset, splits.val, config.seed, max(config.regimes), most),
        lambda views: draw(views, len(views), "val"),
    )
    everything = draw(front, len(front), "val")
    expect(everything, "val", len(splits.val))
    images = min(asked, most)
    transfer = _within(everything, images)
    if len(transfer) < 2:
        raise BadInput(
            f"{dataset.root}: {task.name} has {images_of(train)} training images, a fifth of which "
            f"leaves a readout {images} images ({len(transfer)} {task.items}s); expected at least "
            "2 examples"
        )
    choice = draw(back, config.transfer.test_images, "choice")
    in_steps = (steps, config.transfer.steps, config.transfer.scratch_steps)
    return Examples(train, transfer, choice, test, *in_steps, apart)


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


def _cut(
    dataset: Dataset,
    val: Int64[np.ndarray, " v"],
    seed: int,
    regime: int,
    most: int,
    draw: Callable[[Int64[np.ndarray, " front"]], Int64[np.ndarray, "n k"]],
) -> tuple[Int64[np.ndarray, " front"], Int64[np.ndarray, " back"], Apart]:
    """Cut the val split into the views of readouts and those of choices.

    Args:
        dataset: the indexed data set.
        val: the split's views.
        seed: decides the order of the buildings.
        regime: the images that the largest one asks for.
        most: so many a readout may see at most.
        draw: all examples among some views.

    Returns:
        The views in front of the cut, those behind it, and what the two do not share.
    """
    short, images = regime > most, min(regime, most)
    if short:
        images = min(images, len(val) - len(val) // _CHOICE_SHARE)
    buildings, points = _blocks(dataset, val, seed)
    lines: tuple[tuple[Apart, list[Int64[np.ndarray, " _"]]], ...] = (
        ("building", buildings),
        ("point", points),
    )
    for apart, blocks in lines:
        for end in _ends(blocks, images):
            front = np.sort(np.concatenate(blocks[:end]))
            found = draw(front)
            # The last pair or triplet that fits may leave one image over, or two.
            if images_of(_within(found, images)) > images - found.shape[1]:
                return front, np.sort(np.concatenate(blocks[end:])), apart
    whole = draw(val)
    if not short and images_of(_within(whole, images)) > images - whole.shape[1]:
        return val, val[:0], "nothing"
    for apart, blocks in lines:
        if len(blocks) > 1:
            sizes = np.cumsum([len(block) for block in blocks[:-1]])
            end = 1 + int(np.argmin(np.abs(sizes - len(val) * (1 - 1 / _CHOICE_SHARE))))
            front = np.sort(np.concatenate(blocks[:end]))
            if len(draw(front)) > 1:
                return front, np.sort(np.concatenate(blocks[end:])), apart
    return val, val[:0], "nothing"


def _blocks(
    dataset: Dataset, val: Int64[np.ndarray, " v"], seed: int
) -> tuple[list[Int64[np.ndarray, " _"]], list[Int64[np.ndarray, " _"]]]:
    """The views of every building, in the order of the seed, and of every point, in that order."""

    def place(view: int) -> tuple[bytes, str, int]:
        building, point = dataset.views[view][:2]
        return sha256(f"{seed}:{building}".encode()).digest(), building, point

    ordered = sorted(val.tolist(), key=place)
    found = (groupby(ordered, key=lambda view: place(view)[:parts]) for parts in (2, 3))
    buildings, points = ([np.array([*group], np.int64) for _, group in each] for each in found)
    return buildings, points


def _ends(blocks: Sequence[Int64[np.ndarray, " _"]], images: int) -> Iterator[int]:
    """After how many blocks to try to cut: as soon as there are images enough, then further back.

    At least one block is left behind the cut.
    """
    sizes = np.cumsum([len(block) for block in blocks])
    end = 1 + int(np.searchsorted(sizes, images))
    while end < len(blocks):
        yield end
        end = max(end + 1, ceil(_FURTHER * end))
