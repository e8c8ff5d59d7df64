"""The encoder that every task shares in shape: a fully convolutional ResNet with a narrow code."""

from itertools import pairwise

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torchvision.models.resnet import BasicBlock, Bottleneck

from taskonomy.config import NetworkConfig


def stride(network: NetworkConfig) -> int:
    """Pixels per position of the code."""
    total = 2 if network.stem == "conv3" else 4
    for step in network.strides:
        total *= step
    return total


def code_size(network: NetworkConfig, image_size: int) -> int:
    """Height and width of the code of a square image."""
    return -(-image_size // stride(network))


def tile_size(network: NetworkConfig) -> int:
    """Pixels of a jigsaw tile: a third of the image, rounded to whole positions of the code."""
    step = stride(network)
    return max(1, round(network.image_size / 3 / step)) * step


class Encoder(nn.Module):
    """Images to codes (paper, supplement: ResNet-50 without pooling, 256 px to 16 x 16 x 8).

    A stem, residual stages as configured, and a 3x3 convolution to `code_channels`.

    Args:
        network: stem, block, stages and code.
        channels: channels of the input: 3, or 1 for lightness.

    Shape:
        [b, channels, H, W] to [b, code_channels, H / stride, W / stride].
    """

    def __init__(self, network: NetworkConfig, channels: int = 3) -> None:
        super().__init__()
        block = BasicBlock if network.block == "basic" else Bottleneck
        first = network.widths[0] if network.stem == "conv3" else 64
        self.stem = _stem(network.stem, channels, first)
        outputs = [first, *(width * block.expansion for width in network.widths)]
        self.stages = nn.Sequential(
            *(
                _stage(block, before, width, layers, step)
                for (before, _), width, layers, step in zip(
                    pairwise(outputs), network.widths, network.layers, network.strides, strict=True
                )
            )
        )
        self.code = nn.Conv2d(outputs[-1], network.code_channels, 3, padding=1)
        for module in self.modules():
            if isinstance(module, nn.Conv2d) and module is not self.code:
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, images: Float[Tensor, "b channels H W"]) -> Float[Tensor, "b C h w"]:
        """Encode images in [-1, 1]."""
        # Channels last is a third faster on processors, and equal in value.
        images = images.contiguous(memory_format=torch.channels_last)
        code: Tensor = self.code(self.stages(self.stem(images)))
        return code


def _stem(kind: str, channels: int, width: int) -> nn.Sequential:
    if kind == "conv3":
        convolution = nn.Conv2d(channels, width, 3, stride=2, padding=1, bias=False)
        return nn.Sequential(convolution, nn.BatchNorm2d(width), nn.ReLU(inplace=True))
    convolution = nn.Conv2d(channels, width, 7, stride=2, padding=3, bias=False)
    pool = nn.MaxPool2d(3, stride=2, padding=1)
    return nn.Sequential(convolution, nn.BatchNorm2d(width), nn.ReLU(inplace=True), pool)


def _stage(
    block: type[BasicBlock | Bottleneck], before: int, width: int, layers: int, step: int
) -> nn.Sequential:
    after = width * block.expansion
    shortcut = None
    if step != 1 or before != after:
        shortcut = nn.Sequential(
            nn.Conv2d(before, after, 1, stride=step, bias=False), nn.BatchNorm2d(after)
        )
    blocks = [block(before, width, step, shortcut)]
    blocks += [block(after, width) for _ in range(layers - 1)]
    return nn.Sequential(*blocks)
