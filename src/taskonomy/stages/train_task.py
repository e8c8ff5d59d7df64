"""The stage train-task."""

from typing import TYPE_CHECKING

from taskonomy.runs import plans, sharding
from taskonomy.runs.context import EXPERIMENT, Context, open_workspace
from taskonomy.stages.attempts import train

if TYPE_CHECKING:
    from taskonomy.training.record import Record


def train_task(context: Context, shard: str) -> str:
    """Train the shard's task networks; encode the transfer and test images with each."""
    from taskonomy.tracking.training_log import log
    from taskonomy.training import model_losses

    store, _ = context.open()
    name = sharding.parts(shard)[1]
    content = plans.of_shard(store, shard)
    workspace = open_workspace(context, content["dataset"])
    names = sharding.members(content["task_shards"], name)
    models = model_losses.task_models(workspace, names)

    def work() -> "list[Record]":
        from taskonomy.training.shard import train_tasks

        train_tasks(workspace, names)
        return []

    train(workspace, shard, models, work)
    log(context.tracking, EXPERIMENT, workspace, models)
    return shard
