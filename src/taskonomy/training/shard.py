"""One shard of a run: the models that one process trains, each skipped if its file exists."""

import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import as_completed
from functools import partial
from itertools import groupby
from multiprocessing import get_context
from multiprocessing.queues import SimpleQueue

import numpy as np
from tqdm import tqdm

from taskonomy import workers
from taskonomy.dictionary import Task
from taskonomy.training.baselines import informed_guess, random_encoder
from taskonomy.training.fit import Progress
from taskonomy.training.identity import ModelRef, job_ref, model_path, model_ref
from taskonomy.training.job import Job
from taskonomy.training.memory import keep_freed_memory
from taskonomy.training.own_sources import record_encoder
from taskonomy.training.record import Record
from taskonomy.training.representations import represent
from taskonomy.training.samples import save_samples
from taskonomy.training.session import Session, devices
from taskonomy.training.task_network import train_network
from taskonomy.training.transfers import (
    Codes,
    Member,
    stacks_of,
    target_loaders,
    train_readouts,
)
from taskonomy.training.workspace import Workspace


def train_tasks(
    workspace: Workspace, tasks: Sequence[str], on: Sequence[str] | None = None
) -> None:
    """Train task-specific networks, with what is measured beside them.

    For each task: the network (kind `task`), six sample predictions, the best constant (kind
    `informed_guess`), and its representation of the transfer and test images. The random projection
    is an untrained encoder (kind `random`). What the store holds already is not trained again.

    Several devices train a network each at a time, in processes of their own; no result depends on
    how many there are.

    Args:
        workspace: data set, splits, configuration and store.
        tasks: which networks.
        on: devices; those of this machine if absent.

    Raises:
        BadInput: the data set lacks a label or an example; the line says which.
    """
    keep_freed_memory()
    places = list(on or devices())
    with tqdm(total=len(tasks), desc="task networks", unit="network", mininterval=1) as bar:
        for told in _trained_side_by_side(workspace, tasks, places, bar):
            bar.update()
            if told:
                bar.write(told, file=sys.stderr)


def _trained_side_by_side(
    workspace: Workspace, tasks: Sequence[str], places: Sequence[str], bar: "tqdm[str]"
) -> Iterator[str | None]:
    """Train the tasks on these devices; yield what is to be told of each that ends."""
    if len(places) == 1:
        session = Session(workspace, places[0])
        for name in tasks:
            yield _train_task(session, name, partial(_report, bar, name))
        return
    free: SimpleQueue[str] = get_context("spawn").SimpleQueue()
    for place in places:
        free.put(place)
    with workers.pool(len(places), partial(_open, workspace, free)) as pool:
        running = [pool.submit(_train_here, name) for name in tasks]
        try:
            yield from (done.result() for done in as_completed(running))
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


_here: Session
"""The session of a process that trains on one of several devices."""


def _open(workspace: Workspace, free: "SimpleQueue[str]") -> None:
    global _here
    _here = Session(workspace, free.get())


def _train_here(name: str) -> str | None:
    return _train_task(_here, name)


def train_transfers(workspace: Workspace, jobs: Sequence[Job]) -> list[Record]:
    """Train readouts (kind `transfer`) and scratch networks (kind `scratch`).

    The sources' networks must be in the store; their representations are computed where they are
    not. A readout whose loss is not finite is recorded as failed.

    Returns:
        Records of the models whose training torch itself gave up, out of memory say; they are not
        saved.

    Raises:
        BadInput: a source's network is not in the store, or the data set lacks a label.
    """
    refs = [job_ref(workspace, job) for job in jobs]
    missing = [ref for ref in refs if not _done(workspace, ref)]
    keep_freed_memory()
    session = Session(workspace)
    codes: dict[str, Codes] = {}
    crashed: list[Record] = []
    with tqdm(total=len(jobs), desc="readouts", unit="readout", mininterval=1) as bar:
        bar.update(len(jobs) - len(missing))
        for (target, _), group in groupby(missing, key=lambda ref: (ref.target, ref.regime)):
            bar.set_postfix_str(target, refresh=False)
            members = []
            for ref in group:
                if ref.kind == "scratch":
                    crashed += _attempt(session, [ref], partial(train_network, session, ref))
                    bar.update()
                    continue
                codes |= {s: represent(session, s) for s in ref.sources if s not in codes}
                members.append(Member(ref, [codes[source] for source in ref.sources]))
            crashed += _train_members(session, members, bar)
    return crashed


def _train_members(session: Session, members: Sequence[Member], bar: "tqdm[str]") -> list[Record]:
    """Train readouts of one target and regime; the records of those that torch gave up, though
    each was tried alone."""
    if not members:
        return []
    refs = [member.ref for member in members]
    task = session.workspace.dictionary[refs[0].target]
    crashed: list[Record] = []
    try:
        targets = target_loaders(session, task, refs[0].regime)
        waiting = stacks_of(session, members, targets)
    except RuntimeError as error:
        return [_crashed(session, ref, error) for ref in refs]
    while waiting:
        stack = waiting.pop(0)
        work = partial(train_readouts, session, stack, targets)
        failed = _attempt(session, [member.ref for member in stack], work)
        if failed and len(stack) > 1:
            waiting = [[member] for member in stack] + waiting
        else:
            crashed += failed
            bar.update(len(stack))
    return crashed


def _attempt(
    session: Session, refs: Sequence[ModelRef], work: Callable[[], object]
) -> list[Record]:
    """Train these models; the records of those that torch gave up."""
    try:
        work()
    except RuntimeError as error:
        return [_crashed(session, ref, error) for ref in refs]
    return []


def _train_task(session: Session, name: str, progress: Progress | None = None) -> str | None:
    """Train one task's models and represent the images; return what to tell of the network."""
    workspace, task = session.workspace, session.workspace.dictionary[name]
    told = None
    if task.trained:
        told = _train_and_sample(session, task, progress)
        if not _done(workspace, model_ref(workspace, "informed_guess", name)):
            informed_guess(session, task)
    elif task.pretrained:
        if not _done(workspace, model_ref(workspace, "encoder", name)):
            record_encoder(session, task)
    elif not _done(workspace, model_ref(workspace, "random", name)):
        random_encoder(session, task)
    represent(session, name)
    return told


def _train_and_sample(session: Session, task: Task, progress: Progress | None) -> str | None:
    workspace = session.workspace
    ref = model_ref(workspace, "task", task.name)
    if _done(workspace, ref) and workspace.store.exists("samples", f"{ref.identity}.npz"):
        return None
    found, network = train_network(session, ref, progress)
    save_samples(session, task, network, ref.identity)
    share = found.waited / max(found.seconds, 1e-9)
    return (
        f"{task.name}: {found.seconds:.1f} s on {session.device}, {share:.0%} of it waiting for "
        f"data; {found.arithmetic}"
    )


def _crashed(session: Session, ref: ModelRef, error: RuntimeError) -> Record:
    """The record of a model that torch gave up, with no loss for any example."""
    workspace = session.workspace
    chosen = session.examples(workspace.dictionary[ref.target], ref.regime)
    return Record(
        model_id=ref.identity,
        kind=ref.kind,
        target=ref.target,
        sources=ref.sources,
        regime=ref.regime,
        seed=workspace.config.seed,
        readout_seed=ref.readout_seed,
        status=f"failed: {type(error).__name__}: {' '.join(str(error).split())[:200]}",
        steps=0,
        train_images=0,
        seconds=0.0,
        choice_losses=np.full(len(chosen.choice), np.nan, np.float32),
        test_losses=np.full(len(chosen.test), np.nan, np.float32),
        curve=np.zeros((0, 2), np.float32),
    )


def _report(bar: "tqdm[str]", name: str, step: int, loss: float) -> None:
    bar.set_postfix_str(f"{name} step {step} loss {loss:.4f}")


def _done(workspace: Workspace, ref: ModelRef) -> bool:
    return workspace.store.exists(*model_path(ref.identity))
