"""What a room is made of: materials, parts (one exact primitive each), things made of parts."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

from taskonomy.data.classes import OBJECT_CLASSES
from taskonomy.errors import BadInput

BOX, CYLINDER, ELLIPSOID, ROUNDED = range(4)
"""Primitives. A cylinder is elliptic, along its own z, and may taper; a rounded box is the set of
points within a radius of a smaller box."""

Number = float | int
Vector = tuple[Number, Number, Number]

FACING: Vector = (np.pi / 2, 0.0, 0.0)
"""Turns a cylinder's axis from z to y: a disc that faces forwards."""


SHELL_CLASSES = ("wall", "floor", "ceiling")
"""Names of the room's own surfaces; everything else is an object."""


class Material(NamedTuple):
    """How a surface looks. Colours are linear RGB in 0..1.

    Attributes:
        texture: a name in `textures.TEXTURES`.
        a, b: the pattern's two colours.
        scale: metres per period of the pattern.
        gloss: strength of the highlight, 0..1.
        glow: light given off by itself (a lamp's shade, a screen, the sky behind a window).
        mirror: share of the light that is reflected as in a mirror.
        seed: what makes two paintings differ.
    """

    texture: str
    a: Vector
    b: Vector = (0.0, 0.0, 0.0)
    scale: Number = 1.0
    gloss: Number = 0.0
    glow: Number = 0.0
    mirror: Number = 0.0
    seed: int = 0


class Part(NamedTuple):
    """One primitive in the frame of its thing.

    Attributes:
        half: half extents (box) or radii, metres.
        bevel: rounding radius in metres (rounded box); taper of a cylinder, whose radii are
            (1 + bevel) times `half` at its foot and (1 - bevel) times at its top.
        turn: Euler angles `sxyz` in radians.
    """

    shape: int
    centre: Vector
    half: Vector
    material: Material
    bevel: Number = 0.0
    turn: Vector = (0.0, 0.0, 0.0)


@dataclass(frozen=True)
class Primitives:
    """P primitives in the world frame; the fields are those of `Part`, as arrays."""

    shape: Int[np.ndarray, " P"]
    centre: Float[np.ndarray, "P 3"]
    half: Float[np.ndarray, "P 3"]
    rotation: Float[np.ndarray, "P 3 3"]
    bevel: Float[np.ndarray, " P"]


@dataclass(frozen=True)
class Top:
    """A level rectangle of a thing on which small things stand: centre, height, extents."""

    x: Number
    y: Number
    z: Number
    width: Number
    depth: Number


@dataclass(frozen=True)
class Thing:
    """An object in its own frame: the origin on the floor below its centre, its front towards +y.

    Attributes:
        name: a class of OBJECT_CLASSES or SHELL_CLASSES.
        width, depth, height: extents along x, y, z in metres.
        tops: where small things may stand.
    """

    name: str
    parts: tuple[Part, ...]
    width: Number
    depth: Number
    height: Number
    tops: tuple[Top, ...] = ()

    def __post_init__(self) -> None:
        if self.name not in OBJECT_CLASSES and self.name not in SHELL_CLASSES:
            raise BadInput(f"thing: found the class {self.name!r}, expected one of OBJECT_CLASSES")


def box(
    x: Number,
    y: Number,
    z: Number,
    size: Vector,
    material: Material,
    *,
    bevel: Number = 0.0,
    turn: Vector = (0.0, 0.0, 0.0),
) -> Part:
    """A box of full extents `size` standing at height z over (x, y); rounded if `bevel` > 0."""
    half = (size[0] / 2, size[1] / 2, size[2] / 2)
    radius = min(bevel, 0.95 * min(half))
    shape = ROUNDED if radius > 0 else BOX
    return Part(shape, (x, y, z + half[2]), half, material, radius, turn)


def rod(
    x: Number,
    y: Number,
    z: Number,
    radius: Number,
    height: Number,
    material: Material,
    *,
    taper: Number = 0.0,
    ry: Number | None = None,
    turn: Vector = (0.0, 0.0, 0.0),
) -> Part:
    """A cylinder standing at height z over (x, y), narrowing upwards where `taper` > 0."""
    half = (radius, radius if ry is None else ry, height / 2)
    return Part(CYLINDER, (x, y, z + height / 2), half, material, taper, turn)


def ball(
    x: Number,
    y: Number,
    z: Number,
    radii: Vector,
    material: Material,
    *,
    turn: Vector = (0.0, 0.0, 0.0),
) -> Part:
    """An ellipsoid whose lowest point (unturned) is at height z."""
    return Part(ELLIPSOID, (x, y, z + radii[2]), radii, material, 0.0, turn)
