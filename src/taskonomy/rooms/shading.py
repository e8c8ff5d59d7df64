"""The light that reaches a camera along rays: deferred shading of what the tracer finds.

Textures are evaluated only for the rays that show them, and shadow rays are cast only towards
lights in front. Single precision throughout: colour needs no more. Vectors and colours are planes,
(3, n), which numpy is ten times faster at than rows of three.
"""

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int

from taskonomy.rooms.noise import hashed
from taskonomy.rooms.rooms import Light, Room
from taskonomy.rooms.shapes import BOX, CYLINDER, ROUNDED
from taskonomy.rooms.textures import PICTURES, colour
from taskonomy.rooms.tracer import Hits, Tracer, put, take

CENTRE = 4
"""The sample number whose point on every light is the light's centre."""

_LIGHT_POINTS = np.array(
    [(-0.5, -0.5), (0.5, -0.25), (-0.25, 0.5), (0.5, 0.5), (0.0, 0.0)], np.float32
)
_AMBIENT = 0.34
_ABOVE = np.array([[0.95], [1.0], [1.06]], np.float32)
_BELOW = np.array([[0.72], [0.62], [0.52]], np.float32)
_REACH = 0.7
"""Metres within which surroundings darken a place."""
_NEAR = np.float32(0.35)
"""Square metres added to a squared distance, so that a lamp's own surroundings do not burn out."""
_LAMP = np.float32(0.3)
"""Metres around a light that are its lamp's: nothing there casts a shadow or is lit by it."""
_LIFT = np.float32(2e-3)
"""Metres by which secondary rays start above their surface."""

Vectors = Float[np.ndarray, "3 n"]
Values = Float[np.ndarray, " n"]
Numbers = Int[np.ndarray, " n"]


@dataclass(frozen=True)
class Stage:
    """A room made ready for rendering: its tracer and its materials as arrays.

    Attributes:
        device: the torch device on which rays are traced; Embree traces them where it is None.
    """

    room: Room
    device: str | None = None

    @cached_property
    def tracer(self) -> Tracer:
        if self.device is None:
            return Tracer(self.room.primitives)
        from taskonomy.rooms import batched

        return batched.BatchedTracer(self.room.primitives, batched.usable(self.device))

    @cached_property
    def half(self) -> Float[np.ndarray, "3 P"]:
        return np.ascontiguousarray(self.room.primitives.half.T, np.float32)

    @cached_property
    def looks(self) -> Float[np.ndarray, "6 P"]:
        """Scale, gloss, glow, mirror, seed and texture (an index into `textures`)."""
        names = self.textures
        rows = [
            (m.scale, m.gloss, m.glow, m.mirror, m.seed, names.index(m.texture))
            for m in self.room.materials
        ]
        return np.array(rows, np.float32).T.take(self.room.material, 1)

    @cached_property
    def textures(self) -> list[str]:
        return sorted({m.texture for m in self.room.materials})

    @cached_property
    def pictures(self) -> Bool[np.ndarray, " P"]:
        pictures = np.array([m.texture in PICTURES for m in self.room.materials])
        return pictures.take(self.room.material)

    @cached_property
    def colours(self) -> Float[np.ndarray, "6 P"]:
        """Both colours of each primitive."""
        rows = [(*m.a, *m.b) for m in self.room.materials]
        return np.array(rows, np.float32).T.take(self.room.material, 1)


class Surfaces(NamedTuple):
    """What n unit rays meet: where (lifted off the surface), its normal, the rays.

    Attributes:
        start, normal, rays: in the world.
        distance: along each ray, metres.
        local, facing: the place and its normal in the frame of the primitive.
        primitive: which one.
    """

    start: Vectors
    normal: Vectors
    rays: Vectors
    distance: Values
    local: Vectors
    facing: Vectors
    primitive: Numbers


def surfaces(stage: Stage, origins: Vectors, rays: Vectors, hits: Hits | None = None) -> Surfaces:
    """Trace unit rays, unless their hits are known; all in single precision."""
    origins, rays = np.asarray(origins, np.float32), np.asarray(rays, np.float32)
    hits = stage.tracer.trace(origins.T, rays.T) if hits is None else hits
    distance = hits.distance.astype(np.float32, copy=False)
    local, facing, normal = (
        vectors.T.astype(np.float32, copy=False)
        for vectors in (hits.local, hits.normal, hits.outward)
    )
    start = origins + distance * rays + _LIFT * normal
    return Surfaces(start, normal, rays, distance, local, facing, hits.primitive)


def openness(stage: Stage, seen: Surfaces) -> Values:
    """1 where a random ray from the surface finds nothing near, else 0 (ambient occlusion)."""
    n = len(seen.distance)
    # A point on the unit sphere around the normal's tip: cosine-weighted directions.
    out = seen.normal * np.float32(1.02) + _sphere(n)
    hidden = stage.tracer.occluded(seen.start.T, out.T, np.full(n, _REACH, np.float32))
    return np.asarray(~hidden, np.float32)


@lru_cache(maxsize=2)
def _sphere(n: int) -> Vectors:
    """The same n random unit vectors, whenever asked."""
    place, seed = np.arange(n, dtype=np.int32), np.full(n, 77, np.int32)
    turn = np.float32(2 * np.pi) * hashed(place, seed, seed)
    height = 2 * hashed(place, seed, seed + 9) - 1
    flat = np.sqrt(np.maximum(1 - height**2, 0))
    return np.stack([flat * np.cos(turn), flat * np.sin(turn), height])


def radiance(
    stage: Stage, seen: Surfaces, open_: Values, sample: Numbers, pixel: Values
) -> Vectors:
    """Light (linear RGB) that arrives along rays; those that meet a mirror are followed, once.

    Args:
        open_: how open the surroundings of each place are, 0..1.
        sample: which point of every light a ray sees, 0..3 or CENTRE.
        pixel: the width of each ray's pixel at a distance of 1 m, in metres.
    """
    mirror = take(stage.looks[3], seen.primitive)
    rows = np.flatnonzero(mirror > 0)
    if not rows.size:
        return _sent(stage, seen, open_, sample, pixel)[0]
    n, d, m = take(seen.normal, rows), take(seen.rays, rows), take(mirror, rows)
    beyond = surfaces(stage, take(seen.start, rows), d - 2 * _dot(d, n) * n)
    # With what mirrors show at its end, since every call of each texture costs.
    sent, albedo = _sent(
        stage,
        Surfaces(*(np.concatenate(pair, -1) for pair in zip(seen, beyond, strict=True))),
        *(np.concatenate([values, values[rows]]) for values in (open_, sample, pixel)),
    )
    light, image = np.split(sent, [len(mirror)], 1)
    tint = np.where(m > 0.5, np.float32(0.9), 0.3 + 0.7 * take(albedo, rows))
    put(light, rows, take(light, rows) * (1 - m) + m * tint * image)
    return np.asarray(light)


def _sent(
    stage: Stage, seen: Surfaces, open_: Values, sample: Numbers, pixel: Values
) -> tuple[Vectors, Vectors]:
    """Light that places send back along the rays, but for mirrors, and their albedo."""
    room, normal = stage.room, seen.normal
    gloss, glow = (take(look, seen.primitive) for look in stage.looks[1:3])
    albedo = _albedo(stage, seen, pixel)
    light = _ambient(normal, open_)
    if room.sun is not None:
        _add_sunlight(stage, seen.start, normal, light)
    shine = np.zeros_like(light)
    for number, source in enumerate(room.lights):
        at = take(_light_points(source, number), sample)
        _add_light(stage, source, at, seen, gloss, light, shine)
    return (light + glow) * albedo + shine, albedo


def _dot(a: Vectors, b: Vectors) -> Values:
    return np.asarray(np.einsum("in,in->n", a, b))


def _light_points(source: Light, number: int) -> Float[np.ndarray, "3 5"]:
    """The places on a light that samples see; each light's in another order, so that the borders of
    their shadows do not coincide."""
    order = [*((corner + number) % CENTRE for corner in range(CENTRE)), CENTRE]
    sides = np.array([source.side_u, source.side_v], np.float32)
    points = _LIGHT_POINTS[order] @ sides + np.array(source.position, np.float32)
    return np.ascontiguousarray(points.T)


def _ambient(normal: Vectors, open_: Values) -> Vectors:
    """Light from all around: bluish from above, floor-coloured from below, less in corners."""
    up = 0.5 + 0.5 * normal[2]
    strength = _AMBIENT * (0.35 + 0.65 * open_)
    return np.asarray((_BELOW + up * (_ABOVE - _BELOW)) * strength)


def _add_light(
    stage: Stage,
    source: Light,
    at: Vectors,
    seen: Surfaces,
    gloss: Values,
    light: Vectors,
    shine: Vectors,
) -> None:
    """Add one light's diffuse share to `light` and its highlight to `shine`, unless hidden."""
    to = at - seen.start
    square = _dot(to, to)
    away = np.sqrt(square)
    to /= away
    facing = _dot(to, seen.normal)
    power = 1 / (square + _NEAR)
    front = (facing > 0) & (away > _LAMP)
    if any(source.normal):
        emitted = -(np.array(source.normal, np.float32) @ to)
        front &= emitted > 0
        power *= emitted
    # A ray that ends before it starts costs nothing.
    limits = np.where(front, away - _LAMP, np.float32(-1))
    front &= ~stage.tracer.occluded(seen.start.T, to.T, limits)
    power *= front
    tint = np.array(source.colour, np.float32)[:, None]
    light += power * facing * tint
    rows = np.flatnonzero((gloss > 0) & front)
    half = take(to, rows) - take(seen.rays, rows)
    g = take(gloss, rows)
    peak = _dot(half, take(seen.normal, rows)) / np.sqrt(_dot(half, half))
    strength = np.zeros_like(power)
    strength[rows] = take(power, rows) * 0.5 * g * np.maximum(peak, 0) ** (12 + 90 * g)
    shine += strength * tint


def _add_sunlight(stage: Stage, start: Vectors, normal: Vectors, light: Vectors) -> None:
    """Add sunlight to places from which the sun is seen through a pane."""
    sun = stage.room.sun
    assert sun is not None
    to = np.array(sun.direction, np.float32)
    facing = to @ normal
    for pane in stage.room.lights:
        inward = np.array(pane.normal, np.float32)
        if inward @ to >= -0.05:
            continue
        centre = np.array(pane.position, np.float32)[:, None] - start
        along = (inward @ centre) / (inward @ to)
        u, v = np.array(pane.side_u, np.float32), np.array(pane.side_v, np.float32)
        inside = np.abs(along * (u @ to) - u @ centre) < u @ u
        inside &= np.abs(along * (v @ to) - v @ centre) < v @ v
        rows = np.flatnonzero(inside & (along > 0) & (facing > 0))
        way = np.broadcast_to(to, (rows.size, 3))
        lit = rows[~stage.tracer.occluded(take(start, rows).T, way, take(along, rows))]
        bright = take(facing, lit) * np.array(sun.colour, np.float32)[:, None]
        put(light, lit, take(light, lit) + bright)


def _albedo(stage: Stage, seen: Surfaces, pixel: Values) -> Vectors:
    """Surface colour, texture by texture."""
    which = take(stage.looks[5], seen.primitive)
    places = _places(stage, seen, pixel)
    out = np.empty_like(places)
    for index, name in enumerate(stage.textures):
        rows = np.flatnonzero(which == index)
        if rows.size:
            u, v, width = take(places, rows)
            primitive = take(seen.primitive, rows)
            seed, pair = take(stage.looks[4], primitive), take(stage.colours, primitive)
            put(out, rows, colour(name, u, v, width, seed.astype(np.int32), pair[:3], pair[3:]))
    return out


def _places(stage: Stage, seen: Surfaces, pixel: Values) -> Vectors:
    """Where on their surfaces rays end, (u, v), and how wide a pixel is there.

    In periods of the texture; for pictures -1..1 over the face.
    """
    half, width = take(stage.half, seen.primitive), seen.distance * pixel
    shape = take(stage.room.primitives.shape, seen.primitive)
    across, deep, high = np.abs(seen.facing)
    side = (across >= deep) & (across >= high)
    top = ~side & (high > deep)
    # The face's axes: x and y on top, else the horizontal one and z.
    u, first = (np.where(side, planes[1], planes[0]) for planes in (seen.local, half))
    v, second = (np.where(top, planes[1], planes[2]) for planes in (seen.local, half))
    picture = take(stage.pictures, seen.primitive)
    boxy = (shape == BOX) | (shape == ROUNDED) | ((shape == CYLINDER) & top)
    # Long parts have their grain along their length.
    swap = boxy & (second > first)
    places = np.stack([np.where(swap, v, u), np.where(swap, u, v), width])
    rows = np.flatnonzero(~boxy)
    x, y, z = take(seen.local, rows)
    places[0, rows], places[1, rows] = np.arctan2(y, x) * take(half[0], rows), z
    places /= take(stage.looks[0], seen.primitive)
    rows = np.flatnonzero(picture)
    right, front, _ = take(seen.facing, rows)
    flip = np.where(take(side, rows), right < 0, ~take(top, rows) & (front > 0))
    over = take(u / first, rows), take(v / second, rows), take(width / half[0], rows)
    put(places, rows, np.stack([np.where(flip, -over[0], over[0]), *over[1:]]))
    return places
