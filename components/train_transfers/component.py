"""The component train-transfers."""

from components.declaration import component
from components.images import TRAIN


@component(TRAIN)
def train_transfers(
    store: str,
    shard: str,
) -> str:
    """Train one shard of readouts, of first or of higher order, on cached representations.

    Returns:
        The shard's id, once it is trained.
    """
    from taskonomy.execution.step import stage
    from taskonomy.runs.context import Context
    from taskonomy.stages.train_transfers import train_transfers

    with stage("train-transfers", shard):
        return train_transfers(Context.of_shard(store, shard), shard)
