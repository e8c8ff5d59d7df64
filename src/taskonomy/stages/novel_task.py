"""A task of the user's own, inserted into a published taxonomy: the stages of `novel-task`.

What is trained and measured is what `taskonomy novel` does (`studies/novel_task.py`); here it is
dealt out to shards, as a run's own readouts are.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, NamedTuple

import fsspec

from taskonomy.errors import BadInput
from taskonomy.runs import sharding
from taskonomy.runs.context import EXPERIMENT, Context
from taskonomy.runs.run import Run, published
from taskonomy.store import Store, code_version, digest
from taskonomy.studies import novel_task
from taskonomy.studies.novel_task import Declared
from taskonomy.training.model_losses import Ref

if TYPE_CHECKING:
    from taskonomy.training.record import Record

_PLAN, _SELECTED = "plan-novel", "select-novel"
_FILE = "task.py"


class Insertion(NamedTuple):
    """The key of a plan, and the addresses of its shards: `<key>/<shard id>`."""

    key: str
    shards: list[str]


def plan_novel(context: Context, taxonomy: str, task: str) -> Insertion:
    """Keep the task's declaration, and lay out its scratch network and its first-order readouts.

    Args:
        context: where and how to run; the profile is the taxonomy's own.
        taxonomy: key of the publication to insert into.
        task: the place of a file that declares the task, as `taskonomy novel` takes it.

    Raises:
        BadInput: there is no such file or publication, or the file declares no task.
    """
    store, run = Store(context.store), published(context, taxonomy)
    content = _content(task)
    with TemporaryDirectory() as folder:
        file = Path(folder) / _FILE
        file.write_bytes(content)
        try:
            novel = novel_task.declared(file)
        except BadInput as error:
            raise BadInput(str(error).replace(str(file), task)) from error
    refs = novel_task.first_order(run, novel)
    key = digest(stage=_PLAN, **_determined(context, [taxonomy, novel.content], refs))
    shards = _shards(refs, run.workspace.config.shards, "first-order")
    if not store.finished(_PLAN, key):
        store.write_bytes(content, _PLAN, key, _FILE)
        store.write_json({"taxonomy": taxonomy, "shards": shards}, _PLAN, key, "plan.json")
        store.finish(_PLAN, key)
    return Insertion(key, sharding.addresses(key, shards))


def train_novel(context: Context, shard: str) -> str:
    """Train the shard's readouts.

    Args:
        context: where and how to run.
        shard: its address: of a plan for first order, of selected sets for higher orders.
    """
    from taskonomy.stages import attempts
    from taskonomy.tracking.training_log import log

    key, name = sharding.parts(shard)
    run, novel, shards = _opened(context, key)
    refs = _refs(run, novel, sharding.members(shards, name))

    def work() -> "list[Record]":
        novel_task.train_novel(run.workspace, novel.file, refs)
        return []

    attempts.train(run.workspace, shard, refs, work)
    log(context.tracking, EXPERIMENT, run.workspace, refs)
    return shard


def select_novel(context: Context, plan: str) -> Insertion:
    """Choose the higher-order sets of sources, from measured first-order readouts."""
    store = Store(context.store)
    run, novel, first = _opened(context, plan)
    refs = novel_task.higher_orders(run, novel, _refs(run, novel, _all(first)))
    key = digest(stage=_SELECTED, **_determined(context, [plan], refs))
    shards = _shards(refs, run.workspace.config.shards, "higher-order")
    store.write_json({"plan": plan, "shards": shards}, _SELECTED, key, "plan.json")
    store.finish(_SELECTED, key)
    return Insertion(key, sharding.addresses(key, shards))


def solve_novel(context: Context, plan: str, selected: str) -> str:
    """Find the task's best transfer policy, and its place in the published taxonomies.

    Returns:
        The key of `novel/<key>/` with a text, tables of candidates and of taxonomies, a figure.
    """
    run, novel, first = _opened(context, plan)
    higher = Store(context.store).read_json(_SELECTED, selected, "plan.json")["shards"]
    return novel_task.solved(run, novel, _refs(run, novel, [*_all(first), *_all(higher)]))


def declared(context: Context, plan: str) -> tuple[Run, Declared]:
    """The run that a plan inserts into, and the task that it inserts."""
    run, novel, _ = _opened(context, plan)
    return run, novel


def _opened(context: Context, key: str) -> tuple[Run, Declared, dict[str, list[list[str]]]]:
    """Run, task and shards of a plan, or of the sets that were selected for one."""
    store = Store(context.store)
    stage = _PLAN if store.finished(_PLAN, key) else _SELECTED
    content = store.read_json(stage, key, "plan.json")
    plan = content.get("plan", key)
    taxonomy = store.read_json(_PLAN, plan, "plan.json")["taxonomy"]
    novel = novel_task.declared(store.local(_PLAN, plan) / _FILE)
    return published(context, taxonomy), novel, content["shards"]


def _determined(context: Context, inputs: Sequence[str], refs: Sequence[Ref]) -> dict[str, Any]:
    """What determines a plan."""
    return {
        "inputs": inputs,
        "models": [ref.identity for ref in refs],
        "config": context.config,
        "code": code_version("runs/sharding.py", "stages/novel_task.py"),
    }


def _shards(refs: Sequence[Ref], shards: int, phase: str) -> dict[str, list[list[str]]]:
    """The models' sources, dealt out; one shard at least, since a loop needs a turn."""
    count = max(1, min(shards, len(refs)))
    return {
        f"{phase}-{index:03d}-of-{count:03d}": [list(ref.sources) for ref in refs[index::count]]
        for index in range(count)
    }


def _all(shards: Mapping[str, Sequence[list[str]]]) -> list[list[str]]:
    """The members of all shards, the scratch network first and then by order and name."""
    every = [sources for members in shards.values() for sources in members]
    return sorted(every, key=lambda sources: (len(sources), sources))


def _refs(run: Run, novel: Declared, members: Sequence[Sequence[str]]) -> list[Ref]:
    return [novel_task.reference(run.workspace, novel, *sources) for sources in members]


def _content(task: str) -> bytes:
    try:
        with fsspec.open(task, "rb") as source:
            content: bytes = source.read()
    except (FileNotFoundError, IsADirectoryError) as error:
        raise BadInput(f"{task}: no such file; expected one that declares a task") from error
    return content
