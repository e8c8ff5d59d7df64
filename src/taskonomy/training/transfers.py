"""Readouts: from frozen representations of one or more sources to a target."""

from collections.abc import Sequence
from time import perf_counter

import numpy as np
import torch
from jaxtyping import Float, Float32, Int64
from torch import Tensor

from taskonomy.dictionary import Task
from taskonomy.networks.readout import Readout
from taskonomy.training.example_loader import Feed, Tensors
from taskonomy.training.fit import attempt
from taskonomy.training.record import Record
from taskonomy.training.session import Session, seeded
from taskonomy.training.task_network import finish, schedule

Codes = Float32[np.ndarray, "v _ h w"]


def train_readout(
    session: Session,
    task: Task,
    sources: Sequence[str],
    codes: Sequence[Codes],
    targets: tuple[Feed, Feed],
) -> Record:
    """Train one readout on the transfer images and save it.

    All readouts of a target see the same examples in the same order from equal first weights of
    equal shapes, so that only the representation differs.

    Args:
        session: data set and configuration.
        task: the target.
        sources: names of the source tasks.
        codes: each source's representation of `session.represented`.
        targets: targets and masks of the transfer and of the test examples (`target_feeds`).
    """
    config, chosen = session.workspace.config, session.examples(task)
    begin = perf_counter()
    training = coded(session, codes, chosen.transfer, targets[0])
    test = coded(session, codes, chosen.test, targets[1])
    with seeded(config.seed, "transfer", task.name) as rng:
        network = build_readout(session, task, codes)
        plan = schedule(config.transfer, chosen.transfer_steps, gan=False)
        outcome = attempt(network, task, training, test, plan, rng)
    seconds = perf_counter() - begin
    return finish(
        session, "transfer", task.name, tuple(sources), network, outcome, chosen.transfer, seconds
    )


def build_readout(session: Session, task: Task, codes: Sequence[Codes]) -> Readout:
    """A readout with fresh weights; channels are clipped by statistics of the transfer images."""
    rows = _places(session, np.unique(session.examples(task).transfer))
    moments = [(c[rows].mean(axis=(0, 2, 3)), c[rows].std(axis=(0, 2, 3))) for c in codes]
    mean, deviation = (torch.from_numpy(np.concatenate(m)) for m in zip(*moments, strict=True))
    classes = session.data(task).classes
    readout = Readout(task, session.workspace.config, mean, deviation, classes)
    return session.place(readout)


def target_feeds(session: Session, task: Task) -> tuple[Feed, Feed]:
    """Targets and masks of a task's transfer and test examples, shared by all its readouts."""
    data, chosen = session.data(task), session.examples(task)

    def feed(rows: Int64[np.ndarray, "n k"]) -> Feed:
        return Feed(lambda at: data.targets(rows[at]), len(rows), session.device)

    return feed(chosen.transfer), feed(chosen.test)


def coded(
    session: Session, codes: Sequence[Codes], examples: Int64[np.ndarray, "n k"], targets: Feed
) -> Feed:
    """Examples as (representation, target, mask); several sources are concatenated as channels."""
    rows = _places(session, examples)

    def make(at: Int64[np.ndarray, "n"]) -> Tensors:
        parts = [torch.from_numpy(np.asarray(c[rows[at]])) for c in codes]
        inputs: Float[Tensor, "n k C h w"] = torch.cat(parts, dim=2)
        return (inputs.to(session.device), *targets.batch(at))

    return Feed(make, len(examples), session.device)


def _places(session: Session, views: Int64[np.ndarray, "*shape"]) -> Int64[np.ndarray, "*shape"]:
    """Where views lie in a representation."""
    return np.searchsorted(session.represented, views).astype(np.int64)
