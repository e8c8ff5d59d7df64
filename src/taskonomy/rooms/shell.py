"""The room itself and what is set into it: walls, floor, windows with curtains, doors, lamps."""

from taskonomy.rooms.palette import Palette, rgb
from taskonomy.rooms.shapes import Material, Number, Part, Thing, Vector, ball, box, rod

_THICK = 0.2


def shell(p: Palette, size: Vector, wet: bool) -> list[Thing]:
    """Floor, ceiling and four walls with skirting, as things placed at the world's origin."""
    w, d, h = size
    t, accent = _THICK, p.rng.random() < 0.3 and not wet
    paper = p.wall(tiled=wet)
    feature = p.wall() if accent else paper
    skirting, ceiling = p.paint(), Material("plaster", (0.85,) * 3, (0.75,) * 3, 0.5)
    if p.rng.random() < 0.2:
        ceiling = Material("planks", (0.8, 0.78, 0.72), (0.6, 0.55, 0.48), 0.12)
    ground = box(w / 2, d / 2, -t, (w + 2 * t, d + 2 * t, t), p.floor(hard=wet))
    roof = box(w / 2, d / 2, h, (w + 2 * t, d + 2 * t, t), ceiling)
    things = [Thing("floor", (ground,), w, d, 0), Thing("ceiling", (roof,), w, d, 0)]
    walls: list[tuple[Vector, Vector]] = [
        ((w / 2, -t / 2, 0.0), (w, t, h)),
        ((w + t / 2, d / 2, 0.0), (t, d, h)),
        ((w / 2, d + t / 2, 0.0), (w, t, h)),
        ((-t / 2, d / 2, 0.0), (t, d, h)),
    ]
    split = float(p.rng.uniform(0.9, 1.2)) if p.rng.random() < (0.6 if wet else 0.25) else 0.0
    dado = p.paint() if not wet else p.wall(tiled=True)
    upper = p.wall() if wet and split else paper
    for k, ((x, y, _), (sx, sy, _)) in enumerate(walls):
        material = feature if k == 2 and accent else upper
        parts: list[Part] = [box(x, y, split, (sx, sy, h - split), material)]
        if split:
            parts.append(box(x, y, 0, (sx + 0.016, sy + 0.016, split), dado))
        if not wet:
            parts.append(box(x, y, 0, (sx + 0.04, sy + 0.04, 0.09), skirting))
        things.append(Thing("wall", tuple(parts), sx, sy, h))
    return things


def window(p: Palette, width: Number, height: Number, day: bool) -> Thing:
    """A window whose back is at y = 0: what lies outside, a frame, bars and a sill."""
    rng = p.rng
    if day:
        sky = rgb(float(rng.uniform(0.53, 0.62)), float(rng.uniform(0.1, 0.55)), 1.0)
        land = rgb(float(rng.uniform(0.05, 0.42)), 0.4, float(rng.uniform(0.3, 0.7)))
        outside = Material("sky", sky, land, 1.0, glow=1.6, seed=p.seed())
    else:
        outside = Material(
            "sky", (0.01, 0.015, 0.05), (0.05, 0.045, 0.03), 1.0, 0.6, 0.8, seed=p.seed()
        )
    frame = p.paint()
    parts = [box(0, 0.005, 0, (width, 0.01, height), outside)]
    t = 0.05
    parts += [box(s * (width / 2), 0.025, -t, (t, 0.05, height + 2 * t), frame) for s in (-1, 1)]
    parts += [box(0, 0.025, z, (width, 0.05, t), frame) for z in (-t, height)]
    for k in range(1, max(2, round(width / 0.6))):
        x = -width / 2 + k * width / max(2, round(width / 0.6))
        parts.append(box(x, 0.02, 0, (0.03, 0.03, height), frame))
    if rng.random() < 0.5:
        parts.append(box(0, 0.02, height * 0.6, (width, 0.03, 0.03), frame))
    parts.append(box(0, 0.08, -t - 0.03, (width + 0.2, 0.16, 0.03), frame, bevel=0.01))
    return Thing("window", tuple(parts), width + 0.2, 0.16, height + t)


def curtains(p: Palette, width: Number, height: Number) -> Thing:
    """Folds of cloth left and right of a window of that width, below a rail; back at y = 0."""
    cloth, metal = p.fabric(), p.metal(fresh=True)
    turn = (0.0, 1.5707963, 0.0)
    long = width + 0.6
    parts = [rod(0, 0.12, height - long / 2, 0.014, long, metal, turn=turn)]
    parts += [ball(s * long / 2, 0.12, height - 0.03, (0.03, 0.03, 0.03), metal) for s in (-1, 1)]
    for s in (-1, 1):
        for k in range(4):
            x = s * (width / 2 + 0.2 - 0.075 * k)
            y = 0.12 + 0.012 * (-1) ** k
            parts.append(rod(x, y, 0.02, 0.05, height - 0.03, cloth, ry=0.04))
    return Thing("curtain", tuple(parts), width + 0.6, 0.2, height)


def door(p: Palette) -> Thing:
    """A door in its frame with two panels and a handle; its back at y = 0."""
    leaf = p.paint() if p.rng.random() < 0.6 else p.wood()
    frame, metal = p.paint(), p.metal(fresh=True)
    w, h = 0.86, 2.02
    parts = [box(0, 0.02, 0, (w, 0.04, h), leaf)]
    parts += [box(s * (w / 2 + 0.04), 0.03, 0, (0.08, 0.06, h + 0.08), frame) for s in (-1, 1)]
    parts.append(box(0, 0.03, h, (w, 0.06, 0.08), frame))
    style = p.rng.integers(3)
    if style == 0:
        parts += [
            box(0, 0.04, z, (w - 0.3, 0.02, t), leaf, bevel=0.008)
            for z, t in ((0.2, 0.7), (1.1, 0.75))
        ]
    elif style == 1:
        parts += [
            box(x, 0.04, z, (0.28, 0.02, 0.5), leaf, bevel=0.008)
            for x in (-0.19, 0.19)
            for z in (0.15, 0.75, 1.38)
        ]
    else:
        glass = Material("plain", (0.5, 0.6, 0.62), gloss=0.9, glow=0.15, mirror=0.15)
        parts.append(box(0, 0.038, 1.15, (0.5, 0.012, 0.65), glass))
    parts.append(rod(w / 2 - 0.08, 0.07, 0.98, 0.012, 0.06, metal, turn=(1.5707963, 0, 0)))
    parts.append(box(w / 2 - 0.13, 0.09, 1.0, (0.13, 0.02, 0.022), metal, bevel=0.008))
    return Thing("door", tuple(parts), w + 0.16, 0.1, h + 0.08)


def ceiling_lamp(p: Palette, drop: Number) -> Thing:
    """A lamp that hangs `drop` metres below its origin, or sits on the ceiling if that is 0."""
    tint = rgb(float(p.rng.choice([0.1, 0.12, p.accent()])), 0.25, 1.0)
    shade, metal = Material("plain", tint, glow=1.2), p.metal(fresh=True)
    if drop == 0:
        parts = [rod(0, 0, -0.05, 0.2, 0.05, metal), ball(0, 0, -0.13, (0.18, 0.18, 0.07), shade)]
    elif p.rng.random() < 0.5:
        parts = [rod(0, 0, -drop, 0.008, drop, metal)]
        parts.append(ball(0, 0, -drop - 0.26, (0.15, 0.15, 0.14), shade))
    else:
        cover = p.paint()
        parts = [
            rod(0, 0, -drop, 0.008, drop, metal),
            rod(0, 0, -drop - 0.2, 0.21, 0.22, cover, taper=0.5),
        ]
        parts.append(ball(0, 0, -drop - 0.25, (0.1, 0.1, 0.08), shade))
    return Thing("lamp", tuple(parts), 0.42, 0.42, drop)
