"""The light that reaches a camera along rays: deferred shading of what the tracer finds.

Textures are evaluated only for the rays that show them, and shadow rays are cast only towards
lights in front. Single precision throughout: colour needs no more.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Float, Int

from taskonomy.data.scenes.noise import hashed
from taskonomy.data.scenes.rooms import Light, Room
from taskonomy.data.scenes.shapes import BOX, CYLINDER, ROUNDED
from taskonomy.data.scenes.textures import PICTURES, colour
from taskonomy.data.scenes.tracer import Hits, Tracer

CENTRE = 4
"""The sample number whose point on every light is the light's centre."""

_LIGHT_POINTS = np.array(
    [(-0.5, -0.5), (0.5, -0.25), (-0.25, 0.5), (0.5, 0.5), (0.0, 0.0)], np.float32
)
_AMBIENT = 0.34
_REACH = 0.7
"""Metres within which surroundings darken a place."""
_NEAR = np.float32(0.35)
"""Square metres added to a squared distance, so that a lamp's own surroundings do not burn out."""
_LIFT = np.float32(2e-3)
"""Metres by which secondary rays start above their surface."""

Points = Float[np.ndarray, "n 3"]
Values = Float[np.ndarray, " n"]
Samples = Int[np.ndarray, " n"]


@dataclass(frozen=True)
class Stage:
    """A room made ready for rendering: its tracer and its materials as arrays."""

    room: Room

    @cached_property
    def tracer(self) -> Tracer:
        return Tracer(self.room.primitives)

    @cached_property
    def rotations(self) -> Float[np.ndarray, "P 3 3"]:
        return self.room.primitives.rotation.astype(np.float32)

    @cached_property
    def looks(self) -> Float[np.ndarray, "M 6"]:
        """Scale, gloss, glow, mirror, seed and texture (an index into `textures`)."""
        names = self.textures
        return np.array(
            [
                (m.scale, m.gloss, m.glow, m.mirror, m.seed, names.index(m.texture))
                for m in self.room.materials
            ],
            np.float32,
        )

    @cached_property
    def textures(self) -> list[str]:
        return sorted({m.texture for m in self.room.materials})

    @cached_property
    def colours(self) -> Float[np.ndarray, "M 2 3"]:
        return np.array([(m.a, m.b) for m in self.room.materials], np.float32)


@dataclass(frozen=True)
class Surfaces:
    """What n unit rays meet: where (lifted off the surface), its normal, the rays, the hits."""

    start: Points
    normal: Points
    rays: Points
    hits: Hits


def surfaces(stage: Stage, origins: Points, rays: Points, hits: Hits | None = None) -> Surfaces:
    """Trace unit rays, unless their hits are known; all in single precision."""
    origins, rays = origins.astype(np.float32), rays.astype(np.float32)
    if hits is None:
        hits = stage.tracer.trace(origins, rays)
    single = (a.astype(np.float32) for a in (hits.distance, hits.local, hits.normal))
    hits = Hits(hits.primitive, *single)
    normal = np.einsum("nij,nj->ni", stage.rotations.take(hits.primitive, 0), hits.normal)
    start = origins + hits.distance[:, None] * rays + _LIFT * normal
    return Surfaces(start, normal, rays, hits)


def openness(stage: Stage, seen: Surfaces) -> Values:
    """1 where a random ray from the surface finds nothing near, else 0 (ambient occlusion)."""
    n = len(seen.start)
    place, seed = np.arange(n, dtype=np.int32), np.full(n, 77, np.int32)
    turn, height = 2 * np.pi * hashed(place, seed, seed), 2 * hashed(place, seed, seed + 9) - 1
    flat = np.sqrt(np.maximum(1 - height**2, 0))
    # A point on the unit sphere around the normal's tip: cosine-weighted directions.
    out = seen.normal * np.float32(1.02)
    out += np.stack([flat * np.cos(turn), flat * np.sin(turn), height], 1)
    hidden = stage.tracer.occluded(seen.start, out, np.full(n, _REACH, np.float32))
    return np.asarray(~hidden, np.float32)


def radiance(
    stage: Stage,
    seen: Surfaces,
    open_: Values,
    sample: Samples,
    pixel: Values,
    *,
    mirrors: bool = True,
) -> Points:
    """Light (linear RGB) that arrives along rays.

    Args:
        open_: how open the surroundings of each place are, 0..1.
        sample: which point of every light a ray sees, 0..3 or CENTRE.
        pixel: the width of each ray's pixel at a distance of 1 m, in metres.
        mirrors: whether to follow rays that meet a mirror, once.
    """
    room, hits, normal, start = stage.room, seen.hits, seen.normal, seen.start
    material = room.material[hits.primitive]
    look = stage.looks.take(material, 0)
    albedo = _albedo(stage, hits, material, look, pixel)
    light = _ambient(normal, open_)
    if room.sun is not None:
        _add_sunlight(stage, start, normal, light)
    shine = np.zeros_like(light)
    for number, source in enumerate(room.lights):
        at = _light_points(source, sample + (number * (sample < CENTRE)))
        _add_light(stage, source, at, seen, look[:, 1], light, shine)
    light = (light + look[:, 2:3]) * albedo + shine
    rows = np.flatnonzero(look[:, 3] > 0) if mirrors else np.zeros(0, int)
    if rows.size:
        n, d, m = normal.take(rows, 0), seen.rays.take(rows, 0), look.take(rows, 0)[:, 3:4]
        reflected = d - 2 * _dot(d, n)[:, None] * n
        beyond = surfaces(stage, start.take(rows, 0), reflected)
        image = radiance(stage, beyond, open_[rows], sample[rows], pixel[rows], mirrors=False)
        tint = np.where(m > 0.5, np.float32(0.9), 0.3 + 0.7 * albedo.take(rows, 0))
        light[rows] = light.take(rows, 0) * (1 - m) + m * tint * image
    return np.asarray(light)


def _dot(a: Points, b: Points) -> Values:
    return np.asarray(np.einsum("ni,ni->n", a, b))


def _light_points(source: Light, sample: Samples) -> Points:
    sides = np.array([source.side_u, source.side_v], np.float32)
    points = _LIGHT_POINTS @ sides + np.array(source.position, np.float32)
    return np.asarray(points.take(np.where(sample > CENTRE, sample % CENTRE, sample), 0))


def _ambient(normal: Points, open_: Values) -> Points:
    """Light from all around: bluish from above, floor-coloured from below, less in corners."""
    up = 0.5 + 0.5 * normal[:, 2:]
    above, below = np.array([0.95, 1.0, 1.06], np.float32), np.array([0.72, 0.62, 0.52], np.float32)
    strength = _AMBIENT * (0.35 + 0.65 * open_)
    return np.asarray((below + up * (above - below)) * strength[:, None])


def _add_light(
    stage: Stage,
    source: Light,
    at: Points,
    seen: Surfaces,
    gloss: Values,
    light: Points,
    shine: Points,
) -> None:
    """Add one light's diffuse share to `light` and its highlight to `shine`, unless hidden."""
    to = at - seen.start
    away = np.sqrt(_dot(to, to))
    to /= away[:, None]
    facing = _dot(to, seen.normal)
    front = facing > 0
    power = 1 / (away * away + _NEAR)
    if any(source.normal):
        emitted = -(to @ np.array(source.normal, np.float32))
        front &= emitted > 0
        power *= emitted
    # A ray that ends before it starts costs nothing.
    hidden = stage.tracer.occluded(seen.start, to, np.where(front, away - np.float32(0.3), -1))
    power *= front & ~hidden
    tint = np.array(source.colour, np.float32)
    light += (power * facing)[:, None] * tint
    rows = np.flatnonzero((gloss > 0) & (power > 0))
    half = to.take(rows, 0) - seen.rays.take(rows, 0)
    g = gloss[rows]
    peak = _dot(half, seen.normal.take(rows, 0)) / np.sqrt(_dot(half, half))
    strength = np.zeros_like(power)
    strength[rows] = power[rows] * 0.5 * g * np.maximum(peak, 0) ** (12 + 90 * g)
    shine += strength[:, None] * tint


def _add_sunlight(stage: Stage, start: Points, normal: Points, light: Points) -> None:
    """Add sunlight to places from which the sun is seen through a pane."""
    sun = stage.room.sun
    assert sun is not None
    to = np.array(sun.direction, np.float32)
    facing = normal @ to
    for pane in stage.room.lights:
        inward = np.array(pane.normal, np.float32)
        if inward @ to >= -0.05:
            continue
        centre = np.array(pane.position, np.float32) - start
        along = (centre @ inward) / (inward @ to)
        hit = along[:, None] * to - centre
        u, v = np.array(pane.side_u, np.float32), np.array(pane.side_v, np.float32)
        inside = (np.abs(hit @ u) < u @ u) & (np.abs(hit @ v) < v @ v)
        rows = np.flatnonzero(inside & (along > 0) & (facing > 0))
        way = np.broadcast_to(to, (rows.size, 3))
        bright = np.zeros_like(facing)
        hidden = stage.tracer.occluded(start.take(rows, 0), way, along[rows])
        bright[rows] = facing[rows] * ~hidden
        light += bright[:, None] * np.array(sun.colour, np.float32)


def _albedo(
    stage: Stage,
    hits: Hits,
    material: Int[np.ndarray, " n"],
    look: Float[np.ndarray, "n 6"],
    pixel: Values,
) -> Points:
    """Surface colour, texture by texture."""
    pairs = stage.colours.take(material, 0)
    widths = hits.distance * pixel
    out = np.empty((len(material), 3), np.float32)
    for index, name in enumerate(stage.textures):
        rows = np.flatnonzero(look[:, 5] == index)
        if not rows.size:
            continue
        which = hits.primitive[rows]
        local, normal = hits.local.take(rows, 0), hits.normal.take(rows, 0)
        u, v = _surface(stage.room, which, local, normal, name in PICTURES)
        width, pair, seed = widths[rows], pairs.take(rows, 0), look[rows, 4].astype(np.int32)
        if name in PICTURES:
            width = width / stage.room.primitives.half[which, 0].astype(np.float32)
        else:
            scale = look[rows, 0]
            u, v, width = u / scale, v / scale, width / scale
        u, v = u.astype(np.float32), v.astype(np.float32)
        out[rows] = colour(name, u, v, width, seed, pair[:, 0], pair[:, 1])
    return out


def _surface(
    room: Room, primitive: Int[np.ndarray, " n"], local: Points, normal: Points, picture: bool
) -> tuple[Values, Values]:
    """Surface coordinates: metres along the surface, or -1..1 over the face (`picture`)."""
    half = room.primitives.half.take(primitive, 0)
    shape = room.primitives.shape[primitive]
    axis = np.abs(normal).argmax(1)
    row = np.arange(len(local))
    # The face's axes: x and y on top, else the horizontal one and z.
    first, second = np.where(axis == 0, 1, 0), np.where(axis == 2, 1, 2)
    u, v = local[row, first], local[row, second]
    if picture:
        flip = np.where((axis == 1) & (normal[:, 1] > 0), -1.0, 1.0)
        flip = np.where((axis == 0) & (normal[:, 0] < 0), -1.0, flip)
        return flip * u / half[row, first], v / half[row, second]
    boxy = (shape == BOX) | (shape == ROUNDED) | ((shape == CYLINDER) & (axis == 2))
    # Long parts have their grain along their length.
    swap = boxy & (half[row, second] > half[row, first])
    u, v = np.where(swap, v, u), np.where(swap, u, v)
    bent = np.arctan2(local[:, 1], local[:, 0]) * half[:, 0]
    return np.where(boxy, u, bent), np.where(boxy, v, local[:, 2])
