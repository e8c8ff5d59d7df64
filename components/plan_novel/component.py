"""The component plan-novel."""

from components.declaration import component
from components.images import TRAIN
from components.outputs import listed_shards


@component(TRAIN, additional_funcs=[listed_shards])
def plan_novel(
    store: str,
    config: str,
    tracking: str,
    taxonomy: str,
    task: str,
    spot: dict,
    on_demand: dict,
    spot_attempts: int,
) -> listed_shards():
    """Keep a declared task, lay out its readouts of first order, and choose their pool of nodes.

    Args:
        taxonomy: key of the publication to insert into.
        task: the place of a file that declares the task.

    Returns:
        key: the plan's key.
        Output: ids of the shards of first-order readouts.
    """
    from taskonomy.execution.step import stage
    from taskonomy.runs.context import Context
    from taskonomy.stages import pools
    from taskonomy.stages.novel_task import plan_novel

    with stage("plan-novel"):
        planned = plan_novel(Context(store, config, tracking), taxonomy, task)
        pool = pools.choose(store, planned.shards, spot, on_demand, spot_attempts)
        return planned.key, planned.shards, *pool
