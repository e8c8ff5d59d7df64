"""A task of the user's own, inserted into a published taxonomy: readouts alone, no new network."""

from kfp import dsl

from components.plan_novel.component import plan_novel
from components.select_novel.component import select_novel
from components.solve_novel.component import solve_novel
from components.train_novel.component import train_novel
from pipelines.steps import ON_DEMAND, SPOT, step, training


@dsl.pipeline(name="novel-task", display_name="Novel task")
def novel_task(
    store: str,
    config: str,
    tracking: str,
    taxonomy: str,
    task: str,
    spot: dict = SPOT,
    on_demand: dict = ON_DEMAND,
    spot_attempts: int = 2,
    training_cpu: str = "4",
    training_memory: str = "16Gi",
    store_secret: str = "object-store",
    mlflow_secret: str = "mlflow-client",
) -> str:
    """Train readouts into a declared task, and find its place in a published taxonomy.

    Args:
        store: Root of the store, a folder or an object-store URL.
        config: The profile of params.yaml that the taxonomy was made with, as canonical JSON.
        tracking: MLflow's tracking URI; a server's where pods run on several machines.
        taxonomy: Key of the taxonomy, which the pipeline that published it has returned.
        task: Place of a Python file that declares the task, as `taskonomy novel` takes it; a URL of
            the object store, or a file that every pod sees.
        spot: Pool of GPU nodes for the first attempts at training. Keys: selector (their labels),
            tolerations (a list), affinity (a NodeAffinity), gpu (the GPUs' resource name), gpus
            (how many a pod gets, as a string).
        on_demand: Pool of GPU nodes for the last attempt; the same keys.
        spot_attempts: How often a shard may be lost before a run trains its loop on demand.
        training_cpu: CPUs of a training pod.
        training_memory: Memory of a training pod.
        store_secret: Secret with the store's access-key-id and secret-access-key, and its
            endpoint-url unless it is at AWS.
        mlflow_secret: Secret with username and password of MLflow's server.

    Returns:
        The key of the task's files, which lie in `novel/<key>/` of the store.
    """
    context = {"store": store, "config": config, "tracking": tracking}
    pools = {"spot": spot, "on_demand": on_demand, "spot_attempts": spot_attempts}
    light = {"cpu": "1", "memory": "4Gi", "secret": store_secret}
    gpu = {
        "cpu": training_cpu,
        "memory": training_memory,
        "secret": store_secret,
        "mlflow": mlflow_secret,
    }

    planned = plan_novel(**context, taxonomy=taxonomy, task=task, **pools)
    step(planned, "Plan first order", **light)
    with dsl.ParallelFor(planned.outputs["Output"], name="first-order") as shard:
        first = train_novel(**context, shard=shard)
        training(first, "Train first order", planned, **gpu)

    trained = dsl.Collected(first.output)
    selected = select_novel(**context, plan=planned.outputs["key"], after=trained, **pools)
    step(selected, "Select candidates", **light)
    with dsl.ParallelFor(selected.outputs["Output"], name="higher-order") as shard:
        higher = train_novel(**context, shard=shard)
        training(higher, "Train higher orders", selected, **gpu)

    solved = solve_novel(
        **context,
        plan=planned.outputs["key"],
        selected=selected.outputs["key"],
        after=dsl.Collected(higher.output),
    )
    return step(solved, "Insert the task", **light, mlflow=mlflow_secret).outputs["Output"]
