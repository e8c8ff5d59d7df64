"""Pixel classes: one class a pixel, rare ones weighted up, uncertain pixels left out."""

import cv2
import numpy as np
import torch
from jaxtyping import Float, Int, Shaped, UInt8
from torch import Tensor

from taskonomy.data import colour, pictures
from taskonomy.data.inputs import resize
from taskonomy.targets.map import each
from taskonomy.targets.target import STATISTICS, TINY, Target, one_hot


class PixelClasses(Target):
    """Classes from 1 in the file, 0 being uncertain."""

    heads = ("image",)
    losses = ("pixel_cross_entropy",)
    sample = STATISTICS

    _weights = torch.ones(1)

    def encode(self, example: tuple[int, ...]) -> Shaped[np.ndarray, "h w"]:
        """The classes at the output's size."""
        # A user's function gives floats.
        classes = self.ids(example[0], self.task.channels).astype(np.uint8)
        return resize(classes, self.size, cv2.INTER_NEAREST)

    def fit(self, labels: Shaped[np.ndarray, "n h w"]) -> None:
        """Weigh classes by how rare they are."""
        counts = np.bincount(labels.ravel(), minlength=self.task.channels + 1)[1:]
        self._weights = torch.from_numpy(colour.rebalance(counts.astype(np.float64)))

    def batch(
        self, labels: Shaped[np.ndarray, "n h w"], examples: Int[np.ndarray, "n k"]
    ) -> tuple[Float[Tensor, "n c h w"], Float[Tensor, "n 1 h w"]]:
        """One-hot classes, and the weight of each pixel."""
        del examples
        found = torch.from_numpy(labels)
        known = found > 0
        classes = found.long().sub(1).clamp_min(0)
        weight = self._weights[classes] * known
        return one_hot(classes, self.outputs).movedim(-1, 1), weight[:, None]

    def guess(
        self, target: Float[Tensor, "n c h w"], mask: Float[Tensor, "n 1 h w"]
    ) -> Float[Tensor, "c 1 1"]:
        """The rebalanced prior of the classes, as logits."""
        prior = (target * mask).sum(dim=(0, 2, 3)) / mask.sum().clamp_min(TINY)
        return prior.clamp_min(TINY).log()[:, None, None]

    def drawn(
        self,
        inputs: UInt8[np.ndarray, "n k H W 3"],
        target: Float[np.ndarray, "n c h w"],
        output: Float[np.ndarray, "n c h w"],
        mask: Float[np.ndarray, "n 1 h w"],
    ) -> tuple[UInt8[np.ndarray, "n h w 3"], UInt8[np.ndarray, "n h w 3"]]:
        """Each class in a colour of its own; uncertain pixels are grey."""
        del inputs
        truth = np.where(mask[:, 0] > 0, target.argmax(axis=1), -1)
        return each(truth, pictures.categories), each(output.argmax(axis=1), pictures.categories)
