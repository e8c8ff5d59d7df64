"""Do readouts rank alike on representations of half precision?

    python -m benchmarks.half OUT [--targets 8] [--sources 10]

OUT is what `taskonomy run` of the demo profile has left; nothing there is written to. Into some of
its targets, readouts of some of its sources are trained twice from equal first weights, on codes of
single and of half precision. Printed is how well the affinities of both agree within each target,
beside the agreement with other first weights, and how far losses differ. Exits with 1 if the
agreement falls short of the goal, a mean of 0.99.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Float
from scipy.stats import spearmanr
from tqdm import tqdm

from taskonomy.affinity.ahp import ahp
from taskonomy.affinity.tournament import win_rates
from taskonomy.config import load
from taskonomy.runs.run import open_run
from taskonomy.training.identity import main_regime
from taskonomy.training.representations import codes_of
from taskonomy.training.session import Session, seeded
from taskonomy.training.transfers import Codes, fit_readouts, target_loaders

GOAL = 0.99


def main() -> int:
    """Print a line a target, and the means."""
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("out", type=Path)
    parser.add_argument("--targets", type=int, default=8)
    parser.add_argument("--sources", type=int, default=10)
    options = parser.parse_args()
    run = open_run(options.out, load(Path("params.yaml"), "demo"))
    session, rng = Session(run.workspace), np.random.default_rng(0)
    trained = [name for name in run.tasks if run.dictionary[name].trained]
    chosen = sorted(rng.choice(trained, options.sources, replace=False).tolist())
    single = {name: codes_of(session, name, session.represented) for name in chosen}
    half: dict[str, Codes] = {name: codes.astype(np.float16) for name, codes in single.items()}
    print(f"{'target':20} {'half':>6} {'reseeded':>8} {'loss, largest difference':>25}")
    rows = []
    for target in tqdm(rng.choice(run.targets, options.targets, replace=False).tolist()):
        names = [name for name in chosen if name != target]
        first = _losses(session, target, [single[name] for name in names], 0)
        other = _losses(session, target, [half[name] for name in names], 0)
        again = _losses(session, target, [single[name] for name in names], 1)
        apart = np.abs(other.mean(axis=1) / first.mean(axis=1) - 1).max()
        rows.append((_agreement(first, other), _agreement(first, again), apart))
        print(f"{target:20} {rows[-1][0]:6.3f} {rows[-1][1]:8.3f} {apart:25.2%}", flush=True)
    means = np.mean(rows, axis=0)
    print(f"{'mean':20} {means[0]:6.3f} {means[1]:8.3f}")
    return 0 if means[0] >= GOAL else 1


def _losses(
    session: Session, target: str, members: Sequence[Codes], seed: int
) -> Float[np.ndarray, "R N"]:
    """Test losses of a readout of each member's codes."""
    workspace = session.workspace
    task, regime = workspace.dictionary[target], main_regime(workspace)
    targets = target_loaders(session, task, regime)
    with seeded(workspace.config.seed + seed, "transfer", target) as rng:
        found = fit_readouts(session, task, regime, [[codes] for codes in members], targets, rng)
    return np.stack([outcome.test_losses for _, outcome in found]).astype(np.float64)


def _agreement(one: Float[np.ndarray, "R N"], other: Float[np.ndarray, "R N"]) -> float:
    """Spearman's correlation of the affinities of two trainings."""
    return float(spearmanr(ahp(win_rates(one)), ahp(win_rates(other))).statistic)


if __name__ == "__main__":
    sys.exit(main())
