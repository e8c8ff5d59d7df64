"""ImageNet features: torchvision's ResNets without their last layer, for weights of the user's.

`taskonomy join imagenet --encoder taskonomy.studies.imagenet:resnet50 --weights FILE`
"""

from typing import cast

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import interpolate
from torchvision.models import ResNet
from torchvision.models.resnet import BasicBlock, Bottleneck

SIZE = 224
"""Pixels that the networks were trained at."""


class Features(ResNet):  # type: ignore[misc]
    """The last map of a ResNet, from images in [-1, 1]; weights are named as torchvision's.

    Shape:
        [b, 3, H, W] to [b, C, 7, 7].
    """

    mean: Tensor
    deviation: Tensor

    def __init__(self, block: type[BasicBlock | Bottleneck], layers: list[int]) -> None:
        super().__init__(block, layers)
        mean, deviation = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
        self.register_buffer("mean", torch.tensor(mean)[:, None, None], persistent=False)
        self.register_buffer("deviation", torch.tensor(deviation)[:, None, None], persistent=False)

    def forward(self, images: Float[Tensor, "b 3 H W"]) -> Float[Tensor, "b C h w"]:
        """Scale as ImageNet's images were, then all stages."""
        x = interpolate((images + 1) / 2, size=(SIZE, SIZE), mode="bilinear", antialias=True)
        x = self.relu(self.bn1(self.conv1((x - self.mean) / self.deviation)))
        x = self.layer2(self.layer1(self.maxpool(x)))
        return cast(Tensor, self.layer4(self.layer3(x)))


def resnet18() -> Features:
    """ResNet-18."""
    return Features(BasicBlock, [2, 2, 2, 2])


def resnet50() -> Features:
    """ResNet-50."""
    return Features(Bottleneck, [3, 4, 6, 3])
