"""Plans in the store: what the shards of a loop hold, and the run that they belong to."""

from typing import Any

from taskonomy.errors import BadInput
from taskonomy.store import Store

STAGES = ("plan", "select-candidates", "plan-novel", "select-novel")
"""The stages that lay out shards; each keeps a plan as `<stage>/<key>/plan.json`."""


def keep(store: Store, stage: str, key: str, content: dict[str, Any]) -> None:
    """Write a plan, which says with which profile its shards train and where they tell MLflow."""
    store.write_json(content, stage, key, "plan.json")
    store.finish(stage, key)


def of_shard(store: Store, shard: str) -> dict[str, Any]:
    """The plan that a shard belongs to, by the shard's address `<key>/<shard id>`.

    Raises:
        BadInput: the store holds no such plan, or an older version of taskonomy has made it.
    """
    key = shard.partition("/")[0]
    for stage in STAGES:
        if store.finished(stage, key):
            content: dict[str, Any] = store.read_json(stage, key, "plan.json")
            if "configuration" in content:
                return content
    raise BadInput(
        f"{store.root}: no plan {key!r} that names its configuration; expected the address of a "
        "shard that this version has planned"
    )
