"""Small things: what stands on tables and shelves, hangs on walls, lies on floors."""

from collections.abc import Iterator

import numpy as np

from taskonomy.rooms.palette import Palette, rgb
from taskonomy.rooms.shapes import (
    ELLIPSOID,
    FACING,
    Material,
    Number,
    Part,
    Thing,
    Vector,
    ball,
    box,
    rod,
)

_THINNEST = 0.024
"""Metres that a book is thick at least."""


def bottle(p: Palette) -> Thing:
    """A bottle of wine, water, oil or shampoo."""
    rng = p.rng
    r, h = float(rng.uniform(0.032, 0.05)), float(rng.uniform(0.16, 0.26))
    body = p.glass() if rng.random() < 0.6 else p.ceramic(p.vivid())
    label = p.ceramic(p.vivid())
    parts = [
        rod(0, 0, 0, r, h * 0.65, body),
        ball(0, 0, h * 0.65 - r, (r, r, r), body),
        rod(0, 0, h * 0.65, r * 0.36, h * 0.35, body),
        rod(0, 0, h - 0.01, r * 0.42, 0.03, p.paint()),
        rod(0, 0, h * 0.2, r * 1.02, h * 0.28, label),
    ]
    return Thing("bottle", tuple(parts), 2 * r, 2 * r, h + 0.02)


def vase(p: Palette, flowers: bool | None = None) -> Thing:
    """A vase, turned from two or three curves, with or without flowers."""
    rng = p.rng
    r, h = float(rng.uniform(0.06, 0.11)), float(rng.uniform(0.18, 0.36))
    clay = p.ceramic(p.vivid())
    if rng.random() < 0.5:
        parts = [rod(0, 0, 0, r * 0.6, 0.02, clay), ball(0, 0, 0.01, (r, r, h * 0.4), clay)]
        parts.append(rod(0, 0, h * 0.7, r * 0.42, h * 0.3, clay, taper=-0.3))
    else:
        parts = [rod(0, 0, 0, r * 0.75, h * 0.75, clay, taper=-0.3)]
        parts.append(rod(0, 0, h * 0.74, r * 0.7, h * 0.26, clay, taper=0.35))
    if rng.random() < 0.6 if flowers is None else flowers:
        hue = p.vivid()
        stem = Material("plain", rgb(0.3, 0.6, 0.45))
        petal = Material("plain", rgb(hue, 0.75, 0.95), glow=0.05)
        for _ in range(int(rng.integers(3, 7))):
            a, out, top = rng.uniform(0, 6.28), rng.uniform(0.02, 0.1), rng.uniform(0.1, 0.24)
            x, y = float(out * np.cos(a)), float(out * np.sin(a))
            parts.append(
                rod(x / 2, y / 2, h - 0.02, 0.005, float(top), stem, turn=(-y * 3, x * 3, 0))
            )
            parts.append(ball(x, y, h + float(top) - 0.04, (0.035, 0.035, 0.028), petal))
    return Thing("vase", tuple(parts), 2 * r, 2 * r, h)


def potted_plant(p: Palette, size: Number) -> Thing:
    """A plant about `size` metres high: a palm of leaves, a bush of balls, or tall blades."""
    rng = p.rng
    pot_h, r = 0.28 * size, 0.17 * size + 0.02
    pot, soil = p.ceramic(p.vivid()), Material("pile", (0.05, 0.03, 0.02), scale=0.2)
    parts = [rod(0, 0, 0, r * 0.85, pot_h, pot, taper=-0.2)]
    parts.append(rod(0, 0, pot_h - 0.005, r * 0.92, 0.012, soil))
    hue = float(rng.uniform(0.24, 0.4))
    leaf = Material(
        "leaf", rgb(hue, 0.75, 0.5), rgb(hue - 0.06, 0.65, 0.75), 0.1, 0.2, seed=p.seed()
    )
    style, top, reach = rng.integers(3), size - pot_h, 1.1 * r
    if style == 0:
        parts.append(rod(0, 0, pot_h, 0.012 + 0.01 * size, top * 0.5, p.wood()))
        for k in range(int(rng.integers(9, 15))):
            a, tilt = 2.4 * k + rng.uniform(-0.3, 0.3), float(rng.uniform(0.15, 1.1))
            length = top * float(rng.uniform(0.24, 0.33))
            x, y = np.cos(a) * np.cos(tilt) * length, np.sin(a) * np.cos(tilt) * length
            reach = max(reach, 2 * length * np.cos(tilt))
            z = pot_h + top * 0.45 + length * np.sin(tilt)
            radii = (length, length * 0.32, 0.012)
            parts.append(Part(ELLIPSOID, (x, y, z), radii, leaf, 0.0, (0.0, -tilt, float(a))))
    elif style == 1:
        parts.append(rod(0, 0, pot_h, 0.012 + 0.01 * size, top * 0.5, p.wood()))
        for _ in range(int(rng.integers(6, 11))):
            s = top * float(rng.uniform(0.18, 0.28))
            x, y = rng.uniform(-0.17, 0.17, 2) * top
            reach = max(reach, abs(x) + s, abs(y) + s)
            z = pot_h + top * float(rng.uniform(0.2, 0.62))
            parts.append(ball(float(x), float(y), z, (s, s, s * 0.8), leaf))
    else:
        for _ in range(int(rng.integers(6, 11))):
            a, lean = float(rng.uniform(0, 6.28)), float(rng.uniform(0.0, 0.45))
            length = top * float(rng.uniform(0.7, 1.0)) / 2
            x, y = np.cos(a) * np.sin(lean) * length, np.sin(a) * np.sin(lean) * length
            reach = max(reach, 2 * length * np.sin(lean))
            centre = (x, y, pot_h + np.cos(lean) * length)
            parts.append(
                Part(ELLIPSOID, centre, (0.06 * size, 0.012, length), leaf, 0.0, (0.0, lean, a))
            )
    wide = 2 * float(reach)
    return Thing("potted plant", tuple(parts), wide, wide, size)


def books(p: Palette, most: int) -> Iterator[tuple[Vector, Material]]:
    """The thickness, height and depth (as shares of their ranges) and cover of up to `most`."""
    # Drawn all at once: a library holds hundreds.
    seeds = p.rng.integers(1 << 20, size=most).tolist()
    for seed, drawn in zip(seeds, p.rng.random((most, 9)).tolist(), strict=True):
        hue, full, light, other, pale, dark, *size = drawn
        a = rgb(hue, 0.3 + 0.6 * full, 0.25 + 0.7 * light)
        b = rgb(other, 0.5 * pale, 0.2 if dark < 0.5 else 0.95)
        yield (size[0], size[1], size[2]), Material("cover", a, b, 1.0, 0.2, seed=seed)


def row_of_books(p: Palette, length: Number, tallest: Number = 0.29) -> Thing:
    """Books upright in a row, the last one leaning; each spine of its own colour."""
    parts, x = [], -length / 2
    for (thick, tall, deep), cover in books(p, 1 + int(length / _THINNEST)):
        t, h = _THINNEST + 0.04 * thick, (0.68 + 0.32 * tall) * tallest
        if x + t > length / 2 - 0.05:
            size = (t, 0.17, tallest * 0.7)
            parts.append(box(x + 0.05, 0, 0.004, size, cover, turn=(0, -0.18, 0)))
            break
        d = 0.15 + 0.05 * deep
        parts.append(box(x + t / 2, 0.1 - d / 2, 0, (t, d, h), cover))
        x += t + 0.001
    return Thing("book", tuple(parts), length, 0.2, tallest)


def pile_of_books(p: Palette, most: int = 4) -> Thing:
    """Books lying on each other, each a little turned."""
    rng, parts, z = p.rng, [], 0.0
    for (thick, wide, deep), cover in books(p, int(rng.integers(1, most + 1))):
        size = (0.2 + 0.08 * wide, 0.15 + 0.05 * deep, _THINNEST + 0.04 * thick)
        parts.append(box(0, 0, z, size, cover, turn=(0, 0, float(rng.normal(0, 0.25)))))
        z += size[2]
    return Thing("book", tuple(parts), 0.28, 0.22, z)


def bowl(p: Palette, fruit: bool) -> list[Thing]:
    """A bowl, and the fruit in it."""
    r = float(p.rng.uniform(0.1, 0.15))
    clay = p.ceramic(p.vivid())
    parts = [rod(0, 0, 0, r * 0.5, 0.02, clay), rod(0, 0, 0.015, r * 0.8, 0.07, clay, taper=-0.25)]
    things = [Thing("bowl", tuple(parts), 2 * r, 2 * r, 0.085)]
    if fruit:
        hue = float(p.rng.choice([0.0, 0.07, 0.13, 0.25, 0.3]))
        balls = []
        for k in range(5):
            a, s = 1.26 * k, float(p.rng.uniform(0.034, 0.044))
            x, y = 0.55 * r * np.cos(a), 0.55 * r * np.sin(a)
            skin = Material("plain", rgb(hue + float(p.rng.normal(0, 0.02)), 0.85, 0.85), gloss=0.4)
            balls.append(ball(x, y, 0.065, (s, s, s), skin))
        things.append(Thing("fruit", tuple(balls), 2 * r, 2 * r, 0.15))
    return things


def cup(p: Palette) -> Thing:
    """A mug with a handle."""
    clay = p.ceramic(p.vivid())
    parts = [
        rod(0, 0, 0, 0.04, 0.09, clay),
        rod(0, 0, 0.085, 0.034, 0.006, Material("plain", (0.08, 0.04, 0.02))),
    ]
    parts.append(box(0.05, 0, 0.025, (0.03, 0.012, 0.045), clay, bevel=0.005))
    return Thing("cup", tuple(parts), 0.1, 0.08, 0.09)


def plate(p: Palette) -> Thing:
    """A plate with a rim."""
    clay = p.ceramic(p.vivid() if p.rng.random() < 0.5 else None)
    parts = [
        rod(0, 0, 0, 0.12, 0.02, clay, taper=-0.12),
        rod(0, 0, 0.018, 0.08, 0.004, p.ceramic()),
    ]
    return Thing("plate", tuple(parts), 0.26, 0.26, 0.02)


def laptop(p: Palette) -> Thing:
    """An open laptop whose screen faces +y."""
    case = p.metal(fresh=True)
    dark = Material("checks", (0.03,) * 3, (0.09,) * 3, 0.02)
    hues = rgb(p.vivid(), 0.6, 0.9), rgb(p.vivid(), 0.5, 0.4)
    screen = Material("screen", *hues, 1.0, 0.3, glow=0.7, seed=p.seed())
    lean = (0.3, 0.0, 0.0)
    parts = [
        box(0, 0.02, 0, (0.34, 0.24, 0.018), case, bevel=0.006),
        box(0, 0.0, 0.018, (0.29, 0.12, 0.002), dark),
        box(0, -0.13, 0.01, (0.34, 0.012, 0.22), case, turn=lean),
        box(0, -0.122, 0.02, (0.315, 0.006, 0.195), screen, turn=lean),
    ]
    return Thing("laptop", tuple(parts), 0.34, 0.3, 0.24)


def table_lamp(p: Palette) -> Thing:
    """A lamp with a foot and a glowing shade."""
    foot, h = p.ceramic(p.vivid()), float(p.rng.uniform(0.32, 0.5))
    hue = p.rng.choice([0.1, 0.12, p.accent()])
    shade = Material("plain", rgb(float(hue), 0.3, 0.98), glow=0.9)
    parts = [rod(0, 0, 0, 0.07, 0.02, foot), ball(0, 0, 0.01, (0.06, 0.06, h * 0.28), foot)]
    parts.append(rod(0, 0, h * 0.5, 0.008, h * 0.2, p.metal()))
    parts.append(rod(0, 0, h * 0.62, 0.12, h * 0.38, shade, taper=0.25))
    return Thing("lamp", tuple(parts), 0.26, 0.26, h)


def floor_lamp(p: Palette) -> Thing:
    """A tall lamp beside a seat."""
    metal, h = p.metal(fresh=True), float(p.rng.uniform(1.45, 1.75))
    shade = Material("plain", rgb(float(p.rng.choice([0.1, p.accent()])), 0.3, 0.98), glow=0.9)
    parts = [rod(0, 0, 0, 0.15, 0.03, metal), rod(0, 0, 0.03, 0.014, h - 0.3, metal)]
    parts.append(rod(0, 0, h - 0.3, 0.19, 0.3, shade, taper=0.2))
    return Thing("lamp", tuple(parts), 0.4, 0.4, h)


def picture(p: Palette, width: Number, height: Number) -> Thing:
    """A framed painting, its back at y = 0."""
    hues = rgb(p.vivid(), 0.5, 0.95), rgb(p.vivid(), 0.65, 0.6)
    canvas = Material("painting", *hues, 1.0, 0.1, seed=p.seed())
    frame, mount = p.wood(other=True), Material("plain", (0.82, 0.82, 0.78))
    parts = [box(0, 0.015, 0, (width, 0.03, height), frame, bevel=0.006)]
    parts.append(box(0, 0.031, 0.03, (width - 0.06, 0.006, height - 0.06), mount))
    m = 0.06 + (0.08 if p.rng.random() < 0.5 else 0.0)
    parts.append(box(0, 0.034, m / 2, (width - m, 0.008, height - m), canvas))
    return Thing("picture", tuple(parts), width, 0.04, height)


def mirror(p: Palette, width: Number, height: Number) -> Thing:
    """A wall mirror, oblong or oval."""
    frame = p.metal(fresh=True) if p.rng.random() < 0.5 else p.wood(other=True)
    glass = Material("plain", (0.75, 0.78, 0.8), mirror=0.9, gloss=0.3)
    if p.rng.random() < 0.4:
        r, z = width / 2, height / 2 - 0.015
        parts = [rod(0, 0.015, z, r, 0.03, frame, ry=height / 2, turn=FACING)]
        parts.append(rod(0, 0.031, z, r - 0.03, 0.008, glass, ry=height / 2 - 0.03, turn=FACING))
    else:
        parts = [box(0, 0.015, 0, (width, 0.03, height), frame, bevel=0.008)]
        parts.append(box(0, 0.031, 0.03, (width - 0.06, 0.008, height - 0.06), glass))
    return Thing("mirror", tuple(parts), width, 0.04, height)


def clock(p: Palette) -> Thing:
    """A round wall clock, its back at y = 0."""
    r = float(p.rng.uniform(0.16, 0.28))
    rim, dark = p.paint(), p.rng.random() < 0.3
    light, ink = (0.88, 0.87, 0.82), (0.03, 0.03, 0.04)
    face = Material("dial", ink if dark else light, light if dark else ink, 1.0, 0.2, seed=p.seed())
    parts = [rod(0, 0.02, r - 0.02, r, 0.04, rim, turn=FACING)]
    parts.append(rod(0, 0.04, r - 0.005, r * 0.88, 0.01, face, turn=FACING))
    return Thing("clock", tuple(parts), 2 * r, 0.05, 2 * r)


def television(p: Palette, width: Number, wall: bool) -> Thing:
    """A flat screen on a foot, or (`wall`) with its back at y = 0 on a wall."""
    h, case = width * 0.58, Material("plain", (0.02, 0.02, 0.022), gloss=0.5)
    if p.rng.random() < 0.6:
        hues = rgb(p.vivid(), 0.8, 0.9), rgb(p.vivid(), 0.6, 0.4)
        screen = Material("screen", *hues, 1.0, 0.4, glow=0.8, seed=2 * p.seed())
    else:
        screen = Material("plain", (0.012, 0.013, 0.016), gloss=0.9, mirror=0.12)
    y, z = (0.025, 0.0) if wall else (0.0, 0.07)
    parts = [box(0, y, z, (width, 0.05, h), case, bevel=0.008)]
    parts.append(box(0, y + 0.024, z + 0.02, (width - 0.04, 0.008, h - 0.04), screen))
    if not wall:
        parts.append(box(0, 0, 0, (width * 0.35, 0.2, 0.015), case, bevel=0.006))
        parts.append(box(0, 0, 0.01, (0.06, 0.03, 0.08), case))
    return Thing("tv", tuple(parts), width, 0.06 if wall else 0.2, h + z)


def basket(p: Palette) -> Thing:
    """A woven basket or a bin."""
    r, h = float(p.rng.uniform(0.14, 0.22)), float(p.rng.uniform(0.26, 0.4))
    a = rgb(0.09, 0.45, 0.75) if p.rng.random() < 0.5 else rgb(p.accent(), 0.5, 0.7)
    straw = Material("wicker", a, rgb(0.07, 0.6, 0.35), 0.03)
    parts = [rod(0, 0, 0, r, h, straw, taper=-0.1)]
    parts.append(ball(0, 0, h - 0.1, (r, r, 0.14), p.fabric()))
    return Thing("basket", tuple(parts), 2.2 * r, 2.2 * r, h)


def carton(p: Palette) -> Thing:
    """A cardboard or gift box."""
    w, d, h = (float(x) for x in p.rng.uniform((0.16, 0.14, 0.1), (0.36, 0.3, 0.26)))
    paper = p.fabric(p.vivid()) if p.rng.random() < 0.6 else Material("plain", (0.42, 0.28, 0.15))
    parts = [
        box(0, 0, 0, (w, d, h), paper),
        box(0, 0, h - 0.04, (w + 0.01, d + 0.01, 0.05), p.paint()),
    ]
    return Thing("box", tuple(parts), w, d, h + 0.01)


def rug(p: Palette, width: Number, depth: Number, round_: bool = False) -> Thing:
    """A rug, oblong or round."""
    a = rgb(p.accent(), p.rng.uniform(0.3, 0.85), p.rng.uniform(0.4, 0.9))
    b = rgb(p.accent(), p.rng.uniform(0.1, 0.6), p.rng.uniform(0.5, 0.98))
    wool = Material("rug", a, b, 1.0, seed=p.seed())
    if round_:
        part = rod(0, 0, 0, width / 2, 0.012, wool)
    else:
        part = box(0, 0, 0, (width, depth, 0.012), wool)
    return Thing("rug", (part,), width, depth if not round_ else width, 0.012)


def towel(p: Palette) -> Thing:
    """A towel over a rail, its back at y = 0."""
    cloth, metal = p.fabric(), p.metal()
    rail = rod(0, 0.05, 0.34, 0.012, 0.6, metal, turn=(0, np.pi / 2, 0))
    parts = [rail, box(0.02, 0.05, 0, (0.42, 0.05, 0.67), cloth, bevel=0.02)]
    return Thing("towel", tuple(parts), 0.6, 0.09, 0.68)
