"""The one loop that every network is trained with, and the measurement of its losses."""

from collections.abc import Callable
from time import perf_counter
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float32
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from taskonomy.dictionary import Task
from taskonomy.networks.losses import example_losses
from taskonomy.networks.task_network import TaskNetwork
from taskonomy.targets import Target
from taskonomy.training.arithmetic import FLOAT32, Arithmetic
from taskonomy.training.checkpoints import Checkpoints
from taskonomy.training.example_loader import ExampleLoader, epochs, in_order
from taskonomy.training.guesses import first_level
from taskonomy.training.optimisation import Diverged, Training
from taskonomy.training.schedule import POINTS, SETTLING, Outcome, Schedule, diverged

Progress = Callable[[int, float], None]
"""Is told the step and the loss, about 20 times."""


class Held(NamedTuple):
    """The examples that a model is measured on: those that it may be chosen by, and the test."""

    choice: ExampleLoader
    test: ExampleLoader


class Fitted(NamedTuple):
    """What training has seen.

    Attributes:
        curve: about 20 rows of (step, mean training loss since the row before).
        waited: seconds that passed while the next batch was prepared. An upper bound of what the
            device stood still, for it may still be at work.
        arithmetic: what it was trained in.
        best_step: how many steps the weights have seen; None where nothing was held out.
    """

    curve: Float32[np.ndarray, "points 2"]
    waited: float
    arithmetic: Arithmetic
    best_step: int | None


def attempt(
    network: TaskNetwork,
    target: Target,
    training: ExampleLoader,
    held: Held,
    schedule: Schedule,
    rng: np.random.Generator,
    progress: Progress | None = None,
    arithmetic: Arithmetic = FLOAT32,
    checkpoints: Checkpoints | None = None,
    stopping: ExampleLoader | None = None,
) -> Outcome:
    """Train and measure; a network that diverges is an outcome, not the end of a run.

    It is measured in float32, whatever it was trained in.
    """
    task = target.task
    level = first_level(target, training)
    if level is not None:
        network.head.start_at(level)
    try:
        rest = (progress, arithmetic, checkpoints, stopping)
        found = fit(network, task, training, schedule, rng, *rest)
        recalibrate_batch_norm(network, training)
        losses = measure(network, task, held)
    except Diverged as error:
        return diverged(str(error), schedule.steps, held.choice.count, held.test.count)
    outcome = Outcome("finished", schedule.steps, *losses, found.curve)
    return outcome._replace(
        best_step=found.best_step, waited=found.waited, arithmetic=str(found.arithmetic)
    )


def fit(
    network: nn.Module,
    task: Task,
    loader: ExampleLoader,
    schedule: Schedule,
    rng: np.random.Generator,
    progress: Progress | None = None,
    arithmetic: Arithmetic = FLOAT32,
    checkpoints: Checkpoints | None = None,
    stopping: ExampleLoader | None = None,
) -> Fitted:
    """Train a network on (inputs, target, mask) batches.

    Args:
        network: inputs to outputs.
        task: says which loss.
        loader: the training examples.
        schedule: how to optimise.
        rng: the order of the examples.
        progress: told the step and the loss at each point of the curve.
        arithmetic: what to train in; a checkpoint's is kept.
        checkpoints: where training is kept from time to time, and gone on from.
        stopping: held-out examples; where there are any, the network ends with the weights that
            serve them best at one of the schedule's checks.

    Raises:
        Diverged: the loss is not finite.
    """
    network.train()
    training = Training(network, task, schedule, arithmetic)
    saved = checkpoints.latest() if checkpoints else None
    if saved is not None:
        training.restore(saved, loader)
    every = max(1, schedule.steps // POINTS)
    orders = epochs(loader.count, schedule.batch, schedule.steps, rng)
    batches = loader.batches(orders[training.steps :])
    while training.steps < schedule.steps:
        begin = perf_counter()
        inputs, target, mask = next(batches)
        training.waited += perf_counter() - begin
        training.step(inputs, target, mask)
        if training.steps % every == 0 or training.steps == schedule.steps:
            mean = training.point()
            if progress:
                progress(training.steps, mean)
        if stopping and training.steps in schedule.checks:
            recalibrate_batch_norm(network, loader)
            training.keep(float(test_losses(network, task, stopping).mean()))
            network.train()
        if checkpoints and checkpoints.due and training.steps < schedule.steps:
            checkpoints.write(training.checkpoint())
    best = training.best
    if best:
        network.load_state_dict(best.weights)
    curve = np.array(training.curve, np.float32)
    return Fitted(curve, training.waited, training.arithmetic, best.step if best else None)


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


Losses = tuple[Float32[np.ndarray, "m"], Float32[np.ndarray, "n"]]
"""Of the choice and of the test examples."""


def measure(network: nn.Module, task: Task, held: Held) -> Losses:
    """The losses of the choice and of the test examples.

    Raises:
        Diverged: one is not finite.
    """
    return test_losses(network, task, held.choice), test_losses(network, task, held.test)


@torch.no_grad()
def test_losses(network: nn.Module, task: Task, loader: ExampleLoader) -> Float32[np.ndarray, "n"]:
    """The loss of every example of a loader, in its order.

    Raises:
        Diverged: one is not finite.
    """
    if not loader.count:
        return np.zeros(0, np.float32)
    network.eval()
    losses = [
        example_losses(task.loss, network(inputs), target, mask)
        for inputs, target, mask in loader.batches(in_order(loader.count))
    ]
    found = torch.cat(losses).float().cpu().numpy()
    if not np.isfinite(found).all():
        raise Diverged(f"{int((~np.isfinite(found)).sum())} of {len(found)} losses not finite")
    return found
