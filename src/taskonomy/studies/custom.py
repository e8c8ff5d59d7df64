"""Models that a study trains in another way than a run does: named, trained and saved like a run's.

A model's name holds all that determines a model of the run of that kind, and what this one differs
in beside it.
"""

from collections.abc import Sequence
from time import perf_counter

import numpy as np
import torch
from jaxtyping import Int64
from torch import nn

from taskonomy.dictionary import Task
from taskonomy.networks.encoder import Encoder
from taskonomy.training import record
from taskonomy.training.example_loader import Feed, in_order
from taskonomy.training.examples import images_of
from taskonomy.training.fit import Outcome, attempt
from taskonomy.training.identity import model_id, regime
from taskonomy.training.record import Record
from taskonomy.training.representations import represent
from taskonomy.training.session import Session, seeded
from taskonomy.training.task_network import arrays, build, feed_of, restore, schedule
from taskonomy.training.transfers import Codes, build_readout, coded
from taskonomy.training.workspace import Kind


def train_readout(
    session: Session,
    identity: str,
    task: Task,
    sources: Sequence[str],
    codes: Sequence[Codes],
    targets: tuple[Feed, Feed],
) -> Record:
    """Train a readout of any codes, as `transfers.train_readout` trains one of a run's sources.

    Args:
        session: data set and configuration.
        identity: the model's name.
        task: the target.
        sources: names of the sources, for the record.
        codes: each source's codes of `session.represented`.
        targets: targets and masks of the transfer and of the test examples.
    """
    config, chosen = session.workspace.config, session.examples(task)
    begin = perf_counter()
    training = coded(session, codes, chosen.transfer, targets[0])
    test = coded(session, codes, chosen.test, targets[1])
    with seeded(config.seed, "transfer", task.name) as rng:
        network = build_readout(session, task, codes)
        plan = schedule(config.transfer, chosen.transfer_steps, gan=False)
        outcome = attempt(network, task, training, test, plan, rng)
    return save(
        session, identity, "transfer", task, sources, network, outcome, chosen.transfer, begin
    )


@torch.no_grad()
def readout_codes(session: Session, task: Task, source: str) -> Codes:
    """What the run's readout of `task` from `source` computes before its head, of
    `session.represented`.

    Raises:
        BadInput: the readout or its source is not in the store.
    """
    workspace = session.workspace
    codes = represent(session, source)
    network = build_readout(session, task, [codes])
    restore(
        network,
        record.weights(workspace.store, model_id(workspace, "transfer", task.name, (source,))),
    )
    network.eval()
    features = []
    for at in in_order(len(codes)):
        x = torch.from_numpy(np.asarray(codes[at])).to(session.device)
        features.append(network.merged(network.streams(network.norm(x))))
    return torch.cat(features).float().cpu().numpy()


def train_network(
    session: Session,
    identity: str,
    kind: Kind,
    task: Task,
    rows: Int64[np.ndarray, "n k"],
    steps: int,
    start: tuple[str, Encoder] | None = None,
) -> Record:
    """Train an encoder and a head on any examples, for any number of steps.

    Args:
        session: data set and configuration.
        identity: the model's name.
        kind: `task` is optimised as the run's task networks are, `scratch` as its readouts.
        task: what to solve.
        rows: the training examples.
        steps: optimisation steps.
        start: a source's name and its encoder, whose weights are the first; random if absent.
    """
    config = session.workspace.config
    supervised = kind == "task"
    settings = config.training if supervised else config.transfer
    begin = perf_counter()
    with seeded(config.seed, kind, task.name) as rng:
        network = build(session, task)
        if start:
            network.encoder.load_state_dict(start[1].state_dict())
        outcome = attempt(
            network,
            task,
            feed_of(session, task, rows),
            feed_of(session, task, session.examples(task).test),
            schedule(settings, steps, gan=config.training.gan and supervised),
            rng,
        )
    sources = [start[0]] if start else []
    return save(session, identity, kind, task, sources, network, outcome, rows, begin)


def save(
    session: Session,
    identity: str,
    kind: Kind,
    task: Task,
    sources: Sequence[str],
    network: nn.Module,
    outcome: Outcome,
    rows: Int64[np.ndarray, "n k"],
    begin: float,
) -> Record:
    """Write a trained model's file; `begin` is when its training began (`perf_counter`)."""
    workspace = session.workspace
    found = Record(
        model_id=identity,
        kind=kind,
        target=task.name,
        sources=tuple(sorted(sources)),
        regime=regime(workspace),
        seed=workspace.config.seed,
        train_images=images_of(rows),
        seconds=perf_counter() - begin,
        **outcome._asdict(),
    )
    record.save(workspace.store, found, arrays(network))
    return found
