"""How fast a large data set is listed, and images are decoded against how fast they train.

    python -m benchmarks.reading                      a million files; rooms of 64 px
    python -m benchmarks.reading --files 50000        fewer

Empty files are made in the layout (ten buildings, every domain), listed, kept, and looked up again.
Then images and normals of rendered rooms are decoded by one thread, from files and from shards,
and made into examples by the loader's threads; and the demo profile's network for normals is
trained on them by one. Every time is followed by the processor time spent in it, which other work
on the machine changes less. Exits with 1 if a million files would take 60 s or more.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch

from taskonomy.config import load
from taskonomy.data import catalogue, layout, shards
from taskonomy.data.codecs import DOMAINS
from taskonomy.dictionary import DICTIONARY
from taskonomy.networks.task_network import TaskNetwork
from taskonomy.rooms.dataset import render_dataset
from taskonomy.targets import kind_of
from taskonomy.training.example_loader import ExampleLoader
from taskonomy.training.fit import fit
from taskonomy.training.loading import Source, TaskData
from taskonomy.training.task_network import schedule

BUILDINGS, BOUND = 10, 60.0
IMAGES, STEPS = 480, 120

Result = TypeVar("Result")


def timed(work: Callable[[], Result]) -> tuple[Result, float, float]:
    """What some work gives, and the seconds and seconds of processor time that it took."""
    wall, cpu = time.perf_counter(), time.process_time()
    result = work()
    return result, time.perf_counter() - wall, time.process_time() - cpu


def empty_files(root: Path, count: int) -> int:
    """Make about `count` empty files in the layout; returns how many."""
    views = count // (BUILDINGS * len(DOMAINS))
    for building in range(BUILDINGS):
        for domain in DOMAINS:
            for number in range(views):
                view = layout.View(f"building_{building}", number // 4, number % 4)
                place = layout.path(root, view, domain)
                if number == 0:
                    place.parent.mkdir(parents=True)
                os.close(os.open(place, os.O_CREAT | os.O_WRONLY))
    return views * BUILDINGS * len(DOMAINS)


def listing(count: int) -> bool:
    """Time the listing of empty files, and the look-up of what was kept of it."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["XDG_CACHE_HOME"] = f"{folder}/cache"
        root = Path(folder) / "data"
        made = empty_files(root, count)
        time.sleep(3)  # a listing of folders that have just changed is not kept
        found, seconds, cpu = timed(lambda: catalogue.scan(str(root)))
        _, kept, kept_cpu = timed(lambda: catalogue.keep(found))
        again, looked_up, looked_up_cpu = timed(lambda: catalogue.index(root))
        if found.count != made or again.views != found.views:
            raise SystemExit(f"listed {found.count} of {made} files")
    million = 1e6 / made * seconds
    print(f"{made} files: listed in {seconds:.1f} s ({cpu:.1f} s of processor time), kept in")
    print(f"{kept:.1f} s ({kept_cpu:.1f} s), looked up again in {looked_up:.1f} s", end=" ")
    print(f"({looked_up_cpu:.1f} s); {million:.1f} s a million (goal: {BOUND:g} s)")
    return million < BOUND


def decoding() -> None:
    """Time decoding, the making of examples, and training on them."""
    config, normal = load(Path("params.yaml"), "demo"), DICTIONARY["normal"]
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        root, packed = Path(folder) / "rooms", Path(folder) / "shards"
        render_dataset(root, IMAGES, config.data.size, seed=0, workers=2)
        shards.pack(str(root), packed)
        dataset, rows = layout.index(root), np.arange(IMAGES)[:, None]
        pair = [(view, domain) for view in dataset.views for domain in ("rgb", "normal")]
        source = Source(dataset, config.network, seed=0)
        data = TaskData(source, kind_of(normal)(normal, config.network, source), rows)
        network = TaskNetwork(normal, config.network, data.outputs)
        plan = schedule(config.training, STEPS, gan=False)
        cpu = torch.device("cpu")
        loader, *made = timed(lambda: ExampleLoader(lambda at: data.batch(rows[at]), IMAGES, cpu))
        rates = {
            "decoded from files": timed(lambda: [layout.read(dataset, *each) for each in pair])[1:],
            "decoded from shards": timed(
                lambda: sum(1 for _ in shards.samples(str(packed), ["rgb", "normal"]))
            )[1:],
            "made into examples": tuple(made),
        }
        trained = timed(lambda: fit(network, normal, loader, plan, np.random.default_rng(0)))[1:]
    print(f"\n{config.data.size} px, image and normals: views a second and a processor second")
    for name, (wall, used) in rates.items():
        print(f"{name:20} {IMAGES / wall:7.0f} {IMAGES / used:7.0f}")
    images = STEPS * config.training.batch
    print(f"{'trained on':20} {images / trained[0]:7.0f} {images / trained[1]:7.0f}")


def main() -> int:
    """Time listing, decoding and training."""
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--files", type=int, default=1_000_000)
    kept = listing(parser.parse_args().files)
    decoding()
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
