"""The stage train-transfers."""

from typing import TYPE_CHECKING

from taskonomy.runs import plans, sharding
from taskonomy.runs.context import EXPERIMENT, Context, open_workspace
from taskonomy.stages.attempts import train

if TYPE_CHECKING:
    from taskonomy.training.record import Record


def train_transfers(context: Context, shard: str) -> str:
    """Train the shard's readouts.

    Args:
        context: where and how to run.
        shard: the shard's address: of a plan for first order, of candidates for higher orders.
    """
    from taskonomy.tracking.training_log import log
    from taskonomy.training import model_losses
    from taskonomy.training.job import Job

    store, _ = context.open()
    name = sharding.parts(shard)[1]
    content = plans.of_shard(store, shard)
    workspace = open_workspace(context, content["dataset"])
    jobs = [Job.of_plain(v) for v in sharding.members(content["transfer_shards"], name)]
    models = model_losses.job_models(workspace, jobs)

    def work() -> "list[Record]":
        from taskonomy.training import shard as training

        return training.train_transfers(workspace, jobs)

    train(workspace, shard, models, work)
    log(context.tracking, EXPERIMENT, workspace, models)
    return shard
