"""Which surface a ray meets, exactly.

Embree finds the primitive on a mesh inscribed in it; the hit is then intersected anew with the
primitive itself, so that depth and normal are those of the true curved surface. Vectors are kept as
planes of coordinates here, (3, n), which numpy is ten times faster at.
"""

from dataclasses import dataclass

import numpy as np
from embreex.mesh_construction import TriangleMesh
from embreex.rtcore_scene import EmbreeScene
from jaxtyping import Bool, Float, Float32, Int, Shaped

from taskonomy.rooms.meshes import meshes
from taskonomy.rooms.shapes import BOX, CYLINDER, ELLIPSOID, ROUNDED, Primitives

_NEWTON_STEPS = 12


@dataclass(frozen=True)
class Hits:
    """Where rays end; `primitive` is -1 (and the rest nan) where a ray meets nothing.

    The transposes of the vectors are contiguous: planes of coordinates.

    Attributes:
        primitive: index of the primitive.
        distance: the ray parameter (metres for unit directions).
        local: the hit point in the primitive's own frame.
        normal: the outward unit normal in that frame.
        outward: the same in the world.
    """

    primitive: Int[np.ndarray, " n"]
    distance: Float[np.ndarray, " n"]
    local: Float[np.ndarray, "n 3"]
    normal: Float[np.ndarray, "n 3"]
    outward: Float[np.ndarray, "n 3"]


@dataclass(frozen=True)
class _Planes:
    """Primitives as planes of coordinates in one precision."""

    centre: Float[np.ndarray, "3 P"]
    half: Float[np.ndarray, "3 P"]
    rotation: Float[np.ndarray, "3 3 P"]
    bevel: Float[np.ndarray, " P"]


class Tracer:
    """Rays against a fixed set of primitives. Rays must start outside of every primitive."""

    def __init__(self, primitives: Primitives) -> None:
        self.primitives = primitives
        self._planes = {
            np.dtype(kind): _Planes(
                np.ascontiguousarray(primitives.centre.T, kind),
                np.ascontiguousarray(primitives.half.T, kind),
                np.ascontiguousarray(primitives.rotation.transpose(1, 2, 0), kind),
                primitives.bevel.astype(kind),
            )
            for kind in (np.float32, np.float64)
        }
        # What Embree calls -1 is the shape of nothing.
        self._shape = np.append(primitives.shape, -1)
        self._scene = EmbreeScene()
        # A geometry for each, in order, so that Embree's number for it is the primitive's. Embree
        # keeps pointers into the meshes, so they live as long as the scene.
        self._meshes = [TriangleMesh(self._scene, *mesh) for mesh in meshes(primitives)]

    def glance(
        self, origins: Float[np.ndarray, "n 3"], directions: Float[np.ndarray, "n 3"]
    ) -> tuple[Int[np.ndarray, " n"], Float32[np.ndarray, " n"]]:
        """The primitive that each ray meets (-1: none) and the distance of its mesh: quick, and off
        by what the mesh lies inside of it."""
        found = self._scene.run(_single(origins), _single(directions), output=True)
        return found["geomID"].astype(np.intp), found["tfar"]

    def trace(
        self, origins: Float[np.ndarray, "n 3"], directions: Float[np.ndarray, "n 3"]
    ) -> Hits:
        """The nearest surface along each ray, in the precision of `directions`."""
        primitive, _ = self.glance(origins, directions)
        p, kind = self._planes[directions.dtype], directions.dtype
        rotation = take(p.rotation, primitive)
        o = np.ascontiguousarray(origins.T, kind) - take(p.centre, primitive)
        o = np.einsum("ijn,in->jn", rotation, o)
        d = np.einsum("ijn,in->jn", rotation, np.ascontiguousarray(directions.T))
        distance, normal = np.full(len(primitive), np.nan, kind), np.full(o.shape, np.nan, kind)
        shape = self._shape.take(primitive)
        for number, intersect in _INTERSECT.items():
            rows = np.flatnonzero(shape == number)
            if rows.size:
                which = primitive.take(rows)
                sizes = take(p.half, which), take(p.bevel, which)
                distance[rows], found = intersect(take(o, rows), take(d, rows), *sizes)
                put(normal, rows, found)
        outward = np.einsum("ijn,jn->in", rotation, normal)
        return Hits(primitive, distance, (o + distance * d).T, normal.T, outward.T)

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
            _single(origins), _single(directions), limits.astype(np.float32), query="OCCLUDED"
        )
        return np.asarray(found >= 0)


def take(
    planes: Shaped[np.ndarray, "*k m"], rows: Int[np.ndarray, " n"]
) -> Shaped[np.ndarray, "*k n"]:
    """planes[..., rows], many times faster; row -1, of rays that meet nothing, gives row 0."""
    return np.asarray(planes.take(rows, -1, mode="clip"))


def put(
    planes: Float[np.ndarray, "3 m"], rows: Int[np.ndarray, " n"], values: Float[np.ndarray, "3 n"]
) -> None:
    """planes[:, rows] = values, many times faster."""
    for plane, row in zip(planes, values, strict=True):
        plane[rows] = row


def _single(vectors: Float[np.ndarray, "n 3"]) -> Float32[np.ndarray, "n 3"]:
    """Single precision in any memory order, which Embree's wrapper reads alike."""
    return np.require(vectors, np.float32, "W")


Vectors = Float[np.ndarray, "3 n"]
Values = Float[np.ndarray, " n"]
Found = tuple[Values, Vectors]


def _dot(a: Vectors, b: Vectors) -> Values:
    return np.asarray(np.einsum("in,in->n", a, b))


def _slabs(o: Vectors, d: Vectors, h: Vectors) -> Vectors:
    """Where each ray enters the three slabs |x_i| <= h_i."""
    with np.errstate(divide="ignore", invalid="ignore"):
        entry = -(o + np.copysign(h, d)) / d
    # A ray that runs inside a slab never enters it.
    np.copyto(entry, -np.inf, where=d == 0)
    return np.asarray(entry)


def _intersect_box(o: Vectors, d: Vectors, h: Vectors, _bevel: Values) -> Found:
    entry = _slabs(o, d, h)
    t = entry.max(0)
    face = entry == t
    # Where slabs are entered at once, at an edge, the first is the face.
    face[1] &= ~face[0]
    face[2] &= ~(face[0] | face[1])
    return t, np.asarray(-np.sign(d) * face)


def _intersect_cylinder(o: Vectors, d: Vectors, h: Vectors, k: Values) -> Found:
    """x^2 + y^2 = (1 - k z)^2 for |z| <= 1, in units of the half extents."""
    u, v = o / h, d / h
    taper = 1 - k * u[2]
    A = v[0] ** 2 + v[1] ** 2 - (k * v[2]) ** 2
    B = u[0] * v[0] + u[1] * v[1] + k * v[2] * taper
    C = u[0] ** 2 + u[1] ** 2 - taper**2
    A[np.abs(A) < 1e-12] = 1e-12
    # The root at which the quadratic falls: the way in, whatever the sign of A.
    side = (-B - np.sqrt(np.maximum(B * B - A * C, 0))) / A
    z = u[2] + side * v[2]
    on_side = (np.abs(z) <= 1) & (side > 0)
    down = np.where(v[2] == 0, -1e-12, v[2])
    cap = -(u[2] + np.sign(down)) / down
    # Rounding leaves a few rays at the rim that meet neither: the side's closest point serves.
    rim = (u[0] + cap * v[0]) ** 2 + (u[1] + cap * v[1]) ** 2
    on_side |= rim > ((1 + k * np.sign(down)) * (1 + 1e-6)) ** 2
    t = np.where(on_side, side, cap)
    p = u + t * v
    normal = np.stack([p[0], p[1], k * (1 - k * p[2])]) / h
    normal *= on_side / np.sqrt(_dot(normal, normal))
    normal[2] -= np.where(on_side, 0, np.sign(down))
    return t, normal


def _intersect_ellipsoid(o: Vectors, d: Vectors, h: Vectors, _bevel: Values) -> Found:
    u, v = o / h, d / h
    A, B, C = _dot(v, v), _dot(u, v), _dot(u, u) - 1
    t = (-B - np.sqrt(np.maximum(B * B - A * C, 0))) / A
    normal = (u + t * v) / h
    return t, np.asarray(normal / np.sqrt(_dot(normal, normal)))


def _intersect_rounded(o: Vectors, d: Vectors, h: Vectors, r: Values) -> Found:
    """Newton's method on the distance to the inner box.

    Along a ray the distance to a convex body is convex, so from the near side the steps approach
    the surface from outside and converge quadratically.
    """
    inner = h - r
    t = np.maximum(_slabs(o, d, h).max(0), 0)
    normal = np.empty_like(o)
    enough = 1e-11 if o.dtype == np.float64 else 2e-6
    rows = np.arange(len(t))
    for _ in range(_NEWTON_STEPS):
        p = o + take(t, rows) * d
        out = np.maximum(np.abs(p) - inner, 0)
        length = np.sqrt(np.maximum(_dot(out, out), 1e-24))
        away = np.copysign(out, p) / length
        put(normal, rows, away)
        step = (length - r) / np.maximum(-_dot(away, d), 1e-9)
        t[rows] += np.clip(step, -0.1, 0.1 + r)
        going = np.flatnonzero(np.abs(step) > enough)
        if not going.size:
            break
        rows, r = take(rows, going), take(r, going)
        o, d, inner = (take(planes, going) for planes in (o, d, inner))
    return t, normal


_INTERSECT = {
    BOX: _intersect_box,
    CYLINDER: _intersect_cylinder,
    ELLIPSOID: _intersect_ellipsoid,
    ROUNDED: _intersect_rounded,
}
