"""The colours and materials of one room: a hue for the walls, accents that go with it, one wood."""

import colorsys
from dataclasses import dataclass

import numpy as np

from taskonomy.rooms.shapes import Material, Vector

_WOODS = (
    ((0.52, 0.33, 0.16), (0.36, 0.20, 0.09)),  # oak
    ((0.24, 0.12, 0.06), (0.13, 0.06, 0.03)),  # walnut
    ((0.66, 0.50, 0.30), (0.54, 0.38, 0.20)),  # pine
    ((0.40, 0.15, 0.08), (0.24, 0.08, 0.04)),  # cherry
    ((0.74, 0.70, 0.62), (0.62, 0.57, 0.48)),  # birch
    ((0.06, 0.05, 0.05), (0.03, 0.03, 0.03)),  # ebony
    ((0.42, 0.40, 0.37), (0.30, 0.28, 0.26)),  # weathered grey
)

_METALS: tuple[Vector, ...] = (
    (0.55, 0.56, 0.58),
    (0.30, 0.31, 0.33),
    (0.70, 0.52, 0.22),
    (0.08, 0.08, 0.09),
    (0.62, 0.36, 0.24),
)


def rgb(hue: float, saturation: float, value: float) -> Vector:
    """Linear RGB of a display colour (hue in turns)."""
    r, g, b = colorsys.hsv_to_rgb(hue % 1.0, min(max(saturation, 0.0), 1.0), min(value, 1.0))
    return r**2.2, g**2.2, b**2.2


@dataclass(frozen=True)
class Palette:
    """Materials of a room, drawn from `rng`; every call gives another seed of the pattern.

    Attributes:
        wall_hue: the hue of the walls, in turns.
        accents: hues for fabrics, doors, cabinets.
        wood_tones: the light and dark of the room's wood.
    """

    rng: np.random.Generator
    wall_hue: float
    accents: tuple[float, ...]
    wood_tones: tuple[Vector, Vector]
    metal_tone: Vector

    def seed(self) -> int:
        """A fresh seed for a pattern."""
        return int(self.rng.integers(1 << 20))

    def wood(self, other: bool = False) -> Material:
        """The room's wood, or (`other`) any wood or a painted board."""
        if other and self.rng.random() < 0.4:
            return self.paint()
        a, b = _WOODS[self.rng.integers(len(_WOODS))] if other else self.wood_tones
        return Material("wood", a, b, 0.5, 0.25, seed=self.seed())

    def paint(self) -> Material:
        """Painted wood or plastic in an accent, white or dark."""
        rng = self.rng
        tone = rng.random()
        if tone < 0.35:
            a = rgb(self.accent(), rng.uniform(0.0, 0.12), rng.uniform(0.85, 0.97))
        elif tone < 0.9:
            a = rgb(self.accent(), rng.uniform(0.2, 0.68), rng.uniform(0.35, 0.88))
        else:
            a = rgb(self.accent(), 0.2, 0.16)
        return Material("plain", a, a, 1.0, 0.3, seed=self.seed())

    def accent(self) -> float:
        """One of the room's accent hues."""
        return self.accents[self.rng.integers(len(self.accents))]

    def fabric(self, hue: float | None = None) -> Material:
        """Cloth, plain or with a pattern."""
        rng = self.rng
        hue = self.accent() if hue is None else hue
        a = rgb(hue, rng.uniform(0.1, 0.72), rng.uniform(0.3, 0.92))
        b = rgb(hue + rng.choice([0.0, 0.08, 0.5]), rng.uniform(0.1, 0.6), rng.uniform(0.35, 0.98))
        kinds = ["weave", "weave", "weave", "stripes", "plaid", "dots", "floral", "diamonds"]
        kind = str(rng.choice(kinds))
        scale = 0.03 if kind == "weave" else rng.uniform(0.09, 0.25)
        return Material(kind, a, b, float(scale), 0.0, seed=self.seed())

    def leather(self) -> Material:
        """Leather or smooth upholstery."""
        hue = float(self.rng.choice([0.04, 0.08, 0.6, self.accent()]))
        a = rgb(hue, self.rng.uniform(0.2, 0.7), self.rng.uniform(0.2, 0.7))
        return Material("plain", a, a, 0.4, 0.45, seed=self.seed())

    def metal(self, fresh: bool = False) -> Material:
        """The room's metal, or (`fresh`) any."""
        tone = _METALS[self.rng.integers(len(_METALS))] if fresh else self.metal_tone
        return Material("plain", tone, tone, 0.5, 0.9, mirror=0.25, seed=self.seed())

    def ceramic(self, hue: float | None = None) -> Material:
        """Glazed ware: white unless a hue is given; sometimes patterned then."""
        rng = self.rng
        if hue is None:
            return Material("plain", (0.82, 0.83, 0.82), (0.8, 0.8, 0.8), 1.0, 0.8)
        a = rgb(hue, rng.uniform(0.3, 0.95), rng.uniform(0.4, 0.98))
        b = rgb(hue + 0.45, rng.uniform(0.0, 0.5), rng.uniform(0.7, 1.0))
        kind = str(rng.choice(["plain", "plain", "stripes", "dots", "marble", "diamonds"]))
        return Material(kind, a, b, float(rng.uniform(0.04, 0.1)), 0.8, seed=self.seed())

    def glass(self) -> Material:
        """Tinted glass, opaque but glossy."""
        a = rgb(
            self.rng.choice([0.3, 0.36, 0.08, 0.58, 0.97, 0.48]), 0.75, self.rng.uniform(0.2, 0.75)
        )
        return Material("plain", a, a, 1.0, 1.0, mirror=0.12)

    def vivid(self) -> float:
        """Any hue at all, for small things."""
        return float(self.rng.random())

    def stone(self) -> Material:
        """A worktop: marble, terrazzo, plain dark, or butcher's block."""
        rng = self.rng
        kind = str(rng.choice(["marble", "terrazzo", "plain", "wood"]))
        if kind == "wood":
            return Material("wood", *_WOODS[rng.integers(3)], 0.4, 0.3, seed=self.seed())
        value = float(rng.choice([0.2, 0.45, 0.9, 0.95]))
        a = rgb(rng.random(), 0.08, value)
        b = rgb(rng.random(), 0.25, 1.1 - value)
        return Material(kind, a, b, 0.35, 0.6, seed=self.seed())

    def wall(self, tiled: bool = False) -> Material:
        """A wall: plaster, paper in one of several patterns, bricks or tiles."""
        rng = self.rng
        dark = rng.random() < 0.25
        value = rng.uniform(0.45, 0.62) if dark else rng.uniform(0.75, 0.97)
        depth = rng.uniform(0.25, 0.55) if dark else rng.uniform(0.03, 0.3)
        a = rgb(self.wall_hue, depth, value)
        b = rgb(self.wall_hue + rng.uniform(-0.06, 0.06), depth * 0.6, min(value * 1.15, 1.0))
        if tiled:
            scale = float(rng.choice([0.1, 0.15, 0.2, 0.3]))
            kind = str(rng.choice(["tiles", "tiles", "bricks", "checks"]))
            scale = 0.075 if kind == "bricks" else scale
            return Material(kind, a, rgb(0.1, 0.03, 0.8), scale, 0.5, seed=self.seed())
        kind = str(rng.choice(["plaster", "plaster", "stripes", "floral", "diamonds", "bricks"]))
        if kind == "bricks":
            a, b = rgb(rng.choice([0.03, 0.06, 0.1, 0.6]), rng.uniform(0.05, 0.6), 0.75), (0.5,) * 3
            return Material(kind, a, (b[0], b[1], b[2]), 0.09, 0.0, seed=self.seed())
        scale = float(rng.uniform(0.14, 0.4)) if kind != "plaster" else 0.5
        return Material(kind, a, b, scale, 0.05, seed=self.seed())

    def floor(self, hard: bool = False) -> Material:
        """A floor: boards, herringbone, carpet; tiles, checks or stone in wet rooms (`hard`)."""
        rng = self.rng
        soft = ["planks", "planks", "herringbone", "pile", "terrazzo"]
        kind = str(rng.choice(["tiles", "checks", "marble", "terrazzo", "tiles"] if hard else soft))
        if kind in ("planks", "herringbone"):
            a, b = _WOODS[rng.integers(len(_WOODS) - 2)]
            return Material(kind, a, b, 0.14, 0.3, seed=self.seed())
        if kind == "pile":
            a = rgb(self.accent(), rng.uniform(0.1, 0.6), rng.uniform(0.35, 0.8))
            return Material(kind, a, tuple(0.7 * x for x in a), 0.5, 0.0, seed=self.seed())  # type: ignore[arg-type]
        a = rgb(self.accent(), rng.uniform(0.0, 0.35), rng.uniform(0.6, 0.95))
        b = rgb(self.accent(), rng.uniform(0.0, 0.4), rng.uniform(0.2, 0.6))
        scale = float(rng.choice([0.2, 0.3, 0.45]))
        return Material(kind, a, b, scale, 0.5, seed=self.seed())


def draw_palette(rng: np.random.Generator) -> Palette:
    """A palette of hues that go together: one for the walls, two or three accents around it."""
    hue = float(rng.random())
    scheme = ((0.5, 0.08), (0.33, 0.67), (0.5, 0.42), (0.1, -0.1, 0.55))[rng.integers(4)]
    return Palette(
        rng,
        hue,
        tuple(float(hue + step + rng.normal(0, 0.02)) for step in scheme),
        _WOODS[rng.integers(len(_WOODS))],
        _METALS[rng.integers(len(_METALS))],
    )
