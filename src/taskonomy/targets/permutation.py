"""Permutation: which of a fixed set of permutations shuffled the tiles of an image."""

import numpy as np
import torch
from jaxtyping import Float, Int, Shaped
from torch import Tensor

from taskonomy.data import jigsaw
from taskonomy.data.inputs import permutation
from taskonomy.targets.classes import Classes
from taskonomy.targets.target import one_hot, ones


class Permutation(Classes):
    """The number of a view's permutation, which the seed decides."""

    reads_label = False
    sample = 0

    def encode(self, example: tuple[int, ...]) -> Int[np.ndarray, ""]:
        """The number of the permutation."""
        return np.asarray(permutation(self._reader.dataset.views[example[0]], self._reader.seed))

    def batch(
        self, labels: Shaped[np.ndarray, " n"], examples: Int[np.ndarray, "n k"]
    ) -> tuple[Float[Tensor, "n c"], Float[Tensor, "n 1"]]:
        """One-hot permutations; every example counts."""
        return one_hot(torch.from_numpy(labels), jigsaw.PERMUTATIONS), ones(examples)
