"""Colour bins: the hue of every pixel as shares of 313 bins, rare ones weighted up."""

import cv2
import numpy as np
import torch
from jaxtyping import Float, Int, Shaped, UInt8
from PIL import Image
from torch import Tensor

from taskonomy.data import colour, pictures
from taskonomy.data.inputs import resize
from taskonomy.targets.pixel_classes import PixelClasses
from taskonomy.targets.target import shares

_ANNEALING = 0.38
"""Temperature at which colour probabilities are averaged (Zhang et al., 2016)."""


class ColourBins(PixelClasses):
    """Classes of hue, kept as the a and b of every pixel in 8 bits."""

    def encode(self, example: tuple[int, ...]) -> UInt8[np.ndarray, "2 h w"]:
        """The colours at the output's size."""
        rgb = resize(self._reader.image(example[0]), self.size, cv2.INTER_AREA)
        return colour.lab(rgb)[:, :, 1:].transpose(2, 0, 1).copy()

    def fit(self, labels: Shaped[np.ndarray, "n 2 h w"]) -> None:
        """Weigh bins by how rare they are."""
        where, weights = colour.soft_bins()
        values = labels[:, 0].astype(np.int64) * 256 + labels[:, 1]
        occurring = np.bincount(values.ravel(), minlength=1 << 16)
        counts = np.bincount(
            where.ravel(), (weights * occurring[:, None]).ravel(), minlength=colour.BINS
        )
        self._weights = torch.from_numpy(colour.rebalance(counts))

    @property
    def outputs(self) -> int:
        """The number of bins."""
        return colour.BINS

    def batch(
        self, labels: Shaped[np.ndarray, "n 2 h w"], examples: Int[np.ndarray, "n k"]
    ) -> tuple[Float[Tensor, "n 313 h w"], Float[Tensor, "n 1 h w"]]:
        """Shares of the nearest bins, and the weight of each pixel's nearest."""
        del examples
        ab = torch.from_numpy(labels)
        where, weights = (torch.from_numpy(array) for array in colour.soft_bins())
        value = ab[:, 0].long() * 256 + ab[:, 1]
        near, share = where[value], weights[value]
        target = torch.zeros(*value.shape, colour.BINS).scatter_(-1, near, share)
        return target.movedim(-1, 1), self._weights[near[..., 0]][:, None]

    def drawn(
        self,
        inputs: UInt8[np.ndarray, "n k H W 3"],
        target: Float[np.ndarray, "n c h w"],
        output: Float[np.ndarray, "n c h w"],
        mask: Float[np.ndarray, "n 1 h w"],
    ) -> tuple[UInt8[np.ndarray, "n h w 3"], UInt8[np.ndarray, "n h w 3"]]:
        """The input's lightness in the mean colour of the bins."""
        del mask
        truth = target / np.maximum(target.sum(axis=1, keepdims=True), 1e-9)
        return _recoloured(inputs, truth), _recoloured(inputs, shares(output, _ANNEALING))


def _recoloured(
    inputs: UInt8[np.ndarray, "n k H W 3"], bins: Float[np.ndarray, "n bins h w"]
) -> UInt8[np.ndarray, "n h w 3"]:
    ab = np.einsum("nbhw,bc->nhwc", bins, colour.bins())
    h, w = ab.shape[1:3]
    recoloured = []
    for image, chroma in zip(inputs[:, 0], ab, strict=True):
        small = np.asarray(Image.fromarray(image).resize((w, h), Image.Resampling.BOX))
        light = small[..., 0] / 2.55  # the network sees L of L*a*b*, scaled to 8 bits
        lab = np.concatenate([light[..., None], chroma], axis=-1)
        recoloured.append(pictures.lab_to_rgb(lab))
    return np.stack(recoloured)
