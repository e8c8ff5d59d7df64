"""The component select-novel."""

from typing import NamedTuple

from kfp import dsl

from components.images import TRAIN


@dsl.component(base_image=TRAIN, install_kfp_package=False)
def select_novel(
    store: str,
    config: str,
    tracking: str,
    plan: str,
    after: list,  # noqa: ARG001
    spot: dict,
    on_demand: dict,
    spot_attempts: int,
) -> NamedTuple(
    "Selected",
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
    """Choose the higher-order source sets of a declared task, from its measured readouts.

    One list, by the name `Output`: kfp.local takes a loop's items from no other output.

    Args:
        store: root of the store, a folder or an object-store URL.
        config: one profile of params.yaml, as canonical JSON.
        tracking: MLflow's tracking URI.
        plan: the plan's key.
        after: ids of the shards that must be trained before; only their order matters.
        spot: the pool of nodes for the first attempts.
        on_demand: the pool of nodes for the last attempt.
        spot_attempts: how often a shard may be lost before its loop runs on demand.

    Returns:
        key: the selected sets' key.
        Output: ids of the shards of higher-order readouts.
        selector: labels of the nodes to train on.
        tolerations: the taints of those nodes.
        affinity: a NodeAffinity for them, or nothing.
        gpu: what their GPUs are called.
        gpus: how many GPUs a pod gets.
    """
    from taskonomy.execution.step import stage
    from taskonomy.runs.context import Context
    from taskonomy.stages import pools
    from taskonomy.stages.novel_task import select_novel

    with stage("select-novel"):
        selected = select_novel(Context(store, config, tracking), plan)
        pool = pools.choose(store, selected.shards, spot, on_demand, spot_attempts)
        return selected.key, selected.shards, *pool
