"""Losses, one number an example, so that models can be compared image by image."""

import math

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from taskonomy.dictionary import Loss

_TINY = 1e-6


def example_losses(
    loss: Loss,
    output: Float[Tensor, "b ..."],
    target: Float[Tensor, "b ..."],
    mask: Float[Tensor, "b ..."],
) -> Float[Tensor, "b"]:
    """The loss of each example.

    Args:
        loss: which loss (dictionary).
        output: what a head gave: [b, c, h, w] or [b, c].
        target: as the output, soft labels for the cross entropies; for `metric` [b, 2, p], the
            flat indices of the sampled pixels and their segments.
        mask: weights: [b, 1, h, w] for images, [b, p] for `metric`, [b, 1] for vectors. An example
            whose weights are all 0 has loss 0.
    """
    if loss == "metric":
        return metric(output, target, mask)
    if loss == "l2_norm":
        return torch.sqrt((output - target).square().sum(dim=1))
    if loss == "cross_entropy":
        return -(target * F.log_softmax(output, dim=1)).sum(dim=1)
    if loss == "pixel_cross_entropy":
        # Soft labels sum to 1, which spares the log-probabilities of 313 colour bins.
        entropy = torch.logsumexp(output, dim=1) - (target * output).sum(dim=1)
        return _mean(entropy[:, None], mask)
    error = output - target
    return _mean(error.abs() if loss == "l1" else error.square(), mask)


def metric(
    embedding: Float[Tensor, "b c h w"],
    samples: Float[Tensor, "b 2 p"],
    mask: Float[Tensor, "b p"],
) -> Float[Tensor, "b"]:
    """Pairwise loss on embeddings of sampled pixels (paper, supplement).

    Two pixels at squared distance d2 are taken as one segment with probability
    2 / (1 + exp(d2)); the loss is the cross entropy of that, averaged over the pairs.

    Args:
        embedding: one vector a pixel.
        samples: flat pixel indices and segment ids.
        mask: 0 where a sampled pixel has no segment.
    """
    where, segment = samples[:, 0].long(), samples[:, 1]
    vectors = embedding.flatten(2).gather(2, where[:, None].expand(-1, embedding.shape[1], -1))
    squares = vectors.square().sum(dim=1)
    products = vectors.transpose(1, 2) @ vectors
    distance = (squares[:, :, None] + squares[:, None, :] - 2 * products).clamp_min(_TINY)
    same = segment[:, :, None] == segment[:, None, :]
    # -log(2 / (1 + e^d)) and -log(1 - 2 / (1 + e^d)) = -log tanh(d / 2), without overflow.
    loss = torch.where(
        same, F.softplus(distance) - math.log(2), -torch.log(torch.tanh(distance / 2))
    )
    weight = (mask[:, :, None] * mask[:, None, :]).triu(diagonal=1)
    return (loss * weight).sum(dim=(1, 2)) / weight.sum(dim=(1, 2)).clamp_min(_TINY)


def _mean(
    error: Float[Tensor, "b c h w"] | Float[Tensor, "b c"],
    mask: Float[Tensor, "b 1 h w"] | Float[Tensor, "b 1"],
) -> Float[Tensor, "b"]:
    """Weighted mean over pixels, plain mean over channels."""
    error, weight = error.mean(dim=1, keepdim=True).flatten(1), mask.flatten(1)
    return (error * weight).sum(dim=1) / weight.sum(dim=1).clamp_min(_TINY)


def guessed_metric(
    rate: Float[Tensor, ""], samples: Float[Tensor, "b 2 p"], mask: Float[Tensor, "b p"]
) -> Float[Tensor, "b"]:
    """The metric loss of saying that any two pixels are of one segment with probability `rate`."""
    segment = samples[:, 1]
    same = segment[:, :, None] == segment[:, None, :]
    rate = rate.clamp(_TINY, 1 - _TINY)
    loss = torch.where(same, -rate.log(), -(1 - rate).log())
    weight = (mask[:, :, None] * mask[:, None, :]).triu(diagonal=1)
    return (loss * weight).sum(dim=(1, 2)) / weight.sum(dim=(1, 2)).clamp_min(_TINY)
