"""The component train-novel."""

from kfp import dsl

from components.images import TRAIN


@dsl.component(base_image=TRAIN, install_kfp_package=False)
def train_novel(
    store: str,
    config: str,
    tracking: str,
    shard: str,
) -> str:
    """Train one shard of a declared task's readouts, of first or of higher order.

    Args:
        store: root of the store, a folder or an object-store URL.
        config: one profile of params.yaml, as canonical JSON.
        tracking: MLflow's tracking URI.
        shard: the key of its plan, and its id.

    Returns:
        The shard's id, once it is trained.
    """
    from taskonomy.execution.step import stage
    from taskonomy.runs.context import Context
    from taskonomy.stages.novel_task import train_novel

    with stage("train-novel", shard):
        return train_novel(Context(store, config, tracking), shard)
