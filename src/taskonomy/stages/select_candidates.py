"""The stage select-candidates."""

from typing import NamedTuple

from taskonomy.runs import plans, sharding
from taskonomy.runs.context import Context, open_workspace
from taskonomy.store import digest


class Candidates(NamedTuple):
    """The key of the higher-order candidates, and the addresses of their shards."""

    key: str
    transfer_shards: list[str]


def select_candidates(context: Context, plan: str) -> Candidates:
    """Choose the higher-order source sets to train, from measured first-order losses."""
    from taskonomy.training import model_losses
    from taskonomy.training.candidates import higher_order
    from taskonomy.training.job import Job

    store, config = context.open()
    content = store.read_json("plan", plan, "plan.json")
    workspace = open_workspace(context, content["dataset"])
    ranks = model_losses.first_order_ranks(
        workspace, sharding.first_order(workspace.dictionary, content["tasks"], config)
    )
    transfer = config.transfer
    jobs = [
        Job("transfer", target, sources, regime, seed)
        for (regime, target), ranked in ranks.items()
        for sources in higher_order(ranked, top=transfer.top, max_order=transfer.max_order)
        for seed in range(config.seeds)
    ]
    shards = sharding.transfer_shards(workspace.dictionary, jobs, config.shards, "higher-order")
    key = digest(stage="select-candidates", plan=plan, jobs=[job.plain() for job in jobs])
    planned = {
        **context.named(),
        "dataset": content["dataset"],
        "ranks": [[regime, target, ranked] for (regime, target), ranked in ranks.items()],
        "transfer_shards": sharding.plain(shards),
    }
    plans.keep(store, "select-candidates", key, planned)
    return Candidates(key, sharding.addresses(key, shards))
