"""Triangle meshes inscribed in primitives, by which Embree finds what a ray meets."""

from functools import lru_cache

import numpy as np
from jaxtyping import Float, Int, Shaped

from taskonomy.rooms.shapes import BOX, CYLINDER, ELLIPSOID, ROUNDED, Primitives

_SAG = 0.005
"""Metres by which a polygon around the curved surface that it stands for may lie inside it."""
_MOST_SIDES = 32

Triangle = tuple[int, int, int]
Mesh = tuple[Shaped[np.ndarray, "V 3"], Shaped[np.ndarray, " T"]]
"""Vertices, and triangles as tuples of their numbers; arrays of Python objects, which Embree's
wrapper, reading element by element, is quickest with."""


def meshes(p: Primitives) -> list[Mesh]:
    """Return the mesh of each primitive."""
    alike, found = dict[tuple[int, int, int], list[int]](), dict[int, Mesh]()
    for row, kind in enumerate(zip(p.shape.tolist(), *_sides(p).tolist(), strict=True)):
        alike.setdefault(kind, []).append(row)
    # Primitives of one kind and number of sides at a time: rooms hold hundreds.
    for (shape, around, over), rows in alike.items():
        unit, faces = _unit_mesh(shape, around, over)
        local = unit * p.half[rows, None]
        if shape == CYLINDER:
            local[..., :2] *= 1 - p.bevel[rows, None, None] * unit[:, 2:]
        elif shape == ROUNDED:
            # Three vertices a corner, one on each face that meets there.
            pull = np.tile(~np.eye(3, dtype=bool), (8, 1)) * p.bevel[rows, None, None]
            local -= np.sign(unit) * pull
        world = local @ p.rotation[rows].transpose(0, 2, 1) + p.centre[rows, None]
        for row, own in zip(rows, world.astype(object), strict=True):
            found[row] = own, faces
    return [found[row] for row in range(len(p.shape))]


def _sides(p: Primitives) -> Int[np.ndarray, "2 P"]:
    """How many sides keep each one's polygons within the sag: around its z, and over its poles.

    The first is even and the second divides by four, so that no polygon cuts off a thin one's rim.
    0 where there is none.
    """
    wide, narrow = p.half[:, :2].max(1), p.half[:, :2].min(1)
    around = 2 * np.ceil(_fewest(wide, narrow) / 2)
    high = p.half[:, 2]
    over = 4 * np.ceil(_fewest(np.maximum(wide, high), np.minimum(wide, high)) / 4)
    curved = (p.shape == CYLINDER) | (p.shape == ELLIPSOID)
    sides = np.minimum([around, over], _MOST_SIDES) * [curved, p.shape == ELLIPSOID]
    return np.asarray(sides, int)


def _fewest(
    long: Float[np.ndarray, " P"], short: Float[np.ndarray, " P"]
) -> Float[np.ndarray, " P"]:
    """The sides of a polygon with corners at an ellipse's tips, given its half axes.

    Halfway of a side, half a side's angle d from a corner, the ellipse is (1 - cos d) of what its
    tangent is away from the centre, which near the tips is `short` / sin d, and `long` at most.
    """
    blunt = np.arccos(1 - _SAG / np.maximum(long, 4 * _SAG))
    sharp = 2 * np.arctan(_SAG / short)
    return np.asarray(np.pi / np.maximum(blunt, sharp)).round(6)


@lru_cache
def _unit_mesh(shape: int, around: int, over: int) -> Mesh:
    corners = np.array([(x, y, z) for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)], float)
    if shape == BOX:
        return corners, _tuples(_box_triangles(1))
    if shape == ROUNDED:
        return np.repeat(corners, 3, axis=0), _tuples(_box_triangles(3))
    if shape == CYLINDER:
        levels = [(-1.0, 0.0), (-1.0, 1.0), (1.0, 1.0), (1.0, 0.0)]
    else:
        latitude = np.linspace(-np.pi / 2, np.pi / 2, over // 2 + 1)
        levels = [(np.sin(a), np.cos(a)) for a in latitude]
    # Smaller circles need fewer points for the same sag along the normal; a pole is one.
    rings = [max(4, int(np.ceil(around * radius))) if radius > 1e-9 else 1 for _, radius in levels]
    points, faces = [], []
    for (z, radius), ring in zip(levels, rings, strict=True):
        angle = 2 * np.pi * np.arange(ring) / ring
        points += np.stack(
            [radius * np.cos(angle), radius * np.sin(angle), 0 * angle + z], 1
        ).tolist()
    starts = np.cumsum([0, *rings]).tolist()
    for level in range(len(rings) - 1):
        faces += _band(rings[level], rings[level + 1], starts[level], starts[level + 1])
    return np.array(points), _tuples(faces)


def _tuples(faces: list[Triangle]) -> Shaped[np.ndarray, " T"]:
    return np.fromiter(faces, object, len(faces))


def _band(below: int, above: int, start: int, other: int) -> list[Triangle]:
    """Triangles between a ring of points from number `start` on and one from `other` on."""
    edges = [((k + 0.5) / below, 0) for k in range(below) if below > 1]
    edges += [((k + 0.5) / above, 1) for k in range(above) if above > 1]
    faces, i, j = [], 0, 0
    for _, upper in sorted(edges):
        here, there = start + i % below, other + j % above
        if upper:
            j += 1
            faces.append((here, there, other + j % above))
        else:
            i += 1
            faces.append((here, there, start + i % below))
    return faces


def _box_triangles(per_corner: int) -> list[Triangle]:
    """Triangles of a box whose corner c = 4x + 2y + z has `per_corner` vertices (1, or one a face).

    With three, faces shrink and their gaps are closed by a quad an edge and a triangle a corner.
    """

    def vertex(bits: tuple[int, int, int], axis: int) -> int:
        corner = 4 * bits[0] + 2 * bits[1] + bits[2]
        return corner * per_corner + (axis if per_corner == 3 else 0)

    faces: list[Triangle] = []

    def quad(a: int, b: int, c: int, d: int) -> None:
        faces.extend([(a, b, c), (a, c, d)])

    def bits(axes: tuple[int, int, int], values: tuple[int, int, int]) -> tuple[int, int, int]:
        found = dict(zip(axes, values, strict=True))
        return found[0], found[1], found[2]

    for axis in range(3):
        axes = (axis, (axis + 1) % 3, (axis + 2) % 3)
        for s in (0, 1):
            rim = [bits(axes, (s, *pair)) for pair in ((0, 0), (0, 1), (1, 1), (1, 0))]
            quad(*(vertex(corner, axis) for corner in rim))
            if per_corner == 3:
                for t in (0, 1):
                    one, two = bits(axes, (0, s, t)), bits(axes, (1, s, t))
                    quad(
                        vertex(one, axes[1]),
                        vertex(one, axes[2]),
                        vertex(two, axes[2]),
                        vertex(two, axes[1]),
                    )
    if per_corner == 3:
        faces.extend((3 * c, 3 * c + 1, 3 * c + 2) for c in range(8))
    return faces
