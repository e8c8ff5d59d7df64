"""The stage select-candidates."""

from dataclasses import asdict
from typing import NamedTuple

from taskonomy.runs import sharding
from taskonomy.runs.context import Context, open_workspace
from taskonomy.store import digest


class Candidates(NamedTuple):
    """The key of the higher-order candidates, and the addresses of their shards."""

    key: str
    transfer_shards: list[str]


def select_candidates(context: Context, plan: str) -> Candidates:
    """Choose the higher-order source sets to train, from measured first-order model_losses."""
    from taskonomy.training import model_losses
    from taskonomy.training.candidates import higher_order
    from taskonomy.training.workspace import Job

    store, config = context.open()
    content = store.read_json("plan", plan, "plan.json")
    workspace = open_workspace(context, content["dataset"])
    ranks = model_losses.first_order_ranks(workspace, sharding.first_order(content["tasks"]))
    jobs = [
        Job("transfer", target, sources)
        for target, ranked in ranks.items()
        for sources in higher_order(
            ranked, top=config.transfer.top, max_order=config.transfer.max_order
        )
    ]
    shards = sharding.transfer_shards(jobs, config.shards, "higher-order")
    key = digest(stage="select-candidates", plan=plan, jobs=[asdict(job) for job in jobs])
    store.write_json(
        {"dataset": content["dataset"], "ranks": ranks, "transfer_shards": sharding.plain(shards)},
        *("select-candidates", key, "plan.json"),
    )
    store.finish("select-candidates", key)
    return Candidates(key, sharding.addresses(key, shards))
