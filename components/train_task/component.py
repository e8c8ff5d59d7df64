"""The component train-task."""

from components.declaration import component
from components.images import TRAIN


@component(TRAIN)
def train_task(
    store: str,
    shard: str,
) -> str:
    """Train one shard of task-specific networks and cache their representations.

    Returns:
        The shard's id, once it is trained.
    """
    from taskonomy.execution.step import stage
    from taskonomy.runs.context import Context
    from taskonomy.stages.train_task import train_task

    with stage("train-task", shard):
        return train_task(Context.of_shard(store, shard), shard)
