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
) -> NamedTuple("Plan", [("key", str), ("Output", list)]):
    """Lay out which networks to train, and list the shards of one loop over them.

    One list, by the name `Output`: kfp.local takes a loop's items from no other output.

    Args:
        store: root of the store, a folder or an object-store URL.
        config: one profile of params.yaml, as canonical JSON.
        tracking: MLflow's tracking URI.
        dataset: the data set's key.
        loop: whose shards to list, `task-networks` or `first-order`.
        after: ids of the shards that must be trained before; only their order matters.

    Returns:
        key: the plan's key, the same for both loops.
        Output: ids of the loop's shards.
    """
    from taskonomy import stages
    from taskonomy.orchestration import stage

    with stage("plan", loop):
        planned = stages.plan(stages.Context(store, config, tracking), dataset)
        shards = {"task-networks": planned.task_shards, "first-order": planned.transfer_shards}
        return planned.key, shards[loop]
