"""Readouts: from frozen representations of one or more sources to a target."""

from collections.abc import Iterable, Sequence
from copy import deepcopy
from time import perf_counter
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float16, Float32, Int64

from taskonomy.dictionary import Task
from taskonomy.networks.readout import Readout
from taskonomy.training import record
from taskonomy.training.example_loader import EVALUATED, ExampleLoader, in_order
from taskonomy.training.guesses import first_level
from taskonomy.training.identity import ModelRef, main_regime, model_id
from taskonomy.training.memory import most_members
from taskonomy.training.record import Record
from taskonomy.training.representations import represent
from taskonomy.training.schedule import Outcome
from taskonomy.training.session import Session, seeded
from taskonomy.training.stacks import CodeTable, Examples, train_stack
from taskonomy.training.stopping import held_out
from taskonomy.training.task_network import finish, restore, schedule

Codes = Float16[np.ndarray, "v _ h w"] | Float32[np.ndarray, "v _ h w"]


class Loaders(NamedTuple):
    """Targets and masks of a task's transfer examples, of those that say where to stop, and of its
    choice and test examples."""

    training: ExampleLoader
    stopping: ExampleLoader
    choice: ExampleLoader
    test: ExampleLoader


class Member(NamedTuple):
    """A readout to train: which, and the representation of `session.represented` by each source, in
    the order of `ref.sources`."""

    ref: ModelRef
    codes: Sequence[Codes]


def stacks_of(session: Session, members: Iterable[Member], targets: Loaders) -> list[list[Member]]:
    """Readouts of one target and regime, sorted into stacks that are trained together.

    Those of a stack begin with equal weights of equal shapes, and it has no more of them than fit
    into memory (`memory.most_members`).
    """
    alike: dict[tuple[int, ...], list[Member]] = {}
    for member in members:
        key = (member.ref.readout_seed, *(codes.shape[1] for codes in member.codes))
        alike.setdefault(key, []).append(member)
    return [
        stack[start : start + size]
        for stack in alike.values()
        for size in [_most(session, stack[0], targets)]
        for start in range(0, len(stack), size)
    ]


def train_readouts(session: Session, members: Sequence[Member], targets: Loaders) -> list[Record]:
    """Train readouts of one target, regime and seed on the transfer images, and save them.

    All readouts of a target see the same examples in the same order from equal first weights of
    equal shapes, so that only the representation differs.

    Args:
        session: data set and configuration.
        members: the readouts of one stack (`stacks_of`).
        targets: targets and masks of the examples (`target_loaders`).
    """
    ref, begin = members[0].ref, perf_counter()
    task = session.workspace.dictionary[ref.target]
    with seeded(session.workspace.config.seed, *ref.stream) as rng:
        found = fit_readouts(session, task, ref.regime, [m.codes for m in members], targets, rng)
    # What they were trained in together is shared out evenly.
    seconds = (perf_counter() - begin) / len(members)
    rows = session.examples(task, ref.regime).transfer
    return [
        finish(session, member.ref, network, outcome, rows, seconds)
        for member, (network, outcome) in zip(members, found, strict=True)
    ]


def fit_readouts(
    session: Session,
    task: Task,
    regime: int,
    members: Sequence[Sequence[Codes]],
    targets: Loaders,
    rng: np.random.Generator,
) -> list[tuple[Readout, Outcome]]:
    """Train a readout for each member's codes; as `train_readouts`, without saving."""
    chosen = session.examples(task, regime)
    networks = build_readouts(session, task, members, regime)
    level = first_level(session.data(task).target, targets.training)
    if level is not None:
        for network in networks:
            network.head.start_at(level)
    held = held_out(session.workspace.dataset, chosen.transfer)
    parts = (chosen.transfer[~held], chosen.transfer[held], chosen.choice, chosen.test)
    training, stopping, choice, test = (
        Examples(coded(session, members, rows), truth)
        for rows, truth in zip(parts, targets, strict=True)
    )
    outcomes = train_stack(
        networks,
        task.loss,
        training,
        choice,
        test,
        schedule(session.workspace.config.transfer, chosen.transfer_steps, gan=False),
        rng,
        stacked=stacked_on(session.device),
        stopping=stopping,
    )
    return list(zip(networks, outcomes, strict=True))


def stacked_on(device: torch.device) -> bool:
    """Whether readouts are trained as one network: on an accelerator, whose time goes into starting
    operations. A processor is as fast one after another, and rounds alike in any company
    (docs/performance.md)."""
    return device.type != "cpu"


def build_readouts(
    session: Session, task: Task, members: Sequence[Sequence[Codes]], regime: int
) -> list[Readout]:
    """Readouts with equal fresh weights; channels are clipped by statistics of the transfer
    images."""
    rows = _places(session, np.unique(session.examples(task, regime).transfer))
    moments = {
        id(codes): (part.mean(axis=(0, 2, 3)), part.std(axis=(0, 2, 3)))
        for codes in {id(codes): codes for member in members for codes in member}.values()
        for part in [codes[rows].astype(np.float32)]
    }
    first = torch.zeros(sum(codes.shape[1] for codes in members[0]))
    config, outputs = session.workspace.config, session.data(task).outputs
    fresh = session.place(Readout(task, config, first, first, outputs))
    readouts = [fresh, *(deepcopy(fresh) for _ in members[1:])]
    for readout, member in zip(readouts, members, strict=True):
        columns = zip(*(moments[id(codes)] for codes in member), strict=True)
        readout.clip_at(*(torch.from_numpy(np.concatenate(column)) for column in columns))
    return readouts


@torch.no_grad()
def readout_codes(session: Session, task: Task, source: str) -> Codes:
    """What the run's readout of `task` from `source` computes before its head, of
    `session.represented`.

    Raises:
        BadInput: the readout or its source is not in the store.
    """
    workspace = session.workspace
    codes, regime = represent(session, source), main_regime(workspace)
    network = build_readouts(session, task, [[codes]], regime)[0]
    restore(
        network,
        record.weights(workspace.store, model_id(workspace, "transfer", task.name, (source,))),
    )
    network.eval()
    features = []
    for at in in_order(len(codes)):
        x = torch.from_numpy(np.asarray(codes[at])).to(session.device).float()
        features.append(network.merged(network.streams(network.norm(x))))
    return torch.cat(features).float().cpu().numpy()


def target_loaders(session: Session, task: Task, regime: int) -> Loaders:
    """Targets and masks that all readouts of a task share."""
    data, chosen = session.data(task), session.examples(task, regime)
    held = held_out(session.workspace.dataset, chosen.transfer)

    def loader(rows: Int64[np.ndarray, "n k"]) -> ExampleLoader:
        return ExampleLoader(lambda at: data.targets(rows[at]), len(rows), session.device)

    parts = (chosen.transfer[~held], chosen.transfer[held], chosen.choice, chosen.test)
    return Loaders(*map(loader, parts))


def coded(
    session: Session, members: Sequence[Sequence[Codes]], examples: Int64[np.ndarray, "n k"]
) -> CodeTable:
    """The codes of examples for each member of a stack."""
    return CodeTable(members, _places(session, examples), session.device)


def _most(session: Session, member: Member, targets: Loaders) -> int:
    """The most members of a stack like this one."""
    config, task = session.workspace.config, session.workspace.dictionary[member.ref.target]
    shape = (task.images, sum(c.shape[1] for c in member.codes), *member.codes[0].shape[2:])
    size = min(config.transfer.batch, targets.training.count)
    with torch.device("meta"):
        moments, codes = torch.zeros(shape[1]), torch.empty(size, *shape)
        readout = Readout(task, config, moments, moments, session.data(task).outputs)
    target, mask = targets.training.batch(np.arange(size))
    batch = (codes, target, mask)
    held = codes[0].numel() * member.codes[0].itemsize * sum(part.count for part in targets)
    stacked = stacked_on(session.device)
    tested = min(EVALUATED, max(part.count for part in targets[1:]))
    return most_members(readout, task.loss, batch, tested, held, session.device, stacked)


def _places(session: Session, views: Int64[np.ndarray, "*shape"]) -> Int64[np.ndarray, "*shape"]:
    """Where views lie in a representation."""
    return np.searchsorted(session.represented, views).astype(np.int64)
