"""The component plan."""

from typing import NamedTuple

from kfp import dsl

from components.images import SOLVE


@dsl.component(base_image=SOLVE, install_kfp_package=False)
def plan(
    store: str,
    config: str,
    tracking: str,
    dataset: str,
    loop: str,
    after: list,  # noqa: ARG001
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
    """Lay out which networks to train, list the shards of one loop, and choose their pool of nodes.

    One list, by the name `Output`: kfp.local takes a loop's items from no other output.

    Args:
        store: root of the store, a folder or an object-store URL.
        config: one profile of params.yaml, as canonical JSON.
        tracking: MLflow's tracking URI.
        dataset: the data set's key.
        loop: whose shards to list, `task-networks` or `first-order`.
        after: ids of the shards that must be trained before; only their order matters.
        spot: the pool of nodes for the first attempts.
        on_demand: the pool of nodes for the last attempt.
        spot_attempts: how often a shard may be lost before its loop runs on demand.

    Returns:
        key: the plan's key, the same for both loops.
        Output: ids of the loop's shards.
        selector: labels of the nodes to train on.
        tolerations: the taints of those nodes.
        affinity: a NodeAffinity for them, or nothing.
        gpu: what their GPUs are called.
        gpus: how many GPUs a pod gets.
    """
    from taskonomy.execution.step import stage
    from taskonomy.runs.context import Context
    from taskonomy.stages import pools
    from taskonomy.stages.plan import plan

    with stage("plan", loop):
        planned = plan(Context(store, config, tracking), dataset)
        loops = {"task-networks": planned.task_shards, "first-order": planned.transfer_shards}
        pool = pools.choose(store, loops[loop], spot, on_demand, spot_attempts)
        return planned.key, loops[loop], *pool
