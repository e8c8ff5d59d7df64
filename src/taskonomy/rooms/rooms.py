"""A furnished room as plain arrays: primitives, materials, instances and lights."""

from dataclasses import dataclass
from math import cos, sin

import numpy as np
from jaxtyping import Float, Int

from taskonomy.data.cameras import euler_to_matrix
from taskonomy.data.classes import SEMANTIC_CLASSES
from taskonomy.errors import BadInput
from taskonomy.rooms.floor_plan import FloorPlan, Placed
from taskonomy.rooms.kinds import KINDS, furnish
from taskonomy.rooms.palette import draw_palette
from taskonomy.rooms.shapes import (
    SHELL_CLASSES,
    Material,
    Part,
    Primitives,
    Vector,
)
from taskonomy.rooms.shell import ceiling_lamp, shell
from taskonomy.rooms.studio import draw_look, restyle

FAMILIES = ("home", "studio")
"""Two looks with objects of their own: networks trained on one can be tested on the other."""
SCENE_CLASSES = tuple(KINDS)
"""The kinds of room, in the order of class_scene's vector."""


@dataclass(frozen=True)
class Light:
    """A light: a parallelogram (`side_u`, `side_v` half sides) that shines along `normal`.

    A lamp has the normal (0, 0, 0) and shines in all directions.
    """

    position: Vector
    side_u: Vector
    side_v: Vector
    normal: Vector
    colour: Vector


@dataclass(frozen=True)
class Sun:
    """Sunlight through the room's panes: where it comes from, and its colour."""

    direction: Vector
    colour: Vector


@dataclass(frozen=True)
class Room:
    """A room.

    Attributes:
        seed, kind: what it was built from; a kind of SCENE_CLASSES.
        size: its inner box, from (0, 0, 0), metres.
        primitives: the P primitives.
        instance: index into `objects` of each primitive.
        material: index into `materials` of each primitive.
        materials: the distinct materials.
        objects: the class of each instance, shell first.
        semantic: the value of segment_semantic of each instance.
        lights, sun: what lights it.
    """

    seed: int
    kind: str
    size: Vector
    primitives: Primitives
    instance: Int[np.ndarray, " P"]
    material: Int[np.ndarray, " P"]
    materials: tuple[Material, ...]
    objects: tuple[str, ...]
    semantic: Int[np.ndarray, " I"]
    lights: tuple[Light, ...]
    sun: Sun | None


def build_room(seed: int, kind: str | None = None, family: str = "home") -> Room:
    """Build the room of a seed; its kind is drawn unless given.

    Raises BadInput on an unknown kind or family, and where the arrangement fails, naming the seed.
    """
    if kind is not None and kind not in KINDS:
        raise BadInput(f"room: found the kind {kind!r}, expected one of {', '.join(KINDS)}")
    if family not in FAMILIES:
        raise BadInput(f"room: found the family {family!r}, expected {' or '.join(FAMILIES)}")
    rng = np.random.default_rng([seed, 0x526F6F6D])
    kind = str(rng.choice(SCENE_CLASSES)) if kind is None else kind
    try:
        return _build(rng, seed, kind, family)
    except Exception as error:
        raise BadInput(f"room of seed {seed} ({kind}): cannot be built: {error}") from error


def _build(rng: np.random.Generator, seed: int, kind: str, family: str) -> Room:
    _, widths, depths = KINDS[kind]
    size = (float(rng.uniform(*widths)), float(rng.uniform(*depths)), float(rng.uniform(2.4, 2.7)))
    if rng.random() < 0.5:
        size = (size[0], size[1], size[2]) if kind == "corridor" else (size[1], size[0], size[2])
    palette, day = draw_palette(rng), bool(rng.random() < 0.75)
    plan = FloorPlan(rng, size)
    for thing in shell(palette, size, wet=kind == "bathroom" or rng.random() < 0.15):
        plan.place_fixed(thing, 0, 0)
    windows = furnish(plan, palette, kind, day)
    w, d, h = size
    spots = [(w / 2, d / 2)]
    if max(w, d) > 6:  # one would leave the ends dark
        spots = [(w * k / 4, d / 2) if w > d else (w / 2, d * k / 4) for k in (1, 3)]
    drop = float(rng.uniform(0.25, 0.55)) if kind == "dining room" or rng.random() < 0.4 else 0.0
    for x, y in spots:
        plan.place_fixed(ceiling_lamp(palette, drop), x, y, h)
    if family == "studio":
        look = draw_look(np.random.default_rng([seed, 0x53747564]))
        plan.placed[:] = [restyle(placed, look) for placed in plan.placed]
    sun = _sun(rng, windows) if day else None
    return _assemble(plan, seed, kind, _lights(rng, plan, windows, day), sun)


def _lights(
    rng: np.random.Generator, plan: FloorPlan, windows: list[Placed], day: bool
) -> tuple[Light, ...]:
    """Ceiling lamps (weak by day), windows by day, floor and table lamps by night."""
    warm = np.array([1.0, 0.84, 0.64]) ** float(rng.uniform(0.3, 1.4))
    found = []
    for placed in plan.placed:
        if placed.thing.name != "lamp":
            continue
        overhead = placed.z > 2
        power = (0.9 if day else 3.2) if overhead else (0.25 if day else 0.9)
        height = placed.z - placed.thing.height - 0.32 if overhead else placed.thing.height * 0.8
        z = height if overhead else placed.z + height
        colour = _vector(power * warm)
        found.append(Light((placed.x, placed.y, z), (0.2, 0, 0), (0, 0.2, 0), (0, 0, 0), colour))
    for placed in windows if day else []:
        width, height = placed.thing.width - 0.2, placed.thing.height - 0.05
        c, s = cos(placed.yaw), sin(placed.yaw)
        x, y = placed.at(0, 0.12)
        sky = np.array([0.86, 0.93, 1.0]) * 4.2 * width * height
        found.append(
            Light(
                (x, y, placed.z + height / 2),
                (c * width / 2, s * width / 2, 0),
                (0, 0, height / 2),
                (-s, c, 0),
                _vector(sky),
            )
        )
    # The strongest three: each light costs a shadow ray per sample.
    return tuple(sorted(found, key=lambda light: -sum(light.colour))[:3])


def _sun(rng: np.random.Generator, windows: list[Placed]) -> Sun | None:
    """Sunlight that enters by one of the windows, in two rooms of three."""
    if not windows or rng.random() < 0.33:
        return None
    yaw = windows[rng.integers(len(windows))].yaw + rng.uniform(-0.8, 0.8)
    height = rng.uniform(0.35, 0.95)
    out = np.array([sin(yaw) * cos(height), -cos(yaw) * cos(height), sin(height)])
    return Sun(_vector(out), _vector(np.array([1.0, 0.9, 0.72]) * rng.uniform(2.0, 4.0)))


def _vector(x: Float[np.ndarray, "3"]) -> Vector:
    return float(x[0]), float(x[1]), float(x[2])


def _assemble(
    plan: FloorPlan, seed: int, kind: str, lights: tuple[Light, ...], sun: Sun | None
) -> Room:
    known: dict[Material, int] = {}
    rows: list[tuple[Part, int]] = []
    for instance, placed in enumerate(plan.placed):
        rows += [(part, instance) for part in placed.thing.parts]
    turns = np.array([euler_to_matrix(0.0, 0.0, float(placed.yaw)) for placed in plan.placed])
    places = np.array([(placed.x, placed.y, placed.z) for placed in plan.placed])
    instances = np.array([instance for _, instance in rows])
    turn = turns[instances]
    centre = np.einsum("nij,nj->ni", turn, np.array([part.centre for part, _ in rows]))
    for i, (part, _) in enumerate(rows):
        if part.turn != (0.0, 0.0, 0.0):
            turn[i] = turn[i] @ euler_to_matrix(*map(float, part.turn))
    names = [placed.thing.name for placed in plan.placed]
    return Room(
        seed=seed,
        kind=kind,
        size=plan.size,
        primitives=Primitives(
            np.array([part.shape for part, _ in rows]),
            centre + places[instances],
            np.array([part.half for part, _ in rows], float),
            turn,
            np.array([part.bevel for part, _ in rows], float),
        ),
        instance=instances,
        material=np.array([known.setdefault(part.material, len(known)) for part, _ in rows]),
        materials=tuple(known),
        objects=tuple(names),
        semantic=np.array([_semantic(name) for name in names]),
        lights=lights,
        sun=sun,
    )


def _semantic(name: str) -> int:
    if name in SEMANTIC_CLASSES and name not in SHELL_CLASSES:
        return SEMANTIC_CLASSES.index(name)
    return SEMANTIC_CLASSES.index("background")
