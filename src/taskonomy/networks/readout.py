"""The transfer network: a shallow readout of frozen representations (paper, section 3.2)."""

from typing import cast

import torch
from jaxtyping import Float
from torch import Tensor, nn

from taskonomy.config import Config
from taskonomy.dictionary import Task
from taskonomy.networks.heads import build_head

_CLIP = 5.0
"""Standard deviations at which a representation's channels are clipped while training."""


class Readout(nn.Module):
    """Frozen representations of one or more sources to a target's output.

    Clip, batch norm, two parallel streams of two 3x3 convolutions, concatenated, batch norm, then
    the target's own head from scratch. Several sources are concatenated as channels; the images of
    a pair or triplet pass the same streams and meet in the head.

    Args:
        task: the target.
        config: widths of the streams and of the head.
        mean: mean of each channel over the training representations.
        deviation: standard deviation of each channel.
        classes: channels or numbers of the output.

    Shape:
        [b, k, C x order, h, w] to the head's output.
    """

    def __init__(
        self,
        task: Task,
        config: Config,
        mean: Float[Tensor, "channels"],
        deviation: Float[Tensor, "channels"],
        classes: int,
    ) -> None:
        super().__init__()
        channels, width = len(mean), config.transfer.width
        for end in ("low", "high"):
            self.register_buffer(end, torch.empty(channels, 1, 1, device=mean.device))
        self.clip_at(mean, deviation)
        self.norm = nn.BatchNorm2d(channels)
        # Two streams side by side: one convolution makes both their first layers, and one of two
        # groups their second.
        self.streams = nn.Sequential(
            nn.Conv2d(channels, 2 * width, 3, padding=1, bias=False),
            nn.BatchNorm2d(2 * width),
            nn.ReLU(inplace=True),
            nn.Conv2d(2 * width, 2 * width, 3, padding=1, groups=2, bias=False),
            nn.BatchNorm2d(2 * width),
            nn.ReLU(inplace=True),
        )
        self.merged = nn.BatchNorm2d(2 * width)
        self.head = build_head(task, config.network, 2 * width, classes, task.images)

    def clip_at(
        self, mean: Float[Tensor, "channels"], deviation: Float[Tensor, "channels"]
    ) -> None:
        """Clip at so many standard deviations of each channel."""
        cast(Tensor, self.low).copy_((mean - _CLIP * deviation)[:, None, None])
        cast(Tensor, self.high).copy_((mean + _CLIP * deviation)[:, None, None])

    def forward(self, codes: Float[Tensor, "b k C h w"]) -> Float[Tensor, "b ..."]:
        """The target's output; clipped in training only."""
        x = codes.flatten(0, 1).contiguous(memory_format=torch.channels_last)
        if self.training:
            x = torch.clamp(x, cast(Tensor, self.low), cast(Tensor, self.high))
        x = self.merged(self.streams(self.norm(x)))
        return cast(Tensor, self.head(x.unflatten(0, codes.shape[:2])))
