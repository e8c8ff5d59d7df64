"""What orchestration takes of a local run: wall time less the own work of its steps.

A step is a process or container of its own: it starts, imports, works. It says in its last line how
long each took; the run adds that up.
"""

import builtins
import os
import re
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple


class Spent(NamedTuple):
    """What a step took, in seconds.

    Attributes:
        body: its stage, imports included.
        imports: of that, the stage's imports; those of processes that it starts are its work.
        start: from the start of its process to the beginning of its stage.
    """

    body: float
    imports: float
    start: float

    def __str__(self) -> str:
        return f"{self.body:.1f} s, imports {self.imports:.1f} s, start {self.start:.1f} s"

    @staticmethod
    def find(text: str) -> "Spent | None":
        """What a step has said of itself; None where it has said something else."""
        found = _SPENT.fullmatch(text)
        return Spent(*map(float, found.groups())) if found else None

    @property
    def whole(self) -> float:
        """From the start of its process to the end of its stage."""
        return self.start + self.body

    @property
    def own(self) -> float:
        """Its stage's own work."""
        return max(0.0, self.body - self.imports)


_SPENT = re.compile(r"(\d+\.\d) s, imports (\d+\.\d) s, start (\d+\.\d) s")


class Step(NamedTuple):
    """A step of a run: when its stage ended, in seconds since the run's start, and what it took."""

    end: float
    spent: Spent


class Overhead(NamedTuple):
    """What a local run took.

    Attributes:
        steps: how many there were, each shard one.
        wall: seconds from the run's start to its end.
        own: of those, seconds of the steps' own work.
    """

    steps: int
    wall: float
    own: float

    @property
    def orchestration(self) -> float:
        """Seconds of all else: starting processes, imports, what lies between two steps."""
        return self.wall - self.own

    @property
    def share(self) -> float:
        """The share of orchestration in wall time."""
        return self.orchestration / self.wall

    def __str__(self) -> str:
        return (
            f"{self.steps} steps, {_minutes(self.wall)}: {_minutes(self.own)} own work, "
            f"{_minutes(self.orchestration)} ({self.share:.0%}) orchestration and imports"
        )

    def as_json(self) -> dict[str, Any]:
        """As `provenance.json` holds it."""
        return {
            "steps": self.steps,
            "wall_seconds": round(self.wall, 1),
            "own_seconds": round(self.own, 1),
            "orchestration_share": round(self.share, 4),
        }


def measure(wall: float, steps: Sequence[Step]) -> Overhead:
    """Wall time less own work.

    A moment that k steps share counts 1/k for each, so that shards which run side by side never add
    up to more than the wall time, and what one imports is not hidden behind another's work. A
    step's own work takes as large a part of its moments as of its whole time.

    Args:
        wall: seconds that the run took.
        steps: its steps; what lies outside of 0 to `wall` is cut off.
    """
    spans = [
        (max(0.0, step.end - step.spent.whole), min(step.end, wall), step.spent) for step in steps
    ]
    times = sorted({time for begin, end, _ in spans for time in (begin, end)})
    own = 0.0
    for here, there in pairwise(times):
        shares = [
            spent.own / spent.whole for begin, end, spent in spans if begin <= here and there <= end
        ]
        own += (there - here) * sum(shares) / max(1, len(shares))
    return Overhead(len(steps), wall, own)


@contextmanager
def timed() -> Iterator[Callable[[], Spent]]:
    """Time a stage in this thread; what is yielded gives what it has taken so far.

    Modules are imported where they are needed, so imports are counted where they happen: by the
    statement `import`, whatever it sets off.
    """
    original, thread = builtins.__import__, threading.get_ident()
    before, start = _age(), time.perf_counter()
    imports, inside = 0.0, False

    def counted(*arguments: Any, **named: Any) -> Any:
        nonlocal imports, inside
        if inside or threading.get_ident() != thread:
            return original(*arguments, **named)
        inside, begun = True, time.perf_counter()
        try:
            return original(*arguments, **named)
        finally:
            inside = False
            imports += time.perf_counter() - begun

    builtins.__import__ = counted
    try:
        yield lambda: Spent(time.perf_counter() - start, imports, before)
    finally:
        builtins.__import__ = original


def _age() -> float:
    """Seconds since this process was started, to a hundredth."""
    fields = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
    started = int(fields[19]) / os.sysconf("SC_CLK_TCK")
    return time.clock_gettime(time.CLOCK_BOOTTIME) - started


def _minutes(seconds: float) -> str:
    return f"{seconds / 60:.1f} min"
