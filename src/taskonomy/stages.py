"""The seam: one function per stage of the road, each from keys in the store to a key in the store.

The command line, the Kubeflow components and dvc.yaml all call these. A stage is a pure function of
the configuration and of outputs in the store; its own output's place is the hash of both, so a
stage that has finished is skipped. Heavy libraries are imported inside, so that each process pays
for what it uses.
"""

import json
import sys
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from taskonomy import planning
from taskonomy.config import Config
from taskonomy.errors import BadInput
from taskonomy.store import Store, code_version, digest

if TYPE_CHECKING:
    from taskonomy.data.layout import Dataset
    from taskonomy.training.workspace import Job, Workspace

EXPERIMENT = "taskonomy"


@dataclass(frozen=True)
class Context:
    """Where and how a stage runs, in plain strings that any orchestrator can carry.

    Attributes:
        store: root of the store, a folder or an object-store URL.
        config: one profile, as `Config.to_json` writes it.
        tracking: MLflow's tracking URI.
    """

    store: str
    config: str
    tracking: str

    @staticmethod
    def at(out: Path, config: Config) -> "Context":
        """The context of a run on this machine: store and MLflow database below `out`."""
        out = out.resolve()
        return Context(str(out / "store"), config.to_json(), f"sqlite:///{out}/mlflow.db")


class Plan(NamedTuple):
    """A plan's key, and the shards to loop over."""

    key: str
    task_shards: list[str]
    transfer_shards: list[str]


class Candidates(NamedTuple):
    """The key of the higher-order candidates, and the shards to loop over."""

    key: str
    transfer_shards: list[str]


def version_data(context: Context, source: str) -> str:
    """Render rooms or point at data, verify it, and record its version.

    Args:
        context: where and how to run.
        source: folder of a data set in the Taskonomy layout; empty renders the embedded rooms.

    Returns:
        The data set's key; `version-data/<key>/dataset.json` holds its folder, DVC version, splits,
        the tasks it has labels for and those it has none for, with the reason.

    Raises:
        BadInput: the data set is faulty or lacks labels that it should have.
    """
    from taskonomy.data import availability, layout, splits, verify, version

    store, config = _open(context)
    root = Path(source).resolve() if source else _render(store, config)
    dataset = layout.index(root)
    have, missing = availability.tasks(dataset, config.tasks)
    for name, reason in missing.items():
        print(f"taskonomy: {name} is left out: {reason}", file=sys.stderr)
    report = verify.verify(root)
    if report.faults:
        others = f" (and {len(report.faults) - 1} more)" if len(report.faults) > 1 else ""
        raise BadInput(f"{report.faults[0]}{others}")
    parts = splits.split(dataset)
    recorded = version.version(root, Path(store.path("version-data", "dvc")))
    key = digest(stage="version-data", md5=recorded["md5"], tasks=have, split=_table(parts))
    store.write_json(
        {
            "root": str(root),
            "source": source or "scenes",
            "dvc": recorded,
            "tasks": have,
            "left_out": missing,
            "split": {"kind": parts.kind, "note": parts.note, **_table(parts)},
            "views": len(dataset.views),
            "buildings": len(dataset.buildings),
        },
        *("version-data", key, "dataset.json"),
    )
    store.finish("version-data", key)
    return key


def plan(context: Context, dataset: str) -> Plan:
    """Lay out which networks to train, and in which shards."""
    store, config = _open(context)
    tasks = store.read_json("version-data", dataset, "dataset.json")["tasks"]
    by_task = planning.task_shards(tasks, config.shards)
    by_transfer = planning.transfer_shards(
        planning.first_order(tasks), config.shards, "first-order"
    )
    key = digest(stage="plan", dataset=dataset, config=context.config, code=_code("planning.py"))
    content = {
        "dataset": dataset,
        "tasks": tasks,
        "task_shards": by_task,
        "transfer_shards": _plain(by_transfer),
    }
    store.write_json(content, "plan", key, "plan.json")
    store.finish("plan", key)
    return Plan(key, list(by_task), list(by_transfer))


def train_task(context: Context, plan: str, shard: str) -> str:
    """Train the shard's task networks; encode the transfer and test images with each."""
    from taskonomy.training.shard import train_tasks

    store, _ = _open(context)
    content = store.read_json("plan", plan, "plan.json")
    workspace = _workspace(context, content["dataset"])
    names = _members(content["task_shards"], shard)
    train_tasks(workspace, names)
    _log(context, workspace, _task_models(workspace, names))
    return shard


def train_transfers(context: Context, plan: str, shard: str) -> str:
    """Train the shard's readouts.

    Args:
        context: where and how to run.
        plan: a plan's key for first-order shards, a candidates' key for higher orders.
        shard: the shard's id.
    """
    from taskonomy.training.shard import train_transfers as train
    from taskonomy.training.workspace import Job

    store, _ = _open(context)
    stage = "plan" if store.finished("plan", plan) else "select-candidates"
    content = store.read_json(stage, plan, "plan.json")
    workspace = _workspace(context, content["dataset"])
    jobs = [
        Job(kind, target, tuple(sources))
        for kind, target, sources in _members(content["transfer_shards"], shard)
    ]
    train(workspace, jobs)
    _log(context, workspace, _job_models(workspace, jobs))
    return shard


def select_candidates(context: Context, plan: str) -> Candidates:
    """Choose the higher-order source sets to train, from measured first-order standings."""
    from taskonomy.affinity import standings
    from taskonomy.training.candidates import higher_order
    from taskonomy.training.workspace import Job

    store, config = _open(context)
    content = store.read_json("plan", plan, "plan.json")
    workspace = _workspace(context, content["dataset"])
    ranks = standings.first_order(workspace, planning.first_order(content["tasks"]))
    jobs = [
        Job("transfer", target, sources)
        for target, ranked in ranks.items()
        for sources in higher_order(
            ranked, top=config.transfer.top, max_order=config.transfer.max_order
        )
    ]
    shards = planning.transfer_shards(jobs, config.shards, "higher-order")
    key = digest(stage="select-candidates", plan=plan, jobs=[asdict(job) for job in jobs])
    store.write_json(
        {"dataset": content["dataset"], "ranks": ranks, "transfer_shards": _plain(shards)},
        *("select-candidates", key, "plan.json"),
    )
    store.finish("select-candidates", key)
    return Candidates(key, list(shards))


def compute_affinity(context: Context, plan: str, candidates: str) -> str:
    """Hold the tournaments and turn them into affinities with bootstrap intervals."""
    from taskonomy.affinity import standings, table

    store, config = _open(context)
    content, workspace, jobs = _trained(context, plan, candidates)
    models = {model.model_id: model.sha256 for model in _models(workspace, content, jobs)}
    key = digest(
        stage="compute-affinity",
        models=models,
        config=asdict(config.affinity),
        code=_code("affinity"),
    )
    if not store.finished("compute-affinity", key):
        rows = standings.affinities(workspace, jobs)
        table.write(store.local("compute-affinity", key) / "affinity.parquet", rows)
        store.finish("compute-affinity", key, plan=plan, candidates=candidates)
    return key
