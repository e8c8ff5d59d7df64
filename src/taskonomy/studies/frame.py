"""The frame that every study runs in: cost, training, measurement, files.

A study says which models it needs and what they show. Each model lies in the store under the hash
of what determines it, so that an interrupted study goes on where it was, and a second one trains
nothing; what a study found is kept in the store in the same way.
"""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tqdm import tqdm

from taskonomy import files, workers
from taskonomy.config import Config
from taskonomy.runs import sharding, training_times
from taskonomy.runs.context import EXPERIMENT
from taskonomy.runs.run import Run
from taskonomy.store import MARKER, code_version, digest
from taskonomy.studies import shown
from taskonomy.studies.findings import Findings, write
from taskonomy.training.identity import ModelRef
from taskonomy.training.job import Job
from taskonomy.training.model_losses import all_trained, job_models, task_models
from taskonomy.training.workspace import Workspace
from taskonomy.workers import WORKERS


@dataclass(frozen=True)
class Batch:
    """Models that one process trains one after another, each skipped if the store holds it.

    Attributes:
        workspace: what they are trained on.
        refs: their names.
        train: trains them; a process of its own calls it, so that it can be pickled.
    """

    workspace: Workspace
    refs: tuple[ModelRef, ...]
    train: Callable[[], object]


Phase = Sequence[Batch]
"""Batches that do not need each other; a phase needs all those before it."""


@dataclass(frozen=True)
class Study:
    """One study.

    Attributes:
        needs: the models that it reads beside the run's own, phase by phase.
        measure: what they show, once all of them are there.
        reads: further models that it reads and does not train.
    """

    needs: Callable[[Run], Sequence[Phase]]
    measure: Callable[[Run], Findings]
    reads: Callable[[Run], Sequence[ModelRef]] = lambda _: ()


def execute(name: str, study: Study, run: Run) -> Path:
    """Train what a study lacks, measure, and leave its files in `<out>/studies/<name>`.

    On another data set than it would take by itself, `<name>-<that data set's folder>`.

    Returns:
        That folder: a text, tables as Parquet and CSV, a figure.
    """
    phases = study.needs(run)
    refs = [ref for phase in phases for batch in phase for ref in batch.refs]
    refs += study.reads(run)

    def measured() -> Findings:
        train(name, run, phases)
        return study.measure(run)

    title = f"{name}-{run.other.resolve().name}" if run.other else name
    return kept(run, f"study-{name}", refs, title, measured, run.out / "studies" / title)


def kept(
    run: Run,
    stage: str,
    refs: Sequence[ModelRef],
    name: str,
    measured: Callable[[], Findings],
    folder: Path,
    **facts: object,
) -> Path:
    """Findings as `stored` keeps them, as files in a folder where people look for them.

    Beside them lies what they were made with; the run's page of studies shows them.

    Returns:
        That folder.
    """
    key = stored(run, stage, refs, name, measured, **facts)
    export(run.workspace.store.local(stage, key), folder)
    shown.keep(run.out, folder, Config.from_json(run.context.config))
    return folder


def stored(
    run: Run,
    stage: str,
    refs: Sequence[ModelRef],
    name: str,
    measured: Callable[[], Findings],
    **facts: object,
) -> str:
    """Findings in the store, found there or measured and written; their key of the stage.

    Args:
        run: the run that they are about.
        stage: where the store keeps them.
        refs: the models that they follow from, beside the run's own.
        name: of the text and the figure.
        measured: finds them.
        facts: what else they follow from.
    """
    key = digest(
        name=name,
        models=sorted({ref.identity for ref in [*run.refs(), *refs]}),
        code=code_version(
            "studies", "affinity", "evaluation", "taxonomy", "training/model_losses.py"
        ),
        config=run.context.config,
        **facts,
    )
    store = run.workspace.store
    if not store.finished(stage, key):
        found = measured()
        with store.output(stage, key) as scratch:
            write(scratch, name, found)
    return key


def train(
    name: str,
    run: Run,
    phases: Sequence[Phase],
    seconds: Callable[[ModelRef], float] | None = None,
) -> None:
    """Tell the cost, then train what the store lacks; every model gets its MLflow run.

    `seconds` says what a model takes, where that is not what the run's own took.
    """
    batches = [batch for phase in phases for batch in phase]
    missing = [ref for batch in batches for ref in lacking(batch)]
    held = sum(len(batch.refs) for batch in batches) - len(missing)
    print(
        training_times.estimate(name, seconds or run.seconds.model, missing, held, WORKERS),
        file=sys.stderr,
        flush=True,
    )
    tracking = run.context.tracking
    if missing:
        with workers.pool(WORKERS) as pool, tqdm(total=len(batches), desc=name) as bar:
            for phase in phases:
                for _ in pool.map(partial(_train, tracking), phase):
                    bar.update()
    else:
        # A process that was interrupted may have trained what it did not log.
        for batch in batches:
            _log(tracking, batch)


def lacking(batch: Batch) -> list[ModelRef]:
    """The models of a batch that the store does not hold."""
    return [ref for ref in batch.refs if not all_trained(batch.workspace, [ref])]


def networks(workspace: Workspace, tasks: Sequence[str]) -> list[Batch]:
    """Task-specific networks (or the random encoder), in as many batches as there are workers."""
    from taskonomy.training.shard import train_tasks

    return [
        Batch(
            workspace, tuple(task_models(workspace, names)), partial(train_tasks, workspace, names)
        )
        for names in sharding.task_shards(workspace.dictionary, tasks, WORKERS).values()
    ]


def readouts(workspace: Workspace, jobs: Sequence[Job]) -> list[Batch]:
    """Readouts and scratch networks, in as many batches as there are workers."""
    from taskonomy.training.shard import train_transfers

    return [
        Batch(
            workspace, tuple(job_models(workspace, some)), partial(train_transfers, workspace, some)
        )
        for some in sharding.transfer_shards(
            workspace.dictionary, jobs, WORKERS, "readouts"
        ).values()
    ]


def export(source: Path, target: Path) -> None:
    """Copy the files of a finished study where people look for them."""
    for file in source.iterdir():
        if file.name != MARKER:
            files.write(target / file.name, file.read_bytes())


def _train(tracking: str, batch: Batch) -> None:
    if lacking(batch):
        batch.train()
    _log(tracking, batch)


def _log(tracking: str, batch: Batch) -> None:
    from taskonomy.tracking.training_log import log

    log(tracking, EXPERIMENT, batch.workspace, batch.refs)
