"""What is left of the data set's operators at a view's own size, and what they cost.

    python -m benchmarks.operators

`benchmarks.labels` prints it among the rest.
"""

import textwrap
import time
from collections.abc import Callable, Iterator

import cv2
import numpy as np
from jaxtyping import Shaped, UInt8
from scipy.stats import spearmanr

from taskonomy.data import labels, operators
from taskonomy.data.operators.grid import ACROSS
from taskonomy.rooms.render import Rendered, render_view
from taskonomy.rooms.rooms import SCENE_CLASSES, build_room
from taskonomy.rooms.shading import Stage
from taskonomy.rooms.viewpoints import choose_fixations

SEED = 3


def stages() -> Iterator[tuple[int, Stage]]:
    """A room of each kind."""
    for number, kind in enumerate(SCENE_CLASSES):
        yield number, Stage(build_room(1000 * SEED + number, kind))


def say(text: str) -> None:
    """Print a paragraph."""
    print(textwrap.fill(" ".join(text.split()), 88), end="\n\n")


def made(view: Rendered, fov: float) -> dict[str, Callable[[], Shaped[np.ndarray, "H H"]]]:
    """What the data set's annotator makes of a view, by label."""
    return {
        "edge_occlusion": lambda: operators.edge_occlusion(view.depth_z),
        "edge_texture": lambda: operators.edge_texture(view.rgb),
        "keypoints2d": lambda: operators.keypoints2d(view.rgb),
        "keypoints3d": lambda: operators.keypoints3d(view.depth_z, fov),
        "segment_unsup2d": lambda: operators.segment_unsup2d(view.rgb),
        "segment_unsup25d": lambda: operators.segment_unsup25d(view.depth_z, view.normal),
    }


def sizes(across: tuple[int, ...]) -> bool:
    """Print labels of smaller views against the operators at 512 pixels, and milliseconds."""
    views = []
    for number, stage in stages():
        fixation = choose_fixations(stage, np.random.default_rng(number), [1])[0]
        views.append((stage, fixation.cameras[0]))
    say(f"""OPERATORS at a view's own size: labels of {len(views)} views of rooms (one of each kind)
    against the data set's operators at {ACROSS} px, reduced to that size (maps by area, segments by
    their middle pixels). Maps: Spearman's correlation over pixels. Segments: the adjusted Rand
    index. Means over views. From {labels.WHOLE} px on all labels are the operators; below,
    keypoints3d and both segments are cheap likenesses. Then milliseconds of processor time that a
    view's derived labels take together, and that each operator takes at {ACROSS} px.""")
    fovs = [camera.fov for _, camera in views]
    whole: dict[str, list[np.ndarray]] = {}
    cost: dict[str, float] = {}
    for stage, camera in views:
        for name, make in made(render_view(stage, camera, ACROSS), camera.fov).items():
            started = time.process_time()
            whole.setdefault(name, []).append(make())
            cost[name] = cost.get(name, 0.0) + time.process_time() - started
    found, together = {}, {}
    for size in across:
        small = [render_view(stage, camera, size) for stage, camera in views]
        rgb, depth, normal = (
            np.stack([getattr(view, name) for view in small])
            for name in ("rgb", "depth_z", "normal")
        )
        labels.derive_view(rgb[0], depth[0], normal[0], fovs[0])  # imports and tables
        started = time.process_time()
        found[size] = labels.derive_views(rgb, depth, normal, fovs)
        together[size] = 1000 * (time.process_time() - started) / len(views)
    print(f"{'label':20}", *(f"{f'{size} px':>9}" for size in across), f"{f'ms, {ACROSS} px':>12}")
    for name, reference in whole.items():
        cells = []
        for size in across:
            pairs = zip(found[size][name], reference, strict=True)
            cells.append(f"{np.mean([_alike(*pair) for pair in pairs]):9.2f}")
        print(f"{name:20}", *cells, f"{1000 * cost[name] / len(views):12.0f}")
    print(f"{'ms, all labels':20}", *(f"{together[size]:9.1f}" for size in across), end="\n\n")
    return True


def _alike(found: Shaped[np.ndarray, "h h"], whole: Shaped[np.ndarray, "H H"]) -> float:
    """A label against the one at 512 pixels, reduced to its size."""
    step = len(whole) // len(found)
    if found.dtype == np.uint8:
        return adjusted_rand(found, whole[step // 2 :: step, step // 2 :: step])
    reduced = cv2.resize(whole, found.shape, interpolation=cv2.INTER_AREA)
    return float(spearmanr(found.ravel(), reduced.ravel()).statistic)


def adjusted_rand(one: UInt8[np.ndarray, "h h"], other: UInt8[np.ndarray, "h h"]) -> float:
    """Return how often two segmentations agree on a pair of pixels, less what chance would give; 1
    if they are the same."""
    together = np.zeros((256, 256))
    np.add.at(together, (one.ravel(), other.ravel()), 1)
    same, first, second = (
        float((count * (count - 1) / 2).sum())
        for count in (together, together.sum(1), together.sum(0))
    )
    chance = first * second / (one.size * (one.size - 1) / 2)
    most = (first + second) / 2
    return (same - chance) / (most - chance) if most != chance else 1.0


if __name__ == "__main__":
    sizes((64, 128, 256))
