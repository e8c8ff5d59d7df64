"""The component train-task."""

from kfp import dsl

from components.images import TRAIN


@dsl.component(base_image=TRAIN, install_kfp_package=False)
def train_task(
    store: str,
    config: str,
    tracking: str,
    shard: str,
) -> str:
    """Train one shard of task-specific networks and cache their representations.

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
    from taskonomy.stages.train_task import train_task

    with stage("train-task", shard):
        return train_task(Context(store, config, tracking), shard)
