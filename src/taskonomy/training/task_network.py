"""Task-specific networks, and the scratch networks that readouts are measured against."""

from time import perf_counter

import numpy as np
import torch
from jaxtyping import Int64
from torch import nn

from taskonomy.config import TrainingConfig, TransferConfig
from taskonomy.dictionary import Task
from taskonomy.networks.encoder import Encoder
from taskonomy.networks.task_network import TaskNetwork
from taskonomy.training import record
from taskonomy.training.arithmetic import choose
from taskonomy.training.checkpoints import SECONDS, Checkpoints
from taskonomy.training.example_loader import ExampleLoader
from taskonomy.training.examples import images_of
from taskonomy.training.fit import Held, Progress, attempt
from taskonomy.training.identity import ModelRef
from taskonomy.training.record import Record
from taskonomy.training.schedule import Outcome, Schedule
from taskonomy.training.session import Session, seeded
from taskonomy.training.stopping import held_out


def train_network(
    session: Session,
    ref: ModelRef,
    progress: Progress | None = None,
    between_checkpoints: float = SECONDS,
) -> tuple[Record, TaskNetwork]:
    """Train an encoder and a head together, and save the model.

    Args:
        session: data set and configuration.
        ref: which model: of kind `task`, which trains on the train split, or `scratch`, which
            trains on the images of a readout of that regime alone.
        progress: told the step and the loss about 20 times.
        between_checkpoints: least seconds between two checkpoints.
    """
    task = session.workspace.dictionary[ref.target]
    chosen = session.examples(task, ref.regime or None)
    supervised = ref.kind == "task"
    rows = chosen.train if supervised else chosen.transfer
    steps = chosen.steps if supervised else chosen.scratch_steps
    return train_examples(
        session, ref, rows, steps, progress=progress, between_checkpoints=between_checkpoints
    )


def train_examples(
    session: Session,
    ref: ModelRef,
    rows: Int64[np.ndarray, "n k"],
    steps: int,
    start: Encoder | None = None,
    progress: Progress | None = None,
    between_checkpoints: float = SECONDS,
) -> tuple[Record, TaskNetwork]:
    """Train an encoder and a head on any examples, for any number of steps, and save the model.

    If a checkpoint of the model lies in the store, training goes on from there, and ends in the
    network that it would have ended in.

    Args:
        session: data set and configuration.
        ref: the model; `task` is optimised as the run's task networks are, `scratch` as its
            readouts, and like them ends with the weights that serve a held-out fifth of the
            examples best.
        rows: the training examples.
        steps: optimisation steps.
        start: an encoder whose weights are the first; random if absent.
        progress: told the step and the loss about 20 times.
        between_checkpoints: least seconds between two checkpoints.
    """
    config, task = session.workspace.config, session.workspace.dictionary[ref.target]
    supervised = ref.kind == "task"
    settings = config.training if supervised else config.transfer
    begin = perf_counter()
    device = session.device
    store = session.workspace.store
    checkpoints = Checkpoints(store, ref.identity, device.type, between_checkpoints)
    with seeded(config.seed, *ref.stream) as rng:
        network = build(session, task)
        if start is not None:
            network.encoder.load_state_dict(start.state_dict())
        held = None if supervised else held_out(session.workspace.dataset, rows)
        training = loader_of(session, task, rows if held is None else rows[~held])
        first = training.batch(np.arange(min(settings.batch, training.count)))
        outcome = attempt(
            network,
            session.data(task).target,
            training,
            measured_on(session, task),
            schedule(settings, steps, gan=config.training.gan and supervised),
            rng,
            progress,
            choose(device, network, first[0]),
            checkpoints,
            None if held is None else loader_of(session, task, rows[held]),
        )
    seconds = perf_counter() - begin + checkpoints.earlier
    found = finish(session, ref, network, outcome, rows, seconds)
    checkpoints.remove()
    return found, network


def build(session: Session, task: Task) -> TaskNetwork:
    """A task's network with fresh weights."""
    outputs = session.data(task).outputs
    return session.place(TaskNetwork(task, session.workspace.config.network, outputs))


def measured_on(session: Session, task: Task) -> Held:
    """Images and targets of the examples that every model of a task is measured on."""
    chosen = session.examples(task)
    return Held(loader_of(session, task, chosen.choice), loader_of(session, task, chosen.test))


def loader_of(session: Session, task: Task, rows: Int64[np.ndarray, "n k"]) -> ExampleLoader:
    """Images and targets of some examples."""
    data = session.data(task)
    return ExampleLoader(lambda at: data.batch(rows[at]), len(rows), session.device)


def schedule(settings: TrainingConfig | TransferConfig, steps: int, gan: bool) -> Schedule:
    """The optimisation of a network or a readout."""
    return Schedule(
        steps=steps,
        batch=settings.batch,
        learning_rate=settings.learning_rate,
        weight_decay=settings.weight_decay,
        gan=gan,
    )


def finish(
    session: Session,
    ref: ModelRef,
    network: nn.Module,
    outcome: Outcome,
    rows: Int64[np.ndarray, "n k"],
    seconds: float,
) -> Record:
    """Write a trained model's file; its training on `rows` took so many seconds."""
    workspace = session.workspace
    found = Record(
        model_id=ref.identity,
        kind=ref.kind,
        target=ref.target,
        sources=tuple(sorted(ref.sources)),
        regime=ref.regime,
        seed=workspace.config.seed,
        readout_seed=ref.readout_seed,
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
