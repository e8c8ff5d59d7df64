"""Which surface a ray meets, for many rays at once on a torch device.

The answers are the tracer's: the triangles that Embree is given are searched, so that a ray which
passes between a mesh and the curved surface that it stands for misses both here and there. Oriented
bounds leave a few primitives a ray, whose triangles are tried one by one; a box is its own bounds.
The hit is then moved onto the primitive itself.
"""

import numpy as np
import torch
from jaxtyping import Bool, Float, Float32, Int
from torch import Tensor

from taskonomy.errors import BadInput
from taskonomy.rooms.meshes import meshes
from taskonomy.rooms.shapes import BOX, CYLINDER, ELLIPSOID, ROUNDED, Primitives
from taskonomy.rooms.tracer import Hits, Tracer

_PAIRS = 1 << 22
"""Rays times primitives, or times their triangles, that are tried at once: less than a gigabyte."""
_SLACK = 1e-5
"""Metres by which single precision may place a hit wrongly."""
_LEVEL = 1e-30
"""By which a direction is divided that runs along a slab: it enters it far behind or never."""
_NEWTON_STEPS = 24

Vectors = Float[Tensor, "3 n"]
Values = Float[Tensor, " n"]
Gauge = tuple[Values, Vectors]


def usable(name: str) -> torch.device:
    """The device of that name; raises BadInput where this machine has none."""
    kind, _, number = name.partition(":")
    count = {"cpu": 1, "cuda": torch.cuda.device_count()}.get(kind, 0)
    if not (number or "0").isdecimal() or int(number or 0) >= count:
        cards = torch.cuda.device_count()
        raise BadInput(f"device: found {name!r}, expected cpu or cuda ({cards} of these are here)")
    return torch.device(name)


class BatchedTracer(Tracer):
    """A `Tracer` whose rays are followed on `device`, without Embree.

    The first hit is searched in single precision, as Embree's is; distance, place and normal are in
    the precision of the directions.
    """

    def __init__(self, primitives: Primitives, device: torch.device) -> None:
        self.primitives, self.device = primitives, device
        self._single = _Sizes(primitives, torch.float32, device)
        self._double = _Sizes(primitives, torch.float64, device)
        count, triangles = _transforms(primitives)
        self._count = count.to(device)
        self._first = self._count.cumsum(0) - self._count
        self._triangles = triangles.to(device, torch.float32)

    def glance(
        self, origins: Float[np.ndarray, "n 3"], directions: Float[np.ndarray, "n 3"]
    ) -> tuple[Int[np.ndarray, " n"], Float32[np.ndarray, " n"]]:
        """As `Tracer.glance`."""
        primitive, far = self._nearest(origins, directions)
        return primitive.cpu().numpy().astype(np.intp), far.cpu().numpy()

    def trace(
        self, origins: Float[np.ndarray, "n 3"], directions: Float[np.ndarray, "n 3"]
    ) -> Hits:
        """As `Tracer.trace`."""
        primitive, far = self._nearest(origins, directions)
        sizes = self._double if directions.dtype == np.float64 else self._single
        o, d = self._moved(origins, sizes.kind), self._moved(directions, sizes.kind)
        rows = primitive.clamp(min=0)
        rotation = sizes.rotation[..., rows]
        o = (rotation * (o - sizes.centre[:, rows])[:, None]).sum(0)
        d = (rotation * d[:, None]).sum(0)
        distance, normal = _met(o, d, far.to(sizes.kind), rows, sizes)
        nothing = primitive < 0
        distance = distance.masked_fill(nothing, torch.nan)
        normal = normal.masked_fill(nothing, torch.nan)
        outward = (rotation * normal).sum(1)
        vectors = (found.cpu().numpy().T for found in (o + distance * d, normal, outward))
        number = primitive.cpu().numpy().astype(np.intp)
        return Hits(number, distance.cpu().numpy(), *vectors)

    def occluded(
        self,
        origins: Float[np.ndarray, "n 3"],
        directions: Float[np.ndarray, "n 3"],
        limits: Float[np.ndarray, " n"],
    ) -> Bool[np.ndarray, " n"]:
        """As `Tracer.occluded`."""
        hidden = np.zeros(len(limits), bool)
        rows = np.flatnonzero(limits > 0)
        found, _ = self._nearest(origins[rows], directions[rows], limits[rows])
        hidden[rows] = (found >= 0).cpu().numpy()
        return hidden

    def _moved(self, vectors: Float[np.ndarray, "n 3"], kind: torch.dtype) -> Vectors:
        return torch.tensor(np.ascontiguousarray(vectors.T), dtype=kind, device=self.device)

    @torch.inference_mode()
    def _nearest(
        self,
        origins: Float[np.ndarray, "n 3"],
        directions: Float[np.ndarray, "n 3"],
        limits: Float[np.ndarray, " n"] | None = None,
    ) -> tuple[Int[Tensor, " n"], Float32[Tensor, " n"]]:
        """The first primitive that each ray meets before its limit, and where it meets the mesh."""
        o, d = self._moved(origins, torch.float32), self._moved(directions, torch.float32)
        limit = torch.full_like(o[0], torch.inf)
        if limits is not None:
            limit = torch.tensor(limits, dtype=torch.float32, device=self.device)
        step = max(1, _PAIRS // len(self._count))
        split = torch.split(o, step, 1), torch.split(d, step, 1), torch.split(limit, step)
        parts = zip(*split, strict=True)
        found = [self._search(*part) for part in parts]
        if not found:
            return torch.zeros(0, dtype=torch.long, device=self.device), limit
        primitive, far = zip(*found, strict=True)
        return torch.cat(primitive), torch.cat(far)

    def _search(self, o: Vectors, d: Vectors, limit: Values) -> tuple[Int[Tensor, " n"], Values]:
        """As `_nearest`, for as many rays as fit."""
        sizes = self._single
        entry, leave = sizes.bounds(o, d)
        met = (entry <= leave) & (leave > 0)
        # From inside of a box its surface is where the ray leaves.
        surface = torch.where(entry > 0, entry, leave)
        boxes = sizes.shape == BOX
        far, primitive = surface.masked_fill(~(met & boxes), torch.inf).min(1)
        primitive = primitive.masked_fill(far >= limit, -1)
        far = torch.minimum(far, limit)
        ray, other = torch.nonzero(met & ~boxes & (entry < far[:, None]), as_tuple=True)
        ends = self._count[other].cumsum(0)
        total = int(ends[-1]) if len(ends) else 0
        marks = torch.arange(_PAIRS, max(total, _PAIRS), _PAIRS, device=self.device)
        cuts = torch.searchsorted(ends, marks).tolist()
        rays = torch.cat([o, d]).T.contiguous()
        for which, bodies in zip(ray.tensor_split(cuts), other.tensor_split(cuts), strict=True):
            here = self._cross(rays, which, bodies)
            nearer = far.scatter_reduce(0, which, here, "amin")
            first = (here == nearer[which]) & (here < far[which])
            # Of several that are met at once the one with the lowest number, on every device.
            primitive = primitive.masked_fill(nearer < far, len(sizes.shape))
            primitive = primitive.scatter_reduce(0, which[first], bodies[first], "amin")
            far = nearer
        return primitive, far

    def _cross(
        self, rays: Float[Tensor, "n 6"], which: Int[Tensor, " m"], bodies: Int[Tensor, " m"]
    ) -> Float[Tensor, " m"]:
        """Where each of some rays crosses the mesh of a primitive first; inf where it does not."""
        count = self._count[bodies]
        pair = torch.repeat_interleave(count)
        skipped = self._first[bodies] - (count.cumsum(0) - count)
        triangle = torch.arange(len(pair), device=self.device) + skipped[pair]
        rows, ray = self._triangles[triangle], rays[which[pair]]
        o = (rows[..., :3] * ray[:, None, :3]).sum(2) - rows[..., 3]
        d = (rows[..., :3] * ray[:, None, 3:]).sum(2)
        t = -o[:, 2] / d[:, 2]
        u, v = (o[:, :2] + t[:, None] * d[:, :2]).unbind(1)
        inside = (u >= 0) & (v >= 0) & (u + v <= 1) & (t > 0)
        t = t.masked_fill(~inside, torch.inf)
        nowhere = torch.full_like(which, torch.inf, dtype=t.dtype)
        return nowhere.scatter_reduce(0, pair, t, "amin")


class _Sizes:
    """Primitives as planes of coordinates, in one precision on one device."""

    def __init__(self, p: Primitives, kind: torch.dtype, device: torch.device) -> None:
        def planes(values: Float[np.ndarray, "..."]) -> Tensor:
            return torch.tensor(np.ascontiguousarray(values), dtype=kind, device=device)

        self.kind = kind
        self.shape = torch.tensor(p.shape, device=device)
        self.centre, self.half = planes(p.centre.T), planes(p.half.T)
        self.rotation, self.bevel = planes(p.rotation.transpose(1, 2, 0)), planes(p.bevel)
        wide = p.half.copy()
        wide[:, :2] *= 1 + np.where(p.shape == CYLINDER, np.abs(p.bevel), 0)[:, None]
        wide[p.shape != BOX] += _SLACK
        self.wide = planes(wide.T)

    def bounds(self, o: Vectors, d: Vectors) -> tuple[Float[Tensor, "n P"], Float[Tensor, "n P"]]:
        """Where rays enter and leave the oriented box around each primitive."""
        entry = o.new_full((), -torch.inf)
        leave = -entry
        for turn, wide in zip(self.rotation.unbind(1), self.wide, strict=True):
            at = o.T @ turn - (turn * self.centre).sum(0)
            way = d.T @ turn
            pace = 1 / way.masked_fill(way == 0, _LEVEL)
            middle, reach = -at * pace, wide * pace.abs()
            entry = torch.maximum(entry, middle - reach)
            leave = torch.minimum(leave, middle + reach)
        return entry, leave


def _transforms(primitives: Primitives) -> tuple[Int[Tensor, " P"], Float[Tensor, "T 3 4"]]:
    """How many triangles each primitive's mesh has, and for each of all these the affine map that
    makes it the unit triangle of the plane z = 0."""
    found = meshes(primitives)
    corners = [np.asarray(points, float)[np.array(faces.tolist())] for points, faces in found]
    a, b, c = torch.tensor(np.concatenate(corners)).unbind(1)
    normal = torch.linalg.cross(b - a, c - a)
    rows = [torch.linalg.cross(c - a, normal), torch.linalg.cross(normal, b - a), normal]
    turn = torch.stack(rows, 1) / (normal * normal).sum(1)[:, None, None]
    count = torch.tensor([len(faces) for _, faces in found])
    return count, torch.cat([turn, (turn * a[:, None]).sum(2, keepdim=True)], 2)


@torch.inference_mode()
def _met(
    o: Vectors, d: Vectors, mesh: Values, primitive: Int[Tensor, " n"], sizes: _Sizes
) -> Gauge:
    """Distance and normal of the surface outside of the mesh that was met, in its own frame.

    Newton's method on the body's gauge: a convex function of the ray's parameter, so that steps
    from the near side never pass the surface.
    """
    distance, normal = torch.empty_like(mesh), torch.empty_like(o)
    enough = 1e-11 if sizes.kind == torch.float64 else 2e-6
    shape = sizes.shape[primitive]
    for number, gauge in _GAUGES.items():
        rows = torch.nonzero(shape == number)[:, 0]
        which = primitive[rows]
        half, wide, bevel = sizes.half[:, which], sizes.wide[:, which], sizes.bevel[which]
        u, v, limit = o[:, rows], d[:, rows], mesh[rows] + _SLACK
        entry = (-(u + wide.copysign(v)) / v).masked_fill(v == 0, -torch.inf).amax(0)
        t, slope = entry.clamp(min=0), torch.empty_like(u)
        for _ in range(_NEWTON_STEPS):
            value, slope = gauge(u + t * v, half, bevel)
            ahead = t - value / (slope * v).sum(0).clamp(max=-1e-9)
            before, t = t, torch.minimum(ahead, limit)
            if not ((t - before).abs() > enough).any():
                break
        distance[rows], normal[:, rows] = t, slope / slope.norm(dim=0)
    return distance, normal


def _box(p: Vectors, half: Vectors, _bevel: Values) -> Gauge:
    value, axis = (p.abs() - half).max(0)
    face = torch.zeros_like(p).scatter_(0, axis[None], 1.0)
    return value, face * p.sign()


def _cylinder(p: Vectors, half: Vectors, taper: Values) -> Gauge:
    u = p / half
    radius = u[:2].norm(dim=0).clamp(min=1e-12)
    side, cap = radius - (1 - taper * u[2]), u[2].abs() - 1
    lean = torch.stack([u[0] / radius, u[1] / radius, taper]) / half
    flat = torch.stack([0 * cap, 0 * cap, u[2].sign()]) / half
    return torch.maximum(side, cap), torch.where(side > cap, lean, flat)


def _ellipsoid(p: Vectors, half: Vectors, _bevel: Values) -> Gauge:
    u = p / half
    radius = u.norm(dim=0)
    return radius - 1, u / radius / half


def _rounded(p: Vectors, half: Vectors, bevel: Values) -> Gauge:
    out = (p.abs() - (half - bevel)).clamp(min=0)
    length = out.norm(dim=0).clamp(min=1e-12)
    return length - bevel, out.copysign(p) / length


_GAUGES = {BOX: _box, CYLINDER: _cylinder, ELLIPSOID: _ellipsoid, ROUNDED: _rounded}
"""The distance of points from a surface in some unit, positive outside, and its gradient."""
