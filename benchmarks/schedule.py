"""How a run's wall time and cost grow with the dictionary, on pools of GPUs that may be preempted.

    python -m benchmarks.schedule                      tables, for 26 to 10,000 tasks
    python -m benchmarks.schedule --figure FILE.svg    the same, and drawn

A discrete-event simulation, seeded. What a model costs is measured, with the demo profile
(src/taskonomy/cluster/units.json); start-up times, preemption rates and pool sizes are assumed, and
options say them.
"""

import argparse
import sys
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from heapq import heappop, heappush
from pathlib import Path

import numpy as np

from taskonomy.cluster import units
from taskonomy.cluster.amounts import Models, models
from taskonomy.cluster.compiled import read
from taskonomy.cluster.cost import LOOPS, work_of
from taskonomy.cluster.loads import Loads
from taskonomy.config import Config, load

TASKS = (26, 50, 100, 200, 500, 1000, 2000, 5000, 10_000)
GPUS = (4, 8, 16, 40, 120)
# As many as a profile may have (src/taskonomy/config.py).
MOST_SHARDS = 40
WEEK = 7 * 24.0
HOUR = 3600.0


@dataclass(frozen=True, kw_only=True)
class Pools:
    """Where shards run.

    Attributes:
        spot: GPUs that may be taken away.
        on_demand: GPUs that are not; shards take them when no spot GPU is free, and first come the
            shards that have lost all their attempts on spot GPUs.
        rate: preemptions an hour of a spot GPU.
        start: seconds from the pod's creation to its first step of training.
        launch: seconds that the controller takes a pod, one after another.
        attempts: attempts of a shard on spot GPUs; the next is on demand.
    """

    spot: int
    on_demand: int
    rate: float
    start: float
    launch: float
    attempts: int = 2


@dataclass
class Outcome:
    """What a loop came to.

    Attributes:
        wall: seconds from its start to the end of its last shard.
        held: seconds that GPUs were held.
        lost: those of them that trained nothing that was kept: starts, and preempted models.
        attempts: pods that trained.
        preemptions: those that were preempted.
    """

    wall: float = 0.0
    held: float = 0.0
    lost: float = 0.0
    attempts: int = 0
    preemptions: int = 0


@dataclass
class _Shard:
    left: float
    tries: int = 0


class _Loop:
    """A loop over shards, at one moment."""

    def __init__(
        self, shards: Sequence[float], model: float, pools: Pools, rng: np.random.Generator
    ) -> None:
        # A turn is two drivers and the pod that trains; the controller makes one pod at a time.
        self._coming = deque(
            (3 * pools.launch * turn, _Shard(seconds)) for turn, seconds in enumerate(shards)
        )
        self._model, self._pools, self._rng = model, pools, rng
        self._free = {"spot": pools.spot, "on demand": pools.on_demand}
        self._first: deque[_Shard] = deque()
        self._last: deque[_Shard] = deque()
        self._running: list[tuple[float, int, str, _Shard]] = []
        self._now = 0.0
        self.outcome = Outcome()

    def run(self) -> Outcome:
        """From event to event until nothing is left."""
        while self._coming or self._running:
            heads = (queue[0][0] for queue in (self._running, self._coming) if queue)
            self._now = min(heads)
            while self._running and self._running[0][0] <= self._now:
                self._end()
            while self._coming and self._coming[0][0] <= self._now:
                self._first.append(self._coming.popleft()[1])
            self._place(self._last, "on demand")
            self._place(self._first, "spot")
            self._place(self._first, "on demand")
        self.outcome.wall = self._now
        return self.outcome

    def _end(self) -> None:
        _, _, pool, shard = heappop(self._running)
        self._free[pool] += 1
        if shard.left:
            again = shard.tries >= self._pools.attempts
            (self._last if again else self._first).append(shard)

    def _place(self, queue: deque[_Shard], pool: str) -> None:
        while queue and self._free[pool]:
            self._free[pool] -= 1
            self._start(queue.popleft(), pool)

    def _start(self, shard: _Shard, pool: str) -> None:
        pools, found = self._pools, self.outcome
        held, done = pools.start + shard.left, shard.left
        if pool == "spot" and pools.rate:
            until = self._rng.exponential(HOUR / pools.rate)
            if until < held:
                trained = max(0.0, until - pools.start)
                held, done = until, trained // self._model * self._model
                found.preemptions += 1
        shard.left -= done
        shard.tries += 1
        found.held += held
        found.lost += held - done
        found.attempts += 1
        heappush(self._running, (self._now + held, found.attempts, pool, shard))


def simulate(
    shards: Sequence[float], model: float, pools: Pools, rng: np.random.Generator
) -> Outcome:
    """Run a loop's shards to their ends.

    A preempted shard keeps the models that it has finished, which the store skips, and loses the
    one it was at.

    Args:
        shards: seconds of each shard's training.
        model: seconds of one of its models.
        pools: where they run.
        rng: preemptions.
    """
    return _Loop(shards, model, pools, rng).run()


@dataclass(frozen=True)
class Work:
    """What a dictionary of some size asks for: seconds and models of each loop."""

    tasks: int
    count: Models
    seconds: Sequence[float]
    models: Sequence[int]


def work(config: Config, tasks: Sequence[int]) -> list[Work]:
    """The work of dictionaries of these sizes, at the measured speed."""
    loads, measured = Loads(config), units.read()
    found = []
    for size in tasks:
        count = models(config, size)
        of = work_of(config, measured, loads, count)
        higher = sum(count.readouts[1:])
        numbers = (count.tasks, count.targets + count.readouts[0], higher)
        found.append(Work(size, count, [sum(of[loop].values()) for loop in LOOPS], numbers))
    return found


@cache
def between() -> tuple[int, float]:
    """How many steps are outside of the loops, and the seconds that they took when measured."""
    outside = sum(not step.loop for step in read("taxonomy").steps)
    return outside, sum(effort.of(effort.amount) for effort in units.read().stages.values())


def run(of: Work, shards: int, pools: Pools, seed: int) -> Outcome:
    """A whole run: three loops one after another, and the steps between them."""
    rng, total = np.random.default_rng(seed), Outcome()
    steps, seconds_between = between()
    total.wall = steps * (2 * pools.launch + pools.start) + seconds_between
    for seconds, number in zip(of.seconds, of.models, strict=True):
        turns = min(shards, number)
        found = simulate([seconds / turns] * turns, seconds / number, pools, rng)
        for name in ("wall", "held", "lost", "attempts", "preemptions"):
            setattr(total, name, getattr(total, name) + getattr(found, name))
    return total


def split(gpus: int, options: argparse.Namespace) -> Pools:
    """Three in four GPUs are spot GPUs, as in k8s/queues."""
    on_demand = max(1, gpus // 4)
    return Pools(
        spot=gpus - on_demand,
        on_demand=on_demand,
        rate=options.preemptions,
        start=options.start,
        launch=options.launch,
    )


def tables(options: argparse.Namespace) -> dict[int, list[float]]:
    """Print how everything grows; return wall hours by number of GPUs, for each size."""
    works = work(load(Path("params.yaml"), "demo"), TASKS)
    print(f"at most {MOST_SHARDS} shards a loop; wall hours on N GPUs, three in four of them spot")
    heads = "".join(f"{f'{gpus} GPUs':>11}" for gpus in GPUS)
    print(f"{'tasks':>7}{'models':>14}{heads}{'GPU hours':>12}{'lost':>7}{'a shard':>10}")
    walls: dict[int, list[float]] = {gpus: [] for gpus in GPUS}
    for of in works:
        row = [run(of, MOST_SHARDS, split(gpus, options), options.seed) for gpus in GPUS]
        for gpus, found in zip(GPUS, row, strict=True):
            walls[gpus].append(found.wall / HOUR)
        shard = max(s / min(MOST_SHARDS, n) for s, n in zip(of.seconds, of.models, strict=True))
        hours = "".join(f"{found.wall / HOUR:>11,.2f}" for found in row)
        held = f"{row[0].held / HOUR:>12,.1f}{row[0].lost / row[0].held:>7.0%}"
        print(f"{of.tasks:>7}{of.count.all:>14,}{hours}{held}{shard / HOUR:>9,.2f}h")
    return walls


def numbers_of_shards(options: argparse.Namespace, tasks: int) -> None:
    """Print what more shards give and cost, for one size."""
    (of,) = work(load(Path("params.yaml"), "demo"), (tasks,))
    print(f"\n{tasks} tasks, {GPUS[-1]} GPUs, by shards a loop")
    print(f"{'shards':>7}{'wall':>11}{'GPU hours':>12}{'lost':>7}{'preempted':>11}{'pods':>8}")
    for shards in (10, 20, 40, 80, 160, 320, 640, 1280):
        found = run(of, shards, split(GPUS[-1], options), options.seed)
        held = f"{found.wall / HOUR:>10,.2f}h{found.held / HOUR:>12,.1f}"
        share = f"{found.lost / found.held:>7.0%}{found.preemptions:>11,}"
        print(f"{shards:>7}{held}{share}{3 * found.attempts:>8,}")


def draw(walls: dict[int, list[float]], path: Path) -> None:
    """Draw wall hours over tasks."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    mpl.rcParams.update({"svg.hashsalt": "schedule", "svg.fonttype": "none"})
    figure = Figure(figsize=(6.4, 4.0), layout="constrained")
    axes = figure.subplots()
    for gpus, hours in walls.items():
        axes.loglog(TASKS, hours, marker="o", markersize=3, label=f"{gpus} GPUs")
    axes.axhline(WEEK, color="grey", linewidth=0.8, linestyle="--")
    axes.text(TASKS[0], WEEK, "a week", va="bottom", color="grey")
    axes.set(xlabel="tasks in the dictionary", ylabel="wall hours")
    axes.legend(title=f"{MOST_SHARDS} shards a loop")
    figure.savefig(path, metadata={"Date": None})


def main() -> int:
    """Print the tables, and draw."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--preemptions", type=float, default=0.05, help="an hour of a spot GPU")
    parser.add_argument("--start", type=float, default=90.0, help="seconds until a pod trains")
    parser.add_argument("--launch", type=float, default=0.5, help="seconds to create a pod")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--figure", type=Path, metavar="FILE")
    options = parser.parse_args()
    assumed = f"{options.preemptions} preemptions an hour, {options.start} s to start a pod"
    print(f"assumed: {assumed}, {options.launch} s of the controller a pod")
    print(f"measured: {units.read().machine['device']}, profile demo")
    walls = tables(options)
    numbers_of_shards(options, 1000)
    if options.figure:
        draw(walls, options.figure)
    return 0


if __name__ == "__main__":
    sys.exit(main())
