"""What the trained models' losses say: ranks for choosing candidates, and affinities."""

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
from taskonomy.dictionary import Task
from taskonomy.store import Store
from taskonomy.training import record
from taskonomy.training.identity import ModelRef, job_ref, model_path, model_ref
from taskonomy.training.job import Job
from taskonomy.training.workspace import Kind as ModelKind
from taskonomy.training.workspace import Workspace


class Tournament(NamedTuple):
    """Who competes for one target, and with what losses on the target's test images.

    Attributes:
        regime: the size of the transfer set.
        target: the task to be solved.
        entries: kind and sources of every candidate; the first is the supervised network.
        losses: per-image test losses, one row a candidate.
        scratch: those of the scratch network.
        guess: those of the informed guess; None where it is not among the models.
        choice: the candidates' losses on the examples to choose by; None where one has none.
    """

    regime: int
    target: str
    entries: tuple[tuple[Kind, tuple[str, ...]], ...]
    losses: Float[np.ndarray, "S N"]
    scratch: Float[np.ndarray, " N"]
    guess: Float[np.ndarray, " N"] | None = None
    choice: Float[np.ndarray, "S M"] | None = None


def task_models(workspace: Workspace, tasks: Iterable[str]) -> list[ModelRef]:
    """The models that a task shard trains or keeps: networks, informed guesses, untrained encoders
    and those of the user's own."""
    return [
        model_ref(workspace, kind, name)
        for name in tasks
        for kind in _task_kinds(workspace.dictionary[name])
    ]


def _task_kinds(task: Task) -> tuple[ModelKind, ...]:
    if task.pretrained:
        return ("encoder",)
    return ("task", "informed_guess") if task.trained else ("random",)


def job_models(workspace: Workspace, jobs: Iterable[Job]) -> list[ModelRef]:
    """The models that a shard of readouts trains."""
    return [job_ref(workspace, job) for job in jobs]


def all_trained(workspace: Workspace, refs: Iterable[ModelRef]) -> bool:
    """Whether the store holds every one of these models; says so without importing torch."""
    return all(workspace.store.exists(*model_path(ref.identity)) for ref in refs)


def first_order_ranks(
    workspace: Workspace, jobs: Sequence[Job]
) -> dict[tuple[int, str], list[str]]:
    """Rank the first-order sources of every regime and target by their affinity, best first.

    Affinities are of the choice examples; only where the val split leaves none, of test images, as
    in the paper's releases. The target's own encoder and untrained encoders are no candidates for
    higher orders, and a failed readout has no rank.
    """
    members: dict[tuple[int, str], list[ModelRef]] = {}
    for job in jobs:
        other = job.kind == "transfer" and job.sources != (job.target,)
        if other and not workspace.dictionary.untrained(job.sources[0]):
            members.setdefault((job.regime, job.target), []).append(job_ref(workspace, job))
    ranks = {}
    for key, refs in sorted(members.items()):
        losses = mean_losses(workspace.store, refs)
        if len(losses) > 1:
            by = _choice(losses.values())
            rows = np.stack([one.test for one in losses.values()]) if by is None else by
            affinities = ahp(win_rates(rows))
            names = [sources[0] for _, sources in losses]
            order = sorted(range(len(names)), key=lambda i: (-affinities[i], names[i]))
            ranks[key] = [names[i] for i in order]
    return ranks


def tournaments(store: Store, refs: Sequence[ModelRef]) -> Iterator[Tournament]:
    """Yield the tournaments of all regimes and targets among these models, sorted.

    A readout of several seeds takes part with its mean losses. One that failed is left out of its
    target's tournament. A target whose supervised or scratch network failed has no tournament, and
    is named on stderr.

    Args:
        store: where the models lie.
        refs: networks, informed guesses, scratch networks and readouts; others are ignored.
    """
    networks = {ref.target: ref for ref in refs if ref.kind == "task"}
    guesses = {ref.target: ref for ref in refs if ref.kind == "informed_guess"}
    members: dict[tuple[int, str], list[ModelRef]] = {}
    for ref in refs:
        if ref.kind in ("scratch", "transfer"):
            members.setdefault((ref.regime, ref.target), []).append(ref)
    for (regime, target), found in sorted(members.items()):
        if not any(ref.kind == "scratch" for ref in found):
            continue
        supervised = losses_of(store, networks[target])
        losses = mean_losses(store, found)
        scratch = losses.pop(("scratch", ()), None)
        if supervised is None or scratch is None:
            print(f"taskonomy: {target}: its baseline failed; no affinities", file=sys.stderr)
            continue
        entries: list[tuple[Kind, tuple[str, ...]]] = [("supervised", (target,))]
        for _, sources in losses:
            entries.append(("own_readout" if sources == (target,) else "transfer", sources))
        guess = losses_of(store, guesses[target]) if target in guesses else None
        rows = [supervised, *losses.values()]
        yield Tournament(
            regime=regime,
            target=target,
            entries=tuple(entries),
            losses=np.stack([row.test for row in rows]),
            scratch=scratch.test,
            guess=None if guess is None else guess.test,
            choice=_choice(rows),
        )


def affinities(
    workspace: Workspace, jobs: Sequence[Job], more: Sequence[ModelRef] = ()
) -> list[Candidate]:
    """Hold the tournament of every regime and target, all orders together (see `tournaments`).

    Args:
        workspace: data set, splits and configuration.
        jobs: readouts and scratch networks.
        more: further readouts that take part.
    """
    targets = sorted({job.target for job in jobs})
    refs = [
        *(
            model_ref(workspace, kind, target)
            for target in targets
            for kind in _task_kinds(workspace.dictionary[target])
        ),
        *job_models(workspace, jobs),
        *more,
    ]
    rows: list[Candidate] = []
    held = tournaments(workspace.store, refs)
    count = len({(job.regime, job.target) for job in jobs})
    for tournament in tqdm(held, desc="tournaments", total=count, mininterval=1):
        rows += measure(
            regime=str(tournament.regime),
            target=tournament.target,
            entries=tournament.entries,
            losses=tournament.losses,
            scratch=tournament.scratch,
            replicates=workspace.config.affinity.replicates,
            seed=workspace.config.seed,
            guess=tournament.guess,
            choice=tournament.choice,
        )
    return rows


class Losses(NamedTuple):
    """Per-image losses of a model, as float64.

    Attributes:
        choice: of the examples to choose by; empty where there are none.
        test: of the test images.
    """

    choice: Float[np.ndarray, " M"]
    test: Float[np.ndarray, " N"]


def mean_losses(
    store: Store, refs: Iterable[ModelRef]
) -> dict[tuple[ModelKind, tuple[str, ...]], Losses]:
    """Per-image losses by kind and sources, means over readout seeds.

    A model of which a seed failed is left out.
    """
    found: dict[tuple[ModelKind, tuple[str, ...]], list[Losses | None]] = {}
    for ref in refs:
        found.setdefault((ref.kind, ref.sources), []).append(losses_of(store, ref))
    means = {}
    for key, seeds in found.items():
        there = [one for one in seeds if one is not None]
        if len(there) == len(seeds):
            choice, test = (np.mean(rows, axis=0) for rows in zip(*there, strict=True))
            means[key] = Losses(choice, test)
    return means


def losses_of(store: Store, ref: ModelRef) -> Losses | None:
    """Per-image losses of a model; None if it failed."""
    found = record.read(store, ref.identity)
    if found.test_loss is None:
        return None
    return Losses(found.choice_losses.astype(np.float64), found.test_losses.astype(np.float64))


def _choice(rows: Iterable[Losses]) -> Float[np.ndarray, "S M"] | None:
    """The choice losses of several models; None unless all of them have some."""
    found = [row.choice for row in rows]
    return np.stack(found) if all(len(row) for row in found) else None
