"""The stage plan."""

from typing import NamedTuple

from taskonomy.runs import plans, sharding
from taskonomy.runs.context import Context, dataset_record, recorded_dictionary
from taskonomy.store import code_version, digest


class Plan(NamedTuple):
    """A plan's key, and the addresses of the shards to loop over: `<key>/<shard id>`.

    An address says all that a loop's body needs: kfp.local 2.17.3 replaces every other input that
    comes from an earlier step by the loop's item, without a word.
    """

    key: str
    task_shards: list[str]
    transfer_shards: list[str]


def plan(context: Context, dataset: str) -> Plan:
    """Lay out which networks to train, and in which shards."""
    store, config = context.open()
    facts = dataset_record(store, dataset)
    tasks, dictionary = facts["tasks"], recorded_dictionary(facts)
    by_task = sharding.task_shards(dictionary, tasks, config.shards)
    by_transfer = sharding.transfer_shards(
        dictionary,
        sharding.first_order(dictionary, tasks, config),
        config.shards,
        "first-order",
    )
    key = digest(
        stage="plan", dataset=dataset, config=context.config, code=code_version("runs/sharding.py")
    )
    content = {
        **context.named(),
        "dataset": dataset,
        "tasks": tasks,
        "task_shards": by_task,
        "transfer_shards": sharding.plain(by_transfer),
    }
    plans.keep(store, "plan", key, content)
    return Plan(key, sharding.addresses(key, by_task), sharding.addresses(key, by_transfer))
