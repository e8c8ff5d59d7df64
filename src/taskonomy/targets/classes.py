"""Classes: shares of classes for a whole example."""

import numpy as np
import torch
from jaxtyping import Float, Float32, Int, Shaped, UInt8
from torch import Tensor

from taskonomy.targets.target import TINY, Target, ones, shares


class Classes(Target):
    """Soft labels, of the data set's classes or of a user's function."""

    heads = ("vector",)
    losses = ("cross_entropy",)
    bars = True
    sample = 1  # tells how many classes there are

    _classes = 0

    def encode(self, example: tuple[int, ...]) -> Float32[np.ndarray, " c"]:
        """The share of every class."""
        view = example[0]
        value = np.asarray(self.value(view), np.float32)
        if self._label is not None:
            if value.shape != (self.task.channels,):
                raise self.wrong(view, f"shape {value.shape}", f"{self.task.channels} shares")
            if not np.isfinite(value).all() or value.min() < 0 or abs(value.sum() - 1) > 0.01:
                raise self.wrong(view, f"sum {value.sum():.3g}", "shares of classes that sum to 1")
        return value

    def fit(self, labels: Shaped[np.ndarray, "n c"]) -> None:
        """Count the classes, where only the data set knows how many there are."""
        self._classes = labels.shape[1]

    @property
    def outputs(self) -> int:
        """The number of classes."""
        return self.task.channels or self._classes

    def batch(
        self, labels: Shaped[np.ndarray, "n c"], examples: Int[np.ndarray, "n k"]
    ) -> tuple[Float[Tensor, "n c"], Float[Tensor, "n 1"]]:
        """The shares; every example counts."""
        return torch.from_numpy(labels), ones(examples)

    def guess(
        self, target: Float[Tensor, "n c"], mask: Float[Tensor, "n 1"]
    ) -> Float[Tensor, " c"]:
        """The mean share of every class, as logits."""
        del mask
        return target.mean(dim=0).clamp_min(TINY).log()

    def drawn(
        self,
        inputs: UInt8[np.ndarray, "n k H W 3"],
        target: Float[np.ndarray, "n c"],
        output: Float[np.ndarray, "n c"],
        mask: Float[np.ndarray, "n 1"],
    ) -> tuple[Float[np.ndarray, "n c"], Float[np.ndarray, "n c"]]:
        """The shares, and those that the network gives."""
        del inputs, mask
        return target, shares(output)
