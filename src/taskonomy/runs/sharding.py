"""The plan of a run: which models are trained, and which shard trains them.

Shards are opaque string ids; what a shard holds lies in the plan file in the store, so that no
list travels through the orchestrator.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

from taskonomy.config import Config
from taskonomy.dictionary import Dictionary, Task
from taskonomy.errors import BadInput
from taskonomy.store import Store
from taskonomy.training.job import Job

Kind = Literal["scratch", "transfer"]

# What a task network costs beside one from an image to an image, as measured with the demo profile:
# colorization predicts 313 bins a pixel; a pair is two images, but not every image has one.
_INPUTS_COST = {"lightness": 1.8, "tiles": 1.4}
_ITEMS_COST = {
    "fixated_pair": 1.25,
    "match_pair": 1.25,
    "nonfixated_pair": 0.7,
    "fixated_triplet": 0.65,
}


def first_order(dictionary: Dictionary, tasks: Sequence[str], config: Config) -> list[Job]:
    """The scratch baseline and every feasible first-order readout of the tasks' targets.

    Untrained encoders and the target's own encoder are among the sources.
    """
    targets = [name for name in tasks if dictionary[name].role == "both"]
    return [
        Job(kind, target, sources, regime, seed)
        for target in targets
        for kind, sources in _candidates(tasks)
        for regime in config.regimes
        for seed in range(config.seeds)
    ]


def _candidates(tasks: Sequence[str]) -> list[tuple[Kind, tuple[str, ...]]]:
    return [("scratch", ()), *(("transfer", (source,)) for source in tasks)]


def task_shards(dictionary: Dictionary, tasks: Sequence[str], shards: int) -> dict[str, list[str]]:
    """Deal the tasks out to at most `shards` shards of near equal cost."""
    weights = {name: _network_cost(dictionary[name]) for name in tasks}
    return {
        shard: [str(name) for name in members]
        for shard, members in _deal("tasks", weights, shards).items()
    }


def transfer_shards(
    dictionary: Dictionary, jobs: Sequence[Job], shards: int, phase: str
) -> dict[str, list[Job]]:
    """Deal jobs out to at most `shards` shards; a target's jobs stay together where they can.

    A shard that holds a target's jobs decodes its labels once, so targets are split only when
    there are more shards than targets.
    """
    by_target: dict[str, list[Job]] = {}
    for job in jobs:
        by_target.setdefault(job.target, []).append(job)
    per_target = -(-shards // len(by_target)) if by_target else 1
    chunks = {
        f"{target}:{part}": members[part::per_target]
        for target, members in by_target.items()
        for part in range(per_target)
        if members[part::per_target]
    }
    weights = {
        name: len(members) * _readout_cost(dictionary[members[0].target])
        for name, members in chunks.items()
    }
    return {
        shard: sorted((job for name in names for job in chunks[name]), key=_together)
        for shard, names in _deal(phase, weights, shards).items()
    }


def _together(job: Job) -> tuple[str, int]:
    """Jobs of one target and one regime share labels and transfer set."""
    return job.target, -job.regime


def addresses(key: str, shards: Iterable[str]) -> list[str]:
    """The addresses of a plan's shards: `<key>/<shard id>`."""
    return [f"{key}/{shard}" for shard in shards]


def parts(address: str) -> tuple[str, str]:
    """The plan's key and the shard id of an address."""
    key, _, shard = address.partition("/")
    return key, shard


def members(shards: Mapping[str, Sequence[Any]], shard: str) -> list[Any]:
    """What a shard of a plan holds.

    Raises:
        BadInput: the plan has no such shard.
    """
    if shard not in shards:
        raise BadInput(f"unknown shard {shard!r}; expected one of: {', '.join(shards)}")
    return list(shards[shard])


def plain(shards: Mapping[str, Sequence[Job]]) -> dict[str, list[list[Any]]]:
    """Jobs by shard as plain data, for a plan's file."""
    return {name: [job.plain() for job in jobs] for name, jobs in shards.items()}


def run_jobs(store: Store, plan: str, candidates: str) -> list[Job]:
    """Every readout of the run: first order, then higher orders."""
    return [
        Job.of_plain(values)
        for stage, key in (("plan", plan), ("select-candidates", candidates))
        for members in store.read_json(stage, key, "plan.json")["transfer_shards"].values()
        for values in members
    ]


def _network_cost(task: Task) -> float:
    if not task.trained:
        return 0.1  # a random encoder is only asked for its representation
    flat = 1.0 if task.head == "image" else 0.85
    return _INPUTS_COST.get(task.inputs, _ITEMS_COST.get(task.items, flat))


def _readout_cost(task: Task) -> float:
    """What a readout costs beside one to a vector from one image, as measured with the demo
    profile; only the balance of the shards depends on it."""
    if task.loss == "metric":
        return 2.9
    if task.head == "image":
        return 1.4 + 0.12 * (task.channels or 0)
    return 1.0 if task.images == 1 else 1.2


def _deal(prefix: str, weights: Mapping[str, float], shards: int) -> dict[str, list[str]]:
    """Heaviest first, each to the lightest shard so far; ties to the first, so it is repeatable."""
    count = max(1, min(shards, len(weights)))
    loads = [0.0] * count
    members: list[list[str]] = [[] for _ in range(count)]
    for name in sorted(weights, key=lambda key: -weights[key]):
        lightest = loads.index(min(loads))
        loads[lightest] += weights[name]
        members[lightest].append(name)
    return {f"{prefix}-{index:03d}-of-{count:03d}": names for index, names in enumerate(members)}
