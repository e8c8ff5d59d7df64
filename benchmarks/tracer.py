"""Whether the batched tracer gives Embree's pictures, and how fast each finds first hits.

    python -m benchmarks.tracer > docs/tracer.txt      on CUDA where there is some, else on the CPU
    python -m benchmarks.tracer --views 96             over more rooms

One view each of rooms of both families, photographed whole by both: geometry at pixel centres,
colour with its shadows, mirrors and anti-aliasing. Exits with 1 if fewer than 99.8 % of the pixels
of a row show the same instance, or a depth within a millimetre.
"""

import argparse
import sys
import time
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Shaped
from tqdm import tqdm

from taskonomy.data.cameras import pixel_rays
from taskonomy.rooms.render import Camera, Rendered, render_view
from taskonomy.rooms.rooms import FAMILIES, SCENE_CLASSES, build_room
from taskonomy.rooms.shading import Stage
from taskonomy.rooms.tracer import Tracer
from taskonomy.rooms.viewpoints import choose_fixations

SEED = 24
SIZES = (64, 128)
GOAL = 0.998
MILLIMETRE, TENTH = 1e-3, np.cos(np.radians(0.1))


class Pair(NamedTuple):
    """A view as either tracer gives it, and the seconds that its first hits take."""

    embree: Rendered
    batched: Rendered
    seconds: tuple[float, float]


def views(family: str, count: int) -> Iterator[tuple[Stage, Camera]]:
    """One view each of as many rooms, kinds in turn."""
    for number in range(count):
        kind = SCENE_CLASSES[number % len(SCENE_CLASSES)]
        stage = Stage(build_room(1000 * SEED + number, kind, family))
        yield stage, choose_fixations(stage, np.random.default_rng(number), [1])[0].cameras[0]


def seconds(tracer: Tracer, camera: Camera, size: int) -> float:
    """What the first hits of a view's pixels take."""
    rays = pixel_rays(size, camera.fov).reshape(-1, 3) @ camera.rotation.T
    rays /= np.linalg.norm(rays, axis=1, keepdims=True)
    origins = np.tile(camera.location, (len(rays), 1))
    started = time.perf_counter()
    tracer.trace(origins, rays)
    return time.perf_counter() - started


def pairs(family: str, size: int, count: int, device: str) -> Iterator[Pair]:
    """Views of a family, photographed by both; a tracer is warm when it is timed."""
    for stage, camera in tqdm(views(family, count), f"{family}, {size} px", count, unit="view"):
        other = Stage(stage.room, device)
        pictures = render_view(stage, camera, size), render_view(other, camera, size)
        yield Pair(*pictures, tuple(seconds(s.tracer, camera, size) for s in (stage, other)))


def agreement(pair: Pair) -> list[Shaped[np.ndarray, "H W"]]:
    """Where instance, depth, normal and colour are the same, as truth; and depths' differences."""
    one, two, _ = pair
    off = np.abs(one.depth_z - two.depth_z)
    return [
        one.instance == two.instance,
        off <= MILLIMETRE,
        (one.normal * two.normal).sum(2) >= TENTH,
        np.abs(one.rgb.astype(int) - two.rgb).max(2) <= 1,
        off,
    ]


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--views", type=int, default=24)
    options = parser.parse_args()
    where = "CPU" if options.device == "cpu" else torch.cuda.get_device_name(options.device)
    print(f"Batched tracer on {where} against Embree: {options.views} views a row; the share of")
    print("pixels with the same instance, depths within 1 mm, normals within 0.1 degrees, colours")
    print("within one step of 255; the largest difference of depths on the same instance; rays")
    print("whose first hits each finds in a second, in thousands.\n")
    names = ("pixels", "instance", "depth", "normal", "colour", "largest mm", "Embree", "batched")
    print(f"{'family':7} {'px':>4}", *(f"{name:>10}" for name in names))
    ok = True
    for family in FAMILIES:
        for size in SIZES:
            found = list(pairs(family, size, options.views, options.device))
            maps = [np.stack(part) for part in zip(*map(agreement, found), strict=True)]
            shares = [float(same.mean()) for same in maps[:4]]
            largest = 1000 * maps[4][maps[0]].max()
            rates = [
                maps[0].size / sum(part) / 1000
                for part in zip(*(p.seconds for p in found), strict=True)
            ]
            cells = [f"{maps[0].size:10}", *(f"{share:10.3%}" for share in shares)]
            print(
                f"{family:7} {size:4}", *cells, f"{largest:10.4f}", *(f"{r:10.0f}" for r in rates)
            )
            ok &= min(shares[:2]) >= GOAL
    return 0 if ok else 1


if __name__ == "__main__":
    sys.exit(main())
