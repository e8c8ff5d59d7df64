"""Do captures with a mistake end in the line that names it?

`python -m benchmarks.captures [N [FIRST]]`: N rooms, from seed FIRST on, are captured by a camera
that wanders with small errors, and written right and with each mistake. Printed is the share of
mistakes that are named, and mended by the named option.
"""

import re
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass, replace
from math import radians, tan
from pathlib import Path
from typing import Any

import numpy as np
from scipy.spatial.transform import Rotation
from tqdm import tqdm

from benchmarks.capture_styles import STYLES, Frames, Style
from taskonomy.captures import agreement, annotate, styles
from taskonomy.captures.conventions import UNITS
from taskonomy.captures.intrinsics import parse
from taskonomy.data.cameras import look_at
from taskonomy.errors import BadInput
from taskonomy.rooms.render import Camera, batches, render_views
from taskonomy.rooms.rooms import build_room
from taskonomy.rooms.shading import Stage
from taskonomy.rooms.viewpoints import choose_fixations, clearance

ROOMS, COUNT, SEED = 50, 10, 5000
GOAL = 0.95
SIZES = (160, 192, 240)
"""Pixels of a (square) frame."""
MODEL = """a camera goes 3 to 8 cm a frame, looks at what wanders by 4 cm a frame, and rolls by 4
degrees; poses are off by 3 mm and 0.2 degrees, depth by 0.2 % a metre of depth, and one pixel of
fifty has none."""
_LINES = 12
_STRIDE = 2


def simulate(seed: int, count: int = COUNT) -> Frames:
    """So many frames of a furnished room, seen by a camera that goes where there is room."""
    rng = np.random.default_rng(seed)
    stage = Stage(build_room(seed + SEED))
    fixation = choose_fixations(stage, np.random.default_rng(seed), [1])[0]
    size, fov = int(rng.choice(SIZES)), radians(rng.uniform(50, 70))
    step, start = rng.uniform(0.03, 0.08), fixation.cameras[0].location
    lines = []
    for _ in range(_LINES):
        way = rng.normal(size=3) * [1, 1, 0.4]
        ahead = np.arange(count)[:, None] * step * way / np.linalg.norm(way)
        lines.append(start + ahead + np.cumsum(rng.normal(0, step / 5, (count, 3)), 0))
    line = max(lines, key=lambda each: clearance(stage.room.primitives, each).min())
    aims = fixation.point + np.cumsum(rng.normal(0, 0.04, (count, 3)), 0)
    cameras = []
    for place, aim in zip(line, aims, strict=True):
        roll = Rotation.from_euler("z", rng.normal(0, 4), degrees=True).as_matrix()
        cameras.append(Camera(place, look_at(place, aim) @ roll, fov))
    seen = [each for some in batches(cameras, size) for each in render_views(stage, some, size)]
    poses = np.tile(np.eye(4), (count, 1, 1))
    for pose, camera in zip(poses, cameras, strict=True):
        off = Rotation.from_rotvec(rng.normal(0, radians(0.2), 3)).as_matrix()
        pose[:3, :3] = camera.rotation * np.array([1, -1, -1]) @ off  # y down, z forward
        pose[:3, 3] = camera.location + rng.normal(0, 0.003, 3)
    depths = []
    for each in seen:
        z = each.depth_z.astype(float)
        noisy = z * (1 + 0.002 * z * rng.normal(size=z.shape))
        depths.append(np.where(rng.random(z.shape) < 0.02, np.nan, noisy))
    focal, middle = size / 2 / tan(fov / 2), (size - 1) / 2
    camera = np.array([[focal, 0, middle], [0, focal, middle], [0, 0, 1]])
    return Frames([each.rgb for each in seen], depths, poses, camera)


@dataclass(frozen=True)
class Mistake:
    """How a capture is written, and what mends it.

    Attributes:
        kind: what is mistaken.
        conventions: fields that the files hold otherwise than their style says.
        resized: the image size that the written intrinsics are of, as a part of the images' own.
    """

    kind: str
    conventions: dict[str, Any]
    resized: float = 1.0


def mistakes(style: Style, rng: np.random.Generator) -> list[Mistake]:
    """One of each kind that a style can have."""
    usual = style.conventions
    poses = {"camera-to-world": "world-to-camera", "world-to-camera": "camera-to-world"}
    axes = {"opencv": "opengl", "opengl": "opencv"}
    orders = {"wxyz": "xyzw", "xyzw": "wxyz"}
    units = [unit for unit in (1000.0, 5000.0, 10000.0, 4000.0) if unit != usual.depth_unit]
    found = [
        Mistake("poses inverted", {"poses": poses[usual.poses]}),
        Mistake("axes", {"axes": axes[usual.axes]}),
        Mistake("unit of depth", {"depth_unit": float(rng.choice(units))}),
        Mistake("unit of poses", {"pose_unit": float(rng.choice([100.0, 1000.0]))}),
        Mistake("intrinsics", {}, float(rng.choice([0.5, 2.0]))),
    ]
    if usual.quaternions is not None:
        found.append(Mistake("order of quaternions", {"quaternions": orders[usual.quaternions]}))
    if not usual.metric:
        scale = float(rng.uniform(0.1, 0.7)) ** float(rng.choice([-1, 1]))
        found.append(Mistake("arbitrary scale", {"pose_unit": scale}))
    return found


def check(folder: Path, changes: dict[str, Any] | None = None) -> None:
    """What `annotate` checks before it annotates."""
    capture = styles.load(folder, changes)
    depths = [capture.depth(i)[::_STRIDE, ::_STRIDE] for i in range(len(capture.numbers))]
    agreement.check(capture, depths, _STRIDE)


def diagnose(folder: Path, frames: Frames, style: Style, mistake: Mistake) -> str:
    """`right`, or what went wrong instead."""
    conventions = replace(style.conventions, **mistake.conventions)
    camera = frames.camera.copy()
    camera[:2] *= mistake.resized
    style.write(folder, replace(frames, camera=camera), conventions)
    try:
        check(folder)
    except BadInput as error:
        line = str(error)
    else:
        return "accepted"
    options = dict(re.findall(r"--([a-z-]+) ([\w.,+-]+)", line))
    ratios = {"depth_unit", "pose_unit"}
    named = {name.replace("-", "_") for name in options}
    meant = set(mistake.conventions) or {"intrinsics"}
    if not meant <= named or (named - meant and not meant | named <= ratios):
        return f"named {' '.join(sorted(named))}"
    first = next(iter(options)).replace("-", "_")
    if first not in meant:
        return f"named {first} first"
    values = {name: options[name.replace("_", "-")] for name in meant}
    try:
        check(folder, {name: _value(name, text) for name, text in values.items()})
    except BadInput:
        return "not mended"
    return "right"


def _value(name: str, text: str) -> Any:
    if name == "intrinsics":
        return parse(text)
    if name.endswith("_unit"):
        return UNITS[text] if text in UNITS else float(text)
    return text


def main(arguments: list[str]) -> int:
    """Print how many right captures were refused, and of each mistake how many were named."""
    rooms, first = (*map(int, arguments), *(ROOMS, 0)[len(arguments) :])
    refused: list[str] = []
    found: dict[str, Counter[str]] = {}
    for seed in tqdm(range(first, first + rooms), desc="captures", mininterval=1):
        frames = simulate(seed)
        rng = np.random.default_rng(seed)
        name = list(STYLES)[seed % len(STYLES)]
        style = STYLES[name]
        with tempfile.TemporaryDirectory() as place:
            style.write(Path(place, "right"), frames, style.conventions)
            try:
                annotate(Path(place, "right"), Path(place, "out"), size=32)
            except BadInput as error:
                refused.append(f"room {seed}, {name}: {error}")
            for k, mistake in enumerate(mistakes(style, rng)):
                said = diagnose(Path(place, str(k)), frames, style, mistake)
                found.setdefault(mistake.kind, Counter())[said] += 1
                if said != "right":
                    print(f"room {seed}, {name}, {mistake}: {said}", file=sys.stderr)
    print(f"{rooms} captures of {COUNT} frames of rooms, in {len(STYLES)} styles in turn:")
    print(MODEL + "\n")
    print(f"{'right: refused':24}{len(refused):4} of {rooms}")
    for line in refused:
        print(f"  {line}")
    right = total = 0
    print(f"\n{'mistake':24}{'captures':>9}{'named, and mended by the named option':>40}")
    for kind, said in found.items():
        count = said.total()
        right, total = right + said["right"], total + count
        others = ", ".join(f"{n} {what}" for what, n in said.items() if what != "right")
        print(f"{kind:24}{count:9}{said['right'] / count:40.0%}  {others}")
    share = right / total
    print(f"\nall mistakes: {share:.1%} (goal: {GOAL:.0%})")
    return 0 if share >= GOAL and not refused else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
