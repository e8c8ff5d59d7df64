"""The component plan-novel."""

from typing import NamedTuple

from kfp import dsl

from components.images import TRAIN


@dsl.component(base_image=TRAIN, install_kfp_package=False)
def plan_novel(
    store: str,
    config: str,
    tracking: str,
    taxonomy: str,
    task: str,
    spot: dict,
    on_demand: dict,
    spot_attempts: int,
) -> NamedTuple(
    "Plan",
    [
        ("key", str),
        ("Output", list),
        ("selector", dict),
        ("tolerations", list),
        ("affinity", dict),
        ("gpu", str),
        ("gpus", str),
    ],
):
    """Keep a declared task, lay out its readouts of first order, and choose their pool of nodes.

    One list, by the name `Output`: kfp.local takes a loop's items from no other output.

    Args:
        store: root of the store, a folder or an object-store URL.
        config: one profile of params.yaml, as canonical JSON.
        tracking: MLflow's tracking URI.
        taxonomy: key of the publication to insert into.
        task: the place of a file that declares the task.
        spot: the pool of nodes for the first attempts.
        on_demand: the pool of nodes for the last attempt.
        spot_attempts: how often a shard may be lost before its loop runs on demand.

    Returns:
        key: the plan's key.
        Output: ids of the shards of first-order readouts.
        selector: labels of the nodes to train on.
        tolerations: the taints of those nodes.
        affinity: a NodeAffinity for them, or nothing.
        gpu: what their GPUs are called.
        gpus: how many GPUs a pod gets.
    """
    from taskonomy.execution.step import stage
    from taskonomy.runs.context import Context
    from taskonomy.stages import pools
    from taskonomy.stages.novel_task import plan_novel

    with stage("plan-novel"):
        planned = plan_novel(Context(store, config, tracking), taxonomy, task)
        pool = pools.choose(store, planned.shards, spot, on_demand, spot_attempts)
        return planned.key, planned.shards, *pool
