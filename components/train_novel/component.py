"""The component train-novel."""

from components.declaration import component
from components.images import TRAIN


@component(TRAIN)
def train_novel(
    store: str,
    shard: str,
) -> str:
    """Train one shard of a declared task's readouts, of first or of higher order.

    Returns:
        The shard's id, once it is trained.
    """
    from taskonomy.execution.step import stage
    from taskonomy.runs.context import Context
    from taskonomy.stages.novel_task import train_novel

    with stage("train-novel", shard):
        return train_novel(Context.of_shard(store, shard), shard)
