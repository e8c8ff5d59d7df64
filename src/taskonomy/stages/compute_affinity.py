"""The stage compute-affinity."""

from taskonomy.runs.context import Context, open_workspace
from taskonomy.runs.sharding import run_jobs
from taskonomy.store import code_version, digest


def compute_affinity(context: Context, plan: str, candidates: str) -> str:
    """Hold the tournaments and turn them into affinities with bootstrap intervals."""
    from taskonomy.affinity import table
    from taskonomy.training import model_losses

    store, config = context.open()
    workspace = open_workspace(context, store.read_json("plan", plan, "plan.json")["dataset"])
    jobs = run_jobs(store, plan, candidates)
    key = digest(
        stage="compute-affinity",
        models=[ref.identity for ref in model_losses.job_models(workspace, jobs)],
        replicates=config.affinity.replicates,
        code=code_version("affinity", "training/model_losses.py"),
    )
    if not store.finished("compute-affinity", key):
        rows = model_losses.affinities(workspace, jobs)
        with store.output("compute-affinity", key) as folder:
            table.write(folder / "affinity.parquet", rows, workspace.dictionary)
    return key
