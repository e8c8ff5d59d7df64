"""How fast rooms are rendered with all their labels and files, and where the time goes.

    python -m benchmarks.render                  images a second at 64 and 128 px, 1 and 2 processes
    python -m benchmarks.render --images 96      the same over fewer images

Processes are started within the time that is measured. Nothing is deleted before the end, since a
disk that discards what was freed is slow meanwhile. The shares are those of the CPU time of one
process, sampled at every tick of its clock. Exits with 1 if a rate misses its bound.
"""

import argparse
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from os import times
from pathlib import Path
from types import FrameType

from taskonomy.rooms.dataset import render_dataset

SEED = 11
BOUNDS = {64: 45.0, 128: 15.0}
"""Images a second with two processes, by size in pixels."""

PHASES = {
    "room": ("build_room", "Tracer.__init__"),
    "viewpoints": ("choose_fixations", "_visibility"),
    "tracing": ("Tracer.trace", "Tracer.occluded"),
    "shading": ("render_views",),
    "labels": ("_seen", "_info", "_matches"),
    "files": ("write",),
}
"""Which functions make a phase; the first phase in whose function the process is counts."""


@contextmanager
def sampled(found: Counter[str]) -> Iterator[None]:
    """Add up this process's milliseconds of CPU time by phase."""
    last = time.process_time()

    def count(_signal: int, frame: FrameType | None) -> None:
        nonlocal last
        # Ticks that come while a long call runs are one signal, so each counts its time.
        since, last = last, time.process_time()
        names = set()
        while frame is not None:
            names.add(frame.f_code.co_qualname)
            frame = frame.f_back
        phase = (name for name, functions in PHASES.items() if names.intersection(functions))
        found[next(phase, "rest")] += round(1000 * (last - since))

    before = signal.signal(signal.SIGPROF, count)
    signal.setitimer(signal.ITIMER_PROF, 0.001, 0.001)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def rendered(folder: Path, images: int, size: int, workers: int) -> tuple[float, float]:
    """Render a data set; returns seconds and CPU seconds, children's included."""
    started, before = time.perf_counter(), sum(times()[:4])
    render_dataset(folder / f"{size}-{workers}", images, size, SEED, workers)
    return time.perf_counter() - started, sum(times()[:4]) - before


def main() -> int:
    """Render at both sizes with one process and with two."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=960)
    count = parser.parse_args().images
    with tempfile.TemporaryDirectory() as folder:
        return 0 if _measure(Path(folder), count) else 1


def _measure(folder: Path, count: int) -> bool:
    ok = True
    for size, bound in BOUNDS.items():
        found: Counter[str] = Counter()
        with sampled(found):
            one, cpu = rendered(folder, count, size, 1)
        print(f"{size} px, {count} images, 1 process: {count / one:.1f} images/s,", end=" ")
        print(f"{1000 * cpu / count:.1f} ms of CPU an image")
        total = sum(found.values())
        print("   ", ", ".join(f"{name} {found[name] / total:.0%}" for name in [*PHASES, "rest"]))
        two, cpu = rendered(folder, count, size, 2)
        print(f"{size} px, {count} images, 2 processes: {count / two:.1f} images/s,", end=" ")
        print(f"{1000 * cpu / count:.1f} ms of CPU an image (bound: {bound:g} images/s)")
        ok &= count / two >= bound
    return ok


if __name__ == "__main__":
    sys.exit(main())
