"""What the trained models' test losses say: ranks for choosing candidates, and affinities."""

import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from tqdm import tqdm

from taskonomy.affinity.ahp import ahp
from taskonomy.affinity.candidate import Candidate, Kind
from taskonomy.affinity.measure import measure
from taskonomy.affinity.tournament import win_rates
from taskonomy.dictionary import task
from taskonomy.store import Store
from taskonomy.training import record
from taskonomy.training.identity import model_id, model_path, regime
from taskonomy.training.workspace import Job, Workspace
from taskonomy.training.workspace import Kind as ModelKind


class Ref(NamedTuple):
    """A model by name: its identity and what it is of."""

    identity: str
    kind: ModelKind
    target: str
    sources: tuple[str, ...] = ()


class Tournament(NamedTuple):
    """Who competes for one target, and with what losses on the target's test images.

    Attributes:
        target: the task to be solved.
        entries: kind and sources of every candidate; the first is the supervised network.
        losses: per-image test losses, one row a candidate.
        scratch: those of the scratch network.
    """

    target: str
    entries: tuple[tuple[Kind, tuple[str, ...]], ...]
    losses: Float[np.ndarray, "S N"]
    scratch: Float[np.ndarray, " N"]


def task_models(workspace: Workspace, tasks: Iterable[str]) -> list[Ref]:
    """The models that a task shard trains: networks, informed guesses, the random encoder."""
    return [
        Ref(model_id(workspace, kind, name), kind, name)
        for name in tasks
        for kind in (("task", "informed_guess") if task(name).trained else ("random",))
    ]


def job_models(workspace: Workspace, jobs: Iterable[Job]) -> list[Ref]:
    """The models that a shard of readouts trains."""
    return [
        Ref(
            model_id(workspace, job.kind, job.target, job.sources),
            job.kind,
            job.target,
            job.sources,
        )
        for job in jobs
    ]


def all_trained(workspace: Workspace, refs: Iterable[Ref]) -> bool:
    """Whether the store holds every one of these models; says so without importing torch."""
    return all(workspace.store.exists(*model_path(ref.identity)) for ref in refs)


def first_order_ranks(workspace: Workspace, jobs: Sequence[Job]) -> dict[str, list[str]]:
    """Rank every target's first-order sources by their affinity to it, best first.

    The target's own encoder and the random projection are no candidates for higher orders, and a
    failed readout has no rank.
    """
    ranks = {}
    for target, members in _by_target(jobs).items():
        sources, rows = [], []
        for job in members:
            if job.kind != "transfer" or job.sources[0] == target:
                continue
            if not task(job.sources[0]).trained:
                continue
            losses = _losses(workspace.store, job_models(workspace, [job])[0])
            if losses is not None:
                sources.append(job.sources[0])
                rows.append(losses)
        if len(rows) > 1:
            affinities = ahp(win_rates(np.stack(rows)))
            order = sorted(range(len(sources)), key=lambda i: (-affinities[i], sources[i]))
            ranks[target] = [sources[i] for i in order]
    return ranks


def tournaments(store: Store, refs: Iterable[Ref]) -> Iterator[Tournament]:
    """Yield the tournaments of all targets among these models, sorted by target.

    A readout that failed is left out of its target's tournament. A target whose supervised or
    scratch network failed has no tournament, and is named on stderr.

    Args:
        store: where the models lie.
        refs: networks, scratch networks and readouts; others are ignored.
    """
    by_target: dict[str, dict[tuple[ModelKind, tuple[str, ...]], Ref]] = {}
    for ref in refs:
        by_target.setdefault(ref.target, {})[ref.kind, ref.sources] = ref
    for target, models in sorted(by_target.items()):
        if ("scratch", ()) not in models:
            continue
        supervised = _losses(store, models["task", ()])
        scratch = _losses(store, models["scratch", ()])
        if supervised is None or scratch is None:
            print(f"taskonomy: {target}: its baseline failed; no affinities", file=sys.stderr)
            continue
        entries: list[tuple[Kind, tuple[str, ...]]] = [("supervised", (target,))]
        losses = [supervised]
        for (kind, sources), ref in models.items():
            measured = _losses(store, ref) if kind == "transfer" else None
            if measured is not None:
                entries.append(("own_readout" if sources == (target,) else "transfer", sources))
                losses.append(measured)
        yield Tournament(target, tuple(entries), np.stack(losses), scratch)


def affinities(
    workspace: Workspace, jobs: Sequence[Job], more: Sequence[Ref] = ()
) -> list[Candidate]:
    """Hold every target's tournament, all orders together (see `tournaments`).

    Args:
        workspace: data set, splits and configuration.
        jobs: readouts and scratch networks.
        more: further readouts that take part.
    """
    targets = sorted({job.target for job in jobs})
    refs = [
        *(Ref(model_id(workspace, "task", target), "task", target) for target in targets),
        *job_models(workspace, jobs),
        *more,
    ]
    rows: list[Candidate] = []
    held = tournaments(workspace.store, refs)
    for tournament in tqdm(held, desc="tournaments", total=len(targets), mininterval=1):
        rows += measure(
            regime=regime(workspace),
            target=tournament.target,
            entries=tournament.entries,
            losses=tournament.losses,
            scratch=tournament.scratch,
            replicates=workspace.config.affinity.replicates,
            seed=workspace.config.seed,
        )
    return rows


def _by_target(jobs: Iterable[Job]) -> dict[str, list[Job]]:
    grouped: dict[str, list[Job]] = {}
    for job in jobs:
        grouped.setdefault(job.target, []).append(job)
    return dict(sorted(grouped.items()))


def _losses(store: Store, ref: Ref) -> Float[np.ndarray, " N"] | None:
    """Per-image test losses of a model, as float64; None if it failed."""
    found = record.read(store, ref.identity)
    return None if found.test_loss is None else found.test_losses.astype(np.float64)
