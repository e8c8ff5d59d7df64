"""Tables, desks and what stores things: night stands, cabinets, armoires, book cases, shelves."""

import numpy as np

from taskonomy.rooms.palette import Palette
from taskonomy.rooms.seats import legs
from taskonomy.rooms.shapes import Material, Number, Part, Thing, Top, Vector, box, rod


def dining_table(p: Palette, wood: Material, seats: int) -> Thing:
    """A table for `seats`: round on a column, or oblong on legs or trestles."""
    rng = p.rng
    h = 0.75
    if seats <= 4 and rng.random() < 0.45:
        r = 0.5 if seats < 4 else 0.62
        column, cloth = p.metal() if rng.random() < 0.3 else wood, rng.random() < 0.3
        parts = [
            rod(0, 0, 0, 0.28, 0.04, column),
            rod(0, 0, 0.03, 0.06, h - 0.06, column, taper=0.3),
        ]
        parts.append(rod(0, 0, h - 0.04, r, 0.04, p.fabric() if cloth else wood))
        return Thing("dining table", tuple(parts), 2 * r, 2 * r, h, (Top(0, 0, h, r, r),))
    w, d = (1.2, 0.8) if seats <= 4 else (1.75, 0.92) if seats <= 6 else (2.3, 1.0)
    parts = [box(0, 0, h - 0.04, (w, d, 0.04), wood, bevel=0.012)]
    if rng.random() < 0.7:
        parts += legs(w - 0.06, d - 0.06, h - 0.04, 0.075, wood)
        parts.append(box(0, 0, h - 0.12, (w - 0.16, d - 0.16, 0.08), wood))
    else:
        for s in (-1, 1):
            x = s * (w / 2 - 0.2)
            parts.append(box(x, 0, 0, (0.08, d * 0.8, 0.05), wood))
            parts.append(box(x, 0, 0.04, (0.1, 0.14, h - 0.08), wood))
        parts.append(box(0, 0, 0.3, (w - 0.4, 0.05, 0.1), wood))
    if rng.random() < 0.35:
        runner = p.fabric()
        parts.append(box(0, 0, h, (w * 0.9, d * 0.35, 0.006), runner))
    top = Top(0, 0, h + 0.006, w * 0.85, d * 0.75)
    return Thing("dining table", tuple(parts), w, d, h, (top,))


def coffee_table(p: Palette) -> Thing:
    """A low table: round, or oblong with a shelf below."""
    rng = p.rng
    top_material = p.wood() if rng.random() < 0.6 else p.stone()
    h = float(rng.uniform(0.36, 0.46))
    if rng.random() < 0.4:
        r = float(rng.uniform(0.36, 0.5))
        parts = [rod(0, 0, h - 0.04, r, 0.04, top_material)]
        parts += legs(1.3 * r, 1.3 * r, h - 0.04, 0.04, p.metal())
        return Thing("coffee table", tuple(parts), 2 * r, 2 * r, h, (Top(0, 0, h, r, r),))
    w, d = float(rng.uniform(0.85, 1.2)), 0.55
    parts = [box(0, 0, h - 0.05, (w, d, 0.05), top_material, bevel=0.015)]
    parts += legs(w, d, h - 0.05, 0.05, p.metal() if rng.random() < 0.4 else p.wood())
    parts.append(box(0, 0, 0.12, (w - 0.1, d - 0.1, 0.025), p.wood()))
    return Thing("coffee table", tuple(parts), w, d, h, (Top(0, 0, h, w * 0.8, d * 0.7),))


def desk(p: Palette) -> Thing:
    """A desk with a block of drawers; who sits at it faces -y."""
    rng = p.rng
    w, d, h = float(rng.uniform(1.15, 1.6)), 0.65, 0.74
    top, body = p.wood(), p.wood(other=True)
    parts = [box(0, 0, h - 0.035, (w, d, 0.035), top, bevel=0.01)]
    s = float(rng.choice([-1, 1]))
    parts += drawers(p, s * (w / 2 - 0.22), 0, 0.05, (0.4, d - 0.06, h - 0.09), body, 3)
    x = -s * (w / 2 - 0.04)
    parts += [rod(x, y, 0, 0.025, h - 0.035, p.metal()) for y in (-d / 2 + 0.05, d / 2 - 0.05)]
    parts.append(box(0, -d / 2 + 0.03, 0.35, (w - 0.1, 0.02, 0.36), body))
    return Thing("desk", tuple(parts), w, d, h, (Top(0, 0, h, w * 0.85, d * 0.7),))


def drawers(
    p: Palette,
    x: Number,
    y: Number,
    z: Number,
    size: Vector,
    body: Material,
    rows: int,
    columns: int = 1,
    doors: bool = False,
) -> list[Part]:
    """A block with fronts that stand out a little, each with a knob or a bar."""
    w, d, h = size
    front = body if p.rng.random() < 0.5 else p.paint()
    metal, bar = p.metal(fresh=True), p.rng.random() < 0.5
    parts = [box(x, y, z, (w, d, h), body)]
    fw, fh = w / columns, h / rows
    for i in range(columns):
        for j in range(rows):
            cx, cz = x + (i + 0.5) * fw - w / 2, z + j * fh + 0.01
            face = y + d / 2
            panel = (fw - 0.02, 0.02, fh - 0.02)
            parts.append(box(cx, face + 0.008, cz, panel, front, bevel=0.006))
            knob_z = cz + fh * (0.5 if not doors else 0.45)
            knob_x = cx + (fw * 0.38 * (1 if i % 2 == 0 else -1) if doors else 0)
            if bar:
                long = (0.014, 0.02, 0.14) if doors else (min(0.14, fw * 0.4), 0.02, 0.014)
                parts.append(box(knob_x, face + 0.03, knob_z, long, metal))
            else:
                turn = (np.pi / 2, 0.0, 0.0)
                parts.append(rod(knob_x, face + 0.03, knob_z, 0.014, 0.03, metal, turn=turn))
    return parts


def nightstand(p: Palette) -> Thing:
    """A small block of two drawers on legs."""
    w, d, h = 0.45, 0.38, 0.52
    parts = legs(w, d, 0.12, 0.04, p.wood())
    parts += drawers(p, 0, 0, 0.12, (w, d, h - 0.12), p.wood(other=True), 2)
    return Thing("nightstand", tuple(parts), w, d + 0.05, h, (Top(0, 0, h, w * 0.8, d * 0.8),))


def dresser(p: Palette, width: Number, low: bool = False) -> Thing:
    """A chest of drawers or a sideboard."""
    d, h = 0.44, 0.6 if low else float(p.rng.uniform(0.8, 1.0))
    columns = max(1, round(width / 0.5))
    doors = p.rng.random() < 0.4
    body = p.wood(other=True)
    parts = legs(width, d, 0.1, 0.05, p.wood())
    rows = 1 if doors else (2 if low else 3)
    parts += drawers(p, 0, 0, 0.1, (width, d, h - 0.13), body, rows, columns, doors)
    parts.append(box(0, 0, h - 0.03, (width + 0.03, d + 0.03, 0.03), p.wood(), bevel=0.01))
    top = Top(0, 0, h, width * 0.85, d * 0.75)
    return Thing("cabinet", tuple(parts), width + 0.03, d + 0.08, h, (top,))


def armoire(p: Palette) -> Thing:
    """A tall wardrobe with two doors, one of which may be a mirror."""
    w, d, h = float(p.rng.uniform(1.0, 1.5)), 0.58, float(p.rng.uniform(1.9, 2.15))
    body = p.wood(other=True)
    parts = [box(0, 0, 0, (w - 0.04, d - 0.06, 0.08), body)]
    parts += drawers(p, 0, 0, 0.08, (w, d - 0.04, h - 0.08), body, 1, 2, doors=True)
    if p.rng.random() < 0.4:
        mirror = Material("plain", (0.7, 0.73, 0.75), mirror=0.9, gloss=0.5)
        parts.append(box(-w / 4, d / 2 + 0.002, 0.35, (w / 2 - 0.16, 0.012, h - 0.6), mirror))
    parts.append(box(0, 0.01, h, (w + 0.04, d, 0.04), body, bevel=0.01))
    return Thing("armoire", tuple(parts), w + 0.04, d + 0.04, h + 0.04)


def bookcase(p: Palette, width: Number, height: Number) -> Thing:
    """Open shelves; its boards are `tops` from the lowest up, for books and small things."""
    d, wood, t = 0.32, p.wood(other=True), 0.025
    parts = [box(s * (width / 2 - t / 2), 0, 0, (t, d, height), wood) for s in (-1, 1)]
    parts.append(box(0, -d / 2 + 0.008, 0, (width - 2 * t, 0.012, height), wood))
    levels = max(2, round(height / 0.36))
    tops = []
    for k in range(levels + 1):
        z = 0.05 + k * (height - 0.05 - t) / levels
        parts.append(box(0, 0, z, (width - 2 * t, d, t), wood))
        if k < levels:
            tops.append(Top(0, 0.02, z + t, width - 2 * t - 0.02, d - 0.06))
    tops.append(Top(0, 0, height, width * 0.8, d * 0.7))
    return Thing("bookcase", tuple(parts), width, d, height, tuple(tops))


def wall_shelf(p: Palette, width: Number) -> Thing:
    """A board on two brackets."""
    wood, metal = p.wood(other=True), p.metal()
    parts = [box(0, 0, 0.06, (width, 0.22, 0.03), wood, bevel=0.006)]
    parts += [box(s * width * 0.35, -0.06, 0, (0.02, 0.1, 0.06), metal) for s in (-1, 1)]
    return Thing("shelf", tuple(parts), width, 0.22, 0.09, (Top(0, 0, 0.09, width * 0.9, 0.14),))
