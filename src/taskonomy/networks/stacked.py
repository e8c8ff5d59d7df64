"""Many readouts of equal shape as one network: every weight has a leading axis, the member.

Activations are [member, channel, image, height, width]. So a convolution is one batched product
of the weights, as they lie, and the unfolded input, whatever its groups; and one batch norm over
members x channels normalises every member by itself.
"""

from collections.abc import Sequence
from typing import cast

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from taskonomy.networks.heads import PAIRS, ImageHead, PairwiseHead
from taskonomy.networks.readout import Readout


class StackedReadout(nn.Module):
    """Readouts of one target and of representations of equal shape, as one network.

    In training all members have the same units dropped out, as they have where each is trained
    alone from the same seed.

    Args:
        readouts: the members; their weights are the first ones here.

    Shape:
        [R, b, k, C, h, w], or one member's batch for all; to [R, b, ...].
    """

    def __init__(self, readouts: Sequence[Readout]) -> None:
        super().__init__()
        self._members = list(readouts)  # a list: they are no part of this network
        lows, highs = ([getattr(r, end) for r in readouts] for end in ("low", "high"))
        self.register_buffer("low", torch.stack(lows)[..., None])
        self.register_buffer("high", torch.stack(highs)[..., None])
        self.norm = _stack([r.norm for r in readouts])
        self.streams = _stack([r.streams for r in readouts])
        self.merged = _stack([r.merged for r in readouts])
        heads = [r.head.pair if isinstance(r.head, PairwiseHead) else r.head for r in readouts]
        self.layers = _stack([head.layers for head in heads])

    def forward(self, codes: Float[Tensor, "R b k C h w"]) -> Float[Tensor, "R b ..."]:
        """Every member's output for its codes."""
        members, images = codes.shape[0], codes.shape[1:3]
        x = codes.flatten(1, 2).transpose(1, 2).contiguous()
        if self.training:
            x = torch.clamp(x, cast(Tensor, self.low), cast(Tensor, self.high))
        x = self.merged(self.streams(self.norm(x)))
        if isinstance(self._members[0].head, ImageHead):
            return cast(Tensor, self.layers(x)).transpose(1, 2)
        x = x.reshape(*x.shape[:2], *images, *x.shape[3:])
        x = x.permute(0, 3, 1, 4, 5, 2)  # [R, k, C, h, w, b]
        if isinstance(self._members[0].head, PairwiseHead):
            # [R, 2, C, h, w, b, pairs]: the pairs of an example lie side by side.
            x = x[:, PAIRS].permute(0, 2, 3, 4, 5, 6, 1).flatten(5)
        output: Tensor = self.layers(x.flatten(1, 4))
        return output.transpose(1, 2).reshape(members, images[0], -1)

    @torch.no_grad()
    def unstack(self) -> None:
        """Give every member the weights and statistics that it has here."""
        for layer in self.modules():
            if isinstance(layer, _Product | _Norm):
                layer.unstack()


class _Product(nn.Module):
    """Convolutions of stride 1 that keep the size, or fully connected layers."""

    def __init__(self, layers: Sequence[nn.Conv2d] | Sequence[nn.Linear]) -> None:
        super().__init__()
        self._layers = list(layers)
        first = self._layers[0]
        self._kernel = first.kernel_size[0] if isinstance(first, nn.Conv2d) else 1
        self._groups = first.groups if isinstance(first, nn.Conv2d) else 1
        self.weight = nn.Parameter(torch.stack([_plain(layer.weight) for layer in layers]))
        biases = [layer.bias for layer in layers if layer.bias is not None]
        self.bias = nn.Parameter(torch.stack([b.detach() for b in biases])) if biases else None

    def forward(self, x: Float[Tensor, "R C *positions"]) -> Float[Tensor, "R outputs *positions"]:
        unfolded = self._unfold(x).reshape(len(x) * self._groups, -1, x[0, 0].numel())
        weight = self.weight.reshape(len(unfolded), -1, unfolded.shape[1])
        product = torch.bmm(weight, unfolded).reshape(len(x), -1, *x.shape[2:])
        if self.bias is None:
            return product
        return product + self.bias.reshape(*self.bias.shape, *[1] * (x.ndim - 2))

    def _unfold(self, x: Tensor) -> Tensor:
        """What each output sees, in the order of a convolution's weights: channel, row, column."""
        k = self._kernel
        if k == 1:
            return x
        windows = F.pad(x, [k // 2] * 4).unfold(-2, k, 1).unfold(-2, k, 1)
        return windows.permute(0, 1, 5, 6, 2, 3, 4)

    def unstack(self) -> None:
        for index, layer in enumerate(self._layers):
            cast(Tensor, layer.weight).copy_(self.weight[index])
            if self.bias is not None:
                cast(Tensor, layer.bias).copy_(self.bias[index])


class _Norm(nn.BatchNorm1d):
    """Batch norms side by side."""

    def __init__(self, layers: Sequence[_BatchNorm]) -> None:
        first, width = layers[0], sum(layer.num_features for layer in layers)
        super().__init__(width, first.eps, device=first.weight.device)
        self._layers = list(layers)
        with torch.no_grad():
            self.weight.copy_(torch.cat([layer.weight for layer in layers]))
            self.bias.copy_(torch.cat([layer.bias for layer in layers]))

    def forward(self, x: Float[Tensor, "R C *positions"]) -> Float[Tensor, "R C *positions"]:
        return super().forward(x.reshape(1, self.num_features, -1)).reshape(x.shape)

    def unstack(self) -> None:
        for name in ("weight", "bias", "running_mean", "running_var"):
            parts = cast(Tensor, getattr(self, name)).chunk(len(self._layers))
            for layer, part in zip(self._layers, parts, strict=True):
                cast(Tensor, getattr(layer, name)).copy_(part)
        for layer in self._layers:
            cast(Tensor, layer.num_batches_tracked).copy_(cast(Tensor, self.num_batches_tracked))


class _Dropout(nn.Dropout):
    """The same units of every member are dropped, drawn as for one alone."""

    def forward(self, x: Float[Tensor, "R units b"]) -> Float[Tensor, "R units b"]:
        kept = F.dropout(x.new_ones(x.shape[2], x.shape[1]), self.p, self.training)
        return x * kept.T if self.training else x


class _PixelShuffle(nn.PixelShuffle):
    """As torch's, in this file's order of axes."""

    def forward(self, x: Float[Tensor, "R c n h w"]) -> Float[Tensor, "R outputs n H W"]:
        (members, _, n, h, w), f = x.shape, self.upscale_factor
        parts = x.reshape(members, -1, f, f, n, h, w).permute(0, 1, 4, 5, 2, 6, 3)
        return parts.reshape(members, -1, n, h * f, w * f)


def _stack(layers: Sequence[nn.Module]) -> nn.Module:
    """One layer for equal layers of all members."""
    first = layers[0]
    if isinstance(first, nn.Sequential):
        columns = zip(*(cast(nn.Sequential, layer) for layer in layers), strict=True)
        return nn.Sequential(*(_stack(column) for column in columns))
    if isinstance(first, nn.Conv2d | nn.Linear):
        return _Product(cast(Sequence[nn.Conv2d], layers))
    if isinstance(first, _BatchNorm):
        return _Norm(cast(Sequence[_BatchNorm], layers))
    if isinstance(first, nn.Dropout):
        return _Dropout(first.p)
    if isinstance(first, nn.PixelShuffle):
        return _PixelShuffle(first.upscale_factor)
    return first  # works on each number by itself


def _plain(weight: Tensor) -> Tensor:
    return weight.detach().contiguous()
