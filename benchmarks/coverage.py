"""Do intervals hold what they promise? Coverage and false discoveries where the truth is known.

    python -m benchmarks.coverage [--tournaments 600]

Candidates have Bradley-Terry strengths; in the second kind of tournament every building shifts each
candidate's strength, so that images of one building are not independent. The true win rates are
those over all buildings there could be, the true affinities are AHP of these. Prints the share of
95% intervals that hold the truth, and the share of false ones among the claims that one candidate
is better than another at a false discovery rate of 5%: by image, and by building where there are
some. Exits with 1 if a share that ought to hold does not: coverage within 93-97%, false discoveries
at most the rate; by image on independent images, by building on images in buildings.
"""

import argparse
import sys

import numpy as np
from jaxtyping import Bool, Float, Int64
from tqdm import tqdm

from taskonomy.affinity.ahp import ahp
from taskonomy.evaluation.intervals import Unit
from taskonomy.evaluation.measured import measured
from taskonomy.training.model_losses import Tournament

IMAGES, CANDIDATES = 220, 8
BUILDINGS = (10, 30)
SHIFT = 0.7
"""Standard deviation of the log of a candidate's strength between buildings."""
RATE = 0.05
BOUNDS = (0.93, 0.97)


def strengths(rng: np.random.Generator) -> Float[np.ndarray, " S"]:
    """Logs of strengths; the last two candidates are as good as the first two."""
    found = rng.normal(0, 0.5, CANDIDATES)
    found[-2:] = found[:2]
    return found


def truth(logs: Float[np.ndarray, " S"], shift: float) -> Float[np.ndarray, "S S"]:
    """The true win rates: logistic in the difference of strengths, its mean over all buildings."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(80)
    difference = logs[:, None] - logs
    rates = 1 / (1 + np.exp(-(difference[..., None] + np.sqrt(2) * shift * nodes)))
    return np.asarray(rates @ weights / weights.sum())


def tournament(
    logs: Float[np.ndarray, " S"],
    buildings: Int64[np.ndarray, " N"],
    shift: float,
    rng: np.random.Generator,
) -> Tournament:
    """Losses with these strengths, shifted in every building."""
    luck = rng.gumbel(size=(len(logs), len(buildings)))
    shifts = shift * rng.normal(size=(len(logs), buildings.max() + 1))
    losses = -logs[:, None] - shifts[:, buildings] - luck
    names = [f"candidate{i}" for i in range(len(logs))]
    entries = (("supervised", ("target",)), *(("transfer", (name,)) for name in names[1:]))
    return Tournament(8, "target", entries, losses, rng.normal(size=len(buildings)))  # fmt: skip


def run(count: int, buildings: int | None, rng: np.random.Generator) -> dict[Unit, list[float]]:
    """Coverage of win rates and of affinities, and false discoveries, by unit."""
    hit: dict[Unit, list[list[float]]] = {}
    label = "independent images" if buildings is None else f"{buildings} buildings"
    for seed in tqdm(range(count), desc=label, mininterval=1):
        logs, shift = strengths(rng), 0.0 if buildings is None else SHIFT
        of_image = rng.integers(0, buildings or IMAGES, IMAGES)
        found = measured(
            tournament(logs, of_image, shift, rng), None if buildings is None else of_image, seed
        )
        rates = truth(logs, shift)
        equal = logs[:, None] <= logs
        for unit, drawn in found.draws.items():
            low, high = drawn.interval(found.replicates[unit].quality)
            wins = _within(low[1:], high[1:], rates[1:, 0])
            affinities = _within(*drawn.interval(found.replicates[unit].affinity), ahp(rates))
            better = found.significance[unit].better
            false = (better & equal).sum() / max(1, better.sum())
            hit.setdefault(unit, []).append([wins.mean(), affinities.mean(), float(false)])
    return {unit: np.mean(rows, axis=0).tolist() for unit, rows in hit.items()}


def _within(
    low: Float[np.ndarray, " n"], high: Float[np.ndarray, " n"], true: Float[np.ndarray, " n"]
) -> Bool[np.ndarray, " n"]:
    return (low <= true) & (true <= high)


def main() -> int:
    """Measure all kinds of tournament."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tournaments", type=int, default=600)
    count = parser.parse_args().tournaments
    rng, ok = np.random.default_rng(0), True
    print(f"{count} tournaments a row, {CANDIDATES} candidates, {IMAGES} images")
    print(f"{'images':22} {'drawn by':9} {'win rates':>9} {'affinities':>11} {'false claims':>13}")
    for buildings in (None, *BUILDINGS):
        label = "independent" if buildings is None else f"in {buildings} buildings"
        for unit, (wins, affinities, false) in run(count, buildings, rng).items():
            print(f"{label:22} {unit:9} {wins:9.1%} {affinities:11.1%} {false:13.2%}", flush=True)
            if unit == ("image" if buildings is None else "building"):
                low, high = BOUNDS
                ok &= low <= wins <= high and low <= affinities <= high and false <= RATE
    return 0 if ok else 1


if __name__ == "__main__":
    sys.exit(main())
