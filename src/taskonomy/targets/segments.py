"""Segments: an embedding in which pixels of one segment are near (paper, supplement)."""

import cv2
import numpy as np
import torch
from jaxtyping import Float, Int, Shaped, UInt8
from torch import Tensor

from taskonomy.data import pictures
from taskonomy.data.inputs import resize, seed_of
from taskonomy.networks.losses import guessed_metric
from taskonomy.targets.map import each
from taskonomy.targets.target import Target


class Segments(Target):
    """Segment ids of sampled pixels: [2, p], flat indices and ids."""

    heads = ("image",)
    losses = ("metric",)

    def encode(self, example: tuple[int, ...]) -> Shaped[np.ndarray, "h w"]:
        """The segment ids at the output's size."""
        return resize(self.ids(example[0]), self.size, cv2.INTER_NEAREST)

    def batch(
        self, labels: Shaped[np.ndarray, "n h w"], examples: Int[np.ndarray, "n k"]
    ) -> tuple[Float[Tensor, "n 2 p"], Float[Tensor, "n p"]]:
        """Sampled pixels with their segments; all of them count."""
        views, seed = self._reader.dataset.views, self._reader.seed
        seeds = np.array([seed_of(views[view], seed) for view in examples[:, 0]], np.int64)
        indices = torch.from_numpy(sampled_pixels(seeds, self.network.segment_pixels, self.size))
        segments = torch.from_numpy(labels).flatten(1).float().gather(1, indices)
        return torch.stack([indices.float(), segments], dim=1), torch.ones(indices.shape)

    def guess(
        self, target: Float[Tensor, "n 2 p"], mask: Float[Tensor, "n p"]
    ) -> Float[Tensor, ""]:
        """The rate at which two pixels are of one segment."""
        del mask
        same = target[:, 1, :, None] == target[:, 1, None, :]
        examples, pixels = target.shape[0], target.shape[2]
        # A pixel's pair with itself is not in the loss.
        return (same.sum() - examples * pixels) / (examples * pixels * (pixels - 1))

    def level(self, target: Float[Tensor, "n 2 p"], mask: Float[Tensor, "n p"]) -> None:
        """No constant embedding is better than another."""
        del target, mask

    def guess_losses(
        self,
        guess: Float[Tensor, ""],
        target: Float[Tensor, "n 2 p"],
        mask: Float[Tensor, "n p"],
    ) -> Float[Tensor, "n"]:
        """The loss of saying that any two pixels are of one segment at that rate."""
        return guessed_metric(guess, target, mask)

    def drawn(
        self,
        inputs: UInt8[np.ndarray, "n k H W 3"],
        target: Float[np.ndarray, "n 2 p"],
        output: Float[np.ndarray, "n c h w"],
        mask: Float[np.ndarray, "n p"],
    ) -> tuple[UInt8[np.ndarray, "n h w 3"], UInt8[np.ndarray, "n h w 3"]]:
        """Each segment in a colour of its own; the embedding by its principal components."""
        del inputs, mask
        size = (output.shape[2], output.shape[3])
        ids = np.stack([pictures.nearest_segments(points, size) for points in target])
        return each(ids, pictures.categories), pictures.embeddings(output)


def sampled_pixels(
    view_seeds: Int[np.ndarray, "n"], pixels: int, size: int
) -> Int[np.ndarray, "n p"]:
    """Which pixels of a `size` x `size` map the metric loss looks at, fixed per view.

    Windows of one fixed random order of all pixels; as many as `pixels`, or all there are.
    """
    order = np.random.default_rng(size).permutation(size * size)
    window = np.arange(min(pixels, size * size))
    return order[(view_seeds[:, None] + window) % len(order)]
