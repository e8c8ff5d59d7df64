"""Task-specific networks, and the scratch networks that readouts are measured against."""

from time import perf_counter
from typing import Literal

import numpy as np
import torch
from jaxtyping import Int64
from torch import nn

from taskonomy.config import TrainingConfig, TransferConfig
from taskonomy.dictionary import Task
from taskonomy.networks.task_network import TaskNetwork
from taskonomy.training import record
from taskonomy.training.example_loader import Feed
from taskonomy.training.examples import images_of
from taskonomy.training.fit import Outcome, Progress, Schedule, attempt
from taskonomy.training.identity import model_id, regime
from taskonomy.training.record import Record
from taskonomy.training.session import Session, seeded
from taskonomy.training.workspace import Kind


def train_network(
    session: Session,
    task: Task,
    kind: Literal["task", "scratch"],
    progress: Progress | None = None,
) -> tuple[Record, TaskNetwork]:
    """Train an encoder and a head together, and save the model.

    Args:
        session: data set and configuration.
        task: what to solve.
        kind: `task` trains on the train split; `scratch` on the readouts' images and steps alone.
        progress: told the step and the loss about 20 times.
    """
    config, chosen = session.workspace.config, session.examples(task)
    supervised = kind == "task"
    rows = chosen.train if supervised else chosen.transfer
    steps = chosen.steps if supervised else chosen.transfer_steps
    settings = config.training if supervised else config.transfer
    begin = perf_counter()
    with seeded(config.seed, kind, task.name) as rng:
        network = build(session, task)
        outcome = attempt(
            network,
            task,
            feed_of(session, task, rows),
            feed_of(session, task, chosen.test),
            schedule(settings, steps, gan=config.training.gan and supervised),
            rng,
            progress,
        )
    seconds = perf_counter() - begin
    return finish(session, kind, task.name, (), network, outcome, rows, seconds), network


def build(session: Session, task: Task) -> TaskNetwork:
    """A task's network with fresh weights."""
    classes = session.data(task).classes
    return session.place(TaskNetwork(task, session.workspace.config.network, classes))


def feed_of(session: Session, task: Task, rows: Int64[np.ndarray, "n k"]) -> Feed:
    """Images and targets of some examples."""
    data = session.data(task)
    return Feed(lambda at: data.batch(rows[at]), len(rows), session.device)


def schedule(settings: TrainingConfig | TransferConfig, steps: int, gan: bool) -> Schedule:
    """The optimisation of a network or a readout."""
    return Schedule(
        steps=steps,
        batch=settings.batch,
        learning_rate=settings.learning_rate,
        anneal=settings.anneal,
        weight_decay=settings.weight_decay,
        gan=gan,
    )


def finish(
    session: Session,
    kind: Kind,
    target: str,
    sources: tuple[str, ...],
    network: nn.Module,
    outcome: Outcome,
    rows: Int64[np.ndarray, "n k"],
    seconds: float,
) -> Record:
    """Write a trained model's file."""
    workspace = session.workspace
    found = Record(
        model_id=model_id(workspace, kind, target, sources),
        kind=kind,
        target=target,
        sources=tuple(sorted(sources)),
        regime=regime(workspace),
        seed=workspace.config.seed,
        train_images=images_of(rows),
        seconds=seconds,
        **outcome._asdict(),
    )
    record.save(workspace.store, found, arrays(network))
    return found


def arrays(network: nn.Module) -> dict[str, np.ndarray]:
    """A network's weights and buffers by name."""
    return {name: tensor.detach().cpu().numpy() for name, tensor in network.state_dict().items()}


def restore(network: nn.Module, weights: dict[str, np.ndarray]) -> None:
    """Put saved weights into a network of the same shape."""
    network.load_state_dict({name: torch.from_numpy(array) for name, array in weights.items()})
