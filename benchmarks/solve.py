"""The released affinities: every golden optimum, and what each objective scale buys.

    python -m benchmarks.solve FOLDER golden     all budgets and orders against golden_16k.json
    python -m benchmarks.solve FOLDER scales     mean gain and quality of every scale over budgets
    python -m benchmarks.solve FOLDER front      the whole Pareto front of order 4
    python -m benchmarks.solve FOLDER command    the command's wall time, start-up included

FOLDER holds the released files (all_affinities_16k.pkl, wins_vs_pixels_16k.pkl,
wins_vs_task_16k.pkl) and golden_16k.json. Exits with 1 if a figure misses its bound.
"""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from taskonomy.affinity.candidate import Candidate
from taskonomy.taxonomy import released
from taskonomy.taxonomy.hypergraph import Question
from taskonomy.taxonomy.policy import Policy
from taskonomy.taxonomy.scales import SCALES
from taskonomy.taxonomy.sweep import front, policies

FILES = ("all_affinities_16k.pkl", "wins_vs_pixels_16k.pkl", "wins_vs_task_16k.pkl")
BUDGETS = range(1, 27)
ORDERS = (1, 2, 3, 4)
SHOWN = (1, 2, 3, 4, 6, 8, 10, 12, 15, 18, 22)
EXACT = 1e-6
SECONDS = 3.0
FRONT_SECONDS = 20.0


def golden(folder: Path, candidates: Sequence[Candidate]) -> bool:
    """Compare objectives, means and sources of all 104 programs with the golden file."""
    expected = json.loads((folder / "golden_16k.json").read_text())["orders"]
    ok = True
    for order in ORDERS:
        started = time.perf_counter()
        found = policies(candidates, BUDGETS, [order], Question(scale="raw"))
        seconds = time.perf_counter() - started
        off = max(_off(policy, expected[str(order)]["budgets"]) for policy in found)
        ok &= off <= EXACT and len(found) == len(BUDGETS)
        print(f"order {order}: {len(found)} optima, off by {off:.1e} at most, {seconds:.1f} s")
    return ok


def _off(policy: Policy, budgets: dict[str, dict[str, float]]) -> float:
    row = budgets[str(policy.budget)]
    pairs = [
        (policy.objective, row["objective"]),
        (policy.mean_gain, row["mean_gain"]),
        (policy.mean_quality, row["mean_quality"]),
    ]
    return max(float("inf") if a is None else abs(a - b) for a, b in pairs)


def whole_front(folder: Path, candidates: Sequence[Candidate]) -> bool:
    """Time the front of every budget, and compare its objectives with the golden file."""
    expected = json.loads((folder / "golden_16k.json").read_text())["orders"]
    started = time.perf_counter()
    found = front(candidates, Question(scale="raw", max_order=ORDERS[-1]))
    seconds = time.perf_counter() - started
    off = max(_off(policy, expected[str(ORDERS[-1])]["budgets"]) for policy in found)
    print(
        f"front of order {ORDERS[-1]}: {len(found)} policies in {seconds:.1f} s, off by {off:.1e}"
    )
    return seconds < FRONT_SECONDS and off <= EXACT


def scales(candidates: Sequence[Candidate]) -> bool:
    """Print what the optima of each scale reach in the figures that count."""
    for order in ORDERS:
        found = {
            scale: policies(candidates, BUDGETS, [order], Question(scale=scale)) for scale in SCALES
        }
        heads = " ".join(f"b={budget:<3}" for budget in SHOWN)
        print(f"\n{f'order {order}':23} {heads} mean over budgets 1-26")
        for figure in ("mean_gain", "mean_quality"):
            for scale, row in found.items():
                values = {policy.budget: getattr(policy, figure) for policy in row}
                cells = " ".join(f"{values[budget]:.3f}" for budget in SHOWN)
                mean = sum(values.values()) / len(values)
                print(f"{figure:12} {scale:10} {cells} {mean:.4f}", flush=True)
    return True


def command(folder: Path) -> bool:
    """Time `taskonomy solve` as a user would."""
    slowest = 0.0
    for order in ORDERS:
        for budget in (1, 2, 4, 8, 16, 26):
            options = ["--budget", str(budget), "--max-order", str(order), "--json"]
            started = time.perf_counter()
            subprocess.run(
                [
                    sys.executable,
                    "-m",
                    "taskonomy.commands.main",
                    "solve",
                    folder / FILES[0],
                    *options,
                ],
                check=True,
                capture_output=True,
            )
            slowest = max(slowest, time.perf_counter() - started)
    print(f"slowest of {len(ORDERS) * 6} commands: {slowest:.2f} s, start-up included")
    return slowest < SECONDS


def main() -> int:
    """Run one of the four."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("what", choices=["golden", "scales", "front", "command"])
    args = parser.parse_args()
    if args.what == "command":
        return 0 if command(args.folder) else 1
    candidates = released.candidates(*(released.read(args.folder / name) for name in FILES))
    if args.what == "scales":
        return 0 if scales(candidates) else 1
    done = (golden if args.what == "golden" else whole_front)(args.folder, candidates)
    return 0 if done else 1


if __name__ == "__main__":
    sys.exit(main())
