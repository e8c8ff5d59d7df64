"""The component plan."""

from components.declaration import component
from components.images import SOLVE
from components.outputs import listed_shards


@component(SOLVE)
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
) -> listed_shards():
    """Lay out which networks to train, list the shards of one loop, and choose their pool of nodes.

    Args:
        dataset: the data set's key.
        loop: whose shards to list, `task-networks` or `first-order`.

    Returns:
        key: the plan's key, the same for both loops.
        Output: ids of the loop's shards.
    """
    from taskonomy.execution.step import stage
    from taskonomy.runs.context import Context
    from taskonomy.stages import pools
    from taskonomy.stages.plan import plan

    with stage("plan", loop):
        planned = plan(Context.kept(store, config, tracking), dataset)
        loops = {"task-networks": planned.task_shards, "first-order": planned.transfer_shards}
        pool = pools.choose(store, loops[loop], spot, on_demand, spot_attempts)
        return planned.key, loops[loop], *pool
