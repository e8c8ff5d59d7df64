"""From data to a published taxonomy: figure 2 of the paper, steps I to IV."""

from typing import Any

from kfp import dsl

from components.compute_affinity.component import compute_affinity
from components.evaluate.component import evaluate
from components.plan.component import plan
from components.preview.component import preview
from components.publish.component import publish
from components.select_candidates.component import select_candidates
from components.solve_taxonomy.component import solve_taxonomy
from components.train_task.component import train_task
from components.train_transfers.component import train_transfers
from components.version_data.component import version_data
from pipelines.parameters import Cluster, Run
from pipelines.steps import step, training


def road(run: Run, cluster: Cluster, source: Any, *, previewed: bool) -> dsl.PipelineTask:
    """Lay out every step; return the last one, whose output is the publication's key.

    Args:
        run, cluster, source: parameters of the pipeline.
        previewed: whether a step says what will be trained anew before anything is trained.
    """
    pools = cluster.pools()
    secret, mlflow = cluster.store_secret, cluster.mlflow_secret
    gpu = cluster.training()

    dataset = version_data(**run._asdict(), source=source)
    context, dataset_key = run.context(dataset), dataset.outputs["Output"]
    step(dataset, "Version the data", cpu="4", memory="8Gi", secret=secret, scratch="50Gi")

    # I. Task-specific modeling.
    tasks = plan(**context, dataset=dataset_key, loop="task-networks", after=[], **pools)
    step(tasks, "Plan task networks", cpu="1", memory="2Gi", secret=secret)
    if previewed:
        told = preview(**context, plan=tasks.outputs["key"])
        step(told, "Tell what is trained anew", cpu="1", memory="4Gi", secret=secret)
    with dsl.ParallelFor(tasks.outputs["Output"], name="task-networks") as shard:
        network = train_task(store=run.store, shard=shard)
        training(network, "Train task networks", tasks, **gpu)
        if previewed:
            network.after(told)

    # II. Transfer modeling: first order, then the higher orders that its results suggest.
    trained = dsl.Collected(network.output)
    planned = plan(**context, dataset=dataset_key, loop="first-order", after=trained, **pools)
    step(planned, "Plan first order", cpu="1", memory="2Gi", secret=secret)
    with dsl.ParallelFor(planned.outputs["Output"], name="first-order") as shard:
        first = train_transfers(store=run.store, shard=shard)
        training(first, "Train first order", planned, **gpu)

    trained = dsl.Collected(first.output)
    chosen = select_candidates(**context, plan=planned.outputs["key"], after=trained, **pools)
    step(chosen, "Select candidates", cpu="1", memory="4Gi", secret=secret)
    with dsl.ParallelFor(chosen.outputs["Output"], name="higher-order") as shard:
        higher = train_transfers(store=run.store, shard=shard)
        training(higher, "Train higher orders", chosen, **gpu)

    # III. Normalization: tournaments and the Analytic Hierarchy Process.
    affinity = compute_affinity(
        **context,
        plan=planned.outputs["key"],
        candidates=chosen.outputs["key"],
        after=dsl.Collected(higher.output),
    )
    step(affinity, "Compute affinities", cpu="2", memory="8Gi", secret=secret)

    # IV. The taxonomy: the Boolean Integer Program over budgets and orders.
    solved = solve_taxonomy(**context, affinity=affinity.output)
    step(solved, "Solve the taxonomy", cpu="2", memory="4Gi", secret=secret)
    measured = evaluate(**context, affinity=affinity.output, taxonomy=solved.output)
    step(measured, "Evaluate", cpu="1", memory="4Gi", secret=secret)
    published = publish(
        **context,
        plan=planned.outputs["key"],
        candidates=chosen.outputs["key"],
        affinity=affinity.output,
        taxonomy=solved.output,
        evaluation=measured.output,
    )
    return step(published, "Publish", cpu="2", memory="8Gi", secret=secret, mlflow=mlflow)
