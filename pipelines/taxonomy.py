"""From data to a published taxonomy: figure 2 of the paper, steps I to IV.

`python -m pipelines.taxonomy` compiles it to taxonomy.yaml beside it, which is what runs: on a
cluster as submitted, on one machine through `taskonomy run`.
"""

from pathlib import Path

from kfp import compiler, dsl

from components.compute_affinity.component import compute_affinity
from components.evaluate.component import evaluate
from components.plan.component import plan
from components.publish.component import publish
from components.select_candidates.component import select_candidates
from components.solve_taxonomy.component import solve_taxonomy
from components.train_task.component import train_task
from components.train_transfers.component import train_transfers
from components.version_data.component import version_data

COMPILED = Path(__file__).with_suffix(".yaml")


def named(task: dsl.PipelineTask, name: str, *, cpu: str, memory: str, gpus: int = 0) -> None:
    """Name a step for people, state what it needs, and leave caching to the store.

    Kubeflow's cache knows neither the code inside a mutable tag nor what lies in the store; a stage
    skips by itself what is finished.
    """
    task.set_display_name(name)
    task.set_caching_options(False)
    task.set_cpu_request(cpu).set_memory_request(memory).set_memory_limit(memory)
    if gpus:
        task.set_accelerator_type("nvidia.com/gpu").set_accelerator_limit(gpus)


@dsl.pipeline(name="taxonomy")
def taxonomy(store: str, config: str, tracking: str, source: str = "") -> str:
    """Train a network a task, transfer between them, and solve for what to label.

    Args:
        store: Root of the store, a folder or an object-store URL.
        config: One profile of params.yaml, as canonical JSON.
        tracking: MLflow's tracking URI; a server's where pods run on several machines.
        source: A data set in the Taskonomy layout; empty renders the embedded rooms.

    Returns:
        The publication's key; its files lie in `publish/<key>/` of the store.
    """
    context = {"store": store, "config": config, "tracking": tracking}

    dataset = version_data(**context, source=source)
    named(dataset, "Version the data", cpu="4", memory="8Gi")

    # I. Task-specific modeling.
    tasks = plan(**context, dataset=dataset.output, loop="task-networks", after=[])
    named(tasks, "Plan task networks", cpu="1", memory="2Gi")
    with dsl.ParallelFor(tasks.outputs["Output"], name="task-networks") as shard:
        network = train_task(**context, shard=shard)
        named(network, "Train task networks", cpu="4", memory="16Gi", gpus=1)

    # II. Transfer modeling: first order, then the higher orders that its results suggest.
    trained = dsl.Collected(network.output)
    planned = plan(**context, dataset=dataset.output, loop="first-order", after=trained)
    named(planned, "Plan first order", cpu="1", memory="2Gi")
    with dsl.ParallelFor(planned.outputs["Output"], name="first-order") as shard:
        first = train_transfers(**context, shard=shard)
        named(first, "Train first order", cpu="4", memory="16Gi", gpus=1)

    trained = dsl.Collected(first.output)
    chosen = select_candidates(**context, plan=planned.outputs["key"], after=trained)
    named(chosen, "Select candidates", cpu="1", memory="4Gi")
    with dsl.ParallelFor(chosen.outputs["Output"], name="higher-order") as shard:
        higher = train_transfers(**context, shard=shard)
        named(higher, "Train higher orders", cpu="4", memory="16Gi", gpus=1)

    # III. Normalization: tournaments and the Analytic Hierarchy Process.
    affinity = compute_affinity(
        **context,
        plan=planned.outputs["key"],
        candidates=chosen.outputs["key"],
        after=dsl.Collected(higher.output),
    )
    named(affinity, "Compute affinities", cpu="2", memory="8Gi")

    # IV. The taxonomy: the Boolean Integer Program over budgets and orders.
    solved = solve_taxonomy(**context, affinity=affinity.output)
    named(solved, "Solve the taxonomy", cpu="2", memory="4Gi")
    measured = evaluate(**context, affinity=affinity.output, taxonomy=solved.output)
    named(measured, "Evaluate", cpu="1", memory="4Gi")
    published = publish(
        **context,
        plan=planned.outputs["key"],
        candidates=chosen.outputs["key"],
        affinity=affinity.output,
        taxonomy=solved.output,
        evaluation=measured.output,
    )
    named(published, "Publish", cpu="2", memory="8Gi")
    return published.output


def compile_to(path: Path) -> None:
    """Write the compiled pipeline."""
    compiler.Compiler().compile(taxonomy, str(path))


if __name__ == "__main__":
    compile_to(COMPILED)
