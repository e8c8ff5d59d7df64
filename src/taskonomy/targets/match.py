"""Match: whether two views fixate the same point."""

import numpy as np
import torch
from jaxtyping import Float, Int, Shaped
from torch import Tensor

from taskonomy.targets.classes import Classes
from taskonomy.targets.target import one_hot, ones


class Match(Classes):
    """0 for views of different points, 1 for views of one point."""

    reads_label = False
    sample = 0

    def encode(self, example: tuple[int, ...]) -> Int[np.ndarray, ""]:
        """Whether the views are of one point."""
        a, b = (self._reader.dataset.views[view] for view in example)
        return np.asarray(a[:2] == b[:2], np.int64)

    def batch(
        self, labels: Shaped[np.ndarray, " n"], examples: Int[np.ndarray, "n k"]
    ) -> tuple[Float[Tensor, "n c"], Float[Tensor, "n 1"]]:
        """One-hot answers; every example counts."""
        return one_hot(torch.from_numpy(labels), 2), ones(examples)
