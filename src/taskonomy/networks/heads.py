"""The decoders: from codes to a task's output."""

from typing import cast

import torch
from jaxtyping import Float
from torch import Tensor, nn

from taskonomy.config import NetworkConfig
from taskonomy.dictionary import Task
from taskonomy.networks.encoder import code_size, tile_size

_LEAK = 0.2
_SMALL = 0.1
"""What the last layer's first weights are scaled by where its bias is given."""
_INSIDE = 0.95
"""Largest level that an output squashed by tanh starts at."""
PAIRS = [[0, 1], [0, 2], [1, 2]]
"""The pairs of a triplet."""


def output_size(task: Task, network: NetworkConfig) -> int:
    """Height and width of an image head's output."""
    if task.reduction:
        coded = code_size(network, network.image_size)
        return max(network.image_size // task.reduction, coded)
    return network.segment_size if task.loss == "metric" else network.target_size


def build_head(
    task: Task, network: NetworkConfig, channels: int, classes: int, images: int
) -> "Head":
    """The head of a task, on codes (or a readout's features) of `channels` channels.

    Args:
        task: says which kind of head, and its size where it differs from the profile's.
        network: sizes of the profile.
        channels: channels of one image's code.
        classes: channels or numbers of the output.
        images: how many codes one example has: 1, 2, 3, or 9 tiles.

    Shape:
        [b, images, channels, h, w] to [b, classes, H, W] or [b, classes].
    """
    if task.head == "image":
        scale = output_size(task, network) // code_size(network, network.image_size)
        regression = task.loss in ("l1", "l2")
        kernel = 3 if regression else 1
        return ImageHead(
            channels, network.decoder, network.doublings, scale, classes, kernel, regression
        )
    size = code_size(network, tile_size(network) if images == 9 else network.image_size)
    hidden = max(int(network.hidden * task.width), min(network.hidden, 64))
    features = channels * size * size
    if task.inputs == "triplet":
        pair = VectorHead(2 * features, task.layers, hidden, classes // 3, network.dropout)
        return PairwiseHead(pair)
    return VectorHead(images * features, task.layers, hidden, classes, network.dropout)


class ImageHead(nn.Module):
    """Convolutions on the code, then doublings up to the target's size (the reference's conv15).

    A doubling is a transposed convolution, computed at the smaller size as four outputs a position;
    what the given doublings leave of the way to the target's size, the last layer does likewise.

    Args:
        channels: channels of the code.
        widths: widths of the 3x3 convolutions at the code's size.
        doublings: how many doublings, each half as wide as the one before (at least 16); a
            convolution follows each but the last.
        scale: the output's height over the code's.
        outputs: channels of the output.
        kernel: of the last layer.
        bounded: whether the output is squashed to [-1, 1] by tanh.

    Shape:
        [b, 1, channels, h, w] to [b, outputs, h x scale, w x scale].
    """

    def __init__(
        self,
        channels: int,
        widths: tuple[int, ...],
        doublings: int,
        scale: int,
        outputs: int,
        kernel: int,
        bounded: bool,
    ) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for width in widths:
            layers += _normalised(nn.Conv2d(channels, width, 3, padding=1, bias=False), width)
            channels = width
        doublings = min(doublings, scale.bit_length() - 1)
        for step in range(doublings):
            width = max(widths[-1] >> (step + 1), min(16, widths[-1]))
            layers += _normalised(_upsampling(channels, width, 2, 3), width)
            channels = width
            if step + 1 < doublings:
                between = min(max(width, 32), widths[-1])
                convolution = nn.Conv2d(channels, between, 3, padding=1, bias=False)
                layers += _normalised(convolution, between)
                channels = between
        self._each = (scale >> doublings) ** 2
        self._bounded = bounded
        layers.append(_upsampling(channels, outputs, scale >> doublings, kernel, bias=True))
        if bounded:
            layers.append(nn.Tanh())
        self.layers = nn.Sequential(*layers)

    def start_at(self, level: Float[Tensor, "outputs"]) -> None:
        """Let the untrained head say about `level` everywhere."""
        if self._bounded:
            level = level.clamp(-_INSIDE, _INSIDE).atanh()
        _start_at(self.layers, level.repeat_interleave(self._each))

    def forward(self, codes: Float[Tensor, "b 1 C h w"]) -> Float[Tensor, "b outputs H W"]:
        """Decode one code an example."""
        output: Tensor = self.layers(codes[:, 0])
        return output


class VectorHead(nn.Module):
    """Fully connected layers with ReLU, batch norm and dropout, the last one plain.

    Shape:
        [b, images, channels, h, w] to [b, outputs], where images x channels x h x w is `features`.
    """

    def __init__(
        self, features: int, layers: int, hidden: int, outputs: int, dropout: float
    ) -> None:
        super().__init__()
        parts: list[nn.Module] = []
        for _ in range(layers - 1):
            parts += [
                nn.Linear(features, hidden, bias=False),
                nn.BatchNorm1d(hidden),
                nn.ReLU(inplace=True),
                nn.Dropout(dropout),
            ]
            features = hidden
        parts.append(nn.Linear(features, outputs))
        self.layers = nn.Sequential(*parts)

    def start_at(self, level: Float[Tensor, "outputs"]) -> None:
        """Let the untrained head say about `level` of every example."""
        _start_at(self.layers, level)

    def forward(self, codes: Float[Tensor, "b k C h w"]) -> Float[Tensor, "b outputs"]:
        """Decode the codes of one example, concatenated."""
        output: Tensor = self.layers(codes.flatten(1))
        return output


class PairwiseHead(nn.Module):
    """One head for the three pairs of a triplet (egomotion).

    Shape:
        [b, 3, channels, h, w] to [b, 3 x the pair head's outputs].
    """

    def __init__(self, pair: VectorHead) -> None:
        super().__init__()
        self.pair = pair

    def start_at(self, level: Float[Tensor, "outputs"]) -> None:
        """Let the untrained head say about the mean pair of `level`."""
        self.pair.start_at(level.reshape(3, -1).mean(dim=0))

    def forward(self, codes: Float[Tensor, "b 3 C h w"]) -> Float[Tensor, "b outputs"]:
        """Decode each pair with the same weights."""
        pairs = codes[:, PAIRS].flatten(0, 1)
        # Not len(): an exported program would take this many examples alone.
        return cast(Tensor, self.pair(pairs)).reshape(codes.shape[0], -1)


@torch.no_grad()
def _start_at(layers: nn.Module, level: Float[Tensor, "numbers"]) -> None:
    last = [m for m in layers.modules() if isinstance(m, nn.Conv2d | nn.Linear)][-1]
    last.weight.mul_(_SMALL)
    assert last.bias is not None
    last.bias.copy_(level)


def _normalised(layer: nn.Module, width: int) -> list[nn.Module]:
    return [layer, nn.BatchNorm2d(width), nn.LeakyReLU(_LEAK, inplace=True)]


def _upsampling(
    channels: int, outputs: int, factor: int, kernel: int, bias: bool = False
) -> nn.Module:
    convolution = nn.Conv2d(channels, factor**2 * outputs, kernel, padding=kernel // 2, bias=bias)
    return convolution if factor == 1 else nn.Sequential(convolution, nn.PixelShuffle(factor))


Head = ImageHead | VectorHead | PairwiseHead
