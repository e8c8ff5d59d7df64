"""A task of the user's own, inserted into a published taxonomy: the stages of `novel-task`.

What is trained and measured is what `taskonomy novel` does (`studies/novel_task.py`); here it is
dealt out to shards, as a run's own readouts are.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from taskonomy.dictionary import Task
from taskonomy.errors import BadInput
from taskonomy.runs import plans, sharding
from taskonomy.runs.context import EXPERIMENT, Context
from taskonomy.runs.run import published
from taskonomy.stages import attempts
from taskonomy.store import Store, code_version, digest
from taskonomy.studies import novel_task
from taskonomy.studies.novel_task import Novel
from taskonomy.training.job import Job

if TYPE_CHECKING:
    from taskonomy.training.record import Record

_PLAN, _SELECTED = "plan-novel", "select-novel"


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
    from taskonomy.targets.declared import read

    store, run = Store(context.store), published(context, taxonomy)
    declared = read(task)
    try:
        novel = novel_task.novel(run, declared)
    except BadInput as error:
        raise BadInput(f"{task}: {error}") from error
    jobs = novel_task.first_order(novel)
    key, shards = _planned(context, novel, _PLAN, [taxonomy], jobs)
    content = {
        **context.named(),
        "taxonomy": taxonomy,
        "task": novel.task.as_json(),
        "transfer_shards": sharding.plain(shards),
    }
    plans.keep(store, _PLAN, key, content)
    return Insertion(key, sharding.addresses(key, shards))


def train_novel(context: Context, shard: str) -> str:
    """Train the shard's readouts.

    Args:
        context: where and how to run.
        shard: its address: of a plan for first order, of selected sets for higher orders.
    """
    from taskonomy.tracking.training_log import log

    key, name = sharding.parts(shard)
    novel, shards = _opened(context, key)
    jobs = [Job.of_plain(values) for values in sharding.members(shards, name)]
    refs = novel_task.refs_of(novel, jobs)

    def work() -> "list[Record]":
        from taskonomy.training.shard import train_transfers

        return train_transfers(novel.workspace, jobs)

    attempts.train(novel.workspace, shard, refs, work)
    log(context.tracking, EXPERIMENT, novel.workspace, refs)
    return shard


def select_novel(context: Context, plan: str) -> Insertion:
    """Choose the higher-order sets of sources, from measured first-order readouts."""
    store = Store(context.store)
    novel, first = _opened(context, plan)
    jobs = novel_task.higher_orders(novel, _jobs(first))
    key, shards = _planned(context, novel, _SELECTED, [plan], jobs)
    content = {
        **context.named(),
        "plan": plan,
        "transfer_shards": sharding.plain(shards),
    }
    plans.keep(store, _SELECTED, key, content)
    return Insertion(key, sharding.addresses(key, shards))


def solve_novel(context: Context, plan: str, selected: str) -> str:
    """Find the task's best transfer policy, and its place in the published taxonomies.

    Returns:
        The key of `novel/<key>/` with a text, tables of candidates and of taxonomies, a figure.
    """
    novel, first = _opened(context, plan)
    higher = Store(context.store).read_json(_SELECTED, selected, "plan.json")["transfer_shards"]
    jobs = [*_jobs(first), *_jobs(higher)]
    return novel_task.solved(novel, novel_task.refs_of(novel, jobs))


def inserted(context: Context, plan: str) -> Novel:
    """The task that a plan inserts, with the run that it inserts it into."""
    return _opened(context, plan)[0]


def _planned(
    context: Context, novel: Novel, stage: str, inputs: Sequence[str], jobs: Sequence[Job]
) -> tuple[str, dict[str, list[Job]]]:
    """The key of a plan, and its shards."""
    workspace = novel.workspace
    shards = sharding.transfer_shards(
        workspace.dictionary, jobs, workspace.config.shards, stage.partition("-")[0]
    )
    key = digest(
        stage=stage,
        inputs=inputs,
        models=[ref.identity for ref in novel_task.refs_of(novel, jobs)],
        config=context.config,
        code=code_version("runs/sharding.py", "stages/novel_task.py"),
    )
    return key, shards


def _opened(context: Context, key: str) -> tuple[Novel, dict[str, list[list[Any]]]]:
    """Task and shards of a plan, or of the sets that were selected for one."""
    store = Store(context.store)
    stage = _PLAN if store.finished(_PLAN, key) else _SELECTED
    content = store.read_json(stage, key, "plan.json")
    planned = store.read_json(_PLAN, content.get("plan", key), "plan.json")
    run = published(context, planned["taxonomy"])
    return novel_task.known(run, Task.of_json(planned["task"])), content["transfer_shards"]


def _jobs(shards: Mapping[str, Sequence[list[Any]]]) -> list[Job]:
    """The members of all shards, the scratch network first and then by order and name."""
    every = [Job.of_plain(values) for members in shards.values() for values in members]
    return sorted(every, key=lambda job: (len(job.sources), job.sources))
