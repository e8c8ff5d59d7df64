"""Affinities and their error bars at the paper's size: 22 targets, 115 candidates, 17,000 images.

    python -m benchmarks.affinity [--targets 22]

Losses are made from candidates' skills, which cluster like the groups of tasks. Prints the seconds
of the tournaments with AHP, of 500 bootstrap replicates of all of it, and of the tests of all pairs
of 26 first-order candidates on 2,000 images; and how near the bootstrap comes to its floor: each
comparison made once and the replicates as one matrix product, at the speed of this machine's own
product of large matrices at the time. Exits with 1 if the time for 22 targets exceeds its bound.
"""

import argparse
import os
import resource
import sys
import time

import numpy as np
from jaxtyping import Float

from taskonomy.affinity.ahp import ahp
from taskonomy.affinity.bootstrap import bootstrap
from taskonomy.affinity.significance import significance
from taskonomy.affinity.tournament import win_rates

TARGETS, CANDIDATES, IMAGES, REPLICATES = 22, 115, 17_000, 500
FIRST_ORDER, FEW_IMAGES = 26, 2_000
BOUNDS = {"AHP": 10.0, "bootstrap": 180.0}  # seconds for 22 targets on two threads


def losses(
    candidates: int, images: int, rng: np.random.Generator
) -> Float[np.ndarray, "candidates images"]:
    """Per-image losses of candidates whose skills lie in five clusters, on images hard and easy."""
    skill = rng.normal(0, 0.3, 5)[rng.integers(0, 5, candidates)] + rng.normal(0, 0.1, candidates)
    noise = rng.standard_normal((candidates, images))
    return np.exp(rng.standard_normal(images) - skill[:, None] + 0.7 * noise)


def product_speed() -> float:
    """GFLOP/s of one large single-precision matrix product."""
    one, other = np.ones((2048, 8192), np.float32), np.ones((8192, 512), np.float32)
    started = time.perf_counter()
    one @ other
    return 2 * 2048 * 8192 * 512 / (time.perf_counter() - started) / 1e9


def now() -> tuple[float, float]:
    """Seconds of the clock, which other work stretches, and of this process's processors."""
    return time.perf_counter(), time.process_time()


def affinities(targets: int, rng: np.random.Generator) -> bool:
    """Time tournaments and bootstraps; return whether both keep their bounds."""
    seconds, speeds = np.empty((targets, 2, 2)), []
    for target in range(targets):
        made = losses(CANDIDATES, IMAGES, rng)
        speeds.append(product_speed())
        clocks = [now()]
        ahp(win_rates(made))
        clocks.append(now())
        bootstrap(made, REPLICATES, 0.95, rng)
        clocks.append(now())
        seconds[target] = np.diff(clocks, axis=0)
    kept = True
    for (wall, busy), (name, bound) in zip(seconds.mean(axis=0), BOUNDS.items(), strict=True):
        whole = wall * TARGETS
        print(
            f"{name:9} {wall:.2f} s a target ({busy:.2f} s of processors), "
            f"{whole:.1f} s for {TARGETS} (bound {bound:.0f} s)"
        )
        kept &= whole < bound
    # Half of all pairs, a multiplication and an addition each.
    gflop = CANDIDATES * (CANDIDATES - 1) * IMAGES * REPLICATES / 1e9
    speed, drawn = float(np.median(speeds)), float(seconds[:, 1, 0].mean())
    print(f"bootstrap at {gflop / drawn:.0f} GFLOP/s, a large product at {speed:.0f} GFLOP/s:")
    print(f"{drawn:.2f} s a target against a floor of {gflop / speed:.2f} s")
    return kept


def all_pairs(rng: np.random.Generator) -> None:
    """Time the tests of all pairs of first-order candidates."""
    made = losses(FIRST_ORDER, FEW_IMAGES, rng)
    started = time.perf_counter()
    significance(made, 0.05)
    tested = time.perf_counter() - started
    pairs = FIRST_ORDER * (FIRST_ORDER - 1)
    print(f"significance of {pairs} pairs on {FEW_IMAGES} images in {tested:.3f} s")


def main() -> int:
    """Time some targets and tell what all of them take."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--targets", type=int, default=TARGETS)
    targets = parser.parse_args().targets
    rng = np.random.default_rng(0)
    load = os.getloadavg()[0]
    print(f"{targets} targets, {CANDIDATES} candidates, {IMAGES} images, {REPLICATES} replicates")
    print(f"{os.cpu_count()} cores; load before the run {load:.1f}")
    kept = affinities(targets, rng)
    all_pairs(rng)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"peak memory {peak:.0f} MiB")
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
