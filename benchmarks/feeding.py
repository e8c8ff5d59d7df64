"""How long training waits for examples that are decoded from disk in every step.

    python -m benchmarks.feeding

The demo's network for surface normals, with nothing kept in memory, as with millions of images. One
batch prepared at a time and several take turns; figures are medians over the turns.
"""

import tempfile
from pathlib import Path
from statistics import median
from time import perf_counter

import numpy as np
import torch

from taskonomy.config import load
from taskonomy.data import layout
from taskonomy.dictionary import DICTIONARY
from taskonomy.networks.task_network import TaskNetwork
from taskonomy.rooms.dataset import render_dataset
from taskonomy.targets import kind_of
from taskonomy.training import example_loader, loading
from taskonomy.training.example_loader import ExampleLoader
from taskonomy.training.fit import fit
from taskonomy.training.loading import Source, TaskData
from taskonomy.training.task_network import schedule

IMAGES, STEPS, TURNS = 240, 60, 5


def main() -> None:
    """Render rooms, and train in turns."""
    config, normal = load(Path("params.yaml"), "demo"), DICTIONARY["normal"]
    torch.set_num_threads(1)
    loading.CACHE_BYTES = example_loader.HELD_BYTES = 0
    several = example_loader.THREADS
    seconds: dict[int, list[float]] = {1: [], several: []}
    shares: dict[int, list[float]] = {1: [], several: []}
    with tempfile.TemporaryDirectory() as folder:
        render_dataset(Path(folder), IMAGES, config.data.size, seed=0, workers=1)
        dataset, rows = layout.index(Path(folder)), np.arange(IMAGES)[:, None]
        source = Source(dataset, config.network, seed=0)
        data = TaskData(source, kind_of(normal)(normal, config.network, source), rows)
        loader = ExampleLoader(lambda at: data.batch(rows[at]), IMAGES, torch.device("cpu"))
        network = TaskNetwork(normal, config.network, data.outputs)
        plan = schedule(config.training, STEPS, gan=False)
        for _ in range(TURNS):
            for threads in (1, several):
                example_loader.THREADS = threads
                begin = perf_counter()
                found = fit(network, normal, loader, plan, np.random.default_rng(0))
                seconds[threads].append(perf_counter() - begin)
                shares[threads].append(found.waited / seconds[threads][-1])
    for threads, found_shares in shares.items():
        print(f"{threads} prepared at a time: {median(found_shares):.0%} of the time waiting")
    ratios = [one / more for one, more in zip(seconds[1], seconds[several], strict=True)]
    print(f"{several} at a time train {median(ratios):.2f} times as fast as one")


if __name__ == "__main__":
    main()
