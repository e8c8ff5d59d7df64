"""Readouts: from frozen representations of one or more sources to a target."""

from collections.abc import Sequence
from time import perf_counter

import numpy as np
import torch
from jaxtyping import Float, Float32, Int64
from torch import Tensor

from taskonomy.dictionary import Task
from taskonomy.networks.readout import Readout
from taskonomy.training import record
from taskonomy.training.example_loader import ExampleLoader, Tensors, in_order
from taskonomy.training.fit import attempt
from taskonomy.training.identity import ModelRef, main_regime, model_id
from taskonomy.training.record import Record
from taskonomy.training.representations import represent
from taskonomy.training.session import Session, seeded
from taskonomy.training.task_network import finish, restore, schedule

Codes = Float32[np.ndarray, "v _ h w"]


def train_readout(
    session: Session,
    ref: ModelRef,
    codes: Sequence[Codes],
    targets: tuple[ExampleLoader, ExampleLoader],
) -> Record:
    """Train one readout on the transfer images and save it.

    All readouts of a target see the same examples in the same order from equal first weights of
    equal shapes, so that only the representation differs.

    Args:
        session: data set and configuration.
        ref: which readout.
        codes: the representation of `session.represented` by each source, in the order of
            `ref.sources`.
        targets: targets and masks of the transfer and of the test examples (`target_loaders`).
    """
    config, task = session.workspace.config, session.workspace.dictionary[ref.target]
    chosen = session.examples(task, ref.regime)
    begin = perf_counter()
    training = coded(session, codes, chosen.transfer, targets[0])
    test = coded(session, codes, chosen.test, targets[1])
    with seeded(config.seed, *ref.stream) as rng:
        network = build_readout(session, task, codes, ref.regime)
        plan = schedule(config.transfer, chosen.transfer_steps, gan=False)
        outcome = attempt(network, session.data(task).target, training, test, plan, rng)
    return finish(session, ref, network, outcome, chosen.transfer, begin)


def build_readout(session: Session, task: Task, codes: Sequence[Codes], regime: int) -> Readout:
    """A readout with fresh weights; channels are clipped by statistics of the transfer images."""
    rows = _places(session, np.unique(session.examples(task, regime).transfer))
    moments = [(c[rows].mean(axis=(0, 2, 3)), c[rows].std(axis=(0, 2, 3))) for c in codes]
    mean, deviation = (torch.from_numpy(np.concatenate(m)) for m in zip(*moments, strict=True))
    outputs = session.data(task).outputs
    readout = Readout(task, session.workspace.config, mean, deviation, outputs)
    return session.place(readout)


@torch.no_grad()
def readout_codes(session: Session, task: Task, source: str) -> Codes:
    """What the run's readout of `task` from `source` computes before its head, of
    `session.represented`.

    Raises:
        BadInput: the readout or its source is not in the store.
    """
    workspace = session.workspace
    codes, regime = represent(session, source), main_regime(workspace)
    network = build_readout(session, task, [codes], regime)
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


def target_loaders(
    session: Session, task: Task, regime: int
) -> tuple[ExampleLoader, ExampleLoader]:
    """Targets and masks of the transfer and test examples, shared by all readouts of a task."""
    data, chosen = session.data(task), session.examples(task, regime)

    def loader(rows: Int64[np.ndarray, "n k"]) -> ExampleLoader:
        return ExampleLoader(lambda at: data.targets(rows[at]), len(rows), session.device)

    return loader(chosen.transfer), loader(chosen.test)


def coded(
    session: Session,
    codes: Sequence[Codes],
    examples: Int64[np.ndarray, "n k"],
    targets: ExampleLoader,
) -> ExampleLoader:
    """Examples as (representation, target, mask); several sources are concatenated as channels."""
    rows = _places(session, examples)

    def make(at: Int64[np.ndarray, "n"]) -> Tensors:
        parts = [torch.from_numpy(np.asarray(c[rows[at]])) for c in codes]
        inputs: Float[Tensor, "n k C h w"] = torch.cat(parts, dim=2)
        return (inputs.to(session.device), *targets.batch(at))

    return ExampleLoader(make, len(examples), session.device)


def _places(session: Session, views: Int64[np.ndarray, "*shape"]) -> Int64[np.ndarray, "*shape"]:
    """Where views lie in a representation."""
    return np.searchsorted(session.represented, views).astype(np.int64)
