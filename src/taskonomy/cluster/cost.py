"""What a run on a cluster costs: pods, hours, storage and requests.

Arithmetic is counted (`loads`), amounts follow from the profile (`amounts`), and only what a unit
of either takes is measured (`units`). So a profile that nobody has run yet is told at the speed of
the machine that was measured.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from taskonomy.cluster import amounts
from taskonomy.cluster.amounts import Models, examples, models
from taskonomy.cluster.compiled import Compiled, Step
from taskonomy.cluster.loads import Load, Loads
from taskonomy.cluster.units import REQUESTS, Units
from taskonomy.config import Config
from taskonomy.dictionary import Task

# What trains in each loop of pipelines/taxonomy.py; novel-task has the last two, for one target.
LOOPS = ("task-networks", "first-order", "higher-order")
_DATA = "version-data"
_FLOAT = 4
_HALF = 2
# Kubeflow runs a driver before every step, and another around each turn of a loop.
_STEP, _TURN, _LOOP, _ROOT = 2, 3, 1, 1


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What a run costs.

    Attributes:
        models: what it trains.
        shards: turns of each loop.
        pods: all pods, Kubeflow's own drivers included.
        gpu_hours: hours of GPUs that training pods hold, at the measured device's speed.
        cpu_hours: hours of all other steps' pods.
        unmeasured: steps that were not measured, and are not in those hours.
        longest: hours of the longest shard of each loop, if shards are balanced.
        storage: bytes by what they hold.
        requests: requests to the object store by kind; empty where none were measured.
    """

    models: Models
    shards: Mapping[str, int]
    pods: int
    gpu_hours: float
    cpu_hours: float
    unmeasured: tuple[str, ...]
    longest: Mapping[str, float]
    storage: Mapping[str, float]
    requests: Mapping[str, float]


def cost(
    pipeline: Compiled, config: Config, units: Units, given: Mapping[str, Any], tasks: int = 0
) -> Cost:
    """The cost of a run that finds nothing finished in its store.

    Args:
        pipeline: what is run.
        config: the profile.
        units: what a unit of work takes.
        given: values of the pipeline's parameters, for the number of GPUs.
        tasks: as if the dictionary had so many tasks; 0: the profile's own.
    """
    whole, loads = models(config, tasks), Loads(config)
    inside = {step.loop: step for step in pipeline.steps if step.loop in LOOPS}
    count = whole if LOOPS[0] in inside else amounts.one_more(whole)
    work = work_of(config, units, loads, count)
    hours = {loop: sum(seconds.values()) / 3600 for loop, seconds in work.items()}
    shards = shards_of(config, count)
    outside = [step for step in pipeline.steps if not step.loop]
    rendered = any(step.component == _DATA for step in outside)
    worked_on = amounts.stages(config, whole)
    known = {stage: effort.of(worked_on[stage]) for stage, effort in units.stages.items()}
    known[_DATA] = config.data.images * units.rendering
    others = {step.component: known[step.component] for step in outside if step.component in known}
    return Cost(
        models=count,
        shards={loop: shards[loop] for loop in inside},
        pods=pods_of(pipeline, shards),
        gpu_hours=sum(hours[loop] * gpus(step, pipeline, given) for loop, step in inside.items()),
        cpu_hours=sum(others.values()) / 3600,
        unmeasured=tuple(step.name for step in outside if step.component not in others),
        longest={loop: hours[loop] / shards[loop] for loop in inside if shards[loop]},
        storage=_storage(config, units, loads, count, data=rendered) if inside else {},
        requests=_requests(count) if inside else {},
    )


def work_of(
    config: Config, units: Units, loads: Loads, count: Models
) -> dict[str, dict[str, float]]:
    """Seconds of training pods by loop and kind of model, at the measured device's speed."""
    amount = examples(config)
    names, targets = _tasks(config)

    def seconds(kind: str, load: Load, steps: int, batch: int) -> float:
        rate = units.rates.get(kind, units.rates[max(units.rates)])
        return (steps * batch * load.train + amount.held * load.test) / rate.speed

    def transfers(number: int, kind: str, load: Load) -> float:
        steps = amount.scratch_steps if kind == "scratch" else amount.transfer_steps
        each = seconds(kind, load, steps, config.transfer.batch)
        return number * (each + units.beside["train-transfers"])

    first, *higher = (
        transfers(number, f"order {order}", loads.readouts(targets, order))
        for order, number in enumerate(count.readouts, start=1)
    )
    network = seconds("task", loads.networks(names), amount.steps, config.training.batch)
    beside = (2 * count.tasks + count.untrained) * units.beside["train-task"]
    return {
        "task-networks": {"task": count.tasks * network + beside},
        "first-order": {
            "scratch": transfers(count.scratch, "scratch", loads.networks(targets)),
            "order 1": first,
        },
        "higher-order": {f"order {order}": spent for order, spent in enumerate(higher, start=2)},
    }


def shards_of(config: Config, count: Models) -> dict[str, int]:
    """Turns of each loop: as many shards as the profile says, if there is so much to do."""
    jobs = (
        count.tasks + count.untrained,
        count.scratch + count.readouts[0],
        sum(count.readouts[1:]),
    )
    return {loop: min(config.shards, of) for loop, of in zip(LOOPS, jobs, strict=True)}


def pods_of(pipeline: Compiled, shards: Mapping[str, int]) -> int:
    """All pods of a run: each step's, and Kubeflow's drivers."""
    outside = sum(not step.loop for step in pipeline.steps)
    turns = [shards[step.loop] for step in pipeline.steps if step.loop in shards]
    return _ROOT + _STEP * outside + sum(_LOOP + _TURN * count for count in turns)


def gpus(step: Step, pipeline: Compiled, given: Mapping[str, Any]) -> float:
    """How many GPUs a step's pod holds: a number, or the entry `gpus` of the first pool."""
    if isinstance(step.gpus, int):
        return float(step.gpus)
    values = {entry.name: entry.default for entry in pipeline.parameters} | dict(given)
    pools = (value for value in values.values() if isinstance(value, dict) and "gpus" in value)
    return float(next(pools, {"gpus": 1})["gpus"])


def _tasks(config: Config) -> tuple[list[Task], list[Task]]:
    """The trained tasks of a profile, and its targets."""
    known = amounts.dictionary(config)
    return [task for task in known if task.trained], [task for task in known if task.role == "both"]


def _storage(
    config: Config, units: Units, loads: Loads, count: Models, *, data: bool
) -> dict[str, float]:
    amount, (names, targets) = examples(config), _tasks(config)
    kinds = [(count.tasks, loads.networks(names)), (count.scratch, loads.networks(targets))]
    kinds += [
        (number, loads.readouts(targets, order))
        for order, number in enumerate(count.readouts, start=1)
    ]
    kept = sum(number * (load.size + _FLOAT * amount.held) for number, load in kinds)
    code = _HALF * config.network.code_channels * loads.positions
    return {
        "images and labels": data * config.data.images * config.data.size**2 * units.image,
        "models": kept,
        "models in MLflow": kept,
        "representations": (count.tasks + count.untrained) * amount.represented * code,
        "MLflow's database": count.all * units.tracking,
    }


def _requests(count: Models) -> dict[str, float]:
    if not REQUESTS.is_file():
        return {}
    measured = json.loads(REQUESTS.read_text())
    return {kind: count.all * each for kind, each in measured["a_model"].items()}
