"""A second family of rooms: the same kinds and classes, other objects and another look.

Things stand where the first family's rules put them, in the same space; what stands there is made
of other shapes (drums, cones, blobs and slabs instead of legs, slats and panels) and of other
materials (concrete, terrazzo, lacquer in three strong hues). So a network that was trained on one
family can be tested on things that it has not seen.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np

from taskonomy.rooms.floor_plan import Placed
from taskonomy.rooms.palette import rgb
from taskonomy.rooms.shapes import (
    SHELL_CLASSES,
    Material,
    Part,
    Thing,
    ball,
    box,
    rod,
)
from taskonomy.rooms.textures import PICTURES

_LARGE = ("terrazzo", "checks", "marble", "plaster", "bricks", "diamonds")
"""Textures of walls and floors."""
_SMALL = ("plain", "plain", "plain", "dots", "stripes", "marble", "weave")


@dataclass
class Look:
    """The materials of one room, drawn as they are asked for.

    Attributes:
        hues: three strong ones, a third of the circle apart.
        known: what each material of the first family has become.
    """

    rng: np.random.Generator
    hues: tuple[float, ...]
    known: dict[Material, Material] = field(default_factory=dict)

    def lacquer(self) -> Material:
        """A strong colour, glossy."""
        a = rgb(self.hues[self.rng.integers(3)], self.rng.uniform(0.6, 1), self.rng.uniform(0.4, 1))
        return Material("plain", a, a, 1.0, 0.7, seed=self._seed())

    def concrete(self) -> Material:
        """A grey, mottled."""
        value = float(self.rng.uniform(0.25, 0.8))
        a, b = rgb(0.1, 0.05, value), rgb(0.6, 0.06, 0.8 * value)
        return Material(str(self.rng.choice(["plaster", "terrazzo"])), a, b, 0.3, 0.1, 0.0, 0.0, 7)

    def cloth(self) -> Material:
        """Woven or dotted stuff."""
        a, b = (
            rgb(self.hues[k], 0.5, self.rng.uniform(0.4, 1)) for k in self.rng.permutation(3)[:2]
        )
        kind = str(self.rng.choice(["weave", "dots", "plain", "plaid"]))
        return Material(kind, a, b, 0.04 if kind == "weave" else 0.2, 0.0, seed=self._seed())

    def instead(self, of: Material, large: bool) -> Material:
        """What a material of the first family becomes; what glows or mirrors stays, and a picture
        becomes another of its kind in other colours."""
        if of.glow or of.mirror > 0.4:
            return of
        if of not in self.known:
            kind = str(self.rng.choice(_LARGE if large else _SMALL))
            strong = self.rng.random() < (0.3 if large else 0.6)
            hue, other = (self.hues[k] for k in self.rng.permutation(3)[:2])
            a = rgb(hue, self.rng.uniform(0.5, 0.9) if strong else 0.06, self.rng.uniform(0.35, 1))
            b = rgb(other, 0.5 if strong else 0.1, self.rng.uniform(0.3, 1))
            scale = float(self.rng.uniform(0.25, 0.6) if large else self.rng.uniform(0.05, 0.2))
            if of.texture in PICTURES:
                kind, scale = of.texture, of.scale
            self.known[of] = of._replace(texture=kind, a=a, b=b, scale=scale, seed=self._seed())
        return self.known[of]

    def _seed(self) -> int:
        return int(self.rng.integers(1 << 20))


def draw_look(rng: np.random.Generator) -> Look:
    """Draw the look of a room."""
    hue = float(rng.random())
    return Look(rng, (hue, hue + 0.33, hue + 0.62))


def restyle(placed: Placed, look: Look) -> Placed:
    """Return the second family's thing in the same place, as large as the first family's."""
    thing = placed.thing
    # What hangs from the ceiling or on a wall has its origin elsewhere: only its material changes.
    design = _DESIGNS.get(thing.name) if placed.z < 2 else None
    if design is None:
        large = thing.name in SHELL_CLASSES
        parts = tuple(p._replace(material=look.instead(p.material, large)) for p in thing.parts)
    else:
        parts = tuple(design(thing, look))
    return replace(placed, thing=replace(thing, parts=parts))


def _chair(t: Thing, look: Look) -> list[Part]:
    """A shell on a cone, or for armchairs a blob with a hollow back."""
    w, d = t.width, t.depth
    shell, foot = look.lacquer(), look.concrete()
    if w > 0.7:
        parts = [ball(0, 0.02, 0.02, (w * 0.46, d * 0.44, 0.22), shell)]
        parts.append(ball(0, -d * 0.3, 0.25, (w * 0.46, 0.15, 0.36), shell, turn=(0.2, 0, 0)))
        return [*parts, rod(0, 0.1, 0.4, w * 0.28, 0.06, look.cloth(), ry=d * 0.24)]
    parts = [rod(0, 0, 0, w * 0.36, 0.4, foot, taper=0.7)]
    parts.append(rod(0, 0, 0.38, w * 0.48, 0.08, shell, taper=-0.1, ry=d * 0.46))
    back = max(t.height - 0.5, 0.3)
    return [*parts, ball(0, 0.06 - d / 2, 0.46, (w * 0.47, 0.05, back / 2), shell)]


def _couch(t: Thing, look: Look) -> list[Part]:
    """Bolsters: lying cylinders on a slab."""
    w, d = t.width, t.depth
    cloth, other = look.cloth(), look.cloth()
    lying = (0.0, np.pi / 2, 0.0)
    parts = [box(0, 0, 0.03, (w, d - 0.04, 0.16), look.concrete())]
    parts.append(box(0, 0.06, 0.19, (w - 0.1, d - 0.2, 0.24), cloth, bevel=0.11))
    for z, r, y in ((0.42, 0.17, 0.18), (0.68, 0.15, 0.15)):
        parts.append(rod(0, y - d / 2, z - (w - 0.1) / 2 + r, r, w - 0.1, other, turn=lying))
    parts += [ball(s * (w / 2 - 0.13), 0.06, 0.36, (0.12, d * 0.36, 0.13), other) for s in (-1, 1)]
    return parts


def _bed(t: Thing, look: Look) -> list[Part]:
    """A plinth with a thick round-cornered mattress and a bolster; two berths where it is long."""
    w, d = t.width, t.depth
    cloth = look.cloth()
    if w > d:
        return _berths(t, look)
    parts = [box(0, 0, 0, (w, d, 0.22), look.concrete())]
    parts.append(box(0, 0.02, 0.22, (w - 0.08, d - 0.1, 0.26), cloth, bevel=0.12))
    lying = (0.0, np.pi / 2, 0.0)
    z = 0.58 - (w - 0.2) / 2
    parts.append(rod(0, 0.3 - d / 2, z, 0.13, w - 0.2, look.cloth(), turn=lying))
    for k in range(3):
        x = (k - 1) * w / 3.2
        parts.append(ball(x, 0.08 - d / 2, 0.2, (w / 6, 0.06, 0.4), look.lacquer()))
    if t.height > 1.5:
        post, cloth = look.lacquer(), look.cloth()
        ends = [(sx * (w / 2 - 0.06), sy * (d / 2 - 0.06)) for sx in (-1, 1) for sy in (-1, 1)]
        parts += [rod(x, y, 0, 0.05, t.height - 0.1, post) for x, y in ends]
        parts.append(box(0, 0, t.height - 0.2, (w, d, 0.2), cloth, bevel=0.09))
        parts.append(box(0, 0.05 - d / 2, 0.9, (w - 0.12, 0.04, t.height - 1.0), cloth))
    return parts


def _berths(t: Thing, look: Look) -> list[Part]:
    """Two slabs with mattresses between round posts."""
    w, d, h = t.width, t.depth - 0.1, t.height
    post = look.lacquer()
    ends = [(sx * (w / 2 - 0.07), sy * (d / 2 - 0.07)) for sx in (-1, 1) for sy in (-1, 1)]
    parts = [rod(x, y, 0, 0.06, h, post) for x, y in ends]
    for z in (0.2, h - 0.6):
        parts.append(box(0, 0, z, (w, d, 0.12), look.concrete()))
        parts.append(box(0, 0, z + 0.12, (w - 0.3, d - 0.06, 0.24), look.cloth(), bevel=0.1))
        parts.append(ball(w / 2 - 0.4, 0, z + 0.3, (0.18, 0.3, 0.12), look.cloth()))
    return parts


def _table(t: Thing, look: Look) -> list[Part]:
    """A slab or a disc on cones; its surface is where the first family's is."""
    w, d, h = t.width, t.depth, t.height
    plate, foot = look.lacquer(), look.concrete()
    if abs(w - d) < 0.01:
        parts = [rod(0, 0, 0, w * 0.3, h - 0.03, foot, taper=0.6)]
        return [*parts, rod(0, 0, h - 0.06, w / 2, 0.06, plate, taper=-0.06)]
    r = 0.32 * d
    parts = [rod(s * (w / 2 - r), 0, 0, r, h - 0.03, foot, taper=0.5) for s in (-1, 1)]
    return [*parts, box(0, 0, h - 0.07, (w, d, 0.07), plate, bevel=0.034)]


def _drum(t: Thing, look: Look) -> list[Part]:
    """A drum with rings: stools, night stands, baskets."""
    r, h = min(t.width, t.depth) / 2 - 0.02, t.height
    body, ring = look.lacquer(), look.concrete()
    parts = [rod(0, 0, 0, r * 0.94, h - 0.02, body), rod(0, 0, h - 0.03, r, 0.03, ring)]
    return [*parts, *(rod(0, 0, z * h, r * 0.98, 0.025, ring) for z in (0.0, 0.33, 0.62))]


def _lamp(t: Thing, look: Look) -> list[Part]:
    """A globe on a stack of discs and a stem."""
    h, r = t.height, t.width * 0.42
    glow = Material("plain", rgb(look.hues[0], 0.2, 1.0), glow=1.2)
    base = [rod(0, 0, 0.04 * k, r * (0.8 - 0.2 * k), 0.04, look.lacquer()) for k in range(3)]
    return [
        *base,
        rod(0, 0, 0.1, 0.012, h - 0.1 - r, look.concrete()),
        ball(0, 0, h - 2 * r, (r, r, r), glow),
    ]


def _vase(t: Thing, look: Look) -> list[Part]:
    """Blobs on each other."""
    r, h, glaze = t.width / 2, t.height, look.lacquer()
    sizes = ((1.0, 0.0, 0.45), (0.7, 0.38, 0.36), (0.45, 0.68, 0.32))
    return [ball(0, 0, z * h, (k * r, k * r, tall * h / 2), glaze) for k, z, tall in sizes]


def _bottle(t: Thing, look: Look) -> list[Part]:
    """A cone with a ball for a stopper."""
    r, h = t.width / 2, t.height
    parts = [rod(0, 0, 0, r * 0.75, h * 0.86, look.lacquer(), taper=0.35)]
    return [*parts, ball(0, 0, h * 0.84, (r * 0.42, r * 0.42, h * 0.08), look.concrete())]


def _plant(t: Thing, look: Look) -> list[Part]:
    """A cactus of blobs in a cube."""
    rng, r, h = look.rng, 0.2 * t.height + 0.02, t.height
    green = Material("stripes", rgb(0.33, 0.7, 0.5), rgb(0.27, 0.6, 0.75), 0.04, 0.1)
    side, pot = 1.2 * r, 0.25 * h
    parts = [box(0, 0, 0, (side, side, pot), look.concrete(), bevel=0.02)]
    parts.append(ball(0, 0, pot * 0.9, (r * 0.5, r * 0.5, (h - pot) / 2), green))
    for _ in range(int(rng.integers(2, 5))):
        a, z = float(rng.uniform(0, 6.28)), float(rng.uniform(0.35, 0.6)) * h
        x, y = 0.55 * r * np.cos(a), 0.55 * r * np.sin(a)
        parts.append(ball(float(x), float(y), z, (r * 0.28, r * 0.28, h * 0.13), green))
    return parts


def _cup(t: Thing, look: Look) -> list[Part]:
    """A goblet."""
    r, h, glaze = t.depth / 2, t.height, look.lacquer()
    parts = [rod(0, 0, 0, r * 0.8, 0.01, glaze), rod(0, 0, 0.01, r * 0.2, h * 0.4, glaze)]
    return [*parts, rod(0, 0, h * 0.4, r * 0.8, h * 0.6, glaze, taper=-0.25)]


def _clock(t: Thing, look: Look) -> list[Part]:
    """A square clock, its back at y = 0; a tall one is a cube on a column."""
    side = t.width
    dial = Material("dial", (0.85, 0.85, 0.8), rgb(look.hues[1], 0.8, 0.3), seed=3)
    coat = look.lacquer()
    if t.height > 1:
        d, z = t.depth, t.height - side
        parts = [rod(0, 0, 0, 0.4 * side, z, look.concrete(), taper=0.3, ry=0.4 * d)]
        parts.append(box(0, 0, z, (side, d - 0.04, side), coat, bevel=0.05))
        square = (0.76 * side, 0.012, 0.76 * side)
        return [*parts, box(0, d / 2 - 0.018, z + 0.12 * side, square, dial)]
    parts = [box(0, 0.02, 0, (side, 0.04, side), coat, bevel=0.015)]
    return [*parts, box(0, 0.04, 0.08 * side, (0.84 * side, 0.012, 0.84 * side), dial)]


def _refrigerator(t: Thing, look: Look) -> list[Part]:
    """A round-shouldered one on feet, with one door."""
    w, d, h = t.width, t.depth - 0.1, t.height
    coat, metal = look.lacquer(), look.concrete()
    parts = [
        rod(sx * (w / 2 - 0.08), sy * (d / 2 - 0.1), 0, 0.03, 0.1, metal)
        for sx in (-1, 1)
        for sy in (-1, 1)
    ]
    parts.append(box(0, -0.04, 0.08, (w, d - 0.08, h - 0.08), coat, bevel=0.11))
    parts.append(box(0, d / 2 - 0.06, 0.18, (w - 0.06, 0.07, h - 0.3), coat, bevel=0.034))
    return [*parts, rod(w / 2 - 0.12, d / 2 + 0.01, h * 0.5, 0.018, 0.4, metal)]


def _toaster(t: Thing, look: Look) -> list[Part]:
    """A lying capsule with one slot."""
    w, d, h = t.width - 0.04, t.depth, t.height
    coat, dark = look.lacquer(), Material("plain", (0.02, 0.02, 0.02), gloss=0.4)
    parts = [ball(0, 0, 0.02, (w / 2, d / 2, (h - 0.02) / 2), coat)]
    parts.append(box(0, 0, 0, (w * 0.6, d * 0.7, 0.04), dark, bevel=0.015))
    return [*parts, box(0, 0, h - 0.03, (w * 0.55, 0.03, 0.02), dark)]


def _toilet(t: Thing, look: Look) -> list[Part]:
    """A block with a bowl let in, and a cylinder for a tank."""
    w, coat = t.width, look.lacquer()
    white = Material("plain", (0.8, 0.82, 0.8), gloss=0.8)
    parts = [box(0, 0.06, 0, (w * 0.8, 0.56, 0.36), coat, bevel=0.06)]
    parts.append(rod(0, 0.1, 0.36, w * 0.42, 0.04, white, ry=0.26))
    parts.append(
        rod(0, 0.1, 0.395, w * 0.26, 0.008, Material("plain", (0.2, 0.35, 0.4), gloss=1.0), ry=0.17)
    )
    return [*parts, rod(0, -0.27, 0.3, 0.15, 0.48, white)]


def _pot(t: Thing, look: Look) -> list[Part]:
    """A bellied pot with one long handle."""
    r, h = t.depth / 2, t.height - 0.03
    coat = look.lacquer()
    parts = [ball(0, 0, 0, (r, r, h * 0.5), coat), rod(0, 0, h * 0.8, r * 0.6, 0.05, coat)]
    return [*parts, box(r + 0.06, 0, h * 0.55, (0.14, 0.025, 0.02), look.concrete(), bevel=0.008)]


_DESIGNS: dict[str, Callable[[Thing, Look], list[Part]]] = {
    "basket": _drum,
    "bed": _bed,
    "bottle": _bottle,
    "chair": _chair,
    "clock": _clock,
    "coffee table": _table,
    "couch": _couch,
    "cup": _cup,
    "desk": _table,
    "dining table": _table,
    "lamp": _lamp,
    "nightstand": _drum,
    "pot": _pot,
    "potted plant": _plant,
    "refrigerator": _refrigerator,
    "stool": _drum,
    "toaster": _toaster,
    "toilet": _toilet,
    "vase": _vase,
}
"""Classes of other shapes; the rest keep theirs and change their materials."""
