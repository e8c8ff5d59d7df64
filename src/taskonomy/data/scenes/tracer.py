"""Which surface a ray meets, exactly.

Embree finds the primitive on a mesh inscribed in it; the hit is then intersected anew with the
primitive itself, so that depth and normal are those of the true curved surface.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from embreex.mesh_construction import TriangleMesh
from embreex.rtcore_scene import EmbreeScene
from jaxtyping import Bool, Float, Int

from taskonomy.data.scenes.shapes import BOX, CYLINDER, ELLIPSOID, ROUNDED

_SAG = 0.004
"""Metres by which a mesh may lie inside the curved surface that it stands for."""
_NEWTON_STEPS = 12


@dataclass(frozen=True)
class Hits:
    """Where rays end; `primitive` is -1 (and the rest nan) where a ray meets nothing.

    Attributes:
        primitive: index of the primitive.
        distance: the ray parameter (metres for unit directions).
        local: the hit point in the primitive's own frame.
        normal: the outward unit normal in that frame.
    """

    primitive: Int[np.ndarray, " n"]
    distance: Float[np.ndarray, " n"]
    local: Float[np.ndarray, "n 3"]
    normal: Float[np.ndarray, "n 3"]


@dataclass(frozen=True)
class Primitives:
    """P primitives in the world frame; the fields are those of `shapes.Part`, as arrays."""

    shape: Int[np.ndarray, " P"]
    centre: Float[np.ndarray, "P 3"]
    half: Float[np.ndarray, "P 3"]
    rotation: Float[np.ndarray, "P 3 3"]
    bevel: Float[np.ndarray, " P"]


class Tracer:
    """Rays against a fixed set of primitives. Rays must start outside of every primitive."""

    def __init__(self, primitives: Primitives) -> None:
        self.primitives = primitives
        self._single = Primitives(
            primitives.shape,
            *(
                a.astype(np.float32)
                for a in (
                    primitives.centre,
                    primitives.half,
                    primitives.rotation,
                    primitives.bevel,
                )
            ),
        )
        self._scene = EmbreeScene()
        vertices, triangles, self._owner = _mesh(primitives)
        # Embree keeps pointers into the mesh, so it lives as long as the scene.
        self._mesh = TriangleMesh(self._scene, vertices, triangles)

    def trace(
        self, origins: Float[np.ndarray, "n 3"], directions: Float[np.ndarray, "n 3"]
    ) -> Hits:
        """The nearest surface along each ray, in the precision of `directions`."""
        triangle = self._scene.run(
            np.ascontiguousarray(origins, np.float32), np.ascontiguousarray(directions, np.float32)
        )
        primitive = np.where(triangle >= 0, self._owner[triangle], -1)
        p = self._single if directions.dtype == np.float32 else self.primitives
        # `take` is several times faster than indexing with an array.
        rotation = p.rotation.take(primitive, 0)
        o = np.einsum("nij,ni->nj", rotation, origins - p.centre.take(primitive, 0))
        d = np.einsum("nij,ni->nj", rotation, directions)
        distance = np.full(primitive.shape, np.nan, o.dtype)
        normal = np.full(o.shape, np.nan, o.dtype)
        shape = np.where(primitive >= 0, p.shape[primitive], -1)
        for kind, intersect in _INTERSECT.items():
            rows = np.flatnonzero(shape == kind)
            if rows.size:
                which = primitive[rows]
                distance[rows], normal[rows] = intersect(
                    o.take(rows, 0), d.take(rows, 0), p.half.take(which, 0), p.bevel[which]
                )
        return Hits(primitive, distance, o + distance[:, None] * d, normal)

    def occluded(
        self,
        origins: Float[np.ndarray, "n 3"],
        directions: Float[np.ndarray, "n 3"],
        limits: Float[np.ndarray, " n"],
    ) -> Bool[np.ndarray, " n"]:
        """Whether something lies on each ray before its limit (a ray parameter)."""
        if not len(origins):
            return np.zeros(0, bool)
        found = self._scene.run(
            np.ascontiguousarray(origins, np.float32),
            np.ascontiguousarray(directions, np.float32),
            np.ascontiguousarray(limits, np.float32),
            query="OCCLUDED",
        )
        return np.asarray(found >= 0)


Rays = Float[np.ndarray, "n 3"]
Found = tuple[Float[np.ndarray, " n"], Float[np.ndarray, "n 3"]]


def _slabs(o: Rays, d: Rays, h: Rays) -> Float[np.ndarray, "n 3"]:
    """Where each ray enters the three slabs |x_i| <= h_i."""
    with np.errstate(divide="ignore", invalid="ignore"):
        entry = -(o + np.copysign(h, d)) / d
    # A ray that runs inside a slab never enters it.
    return np.where(d == 0, -np.inf, entry)


def _intersect_box(o: Rays, d: Rays, h: Rays, _bevel: Float[np.ndarray, " n"]) -> Found:
    entry = _slabs(o, d, h)
    axis = entry.argmax(1)
    row = np.arange(len(o))
    normal = np.zeros_like(o)
    normal[row, axis] = -np.sign(d[row, axis])
    return entry[row, axis], normal


def _intersect_cylinder(o: Rays, d: Rays, h: Rays, k: Float[np.ndarray, " n"]) -> Found:
    """x^2 + y^2 = (1 - k z)^2 for |z| <= 1, in units of the half extents."""
    u, v = o / h, d / h
    taper = 1 - k * u[:, 2]
    A = v[:, 0] ** 2 + v[:, 1] ** 2 - (k * v[:, 2]) ** 2
    B = u[:, 0] * v[:, 0] + u[:, 1] * v[:, 1] + k * v[:, 2] * taper
    C = u[:, 0] ** 2 + u[:, 1] ** 2 - taper**2
    A = np.where(np.abs(A) < 1e-12, 1e-12, A)
    # The root at which the quadratic falls: the way in, whatever the sign of A.
    side = (-B - np.sqrt(np.maximum(B * B - A * C, 0))) / A
    z = u[:, 2] + side * v[:, 2]
    on_side = (np.abs(z) <= 1) & (side > 0)
    down = np.where(v[:, 2] == 0, -1e-12, v[:, 2])
    cap = -(u[:, 2] + np.sign(down)) / down
    # Rounding leaves a few rays at the rim that meet neither: the side's closest point serves.
    rim = np.hypot(u[:, 0] + cap * v[:, 0], u[:, 1] + cap * v[:, 1])
    on_side |= rim > np.abs(1 + k * np.sign(down)) * (1 + 1e-6)
    t = np.where(on_side, side, cap)
    p = u + t[:, None] * v
    normal = np.stack([p[:, 0], p[:, 1], k * (1 - k * p[:, 2])], 1) / h
    normal /= np.sqrt(np.einsum("ni,ni->n", normal, normal))[:, None]
    normal[~on_side] = 0.0
    normal[~on_side, 2] = -np.sign(down[~on_side])
    return t, normal


def _intersect_ellipsoid(o: Rays, d: Rays, h: Rays, _bevel: Float[np.ndarray, " n"]) -> Found:
    u, v = o / h, d / h
    A, B = np.einsum("ni,ni->n", v, v), np.einsum("ni,ni->n", u, v)
    C = np.einsum("ni,ni->n", u, u) - 1
    t = (-B - np.sqrt(np.maximum(B * B - A * C, 0))) / A
    normal = (u + t[:, None] * v) / h
    return t, normal / np.sqrt(np.einsum("ni,ni->n", normal, normal))[:, None]


def _intersect_rounded(o: Rays, d: Rays, h: Rays, r: Float[np.ndarray, " n"]) -> Found:
    """Newton's method on the distance to the inner box.

    Along a ray the distance to a convex body is convex, so from the near side the steps approach
    the surface from outside and converge quadratically.
    """
    inner = h - r[:, None]
    t = np.maximum(_slabs(o, d, h).max(1), 0)
    normal = np.empty_like(o)
    enough = 1e-11 if o.dtype == np.float64 else 2e-6
    rows = np.arange(len(o))
    for _ in range(_NEWTON_STEPS):
        p = o + t[rows, None] * d
        out = np.maximum(np.abs(p) - inner, 0)
        length = np.sqrt(np.maximum(np.einsum("ni,ni->n", out, out), 1e-24))
        away = np.copysign(out, p) / length[:, None]
        normal[rows] = away
        step = (length - r) / np.maximum(-np.einsum("ni,ni->n", away, d), 1e-9)
        t[rows] += np.clip(step, -0.1, 0.1 + r)
        going = np.flatnonzero(np.abs(step) > enough)
        if not going.size:
            break
        rows, o, d = rows[going], o.take(going, 0), d.take(going, 0)
        inner, r = inner.take(going, 0), r[going]
    return t, normal


_INTERSECT = {
    BOX: _intersect_box,
    CYLINDER: _intersect_cylinder,
    ELLIPSOID: _intersect_ellipsoid,
    ROUNDED: _intersect_rounded,
}


def _mesh(
    p: Primitives,
) -> tuple[Float[np.ndarray, "V 3"], Int[np.ndarray, "T 3"], Int[np.ndarray, " T"]]:
    """Meshes inscribed in the primitives, and the primitive that each triangle belongs to."""
    vertices, triangles, owner, count = [], [], [], 0
    for i in range(len(p.shape)):
        unit, faces = _unit_mesh(int(p.shape[i]), _sides(int(p.shape[i]), p.half[i]))
        local = unit * p.half[i]
        if p.shape[i] == CYLINDER:
            local[:, :2] *= 1 - p.bevel[i] * unit[:, 2:]
        elif p.shape[i] == ROUNDED:
            # Three vertices a corner, one on each face that meets there.
            pull = np.tile(np.where(np.eye(3, dtype=bool), 0.0, p.bevel[i]), (8, 1))
            local -= np.sign(unit) * pull
        vertices.append(local @ p.rotation[i].T + p.centre[i])
        triangles.append(faces + count)
        owner.append(np.full(len(faces), i))
        count += len(unit)
    return (
        np.concatenate(vertices).astype(np.float32),
        np.concatenate(triangles).astype(np.int32),
        np.concatenate(owner),
    )


def _sides(shape: int, half: Float[np.ndarray, "3"]) -> int:
    """How many sides keep a polygon of that radius within the sag, as a power of two."""
    if shape not in (CYLINDER, ELLIPSOID):
        return 0
    radius = float(half[:2].max() if shape == CYLINDER else half.max())
    angle = np.arccos(1 - _SAG / max(radius, 4 * _SAG))
    return int(min(2 ** np.ceil(np.log2(np.pi / angle)), 32))


@lru_cache
def _unit_mesh(shape: int, sides: int) -> tuple[Float[np.ndarray, "V 3"], Int[np.ndarray, "T 3"]]:
    corners = np.array([(x, y, z) for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)], float)
    if shape == BOX:
        return corners, _box_triangles(1)
    if shape == ROUNDED:
        return np.repeat(corners, 3, axis=0), _box_triangles(3)
    angle = 2 * np.pi * np.arange(sides) / sides
    ring = np.stack([np.cos(angle), np.sin(angle)], 1)
    if shape == CYLINDER:
        levels = [(-1.0, 1.0), (1.0, 1.0)]
    else:
        latitude = np.linspace(-np.pi / 2, np.pi / 2, sides // 2 + 1)[1:-1]
        levels = [(np.sin(a), np.cos(a)) for a in latitude]
    rings = [np.column_stack([ring * radius, np.full(sides, z)]) for z, radius in levels]
    points = np.concatenate([*rings, [[0, 0, -1], [0, 0, 1]]])
    foot, top, last = len(points) - 2, len(points) - 1, (len(levels) - 1) * sides
    faces = []
    for i in range(sides):
        j = (i + 1) % sides
        faces += [(i, j, foot), (last + i, last + j, top)]
        for level in range(0, last, sides):
            a, b = level + i, level + j
            faces += [(a, b, b + sides), (a, b + sides, a + sides)]
    return points, np.array(faces)


def _box_triangles(per_corner: int) -> Int[np.ndarray, "T 3"]:
    """Triangles of a box whose corner c = 4x + 2y + z has `per_corner` vertices (1, or one a face).

    With three, faces shrink and their gaps are closed by a quad an edge and a triangle a corner.
    """

    def vertex(bits: tuple[int, int, int], axis: int) -> int:
        corner = 4 * bits[0] + 2 * bits[1] + bits[2]
        return corner * per_corner + (axis if per_corner == 3 else 0)

    faces: list[tuple[int, int, int]] = []

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
    return np.array(faces)
