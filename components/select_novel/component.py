"""The component select-novel."""

from components.declaration import component
from components.images import TRAIN
from components.outputs import listed_shards


@component(TRAIN)
def select_novel(
    store: str,
    config: str,
    tracking: str,
    plan: str,
    after: list,  # noqa: ARG001
    spot: dict,
    on_demand: dict,
    spot_attempts: int,
) -> listed_shards():
    """Choose the higher-order source sets of a declared task, from its measured readouts.

    Returns:
        key: the selected sets' key.
        Output: ids of the shards of higher-order readouts.
    """
    from taskonomy.execution.step import stage
    from taskonomy.runs.context import Context
    from taskonomy.stages import pools
    from taskonomy.stages.novel_task import select_novel

    with stage("select-novel"):
        selected = select_novel(Context.kept(store, config, tracking), plan)
        pool = pools.choose(store, selected.shards, spot, on_demand, spot_attempts)
        return selected.key, selected.shards, *pool
