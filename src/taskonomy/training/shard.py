"""One shard of a run: the models that one process trains, each skipped if its file exists."""

from collections.abc import Sequence
from functools import partial
from itertools import groupby

import numpy as np
from tqdm import tqdm

from taskonomy.dictionary import task
from taskonomy.training.baselines import informed_guess, random_encoder
from taskonomy.training.identity import model_id, model_path, regime
from taskonomy.training.record import Record
from taskonomy.training.representations import represent
from taskonomy.training.samples import save_samples
from taskonomy.training.session import Session
from taskonomy.training.task_network import train_network
from taskonomy.training.transfers import Codes, target_feeds, train_readout
from taskonomy.training.workspace import Job, Kind, Workspace


def train_tasks(workspace: Workspace, tasks: Sequence[str]) -> None:
    """Train task-specific networks, with what is measured beside them.

    For each task: the network (kind `task`), six sample predictions, the best constant (kind
    `informed_guess`), and its representation of the transfer and test images. The random projection
    is an untrained encoder (kind `random`). What the store holds already is not trained again.

    Raises:
        BadInput: the data set lacks a label or an example; the line says which.
    """
    session = Session(workspace)
    with tqdm(tasks, desc="task networks", unit="network", mininterval=1) as bar:
        for name in bar:
            _train_task(session, name, bar)
            represent(session, name)


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
    missing = [job for job in jobs if not _done(workspace, job.kind, job.target, job.sources)]
    session = Session(workspace)
    codes: dict[str, Codes] = {}
    crashed: list[Record] = []
    with tqdm(total=len(jobs), desc="readouts", unit="readout", mininterval=1) as bar:
        bar.update(len(jobs) - len(missing))
        for target, group in groupby(missing, key=lambda job: job.target):
            of = task(target)
            feeds = None
            for job in group:
                bar.set_postfix_str(target, refresh=False)
                for source in job.sources:
                    if source not in codes:
                        codes[source] = represent(session, source)
                try:
                    if job.kind == "scratch":
                        train_network(session, of, "scratch")
                    else:
                        feeds = feeds or target_feeds(session, of)
                        chosen = [codes[source] for source in sorted(job.sources)]
                        train_readout(session, of, sorted(job.sources), chosen, feeds)
                except RuntimeError as error:
                    crashed.append(_crashed(session, job, error))
                bar.update()
    return crashed


def _train_task(session: Session, name: str, bar: "tqdm[str]") -> None:
    workspace, of = session.workspace, task(name)
    if not of.trained:
        if not _done(workspace, "random", name):
            random_encoder(session)
        return
    sampled = workspace.store.exists("samples", f"{model_id(workspace, 'task', name)}.npz")
    if not (sampled and _done(workspace, "task", name)):
        report = partial(_report, bar, name)
        found, network = train_network(session, of, "task", report)
        save_samples(session, of, network, found.model_id)
    if not _done(workspace, "informed_guess", name):
        informed_guess(session, of)


def _crashed(session: Session, job: Job, error: RuntimeError) -> Record:
    """The record of a model that torch gave up, with no loss for any test example."""
    workspace, chosen = session.workspace, session.examples(task(job.target))
    return Record(
        model_id=model_id(workspace, job.kind, job.target, job.sources),
        kind=job.kind,
        target=job.target,
        sources=tuple(sorted(job.sources)),
        regime=regime(workspace),
        seed=workspace.config.seed,
        status=f"failed: {type(error).__name__}: {' '.join(str(error).split())[:200]}",
        steps=0,
        train_images=0,
        seconds=0.0,
        test_losses=np.full(len(chosen.test), np.nan, np.float32),
        curve=np.zeros((0, 2), np.float32),
    )


def _report(bar: "tqdm[str]", name: str, step: int, loss: float) -> None:
    bar.set_postfix_str(f"{name} step {step} loss {loss:.4f}")


def _done(workspace: Workspace, kind: Kind, target: str, sources: tuple[str, ...] = ()) -> bool:
    return workspace.store.exists(*model_path(model_id(workspace, kind, target, sources)))
