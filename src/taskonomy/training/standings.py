"""What the trained models' test losses say: ranks for choosing candidates, and affinities."""

import sys
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from tqdm import tqdm

from taskonomy.affinity.ahp import ahp
from taskonomy.affinity.candidate import Candidate, Kind
from taskonomy.affinity.measure import measure
from taskonomy.affinity.tournament import win_rates
from taskonomy.dictionary import task
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
            losses = _losses(workspace, job_models(workspace, [job])[0])
            if losses is not None:
                sources.append(job.sources[0])
                rows.append(losses)
        if len(rows) > 1:
            affinities = ahp(win_rates(np.stack(rows)))
            order = sorted(range(len(sources)), key=lambda i: (-affinities[i], sources[i]))
            ranks[target] = [sources[i] for i in order]
    return ranks


def affinities(
    workspace: Workspace, jobs: Sequence[Job], more: Sequence[Ref] = ()
) -> list[Candidate]:
    """Hold every target's tournament, all orders together; `more` are further readouts in it.

    A readout that failed is left out of its target's tournament. A target whose supervised or
    scratch network failed has no tournament, and is named on stderr.
    """
    rows: list[Candidate] = []
    by_target = _by_target(jobs)
    for target, members in tqdm(by_target.items(), desc="tournaments", mininterval=1):
        supervised = Ref(model_id(workspace, "task", target), "task", target)
        scratch = next(ref for ref in job_models(workspace, members) if ref.kind == "scratch")
        baselines = [_losses(workspace, ref) for ref in (supervised, scratch)]
        if baselines[0] is None or baselines[1] is None:
            print(f"taskonomy: {target}: its baseline failed; no affinities", file=sys.stderr)
            continue
        entries: list[tuple[Kind, tuple[str, ...]]] = [("supervised", (target,))]
        losses = [baselines[0]]
        for ref in [*job_models(workspace, members), *(r for r in more if r.target == target)]:
            measured = None if ref.kind == "scratch" else _losses(workspace, ref)
            if measured is not None:
                own = ref.sources == (target,)
                entries.append(("own_readout" if own else "transfer", ref.sources))
                losses.append(measured)
        rows += measure(
            regime=regime(workspace),
            target=target,
            entries=entries,
            losses=np.stack(losses),
            scratch=baselines[1],
            replicates=workspace.config.affinity.replicates,
            seed=workspace.config.seed,
        )
    return rows


def _by_target(jobs: Iterable[Job]) -> dict[str, list[Job]]:
    grouped: dict[str, list[Job]] = {}
    for job in jobs:
        grouped.setdefault(job.target, []).append(job)
    return dict(sorted(grouped.items()))


def _losses(workspace: Workspace, ref: Ref) -> Float[np.ndarray, " N"] | None:
    """Per-image test losses of a model, as float64; None if it failed."""
    found = record.read(workspace.store, ref.identity)
    return None if found.test_loss is None else found.test_losses.astype(np.float64)
