"""A task of the user's own, inserted into a published taxonomy: readouts alone, no new network."""

from kfp import dsl

from components.plan_novel.component import plan_novel
from components.select_novel.component import select_novel
from components.solve_novel.component import solve_novel
from components.train_novel.component import train_novel
from pipelines.parameters import Cluster, Run, pipeline
from pipelines.steps import step, training


@pipeline(name="novel-task", display_name="Novel task")
def novel_task(run: Run, taxonomy: str, task: str, cluster: Cluster) -> str:
    """Train readouts into a declared task, and find its place in a published taxonomy.

    Args:
        profile: The profile that the taxonomy was made with. What follows changes single values of
            it, as it did then; left empty, they are the profile's.
        taxonomy: Key of the taxonomy, which the pipeline that published it has returned.
        task: Place of a Python file that declares the task, as `taskonomy novel` takes it; a URL of
            the object store, or a file that every pod sees.

    Returns:
        The key of the task's files, which lie in `novel/<key>/` of the store.
    """
    pools, gpu = cluster.pools(), cluster.training()
    light = {"cpu": "1", "memory": "4Gi", "secret": cluster.store_secret}

    planned = plan_novel(**run._asdict(), taxonomy=taxonomy, task=task, **pools)
    context = run.context(planned)
    step(planned, "Plan first order", **light)
    with dsl.ParallelFor(planned.outputs["Output"], name="first-order") as shard:
        first = train_novel(store=run.store, shard=shard)
        training(first, "Train first order", planned, **gpu)

    trained = dsl.Collected(first.output)
    selected = select_novel(**context, plan=planned.outputs["key"], after=trained, **pools)
    step(selected, "Select candidates", **light)
    with dsl.ParallelFor(selected.outputs["Output"], name="higher-order") as shard:
        higher = train_novel(store=run.store, shard=shard)
        training(higher, "Train higher orders", selected, **gpu)

    solved = solve_novel(
        **context,
        plan=planned.outputs["key"],
        selected=selected.outputs["key"],
        after=dsl.Collected(higher.output),
    )
    return step(solved, "Insert the task", **light, mlflow=cluster.mlflow_secret).outputs["Output"]
