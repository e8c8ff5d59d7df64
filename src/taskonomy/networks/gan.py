"""The conditional adversarial loss that the paper adds to image targets (its supplement)."""

from typing import cast

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

_REAL = 0.9
"""The label of a real pair: one-sided smoothing."""
_NOISE = 0.1
_DECAY = 0.2
WEIGHT = 0.004
"""Share of the adversarial loss in the generator's."""


class Discriminator(nn.Module):
    """Judges patches of (image, target) pairs.

    Args:
        channels: channels of image and target together.
        size: height and width of the target: halved while more than 8 remain, at most three times.

    Shape:
        [b, C, H, W] and [b, c, h, w] to [b, 1, h', w'] logits.
    """

    def __init__(self, channels: int, size: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        width = 64
        for _ in range(3):
            step = 2 if size > 8 else 1
            size //= step
            layers += [
                nn.Conv2d(channels, width, 5, stride=step, padding=2),
                nn.BatchNorm2d(width),
                nn.LeakyReLU(0.2),
            ]
            channels, width = width, 2 * width
        layers += [nn.Conv2d(channels, channels, 3, padding=1), nn.LeakyReLU(0.2)]
        layers.append(nn.Conv2d(channels, 1, 3, padding=1))
        self.layers = nn.Sequential(*layers)

    def forward(
        self, images: Float[Tensor, "b C H W"], targets: Float[Tensor, "b c h w"]
    ) -> Float[Tensor, "b 1 u v"]:
        """One logit a patch."""
        # Averaging areas needs whole multiples, which image and target sizes are.
        factor = images.shape[-1] // targets.shape[-1]
        condition = F.avg_pool2d(images, factor)
        return cast(Tensor, self.layers(torch.cat([condition, targets], dim=1)))


def noise_level(step: int) -> float:
    """Standard deviation of the instance noise: decays by inverse time, per 1000 steps."""
    return _NOISE / (1 + _DECAY * step / 1000)


def generator_loss(
    discriminator: Discriminator,
    images: Float[Tensor, "b C H W"],
    fake: Float[Tensor, "b c h w"],
) -> Float[Tensor, ""]:
    """How surely the discriminator calls the output fake."""
    logits = discriminator(images, fake)
    return F.binary_cross_entropy_with_logits(logits, torch.ones_like(logits))


def discriminator_loss(
    discriminator: Discriminator,
    images: Float[Tensor, "b C H W"],
    real: Float[Tensor, "b c h w"],
    fake: Float[Tensor, "b c h w"],
    noise: float,
) -> Float[Tensor, ""]:
    """Cross entropy of telling real from generated, both under instance noise."""
    logits = [discriminator(images, x + noise * torch.randn_like(x)) for x in (real, fake.detach())]
    labels = [torch.full_like(logits[0], _REAL), torch.zeros_like(logits[1])]
    return (
        F.binary_cross_entropy_with_logits(logits[0], labels[0])
        + F.binary_cross_entropy_with_logits(logits[1], labels[1])
    ) / 2
