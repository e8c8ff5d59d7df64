"""The constant that serves a loss best: a baseline to beat, and where an untrained head starts."""

import torch
from jaxtyping import Float
from torch import Tensor

from taskonomy.targets import Target
from taskonomy.training.example_loader import ExampleLoader, in_order

_ENOUGH = 256
"""Examples that a head's first level is taken from."""


@torch.no_grad()
def guess(target: Target, loader: ExampleLoader) -> Float[Tensor, "..."]:
    """The best constant output of a task, from all examples: a map [c, h, w], numbers or logits [c]
    or [c, 1, 1], or for the metric loss one probability."""
    return target.guess(*_labels(loader, loader.count))


@torch.no_grad()
def first_level(target: Target, loader: ExampleLoader) -> Float[Tensor, "outputs"] | None:
    """One number an output channel for a head to start from; None where no level is better.

    A readout has so few steps that without it they go into finding the mean.
    """
    return target.level(*_labels(loader, min(loader.count, _ENOUGH)))


def _labels(
    loader: ExampleLoader, count: int
) -> tuple[Float[Tensor, "n ..."], Float[Tensor, "n ..."]]:
    parts = [(target, mask) for *_, target, mask in loader.batches(in_order(count))]
    target, mask = (torch.cat(tensors) for tensors in zip(*parts, strict=True))
    return target, mask
