"""Things to sit and lie on: chairs, stools, couches, beds, and their cushions."""

import numpy as np

from taskonomy.rooms.palette import Palette
from taskonomy.rooms.shapes import Material, Number, Part, Thing, Top, ball, box, rod


def legs(
    width: Number,
    depth: Number,
    height: Number,
    thick: Number,
    material: Material,
    taper: Number = 0.15,
) -> list[Part]:
    """Four legs below a rectangle, round and tapering downwards."""
    x, y = width / 2 - thick, depth / 2 - thick
    return [
        rod(sx * x, sy * y, 0, thick / 2, height, material, taper=-taper)
        for sx in (-1, 1)
        for sy in (-1, 1)
    ]


def dining_chair(p: Palette, wood: Material, seat: Material) -> Thing:
    """A chair with a back of slats, a panel or a rounded shell."""
    rng = p.rng
    w, d, h, back = 0.46, 0.44, 0.45, float(rng.uniform(0.46, 0.66))
    parts = legs(w, d, h, 0.045, wood)
    parts.append(box(0, 0, h, (w, d, 0.05), seat, bevel=0.02))
    y = -d / 2 + 0.025
    style = rng.integers(3)
    if style == 0:
        parts += [box(sx * (w / 2 - 0.025), y, h, (0.04, 0.04, back), wood) for sx in (-1, 1)]
        heights = np.linspace(0.16, back - 0.08, 3)
        parts += [box(0, y, h + z, (w - 0.06, 0.025, 0.07), wood, bevel=0.01) for z in heights]
    elif style == 1:
        parts.append(box(0, y, h + 0.1, (w, 0.04, back - 0.1), seat, bevel=0.018))
        parts += [box(sx * (w / 2 - 0.05), y, h, (0.03, 0.03, 0.12), wood) for sx in (-1, 1)]
    else:
        x = np.linspace(-w / 2 + 0.04, w / 2 - 0.04, 5)
        parts += [rod(float(a), y, h, 0.012, back - 0.05, wood) for a in x]
        parts.append(box(0, y, h + back - 0.07, (w, 0.04, 0.08), wood, bevel=0.02))
    return Thing("chair", tuple(parts), w, d, h + back)


def office_chair(p: Palette) -> Thing:
    """A swivel chair on a five-pointed foot with castors."""
    metal, cloth = p.metal(), p.fabric() if p.rng.random() < 0.6 else p.leather()
    parts = []
    for k in range(5):
        a = 2 * np.pi * k / 5
        x, y = 0.15 * np.cos(a), 0.15 * np.sin(a)
        parts.append(box(x, y, 0.06, (0.3, 0.04, 0.03), metal, turn=(0, 0, a)))
        parts.append(ball(2 * x, 2 * y, 0, (0.03, 0.03, 0.03), metal))
    parts.append(rod(0, 0, 0.08, 0.03, 0.36, metal))
    parts.append(box(0, 0, 0.43, (0.5, 0.48, 0.09), cloth, bevel=0.04))
    parts.append(box(0, -0.24, 0.56, (0.46, 0.08, 0.5), cloth, bevel=0.038, turn=(0.12, 0, 0)))
    parts.append(box(0, -0.27, 0.42, (0.07, 0.03, 0.24), metal))
    for s in (-1, 1):
        parts.append(box(s * 0.28, 0, 0.64, (0.06, 0.3, 0.035), metal, bevel=0.015))
        parts.append(box(s * 0.28, 0, 0.46, (0.03, 0.04, 0.18), metal))
    return Thing("chair", tuple(parts), 0.64, 0.62, 1.06)


def armchair(p: Palette) -> Thing:
    """A deep upholstered chair."""
    cloth = p.fabric() if p.rng.random() < 0.7 else p.leather()
    return Thing("chair", _upholstered(p, cloth, 0.85, 1, cushions=False), 0.85, 0.88, 0.98)


def couch(p: Palette, seats: int) -> Thing:
    """A couch of two or three seats, often with loose cushions."""
    width = 0.62 * seats + 0.36
    cloth = p.fabric() if p.rng.random() < 0.7 else p.leather()
    parts = _upholstered(p, cloth, width, seats, cushions=True)
    return Thing("couch", parts, width, 0.9, 0.98)


def _upholstered(
    p: Palette, cloth: Material, width: Number, seats: int, cushions: bool
) -> tuple[Part, ...]:
    rng = p.rng
    d, arm = 0.88, 0.18
    foot = p.wood()
    back, side = float(rng.uniform(0.8, 0.98)), float(rng.uniform(0.58, 0.7))
    parts = legs(width - 0.06, d - 0.06, 0.1, 0.06, foot)
    parts.append(box(0, 0, 0.1, (width, d, 0.2), cloth, bevel=0.03))
    parts.append(box(0, -d / 2 + 0.12, 0.25, (width - 0.1, 0.24, back - 0.25), cloth, bevel=0.08))
    round_arm = rng.random() < 0.4
    for s in (-1, 1):
        x = s * (width / 2 - arm / 2)
        parts.append(box(x, 0.02, 0.2, (arm, d - 0.06, side - 0.2), cloth, bevel=0.05))
        if round_arm:
            turn = (np.pi / 2, 0.0, 0.0)
            parts.append(rod(x, 0.02, side - 0.46, 0.1, d - 0.08, cloth, turn=turn))
    seat = (width - 2 * arm) / seats
    for k in range(seats):
        x = (k - (seats - 1) / 2) * seat
        parts.append(box(x, 0.1, 0.29, (seat - 0.01, 0.66, 0.16), cloth, bevel=0.05))
        parts.append(
            box(x, -0.2, 0.44, (seat - 0.02, 0.16, 0.36), cloth, bevel=0.06, turn=(0.18, 0, 0))
        )
    if cushions:
        for _ in range(int(rng.integers(1, 4))):
            x = float(rng.uniform(-1, 1)) * (width / 2 - arm - 0.2)
            turn = (0.35, 0.0, float(rng.uniform(-0.3, 0.3)))
            size = (0.42, 0.14, 0.4)
            parts.append(box(x, -0.04, 0.46, size, p.fabric(p.vivid()), bevel=0.068, turn=turn))
    return tuple(parts)


def stool(p: Palette, height: Number = 0.46) -> Thing:
    """A round stool or a cylindrical pouf."""
    if height < 0.5 and p.rng.random() < 0.4:
        cloth = p.fabric()
        parts = [rod(0, 0, 0.02, 0.24, 0.3, cloth), ball(0, 0, 0.24, (0.24, 0.24, 0.12), cloth)]
        return Thing("stool", tuple(parts), 0.5, 0.5, 0.46)
    wood = p.wood(other=True)
    parts = legs(0.34, 0.34, height - 0.04, 0.035, wood)
    parts.append(box(0, 0, height * 0.35, (0.3, 0.025, 0.025), wood))
    parts.append(rod(0, 0, height - 0.05, 0.18, 0.05, p.fabric()))
    return Thing("stool", tuple(parts), 0.38, 0.38, height)


def bed(p: Palette, width: Number) -> Thing:
    """A bed with head board, mattress, duvet and pillows; its head towards -y."""
    rng = p.rng
    length, w = 2.05, width
    frame = p.wood(other=True) if rng.random() < 0.6 else p.fabric()
    sheet, duvet = p.ceramic(), p.fabric()
    sheet = Material("weave", sheet.a, (0.7, 0.72, 0.75), 0.03)
    head = float(rng.uniform(0.8, 1.25))
    parts = legs(w, length, 0.16, 0.07, p.wood())
    parts.append(box(0, 0, 0.14, (w, length, 0.16), frame, bevel=0.02))
    parts.append(box(0, -length / 2 + 0.04, 0.1, (w + 0.06, 0.08, head - 0.1), frame, bevel=0.03))
    if rng.random() < 0.5:
        foot = float(rng.uniform(0.4, 0.6))
        parts.append(box(0, length / 2 - 0.03, 0.1, (w, 0.06, foot - 0.1), frame, bevel=0.025))
    parts.append(box(0, 0.02, 0.29, (w - 0.06, length - 0.12, 0.2), sheet, bevel=0.07))
    cover = float(rng.uniform(1.1, 1.5))
    y = length / 2 - cover / 2 - 0.06
    parts.append(box(0, y, 0.3, (w + 0.02, cover, 0.25), duvet, bevel=0.09))
    if rng.random() < 0.6:
        parts.append(box(0, y - cover / 2 + 0.1, 0.34, (w, 0.3, 0.24), sheet, bevel=0.09))
    if rng.random() < 0.4:
        parts.append(box(0, length / 2 - 0.42, 0.34, (w + 0.04, 0.5, 0.23), p.fabric(), bevel=0.06))
    row = 2 if w > 1.2 else 1
    for k in range(row):
        x = (k - (row - 1) / 2) * w * 0.46
        lean = (0.3 + float(rng.uniform(0, 0.5)), 0.0, float(rng.normal(0, 0.06)))
        size = (0.58, 0.38, 0.16)
        parts.append(box(x, -length / 2 + 0.33, 0.48, size, sheet, bevel=0.075, turn=lean))
        if rng.random() < 0.7:
            size = (0.4, 0.36, 0.13)
            turn = (0.9, 0.0, float(rng.normal(0, 0.1)))
            parts.append(
                box(x, -length / 2 + 0.52, 0.52, size, p.fabric(p.vivid()), bevel=0.06, turn=turn)
            )
    top = Top(0, 0.3, 0.545, w * 0.7, 0.8)
    return Thing("bed", tuple(parts), w + 0.06, length, head, (top,))
