"""The constant that serves a loss best: a baseline to beat, and where an untrained head starts."""

import torch
from jaxtyping import Float
from torch import Tensor

from taskonomy.dictionary import Task
from taskonomy.training.example_loader import Feed, in_order

_WEISZFELD = 50
_TINY = 1e-6
_ENOUGH = 256
"""Examples that a head's first level is taken from."""


@torch.no_grad()
def guess(task: Task, feed: Feed, most: int | None = None) -> Float[Tensor, "..."]:
    """The best constant output of a task: a map [c, h, w], numbers or logits [c] or [c, 1, 1], or
    for the metric loss one probability; from the feed's first `most` examples, or all of them."""
    parts = [
        (target, mask)
        for _, target, mask in feed.stream(in_order(min(feed.count, most or feed.count)))
    ]
    target, mask = (torch.cat(tensors) for tensors in zip(*parts, strict=True))
    if task.loss == "metric":
        same = target[:, 1, :, None] == target[:, 1, None, :]
        examples, pixels = target.shape[0], target.shape[2]
        # A pixel's pair with itself is not in the loss.
        return (same.sum() - examples * pixels) / (examples * pixels * (pixels - 1))
    if task.loss == "cross_entropy":
        return target.mean(dim=0).clamp_min(_TINY).log()
    if task.loss == "pixel_cross_entropy":
        prior = (target * mask).sum(dim=(0, 2, 3)) / mask.sum().clamp_min(_TINY)
        return prior.clamp_min(_TINY).log()[:, None, None]
    if task.loss == "l2_norm":
        return _geometric_median(target)
    if target.ndim == 2:
        return target.mean(dim=0)
    known = torch.where(mask > 0, target, torch.nan)
    # On a GPU the median that says where it lies is not deterministic, and refused.
    best = known.cpu().nanmedian(dim=0).values.to(known) if task.loss == "l1" else known.nanmean(0)
    # A pixel that no training image knows is guessed as the middle of the range.
    return best.nan_to_num(0.0)


def first_level(task: Task, feed: Feed) -> Float[Tensor, "outputs"] | None:
    """One number an output channel for a head to start from; None where no level is better.

    A readout has so few steps that without it they go into finding the mean.
    """
    if task.loss == "metric":
        return None
    best = guess(task, feed, _ENOUGH)
    return best.flatten(1).mean(dim=1) if best.ndim == 3 else best


def _geometric_median(points: Float[Tensor, "n c"]) -> Float[Tensor, "c"]:
    centre = points.mean(dim=0)
    for _ in range(_WEISZFELD):
        weight = 1 / torch.linalg.vector_norm(points - centre, dim=1).clamp_min(_TINY)
        centre = (points * weight[:, None]).sum(dim=0) / weight.sum()
    return centre
