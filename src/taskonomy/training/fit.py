"""The one loop that every network is trained with, and the measurement of its test losses."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float32
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from taskonomy.dictionary import Task
from taskonomy.networks import gan
from taskonomy.networks.losses import example_losses
from taskonomy.networks.readout import Readout
from taskonomy.networks.task_network import TaskNetwork
from taskonomy.targets import Target
from taskonomy.training.example_loader import ExampleLoader, epochs, in_order
from taskonomy.training.guesses import first_level

Progress = Callable[[int, float], None]
"""Is told the step and the loss, about 20 times."""

POINTS = 20
"""Points of a loss curve."""
SETTLING = 512
"""Training examples that the batch norms' statistics are taken from."""
_GENERATOR_ALONE = 0.22
"""Share of the steps before the discriminator is listened to (the reference: 25k of 112k)."""


class Diverged(Exception):
    """The loss was no longer finite; says at which step."""


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """How a network is optimised.

    Attributes:
        steps: optimisation steps.
        batch: examples a step.
        learning_rate: of Adam.
        anneal: share of the steps after which the learning rate falls to a tenth.
        weight_decay: of Adam.
        gan: whether image targets get the adversarial loss as well.
    """

    steps: int
    batch: int
    learning_rate: float
    anneal: float
    weight_decay: float
    gan: bool = False


class Outcome(NamedTuple):
    """What training came to: `finished` or `failed: ` and why, with nan for every test loss."""

    status: str
    steps: int
    test_losses: Float32[np.ndarray, "n"]
    curve: Float32[np.ndarray, "points 2"]


def attempt(
    network: TaskNetwork | Readout,
    target: Target,
    training: ExampleLoader,
    test: ExampleLoader,
    schedule: Schedule,
    rng: np.random.Generator,
    progress: Progress | None = None,
) -> Outcome:
    """Train and measure; a network that diverges is an outcome, not the end of a run."""
    task = target.task
    level = first_level(target, training)
    if level is not None:
        network.head.start_at(level)
    try:
        curve = fit(network, task, training, schedule, rng, progress)
        recalibrate_batch_norm(network, training)
        losses = test_losses(network, task, test)
    except Diverged as error:
        nothing = np.full(test.count, np.nan, np.float32)
        return Outcome(f"failed: {error}", schedule.steps, nothing, np.zeros((0, 2), np.float32))
    return Outcome("finished", schedule.steps, losses, curve)


def fit(
    network: nn.Module,
    task: Task,
    loader: ExampleLoader,
    schedule: Schedule,
    rng: np.random.Generator,
    progress: Progress | None = None,
) -> Float32[np.ndarray, "points 2"]:
    """Train a network on (inputs, target, mask) batches.

    Args:
        network: inputs to outputs.
        task: says which loss.
        loader: the training examples.
        schedule: how to optimise.
        rng: the order of the examples.
        progress: told the step and the loss at each point of the curve.

    Returns:
        About 20 rows of (step, mean training loss since the row before).

    Raises:
        Diverged: the loss is not finite.
    """
    network.train()
    optimiser = torch.optim.Adam(
        network.parameters(),
        lr=schedule.learning_rate,
        weight_decay=schedule.weight_decay,
        fused=True,
    )
    adversary: Adversary | None = None
    every = max(1, schedule.steps // POINTS)
    curve: list[tuple[float, float]] = []
    total, counted = torch.zeros((), device=next(network.parameters()).device), 0
    orders = epochs(loader.count, schedule.batch, schedule.steps, rng)
    for step, (inputs, target, mask) in enumerate(loader.batches(orders)):
        if step == int(schedule.anneal * schedule.steps):
            for group in optimiser.param_groups:
                group["lr"] *= 0.1
        output = network(inputs)
        loss = example_losses(task.loss, output, target, mask).mean()
        total, counted = total + loss.detach(), counted + 1
        if schedule.gan and task.head == "image" and task.loss != "metric":
            adversary = adversary or Adversary(inputs, target, schedule)
            loss = adversary.step(loss, inputs, output, target, task)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        if (step + 1) % every == 0 or step + 1 == schedule.steps:
            mean = float(total) / counted
            if not np.isfinite(mean):
                raise Diverged(f"loss {mean} at step {step + 1} of {schedule.steps}")
            curve.append((step + 1, mean))
            if progress:
                progress(step + 1, mean)
            total, counted = torch.zeros_like(total), 0
    return np.array(curve, np.float32)


@torch.no_grad()
def recalibrate_batch_norm(network: nn.Module, loader: ExampleLoader) -> None:
    """Give the batch norms the statistics of training examples under the final weights.

    Running averages forget their first values by a tenth a step: after the 18 steps of a readout
    they would still hold 15% of them, and the network would be tested at another scale than it was
    trained at. The supervised networks, with hundreds of steps, would not, so that gain and quality
    would measure that instead of the representation.
    """
    norms = [layer for layer in network.modules() if isinstance(layer, _BatchNorm)]
    network.eval()  # dropout stays off
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # the plain mean over all batches
        norm.train()
    for rows in in_order(min(loader.count, SETTLING)):
        if len(rows) > 1:
            network(loader.batch(rows)[0])
    for norm in norms:
        norm.momentum = 0.1


class Adversary:
    """The discriminator beside a network, and its turn in every step."""

    def __init__(self, inputs: Tensor, target: Tensor, schedule: Schedule) -> None:
        self._alone = int(_GENERATOR_ALONE * schedule.steps)
        self._step = 0
        channels = inputs.shape[2] + target.shape[1]
        self.network = gan.Discriminator(channels, target.shape[-1]).to(inputs.device)
        self._optimiser = torch.optim.SGD(self.network.parameters(), lr=schedule.learning_rate / 10)

    def step(
        self, loss: Tensor, inputs: Tensor, output: Tensor, target: Tensor, task: Task
    ) -> Tensor:
        """Train the discriminator once, and return the generator's whole loss."""
        self._step += 1
        images = inputs[:, 0]
        fake = output.softmax(dim=1) if task.loss == "pixel_cross_entropy" else output
        noise = gan.noise_level(self._step)
        verdict = gan.discriminator_loss(self.network, images, target, fake, noise)
        self._optimiser.zero_grad(set_to_none=True)
        verdict.backward()  # type: ignore[no-untyped-call]
        self._optimiser.step()
        if self._step <= self._alone:
            return loss
        return (1 - gan.WEIGHT) * loss + gan.WEIGHT * gan.generator_loss(self.network, images, fake)


@torch.no_grad()
def test_losses(network: nn.Module, task: Task, loader: ExampleLoader) -> Float32[np.ndarray, "n"]:
    """The loss of every example of a loader, in its order.

    Raises:
        Diverged: one is not finite.
    """
    network.eval()
    losses = [
        example_losses(task.loss, network(inputs), target, mask)
        for inputs, target, mask in loader.batches(in_order(loader.count))
    ]
    found = torch.cat(losses).float().cpu().numpy()
    if not np.isfinite(found).all():
        raise Diverged(f"{int((~np.isfinite(found)).sum())} of {len(found)} test losses not finite")
    return found
