"""The seam: one function per stage of the road, each from keys in the store to a key in the store.

The command line, the Kubeflow components and dvc.yaml all call these. A stage is a pure function of
the configuration and of outputs in the store; its own output's place is the hash of both, so a
stage that has finished is skipped. Heavy libraries are imported inside, so that each process pays
for what it uses.
"""

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from taskonomy import planning
from taskonomy.config import Config
from taskonomy.errors import BadInput
from taskonomy.store import MARKER, Store, code_version, digest

if TYPE_CHECKING:
    from taskonomy.training.record import Record
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
    """A plan's key, and the addresses of the shards to loop over: `<key>/<shard id>`.

    An address says all that a loop's body needs: kfp.local 2.17.3 replaces every other input that
    comes from an earlier step by the loop's item, without a word.
    """

    key: str
    task_shards: list[str]
    transfer_shards: list[str]


class Candidates(NamedTuple):
    """The key of the higher-order candidates, and the addresses of their shards."""

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
    started = datetime.now(UTC).isoformat(timespec="seconds")
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
    table = {part: getattr(parts, part).tolist() for part in ("train", "val", "test")}
    facts = {
        "root": str(root),
        "source": source or "scenes",
        "dvc": recorded,
        "tasks": have,
        "left_out": missing,
        "classes": availability.classes(root),
        "split": {"kind": parts.kind, "note": parts.note, **table},
        "views": len(dataset.views),
        "buildings": len(dataset.buildings),
    }
    key = digest(stage="version-data", content=recorded_content(facts), tasks=have)
    store.write_json(facts, "version-data", key, "dataset.json")
    store.finish("version-data", key, started=started)
    return key


def plan(context: Context, dataset: str) -> Plan:
    """Lay out which networks to train, and in which shards."""
    store, config = _open(context)
    tasks = store.read_json("version-data", dataset, "dataset.json")["tasks"]
    by_task = planning.task_shards(tasks, config.shards)
    by_transfer = planning.transfer_shards(
        planning.first_order(tasks), config.shards, "first-order"
    )
    key = digest(
        stage="plan", dataset=dataset, config=context.config, code=code_version("planning.py")
    )
    content = {
        "dataset": dataset,
        "tasks": tasks,
        "task_shards": by_task,
        "transfer_shards": planning.plain(by_transfer),
    }
    store.write_json(content, "plan", key, "plan.json")
    store.finish("plan", key)
    return Plan(key, planning.addresses(key, by_task), planning.addresses(key, by_transfer))


def train_task(context: Context, shard: str) -> str:
    """Train the shard's task networks; encode the transfer and test images with each."""
    from taskonomy import attempts
    from taskonomy.journal import log
    from taskonomy.training import standings

    store, _ = _open(context)
    key, name = planning.parts(shard)
    content = store.read_json("plan", key, "plan.json")
    workspace = open_workspace(context, content["dataset"])
    names = planning.members(content["task_shards"], name)
    models = standings.task_models(workspace, names)

    def work() -> "list[Record]":
        from taskonomy.training.shard import train_tasks

        train_tasks(workspace, names)
        return []

    attempts.train(workspace, shard, models, work)
    log(context.tracking, EXPERIMENT, workspace, models)
    return shard


def train_transfers(context: Context, shard: str) -> str:
    """Train the shard's readouts.

    Args:
        context: where and how to run.
        shard: the shard's address: of a plan for first order, of candidates for higher orders.
    """
    from taskonomy import attempts
    from taskonomy.journal import log
    from taskonomy.training import standings
    from taskonomy.training.workspace import Job

    store, _ = _open(context)
    key, name = planning.parts(shard)
    stage = "plan" if store.finished("plan", key) else "select-candidates"
    content = store.read_json(stage, key, "plan.json")
    workspace = open_workspace(context, content["dataset"])
    jobs = [
        Job(kind, target, tuple(sources))
        for kind, target, sources in planning.members(content["transfer_shards"], name)
    ]
    models = standings.job_models(workspace, jobs)

    def work() -> "list[Record]":
        from taskonomy.training import shard as training

        return training.train_transfers(workspace, jobs)

    attempts.train(workspace, shard, models, work)
    log(context.tracking, EXPERIMENT, workspace, models)
    return shard


def select_candidates(context: Context, plan: str) -> Candidates:
    """Choose the higher-order source sets to train, from measured first-order standings."""
    from taskonomy.training import standings
    from taskonomy.training.candidates import higher_order
    from taskonomy.training.workspace import Job

    store, config = _open(context)
    content = store.read_json("plan", plan, "plan.json")
    workspace = open_workspace(context, content["dataset"])
    ranks = standings.first_order_ranks(workspace, planning.first_order(content["tasks"]))
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
        {"dataset": content["dataset"], "ranks": ranks, "transfer_shards": planning.plain(shards)},
        *("select-candidates", key, "plan.json"),
    )
    store.finish("select-candidates", key)
    return Candidates(key, planning.addresses(key, shards))


def compute_affinity(context: Context, plan: str, candidates: str) -> str:
    """Hold the tournaments and turn them into affinities with bootstrap intervals."""
    from taskonomy.affinity import table
    from taskonomy.training import standings

    store, config = _open(context)
    workspace = open_workspace(context, store.read_json("plan", plan, "plan.json")["dataset"])
    jobs = _jobs(store, plan, candidates)
    key = digest(
        stage="compute-affinity",
        models=[ref.identity for ref in standings.job_models(workspace, jobs)],
        replicates=config.affinity.replicates,
        code=code_version("affinity", "training/standings.py"),
    )
    if not store.finished("compute-affinity", key):
        rows = standings.affinities(workspace, jobs)
        with store.output("compute-affinity", key) as folder:
            table.write(folder / "affinity.parquet", rows)
    return key


def solve_taxonomy(context: Context, affinity: str) -> str:
    """Solve the Boolean Integer Program for every budget and order of the profile."""
    from taskonomy.affinity import table
    from taskonomy.taxonomy.hypergraph import Question
    from taskonomy.taxonomy.sweep import policies

    store, config = _open(context)
    asked = config.taxonomy
    key = digest(
        stage="solve-taxonomy",
        affinity=affinity,
        config=asdict(asked),
        code=code_version("taxonomy", "dictionary"),
    )
    if not store.finished("solve-taxonomy", key):
        rows = table.read(store.local("compute-affinity", affinity) / "affinity.parquet")
        question = Question(scale=asked.scale, cost=asked.costs)
        solved = policies(rows, asked.budgets, range(1, asked.max_order + 1), question)
        content = [
            {
                **policy.as_json(),
                "budget": policy.budget,
                "max_order": policy.max_order,
                "regime": rows[0].regime,
            }
            for policy in solved
        ]
        with store.output("solve-taxonomy", key) as folder:
            (folder / "policies.json").write_text(json.dumps(content, indent=1))
    return key


def evaluate(context: Context, affinity: str, taxonomy: str) -> str:
    """Measure what the taxonomy shows: the structure of this seed and the task tree."""
    from taskonomy.affinity import table
    from taskonomy.evaluation import structure, tree

    store, config = _open(context)
    key = digest(
        stage="evaluate", affinity=affinity, taxonomy=taxonomy, code=code_version("evaluation")
    )
    if not store.finished("evaluate", key):
        rows = table.read(store.local("compute-affinity", affinity) / "affinity.parquet")
        measured = structure.measure({config.seed: rows})
        clusters = tree.task_tree(rows)
        content = {
            "structure": structure.to_json(measured),
            "structure_text": structure.render_text(measured),
            "tree": None
            if clusters is None
            else {"sources": clusters.sources, "merges": clusters.merges.tolist()},
        }
        with store.output("evaluate", key) as folder:
            (folder / "evaluation.json").write_text(json.dumps(content, indent=1))
    return key


def publish(
    context: Context, plan: str, candidates: str, affinity: str, taxonomy: str, evaluation: str
) -> str:
    """Write the taxonomy artifact, the tables and the report, and register the taxonomy.

    Returns:
        The key of `publish/<key>/` with taxonomy.json, provenance.json, affinity.parquet,
        models.parquet and report.html.
    """
    from taskonomy.journal import origin
    from taskonomy.publishing import publication
    from taskonomy.tracking.registry import register_taxonomy
    from taskonomy.tracking.runs import run_ids
    from taskonomy.training import standings

    store, config = _open(context)
    dataset = store.read_json("plan", plan, "plan.json")["dataset"]
    workspace = open_workspace(context, dataset)
    refs = [
        *standings.task_models(workspace, store.read_json("plan", plan, "plan.json")["tasks"]),
        *standings.job_models(workspace, _jobs(store, plan, candidates)),
    ]
    runs = run_ids(context.tracking, EXPERIMENT)
    if untold := [ref for ref in refs if ref.identity not in runs]:
        raise BadInput(
            f"{context.tracking}: no run of model {untold[0].identity} and {len(untold) - 1} more; "
            "expected every shard to have ended, which logs its models last"
        )
    key = digest(
        stage="publish", evaluation=evaluation, code=code_version("publishing", "dictionary")
    )
    made = publication.Inputs(
        workspace=workspace,
        facts=store.read_json("version-data", dataset, "dataset.json"),
        refs=refs,
        runs=runs,
        affinity=store.local("compute-affinity", affinity) / "affinity.parquet",
        policies=store.read_json("solve-taxonomy", taxonomy, "policies.json"),
        evaluation=store.read_json("evaluate", evaluation, "evaluation.json"),
        started=store.read_json("version-data", dataset, MARKER)["started"],
    )
    if not store.finished("publish", key):
        with store.output("publish", key) as folder:
            figures = publication.write(made, folder)
        files = [store.local("publish", key) / name for name in publication.FILES]
        params = {"profile": config.profile}
        register_taxonomy(context.tracking, EXPERIMENT, key, files, params, figures, origin())
    return key


def export(context: Context, key: str, out: Path) -> list[Path]:
    """Copy a publication's files into a folder, each whole or not at all; return their places.

    The report there leads to what `taskonomy evaluate` and `taskonomy study` have left of this
    taxonomy beside it.
    """
    from taskonomy.publishing import links
    from taskonomy.publishing.publication import FILES

    source = Store(context.store)
    target = Store(str(out.resolve()))
    for name in FILES:
        target.write_bytes(source.read_bytes("publish", key, name), name)
    links.renew(out)
    return [out / name for name in FILES]


def _open(context: Context) -> tuple[Store, Config]:
    return Store(context.store), Config.from_json(context.config)


def open_workspace(context: Context, dataset: str) -> "Workspace":
    from taskonomy.data import layout, splits
    from taskonomy.training.workspace import Workspace

    store, config = _open(context)
    facts = store.read_json("version-data", dataset, "dataset.json")
    indexed = layout.index(Path(facts["root"]))
    # What the data set has no labels for is not asked for.
    config = replace(config, tasks=tuple(facts["tasks"]))
    parts = splits.split(indexed)
    return Workspace(store, config, indexed, dataset, recorded_content(facts), parts)


def recorded_content(facts: Mapping[str, Any]) -> str:
    """What models learn from, of a `dataset.json`: its files and splits, whatever is asked of them.

    A dictionary with one task more thus leaves every trained model its name.
    """
    split = {part: facts["split"][part] for part in ("train", "val", "test")}
    return digest(md5=facts["dvc"]["md5"], split=split)


def _render(store: Store, config: Config) -> Path:
    """The embedded rooms of this profile and seed, rendered once."""
    from taskonomy.data.scenes.dataset import render_dataset

    key = digest(
        data=asdict(config.data),
        seed=config.seed,
        code=code_version(
            "data/scenes",
            *(f"data/{name}.py" for name in ("cameras", "codecs", "labels", "layout", "stencils")),
        ),
    )
    root = Path(store.path("rooms", key))
    workers = len(os.sched_getaffinity(0))
    render_dataset(root, config.data.images, config.data.size, config.seed, workers)
    return root


def _jobs(store: Store, plan: str, candidates: str) -> "list[Job]":
    """Every readout of the run: first order, then higher orders."""
    from taskonomy.training.workspace import Job

    return [
        Job(kind, target, tuple(sources))
        for stage, key in (("plan", plan), ("select-candidates", candidates))
        for members in store.read_json(stage, key, "plan.json")["transfer_shards"].values()
        for kind, target, sources in members
    ]
