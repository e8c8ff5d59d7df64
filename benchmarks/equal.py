"""Two runs held against each other: are their losses and affinities equal to the bit?

`python -m benchmarks.equal OUT OTHER`. Models are told apart by what they are of, not by their
names, so that a change of names alone shows as none. Ends with 1 if anything differs.
"""

import argparse
import sys
from collections.abc import Hashable, Mapping
from pathlib import Path

import numpy as np

from taskonomy.affinity import table
from taskonomy.publishing import models
from taskonomy.store import Store
from taskonomy.training import record


def losses(out: Path) -> dict[Hashable, bytes]:
    """The bytes of test losses and curve of every model of a run."""
    store, found = Store(str(out / "store")), {}
    for row in models.read(out / "models.parquet").to_pylist():
        one = record.read(store, row["model_id"])
        key = (row["kind"], row["target"], tuple(row["sources"]), row["readout_seed"])
        found[key] = one.test_losses.tobytes() + one.curve.tobytes() + one.status.encode()
    return found


def affinities(out: Path) -> dict[Hashable, bytes]:
    """The bytes of every number of a run's affinities."""
    return {
        (row.target, row.sources, row.kind): np.array(
            [
                *(row.affinity, row.affinity_low, row.affinity_high),
                *(row.win_vs_scratch, row.win_vs_supervised, row.n_test),
            ]
        ).tobytes()
        for row in table.read(out / "affinity.parquet")
    }


def differences(name: str, one: Mapping[Hashable, bytes], other: Mapping[Hashable, bytes]) -> int:
    """Print how many entries are equal, and the first that is not; return how many are not."""
    wrong = sorted(map(str, (k for k in one.keys() | other.keys() if one.get(k) != other.get(k))))
    print(f"{name}: {len(one)} and {len(other)}, of which {len(wrong)} differ")
    if wrong:
        print(f"  the first: {wrong[0]}")
    return len(wrong)


def main() -> int:
    """Compare the runs in two folders."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("out", type=Path)
    parser.add_argument("other", type=Path)
    given = parser.parse_args()
    wrong = differences("models", losses(given.out), losses(given.other))
    wrong += differences("affinities", affinities(given.out), affinities(given.other))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
