"""What a run costs for 26 and for 200 tasks, by profile.

    python -m benchmarks.cost

By the cost model of `taskonomy submit --dry-run`, from the measured unit costs beside it. A
dictionary of 200 tasks has the 26 tasks' average task, and their share of targets.
"""

import sys
from pathlib import Path

from taskonomy.cluster import units
from taskonomy.cluster.compiled import read
from taskonomy.cluster.cost import cost
from taskonomy.config import load

PROFILES = ("demo", "full", "paper")
TASKS = (26, 200)
GIB = 2**30


def main() -> int:
    """Print a table."""
    measured, pipeline = units.read(), read("taxonomy")
    print(f"measured: {measured.machine['device']}; {measured.command}")
    heads = ("models", "pods", "GPU hours", "longest shard", "CPU hours", "storage, GiB")
    print(f"{'profile':8}{'tasks':>6}" + "".join(f"{head:>15}" for head in heads) + "  requests")
    for profile in PROFILES:
        config = load(Path("params.yaml"), profile)
        for tasks in TASKS:
            found = cost(pipeline, config, measured, {}, tasks)
            figures = (
                f"{found.models.all:,}",
                f"{found.pods:,}",
                f"{found.gpu_hours:,.2f}",
                f"{max(found.longest.values()):,.2f}",
                f"{found.cpu_hours:,.2f}",
                f"{sum(found.storage.values()) / GIB:,.2f}",
            )
            requests = ", ".join(f"{n:,.0f} {kind}" for kind, n in found.requests.items())
            row = "".join(f"{figure:>15}" for figure in figures)
            print(f"{profile:8}{tasks:>6}{row}  {requests or 'not measured'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
