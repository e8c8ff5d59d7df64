"""What every kind of target answers: how a label is encoded, batched, guessed and drawn."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, ClassVar, Protocol, runtime_checkable

import numpy as np
import torch
from jaxtyping import Float, Float32, Int, Shaped, UInt8
from torch import Tensor

from taskonomy.config import NetworkConfig
from taskonomy.data import layout
from taskonomy.data.layout import Dataset, View
from taskonomy.dictionary import Task
from taskonomy.errors import BadInput
from taskonomy.foreign import Foreign
from taskonomy.networks.heads import output_size
from taskonomy.networks.losses import example_losses

TINY = 1e-6

STATISTICS = 2000
"""Most training examples that statistics (z-scores, class priors) are taken over."""

Label = Callable[[Dataset, View], Any]
"""A user's function: the label of one view, as numbers or as a map."""


@runtime_checkable
class Reader(Protocol):
    """A data set whose files are decoded once for all tasks, at a network's image size."""

    @property
    def dataset(self) -> Dataset:
        """The indexed data set."""

    @property
    def seed(self) -> int:
        """The run's seed: permutations and sampled pixels follow from it."""

    def image(self, view: int) -> UInt8[np.ndarray, "H W 3"]:
        """The image of the view of that index."""

    def info(self, view: int) -> dict[str, Any]:
        """The record of its camera."""


class Target(ABC):
    """One kind of target, for one task on one data set.

    Args:
        task: the declaration.
        network: sizes of the profile.
        reader: where labels are read.
        label: reads the label of a view in place of the folder that the declaration names.

    Attributes:
        heads: the heads that this kind of target may have.
        losses: the losses that it may have.
        bars: whether its numbers are shares that people see as bars.
        reads_label: whether it reads a label of the view.
        sample: training examples that `fit` takes statistics from; 0 for none.
    """

    heads: ClassVar[tuple[str, ...]]
    losses: ClassVar[tuple[str, ...]]
    bars: ClassVar[bool] = False
    reads_label: ClassVar[bool] = True
    sample: ClassVar[int] = 0

    def __init__(
        self, task: Task, network: NetworkConfig, reader: Reader, label: Label | None = None
    ) -> None:
        self.task = task
        self.network = network
        self.size = output_size(task, network)
        self._reader = reader
        self._label = label

    @abstractmethod
    def encode(self, example: tuple[int, ...]) -> Shaped[np.ndarray, "..."]:
        """The small encoded form of one example's label; `example` holds indices of views.

        Raises:
            BadInput: the label is missing or faulty; the line names it.
        """

    @abstractmethod
    def batch(
        self, labels: Shaped[np.ndarray, "n ..."], examples: Int[np.ndarray, "n k"]
    ) -> tuple[Float[Tensor, "n ..."], Float[Tensor, "n ..."]]:
        """What the loss compares with, and where that counts, from encoded labels."""

    @abstractmethod
    def guess(
        self, target: Float[Tensor, "n ..."], mask: Float[Tensor, "n ..."]
    ) -> Float[Tensor, "..."]:
        """The constant output that serves the loss best on these examples."""

    @abstractmethod
    def drawn(
        self,
        inputs: UInt8[np.ndarray, "n k H W 3"],
        target: Float[np.ndarray, "n ..."],
        output: Float[np.ndarray, "n ..."],
        mask: Float[np.ndarray, "n ..."],
    ) -> tuple[Shaped[np.ndarray, "n ..."], Shaped[np.ndarray, "n ..."]]:
        """Targets and outputs as people see them: pictures [n, h, w, 3] of 8 bits, or numbers."""

    def fit(self, labels: Shaped[np.ndarray, "n ..."]) -> None:  # noqa: B027
        """Take statistics (z-scores, priors, the number of classes) from training labels."""

    @property
    def outputs(self) -> int:
        """Channels or numbers of the network's output."""
        return self.task.channels

    def level(
        self, target: Float[Tensor, "n ..."], mask: Float[Tensor, "n ..."]
    ) -> Float[Tensor, "outputs"] | None:
        """One number an output channel for an untrained head to start from; None for none."""
        best = self.guess(target, mask)
        return best.flatten(1).mean(dim=1) if best.ndim == 3 else best

    def guess_losses(
        self,
        guess: Float[Tensor, "..."],
        target: Float[Tensor, "n ..."],
        mask: Float[Tensor, "n ..."],
    ) -> Float[Tensor, "n"]:
        """The loss of every example if the output were the guess."""
        output = guess.expand(len(target), *target.shape[1:]).contiguous()
        return example_losses(self.task.loss, output, target, mask)

    def value(self, view: int) -> Any:
        """The decoded label of one view, from its file or from the user's function."""
        whose = self.view(view)
        if self._label is None:
            return layout.read(self._reader.dataset, whose, self.task.label)
        with Foreign(
            f"{self.task.name}: its label function failed on {whose}", "an array of numbers"
        ):
            return np.asarray(self._label(self._reader.dataset, whose), np.float32)

    def view(self, number: int) -> View:
        """The view of that index."""
        return self._reader.dataset.views[number]

    def ids(self, view: int, most: int | None = None) -> Shaped[np.ndarray, "H W"]:
        """The decoded label of one view whose every pixel holds a whole number from 0 to `most`.

        Raises:
            BadInput: a user's function gave anything else.
        """
        value = np.asarray(self.value(view))
        if self._label is None:
            return value
        plane = value[..., 0] if value.ndim == 3 and value.shape[2] == 1 else value
        expected = f"one whole number a pixel, from 0{'' if most is None else f' to {most}'}"
        if plane.ndim != 2 or not plane.size:
            raise self.wrong(view, f"shape {value.shape}", expected)
        whole = np.isfinite(plane) & (plane >= 0) & (plane == np.round(plane))
        if not whole.all() or (most is not None and plane.max() > most):
            other = plane[~whole] if not whole.all() else plane.max(keepdims=True)
            raise self.wrong(view, f"the value {other.flat[0]:g}", expected)
        return plane

    def wrong(self, view: int, found: str, expected: str) -> BadInput:
        """The error of a label that is not what the declaration says."""
        return BadInput(
            f"{self.task.name}: label of {self.view(view)}: found {found}; expected {expected}"
        )


def ones(examples: Int[np.ndarray, "n k"]) -> Float32[Tensor, "n 1"]:
    """The mask of examples that all count."""
    return torch.ones(len(examples), 1)


def one_hot(classes: Int[Tensor, "*shape"], count: int) -> Float[Tensor, "*shape {count}"]:
    """Classes as vectors of zeros with a one."""
    return torch.nn.functional.one_hot(classes, count).float()


def shares(
    logits: Float[np.ndarray, "n c *rest"], temperature: float = 1.0
) -> Float[np.ndarray, "n c *rest"]:
    """Softmax over the second axis; a low temperature sharpens it."""
    scaled = (logits - logits.max(axis=1, keepdims=True)) / temperature
    weights = np.exp(scaled)
    found: Float[np.ndarray, "n c *rest"] = weights / weights.sum(axis=1, keepdims=True)
    return found
