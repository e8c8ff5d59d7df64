"""Tall things that have a class of their own: what is seen at the height of the eyes."""

import numpy as np

from taskonomy.rooms.palette import Palette, rgb
from taskonomy.rooms.seats import bed
from taskonomy.rooms.shapes import (
    ELLIPSOID,
    FACING,
    Material,
    Number,
    Part,
    Thing,
    Top,
    ball,
    box,
    rod,
)

_GLASS = Material("plain", (0.02, 0.02, 0.025), gloss=0.9, mirror=0.1)


def longcase_clock(p: Palette) -> Thing:
    """A clock as tall as a person: foot, trunk with a pendulum behind glass, hood with the dial."""
    rng = p.rng
    w, d, h = float(rng.uniform(0.44, 0.56)), 0.3, float(rng.uniform(1.9, 2.2))
    wood, brass = p.wood(other=True), p.metal(fresh=True)
    light, ink = (0.88, 0.86, 0.78), (0.03, 0.03, 0.04)
    dial = Material("dial", light, ink, 1.0, 0.2, seed=p.seed())
    foot, hood = 0.42, w + 0.06
    trunk = h - foot - hood
    parts = [box(0, 0, 0, (w, d, foot), wood, bevel=0.02)]
    parts.append(box(0, 0, foot, (w - 0.1, d - 0.06, trunk), wood))
    face = d / 2 - 0.03
    parts.append(box(0, face, foot + 0.06, (w - 0.22, 0.012, trunk - 0.12), _GLASS))
    bob = foot + 0.14
    parts.append(box(0, face + 0.008, bob + 0.08, (0.014, 0.008, trunk - 0.3), brass))
    parts.append(rod(0, face + 0.01, bob + 0.05, 0.07, 0.016, brass, turn=FACING))
    parts.append(box(0, 0, h - hood, (w, d, hood - 0.06), wood, bevel=0.015))
    middle, r = h - hood / 2 - 0.03, 0.42 * w
    parts.append(rod(0, d / 2 + 0.005, middle - 0.01, r + 0.02, 0.02, brass, turn=FACING))
    parts.append(rod(0, d / 2 + 0.012, middle - 0.01, r, 0.02, dial, turn=FACING))
    parts.append(box(0, 0, h - 0.06, (w + 0.06, d + 0.04, 0.06), wood, bevel=0.02))
    return Thing("clock", tuple(parts), w + 0.06, d + 0.06, h)


def floor_vase(p: Palette) -> Thing:
    """A vase that stands on the floor, with tall plumes."""
    rng = p.rng
    r, h = float(rng.uniform(0.14, 0.2)), float(rng.uniform(0.5, 0.75))
    clay, plume = p.ceramic(p.vivid()), p.fabric(float(rng.choice([0.08, 0.11, p.accent()])))
    stem = Material("plain", rgb(0.12, 0.5, 0.45))
    parts = [rod(0, 0, 0, r * 0.6, 0.03, clay), ball(0, 0, 0.015, (r, r, h * 0.42), clay)]
    parts.append(rod(0, 0, h * 0.74, r * 0.5, h * 0.26, clay, taper=-0.25))
    for k in range(int(rng.integers(6, 10))):
        a, lean = 2.4 * k + float(rng.uniform(-0.3, 0.3)), float(rng.uniform(0.05, 0.3))
        long = float(rng.uniform(0.6, 0.95))
        out = np.array([np.cos(a) * np.sin(lean), np.sin(a) * np.sin(lean), np.cos(lean)])
        foot = np.array([0.0, 0.0, h - 0.08])
        turn = (0.0, lean, a)
        for part, along, half in (
            (stem, 0.35 * long, (0.006, 0.006, 0.35 * long)),
            (plume, 0.8 * long, (0.055, 0.055, 0.26 * long)),
        ):
            x, y, z = (foot + along * out).tolist()
            parts.append(Part(ELLIPSOID, (x, y, z), half, part, 0.0, turn))
    return Thing("vase", tuple(parts), 2 * r + 0.2, 2 * r + 0.2, h + 0.9)


def oven_tower(p: Palette) -> Thing:
    """Two ovens above each other in a tall housing."""
    w, d, h = 0.64, 0.6, float(p.rng.uniform(1.75, 2.0))
    body = p.metal() if p.rng.random() < 0.6 else p.ceramic()
    metal = p.metal(fresh=True)
    light = Material("plain", (0.1, 0.9, 0.5), glow=0.9)
    parts = [box(0, -0.01, 0, (w, d - 0.02, h), body, bevel=0.012)]
    face, across = d / 2 - 0.01, (0.0, np.pi / 2, 0.0)
    tall = (h - 0.5) / 2
    for k in range(2):
        z = 0.32 + k * (tall + 0.1)
        parts.append(box(0, face, z, (w - 0.06, 0.03, tall - 0.06), _GLASS, bevel=0.01))
        bar = z + tall - 0.13 - (w - 0.16) / 2
        parts.append(rod(0, face + 0.045, bar, 0.014, w - 0.16, metal, turn=across))
        parts.append(box(0.18, face + 0.004, z + tall - 0.02, (0.1, 0.01, 0.035), light))
        parts += [
            rod(x, face + 0.012, z + tall - 0.015, 0.018, 0.03, metal, turn=FACING)
            for x in (-0.22, -0.14)
        ]
    return Thing("oven", tuple(parts), w, d + 0.08, h)


def four_poster(p: Palette, width: Number) -> Thing:
    """A bed between four posts, with a canopy and drapes at its head."""
    below = bed(p, width)
    w, d, h = below.width, below.depth, float(p.rng.uniform(1.95, 2.15))
    wood, cloth = p.wood(other=True), p.fabric()
    posts = [(sx * (w / 2 - 0.02), sy * (d / 2 - 0.02)) for sx in (-1, 1) for sy in (-1, 1)]
    parts = [rod(x, y, 0, 0.04, h - 0.05, wood, taper=0.15) for x, y in posts]
    parts.append(box(0, 0, h - 0.2, (w + 0.04, d + 0.04, 0.2), cloth, bevel=0.03))
    parts.append(box(0, 0.05 - d / 2, below.height, (w - 0.1, 0.03, h - below.height - 0.1), cloth))
    for x, y in posts:
        folds = 4 if y < 0 else 2
        away = -0.09 if y > 0 else 0.09
        parts += [
            rod(x, y + away * (k + 0.6), 0.3, 0.045, h - 0.45, cloth, ry=0.055)
            for k in range(folds)
        ]
    return Thing("bed", (*below.parts, *parts), w + 0.06, d + 0.06, h, below.tops)


def bunk_bed(p: Palette) -> Thing:
    """Two beds above each other, lengthwise, with a rail and a ladder."""
    long, w, h = 2.06, 0.98, 1.75
    frame, sheet = p.wood(other=True), p.ceramic()
    sheet = Material("weave", sheet.a, (0.7, 0.72, 0.75), 0.03)
    posts = [(sx * (long / 2 - 0.04), sy * (w / 2 - 0.04)) for sx in (-1, 1) for sy in (-1, 1)]
    parts = [box(x, y, 0, (0.075, 0.075, h), frame, bevel=0.01) for x, y in posts]
    side = float(p.rng.choice([-1, 1]))
    for z in (0.28, 1.18):
        parts.append(box(0, 0, z, (long - 0.06, w - 0.04, 0.12), frame, bevel=0.015))
        parts.append(box(0, 0, z + 0.08, (long - 0.12, w - 0.1, 0.18), sheet, bevel=0.06))
        cover = float(p.rng.uniform(1.2, 1.5))
        x = -side * (long / 2 - cover / 2 - 0.06)
        parts.append(box(x, 0, z + 0.08, (cover, w - 0.07, 0.23), p.fabric(), bevel=0.08))
        pillow = (0.36, 0.56, 0.15)
        parts.append(box(side * (long / 2 - 0.3), 0, z + 0.23, pillow, sheet, bevel=0.07))
        for sx in (-1, 1):
            parts.append(box(sx * (long / 2 - 0.04), 0, z + 0.12, (0.03, w - 0.1, 0.34), frame))
    for z in (1.46, 1.6):
        parts.append(box(-0.2 * side, w / 2 - 0.03, z, (long - 0.5, 0.025, 0.07), frame))
    x = side * (long / 2 - 0.3)
    parts += [box(x + s * 0.2, w / 2 + 0.02, 0, (0.035, 0.05, h), frame) for s in (-1, 1)]
    parts += [box(x, w / 2 + 0.02, 0.25 + 0.28 * k, (0.4, 0.04, 0.035), frame) for k in range(5)]
    return Thing("bed", tuple(parts), long, w + 0.1, h, (Top(0, 0, 0.59, 0.8, 0.5),))
