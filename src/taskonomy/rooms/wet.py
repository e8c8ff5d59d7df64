"""Kitchens and bathrooms: counters and appliances, basins, baths and toilets."""

import numpy as np

from taskonomy.rooms.palette import Palette, rgb
from taskonomy.rooms.seats import legs
from taskonomy.rooms.shapes import Material, Number, Part, Thing, Top, ball, box, rod
from taskonomy.rooms.tables import drawers

COUNTER_HEIGHT = 0.9
_DARK = Material("plain", (0.015, 0.015, 0.018), gloss=0.8, mirror=0.1)


def counter(p: Palette, width: Number, body: Material, stone: Material) -> Thing:
    """A base cabinet with a worktop."""
    d, h = 0.6, COUNTER_HEIGHT
    columns = max(1, round(width / 0.5))
    doors = p.rng.random() < 0.6
    parts = [box(0, -0.03, 0, (width, d - 0.08, 0.1), _DARK)]
    rows = 1 if doors else 3
    parts += drawers(p, 0, -0.01, 0.1, (width, d - 0.04, h - 0.14), body, rows, columns, doors)
    parts.append(box(0, 0.01, h - 0.04, (width, d + 0.02, 0.04), stone, bevel=0.008))
    top = Top(0, 0.02, h, width * 0.9, 0.42)
    return Thing("counter", tuple(parts), width, d + 0.04, h, (top,))


def wall_cabinet(p: Palette, width: Number, body: Material) -> Thing:
    """A cabinet that hangs above a counter, its back at y = 0."""
    columns = max(1, round(width / 0.45))
    parts = drawers(p, 0, 0.17, 0, (width, 0.34, 0.65), body, 1, columns, doors=True)
    return Thing("cabinet", tuple(parts), width, 0.38, 0.65)


def _finish(p: Palette) -> Material:
    """What appliances are made of: steel, white, black or a bright enamel."""
    choice = p.rng.integers(4)
    if choice == 0:
        return p.metal()
    if choice == 1:
        return p.ceramic()
    if choice == 2:
        return Material("plain", (0.04, 0.04, 0.045), gloss=0.7)
    return Material("plain", rgb(p.vivid(), 0.6, 0.75), gloss=0.7)


def oven(p: Palette) -> Thing:
    """A cooker: hob with rings, knobs, a glass door with a handle."""
    w, d, h = 0.6, 0.6, COUNTER_HEIGHT
    body, metal = _finish(p), p.metal(fresh=True)
    parts = [box(0, 0, 0, (w, d, h - 0.03), body, bevel=0.01)]
    parts.append(box(0, 0, h - 0.03, (w, d, 0.03), _DARK, bevel=0.008))
    face = d / 2
    parts.append(box(0, face + 0.005, 0.22, (w - 0.08, 0.02, 0.42), _DARK, bevel=0.008))
    turn = (0.0, np.pi / 2, 0.0)
    parts.append(rod(0, face + 0.045, 0.66 - 0.23, 0.014, w - 0.12, metal, turn=turn))
    for k in range(5):
        x = (k - 2) * 0.1
        parts.append(rod(x, face + 0.015, 0.765, 0.02, 0.03, metal, turn=(np.pi / 2, 0, 0)))
    for x, y, r in (
        (-0.14, -0.13, 0.09),
        (0.14, -0.13, 0.075),
        (-0.14, 0.13, 0.075),
        (0.14, 0.13, 0.09),
    ):
        ring = Material("plain", (0.3, 0.05, 0.03), glow=0.3) if p.rng.random() < 0.2 else metal
        parts.append(rod(x, y, h, r, 0.008, ring))
        parts.append(rod(x, y, h + 0.004, r * 0.7, 0.008, _DARK))
    parts.append(box(0, 0.02 - face, h, (w, 0.03, 0.12), body))
    return Thing("oven", tuple(parts), w, d + 0.1, h + 0.1)


def range_hood(p: Palette) -> Thing:
    """A hood above the hob, its back at y = 0."""
    metal = p.metal()
    parts = [rod(0, 0.24, 0, 0.42, 0.22, metal, taper=0.4, ry=0.24)]
    parts.append(box(0, 0.15, 0.2, (0.26, 0.24, 0.6), metal))
    return Thing("range hood", tuple(parts), 0.6, 0.48, 0.8)


def refrigerator(p: Palette) -> Thing:
    """A tall refrigerator with two doors, handles and notes held by magnets."""
    rng = p.rng
    w, d, h = float(rng.uniform(0.7, 0.95)), 0.68, float(rng.uniform(1.7, 2.05))
    body, metal = _finish(p), p.metal(fresh=True)
    split = h * float(rng.choice([0.35, 0.66]))
    parts = [box(0, -0.03, 0.02, (w, d - 0.08, h - 0.02), body, bevel=0.02)]
    face = d / 2 - 0.04
    for z, tall in ((0.04, split - 0.05), (split + 0.005, h - split - 0.02)):
        parts.append(box(0, face, z, (w - 0.004, 0.07, tall), body, bevel=0.025))
        z_bar = z + 0.1 if z > 0.5 else z + tall - 0.5
        parts.append(box(-w / 2 + 0.06, face + 0.06, z_bar, (0.02, 0.02, 0.38), metal, bevel=0.008))
    for _ in range(int(rng.integers(0, 5))):
        x, z = float(rng.uniform(-0.12, 0.24)), float(rng.uniform(split + 0.1, h - 0.3))
        note = Material("plain", rgb(p.vivid(), 0.4, 0.95))
        parts.append(box(x, face + 0.036, z, (0.1, 0.006, 0.12), note))
    return Thing("refrigerator", tuple(parts), w, d + 0.1, h, (Top(0, 0, h, w * 0.7, 0.4),))


def microwave(p: Palette) -> Thing:
    """A microwave oven with a window, a keypad and a handle."""
    body, metal = _finish(p), p.metal(fresh=True)
    parts = [box(0, 0, 0.012, (0.5, 0.36, 0.28), body, bevel=0.012)]
    parts.append(box(-0.06, 0.18, 0.05, (0.34, 0.016, 0.2), _DARK, bevel=0.004))
    parts.append(box(0.125, 0.2, 0.05, (0.018, 0.03, 0.2), metal, bevel=0.006))
    for j in range(3):
        for i in range(2):
            parts.append(box(0.175 + 0.035 * i, 0.183, 0.06 + 0.05 * j, (0.024, 0.01, 0.03), metal))
    light = Material("plain", (0.1, 0.9, 0.5), glow=0.9)
    parts.append(box(0.193, 0.183, 0.22, (0.07, 0.01, 0.035), light))
    return Thing("microwave", tuple(parts), 0.5, 0.4, 0.29)


def toaster(p: Palette) -> Thing:
    """A rounded toaster with two slots, a lever and sometimes toast."""
    body = (
        _finish(p)
        if p.rng.random() < 0.5
        else Material("plain", rgb(p.vivid(), 0.7, 0.85), gloss=0.8)
    )
    parts = [box(0, 0, 0.01, (0.3, 0.18, 0.19), body, bevel=0.05)]
    parts += [box(0, y, 0.185, (0.22, 0.03, 0.018), _DARK) for y in (-0.04, 0.04)]
    if p.rng.random() < 0.5:
        bread = Material("plaster", (0.5, 0.28, 0.1), (0.3, 0.14, 0.05), 0.05)
        parts += [box(0, y, 0.12, (0.13, 0.02, 0.12), bread, bevel=0.009) for y in (-0.04, 0.04)]
    parts.append(box(0.155, 0, 0.1, (0.03, 0.04, 0.02), _DARK))
    return Thing("toaster", tuple(parts), 0.33, 0.2, 0.2)


def pot(p: Palette) -> Thing:
    """A cooking pot with lid and handles."""
    enamel = p.metal(fresh=True) if p.rng.random() < 0.5 else p.ceramic(p.vivid())
    r, h = 0.11, float(p.rng.uniform(0.1, 0.16))
    parts = [rod(0, 0, 0, r, h, enamel), rod(0, 0, h, r * 1.03, 0.015, enamel, taper=0.1)]
    parts.append(ball(0, 0, h + 0.012, (0.018, 0.018, 0.018), _DARK))
    parts += [box(s * (r + 0.02), 0, h * 0.7, (0.05, 0.05, 0.015), _DARK) for s in (-1, 1)]
    return Thing("pot", tuple(parts), 2 * r + 0.1, 2 * r, h + 0.05)


def _tap(x: Number, y: Number, z: Number, metal: Material) -> list[Part]:
    return [
        rod(x, y, z, 0.018, 0.22, metal),
        rod(x, y + 0.07, z + 0.13, 0.014, 0.16, metal, turn=(np.pi / 2, 0, 0)),
        rod(x, y + 0.15, z + 0.17, 0.014, 0.05, metal),
        rod(x + 0.07, y, z, 0.016, 0.06, metal),
    ]


def sink(p: Palette, kitchen: bool) -> Thing:
    """A basin to stand on a counter or a cabinet: walls, floor, drain and tap."""
    metal = p.metal()
    basin = metal if kitchen and p.rng.random() < 0.6 else p.ceramic()
    w, d, h = (0.58, 0.42, 0.07) if kitchen else (0.46, 0.36, 0.13)
    if not kitchen and p.rng.random() < 0.5:
        parts = [rod(0, 0.02, 0, w / 2, h, basin, taper=-0.12, ry=d / 2)]
        inside = Material("plain", (0.55, 0.57, 0.58), gloss=0.8)
        parts.append(rod(0, 0.02, h - 0.002, w / 2 - 0.02, 0.006, inside, ry=d / 2 - 0.02))
        parts.append(rod(0, 0.02, h + 0.002, 0.025, 0.006, metal))
    else:
        t = 0.025
        parts = [box(s * (w - t) / 2, 0.02, 0, (t, d, h), basin, bevel=0.01) for s in (-1, 1)]
        parts += [box(0, 0.02 + s * (d - t) / 2, 0, (w, t, h), basin, bevel=0.01) for s in (-1, 1)]
        parts.append(box(0, 0.02, 0.0, (w - t, d - t, 0.012), basin))
        parts.append(rod(0, 0.02, 0.01, 0.03, 0.006, _DARK))
    parts += _tap(0, -d / 2 - 0.02, 0, metal)
    return Thing("sink", tuple(parts), w, d + 0.08, 0.22)


def washstand(p: Palette) -> Thing:
    """Two basins in one long trough with a splash board, on legs."""
    white, metal = p.ceramic() if p.rng.random() < 0.7 else p.ceramic(p.accent()), p.metal()
    w, d, h = float(p.rng.uniform(1.1, 1.3)), 0.5, 0.86
    inside = Material("plain", (0.5, 0.52, 0.54), gloss=0.8)
    parts = legs(w, d, h - 0.3, 0.06, metal)
    parts.append(box(0, 0, h - 0.34, (w, d, 0.34), white, bevel=0.05))
    parts.append(box(0, 0.02 - d / 2, h - 0.05, (w, 0.04, 0.3), white, bevel=0.015))
    for s in (-1, 1):
        x = s * w / 4
        parts.append(rod(x, 0.03, h - 0.004, w / 4 - 0.06, 0.008, inside, ry=0.17))
        parts.append(rod(x, 0.03, h + 0.002, 0.025, 0.006, _DARK))
        parts += _tap(x, 0.09 - d / 2, h - 0.01, metal)
    return Thing("sink", tuple(parts), w, d, h + 0.25)


def pedestal_sink(p: Palette) -> Thing:
    """A wash basin on its own column."""
    white, metal = p.ceramic(), p.metal()
    inside = Material("plain", (0.5, 0.52, 0.54), gloss=0.8)
    parts = [rod(0, -0.06, 0, 0.1, 0.68, white, taper=0.15)]
    parts.append(rod(0, 0, 0.66, 0.28, 0.17, white, taper=-0.15, ry=0.22))
    parts.append(rod(0, 0.02, 0.828, 0.25, 0.006, inside, ry=0.17))
    parts.append(rod(0, 0.02, 0.832, 0.025, 0.006, metal))
    parts += _tap(0, -0.18, 0.82, metal)
    return Thing("sink", tuple(parts), 0.62, 0.46, 0.95)


def toilet(p: Palette) -> Thing:
    """A toilet: foot, bowl, seat, tank with a button; the lid up or down."""
    white = p.ceramic() if p.rng.random() < 0.8 else p.ceramic(p.accent())
    seat = white if p.rng.random() < 0.6 else p.wood()
    water = Material("plain", (0.3, 0.42, 0.48), gloss=1.0)
    parts = [rod(0, -0.02, 0, 0.14, 0.3, white, taper=-0.1, ry=0.2)]
    parts.append(rod(0, 0.08, 0.2, 0.19, 0.19, white, taper=-0.18, ry=0.26))
    if p.rng.random() < 0.5:
        parts.append(rod(0, 0.08, 0.39, 0.2, 0.025, seat, ry=0.27))
        parts.append(rod(0, 0.1, 0.414, 0.12, 0.004, water, ry=0.18))
        parts.append(rod(0, -0.17, 0.64 - 0.01, 0.19, 0.025, seat, ry=0.22, turn=(1.42, 0, 0)))
    else:
        parts.append(rod(0, 0.08, 0.39, 0.205, 0.04, seat, ry=0.275))
    parts.append(box(0, -0.28, 0.36, (0.42, 0.18, 0.4), white, bevel=0.04))
    parts.append(box(0, -0.28, 0.75, (0.44, 0.2, 0.03), white, bevel=0.012))
    parts.append(rod(0, -0.28, 0.78, 0.025, 0.012, p.metal()))
    return Thing("toilet", tuple(parts), 0.46, 0.76, 0.9, (Top(0.08, -0.28, 0.78, 0.2, 0.1),))


def bathtub(p: Palette) -> Thing:
    """A bath with water or without, and a tap."""
    w, d, h, t = 1.6, 0.74, 0.56, 0.09
    white = p.ceramic() if p.rng.random() < 0.6 else p.ceramic(p.accent())
    parts = [box(s * (w - t) / 2, 0, 0, (t, d, h), white, bevel=0.035) for s in (-1, 1)]
    parts += [box(0, s * (d - t) / 2, 0, (w, t, h), white, bevel=0.035) for s in (-1, 1)]
    water = Material("marble", (0.32, 0.5, 0.56), (0.5, 0.66, 0.7), 0.4, 1.0, mirror=0.1)
    full = p.rng.random() < 0.5
    level = 0.38 if full else 0.1
    parts.append(box(0, 0, 0.02, (w - 1.6 * t, d - 1.6 * t, level), water if full else white))
    parts += _tap(w / 2 - 0.06, -d / 4, h - 0.01, p.metal())
    return Thing("bathtub", tuple(parts), w, d, h)


def shower(p: Palette) -> Thing:
    """A tray with a column, a head and a curtain along one side."""
    metal, w = p.metal(), 0.85
    parts = [
        box(0, 0, 0, (w, w, 0.08), p.ceramic(), bevel=0.02),
        rod(0, 0.05, 0.08, 0.04, 0.006, metal),
    ]
    parts += [
        rod(0, -w / 2 + 0.05, 0.8, 0.014, 1.3, metal),
        rod(0, -w / 2 + 0.15, 2.02, 0.11, 0.03, metal),
    ]
    parts.append(box(0, -w / 2 + 0.1, 2.05, (0.03, 0.14, 0.03), metal))
    cloth = p.fabric()
    for k in range(7):
        x = -w / 2 + 0.03
        parts.append(rod(x, -w / 2 + 0.05 + 0.045 * k, 0.15, 0.026, 1.8, cloth))
    return Thing("shower", tuple(parts), w, w, 2.1)
