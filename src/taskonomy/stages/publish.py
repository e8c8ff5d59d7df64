"""The stage publish."""

from collections.abc import Mapping
from pathlib import Path

from taskonomy.errors import BadInput
from taskonomy.runs.context import EXPERIMENT, Context, dataset_record, open_workspace
from taskonomy.runs.sharding import run_jobs
from taskonomy.store import MARKER, Store, code_version, digest


def publish(
    context: Context, plan: str, candidates: str, affinity: str, taxonomy: str, evaluation: str
) -> str:
    """Write the taxonomy artifact, the tables and the report, and register the taxonomy.

    Returns:
        The key of `publish/<key>/` with taxonomy.json, provenance.json, affinity.parquet,
        models.parquet and report.html.
    """
    from taskonomy.publishing import publication
    from taskonomy.tracking.registry import register_taxonomy
    from taskonomy.tracking.runs import run_ids
    from taskonomy.tracking.training_log import origin
    from taskonomy.training import model_losses

    store, config = context.open()
    dataset = store.read_json("plan", plan, "plan.json")["dataset"]
    workspace = open_workspace(context, dataset)
    refs = [
        *model_losses.task_models(workspace, store.read_json("plan", plan, "plan.json")["tasks"]),
        *model_losses.job_models(workspace, run_jobs(store, plan, candidates)),
    ]
    runs = run_ids(context.tracking, EXPERIMENT)
    if unlogged := [ref for ref in refs if ref.identity not in runs]:
        raise BadInput(
            f"{context.tracking}: no run of model {unlogged[0].identity} and "
            f"{len(unlogged) - 1} more; expected every shard to have ended, which logs its models "
            "last"
        )
    key = digest(
        stage="publish", evaluation=evaluation, code=code_version("publishing", "dictionary")
    )
    made = publication.Inputs(
        workspace=workspace,
        facts=dataset_record(store, dataset),
        refs=refs,
        runs=runs,
        affinity=store.local("compute-affinity", affinity) / "affinity.parquet",
        policies=store.read_json("solve-taxonomy", taxonomy, "policies.json"),
        evaluation=store.read_json("evaluate", evaluation, "evaluation.json"),
        started=store.read_json("version-data", dataset, MARKER)["started"],
    )
    if not store.finished("publish", key) or _names_other_runs(store, key, runs):
        with store.output("publish", key) as folder:
            publication.write(made, folder)
    # Apart from the files: a run may have ended between the two, or MLflow's database be a new one.
    place, regime = store.local("publish", key), str(config.regimes[0])
    register_taxonomy(
        context.tracking,
        EXPERIMENT,
        key,
        [place / name for name in publication.FILES],
        regime,
        {"profile": config.profile},
        publication.figures(place, regime),
        origin(),
    )
    return key


def _names_other_runs(store: Store, key: str, runs: Mapping[str, str]) -> bool:
    """Whether a publication names runs that have been deleted since, and been logged anew."""
    from taskonomy.publishing import models

    named = models.run_ids(store.read_bytes("publish", key, "models.parquet"))
    return any(runs.get(model) != run for model, run in named.items())


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
