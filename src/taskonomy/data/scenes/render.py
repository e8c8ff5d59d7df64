"""A photograph of a room, with the exact geometry of every pixel.

Geometry is that of pixel centres. Colour is the mean of four samples a pixel, each with its own
point on every light, so that edges are smooth and shadows soft. Shading is deferred: textures are
evaluated only for the samples that show them, shadow rays are cast only towards lights in front.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Float, Int, UInt8

from taskonomy.data.cameras import pixel_rays
from taskonomy.data.scenes.noise import hashed
from taskonomy.data.scenes.rooms import Light, Room
from taskonomy.data.scenes.shapes import BOX, CYLINDER, ROUNDED
from taskonomy.data.scenes.textures import PICTURES, colour
from taskonomy.data.scenes.tracer import Hits, Tracer

_GRID = ((0.25, 0.25), (0.75, 0.25), (0.25, 0.75), (0.75, 0.75))
_LIGHT_POINTS = np.array([(-0.5, -0.5), (0.5, -0.25), (-0.25, 0.5), (0.5, 0.5)])
_AMBIENT = 0.34
_REACH = 0.7
"""Metres within which surroundings darken a place."""
_LIFT = 2e-3
"""Metres by which secondary rays start above their surface."""

Points = Float[np.ndarray, "n 3"]
Values = Float[np.ndarray, " n"]


@dataclass(frozen=True)
class Camera:
    """A camera: world position, camera-to-world rotation, field of view in radians."""

    location: Float[np.ndarray, "3"]
    rotation: Float[np.ndarray, "3 3"]
    fov: float


@dataclass(frozen=True)
class Rendered:
    """One view of a room.

    Attributes:
        rgb: the photograph.
        depth_z: z-buffer depth of pixel centres in metres.
        normal: unit normals, camera frame (x right, y up, z towards the camera).
        semantic: values of segment_semantic.
        instance: index into the room's objects.
    """

    rgb: UInt8[np.ndarray, "H H 3"]
    depth_z: Float[np.ndarray, "H H"]
    normal: Float[np.ndarray, "H H 3"]
    semantic: UInt8[np.ndarray, "H H"]
    instance: Int[np.ndarray, "H H"]


@dataclass(frozen=True)
class Stage:
    """A room made ready for rendering: its tracer and its materials as arrays."""

    room: Room

    @cached_property
    def tracer(self) -> Tracer:
        return Tracer(self.room.primitives)

    @cached_property
    def looks(self) -> Float[np.ndarray, "M 6"]:
        """Scale, gloss, glow, mirror, seed and texture (an index into `textures`)."""
        names = self.textures
        return np.array(
            [
                (m.scale, m.gloss, m.glow, m.mirror, m.seed, names.index(m.texture))
                for m in self.room.materials
            ]
        )

    @cached_property
    def textures(self) -> list[str]:
        return sorted({m.texture for m in self.room.materials})

    @cached_property
    def colours(self) -> Float[np.ndarray, "M 2 3"]:
        return np.array([(m.a, m.b) for m in self.room.materials])


def render_view(stage: Stage, camera: Camera, size: int) -> Rendered:
    """Render a view of `size` x `size` pixels.

    The exposure is set as a camera does, from the picture itself.
    """
    room, rotation = stage.room, camera.rotation
    rays = pixel_rays(size, camera.fov).reshape(-1, 3) @ rotation.T
    origins = np.broadcast_to(camera.location, rays.shape)
    hits = stage.tracer.trace(origins, rays)
    normal = _to_world(room, hits.primitive, hits.normal) @ rotation
    instance = room.instance[hits.primitive]
    light = np.zeros((size * size, 3), np.float32)
    for k, offset in enumerate(_GRID):
        rays = pixel_rays(size, camera.fov, offset).reshape(-1, 3) @ rotation.T
        rays /= np.linalg.norm(rays, axis=1, keepdims=True)
        light += _radiance(stage, origins, rays, k, mirrors=True)
    return Rendered(
        rgb=_develop(light / len(_GRID)).reshape(size, size, 3),
        depth_z=hits.distance.reshape(size, size).astype(np.float32),
        normal=normal.reshape(size, size, 3).astype(np.float32),
        semantic=room.semantic[instance].reshape(size, size).astype(np.uint8),
        instance=instance.reshape(size, size).astype(np.int32),
    )


def _to_world(room: Room, primitive: Int[np.ndarray, " n"], local: Points) -> Points:
    return np.asarray(np.einsum("nij,nj->ni", room.primitives.rotation[primitive], local))


def _develop(light: Points) -> UInt8[np.ndarray, "n 3"]:
    """Expose so that the middle grey of the picture is 0.2, compress highlights, encode as sRGB."""
    grey = light @ np.array([0.2126, 0.7152, 0.0722])
    exposure = 0.2 / max(float(np.exp(np.log(grey + 1e-3).mean())), 1e-3)
    x = light * min(exposure, 8.0)
    # Filmic shoulder: linear near black, white at about four times middle grey's headroom.
    x = x * (1 + x / 6.0) / (1 + x)
    return np.asarray((255 * np.clip(x * 1.25, 0, 1) ** (1 / 2.2)).round(), np.uint8)


def _radiance(stage: Stage, origins: Points, rays: Points, sample: int, mirrors: bool) -> Points:
    """Light that arrives along unit rays, each from the sample's points on the lights."""
    room = stage.room
    hits = stage.tracer.trace(origins, rays)
    normal = _to_world(room, hits.primitive, hits.normal)
    point = origins + hits.distance[:, None] * rays
    material = room.material[hits.primitive]
    look = stage.looks[material].astype(np.float32)
    albedo = _albedo(stage, hits, material)
    start = point + _LIFT * normal
    diffuse = _ambient(stage, start, normal, sample) * albedo
    shine = np.zeros_like(diffuse)
    for number, source in enumerate(room.lights):
        _add_light(stage, source, number, sample, start, normal, rays, look, diffuse, shine, albedo)
    if room.sun is not None:
        diffuse += albedo * _sunlight(stage, start, normal)
    light = diffuse + shine + albedo * look[:, 2:3]
    rows = np.flatnonzero(look[:, 3] > 0) if mirrors else np.zeros(0, int)
    if rows.size:
        n, d, m = normal[rows], rays[rows], look[rows, 3:4]
        reflected = d - 2 * (d * n).sum(1, keepdims=True) * n
        seen = _radiance(stage, start[rows], reflected, sample, mirrors=False)
        tint = np.where(m > 0.5, 0.9, 0.3 + 0.7 * albedo[rows])
        light[rows] = light[rows] * (1 - m) + m * tint * seen
    return np.asarray(light, np.float32)


def _ambient(stage: Stage, start: Points, normal: Points, sample: int) -> Points:
    """Light from all around: bluish from above, floor-coloured from below, less in corners."""
    n = len(start)
    place = np.arange(n, dtype=np.int32)
    seed = np.full(n, 77 + sample, np.int32)
    turn, lean = 2 * np.pi * hashed(place, seed, seed), np.sqrt(hashed(place, seed, seed + 9))
    side = np.where(np.abs(normal[:, 2:]) > 0.9, [[1.0, 0, 0]], [[0, 0, 1.0]])
    u = np.cross(normal, side)
    u /= np.linalg.norm(u, axis=1, keepdims=True)
    v = np.cross(normal, u)
    out = (lean * np.cos(turn))[:, None] * u + (lean * np.sin(turn))[:, None] * v
    out += np.sqrt(np.maximum(1 - lean**2, 0.01))[:, None] * normal
    hidden = stage.tracer.occluded(start, out, np.full(n, _REACH))
    up = 0.5 + 0.5 * normal[:, 2:]
    tint = up * np.array([0.95, 1.0, 1.06]) + (1 - up) * np.array([0.72, 0.62, 0.52])
    return np.asarray(_AMBIENT * tint * np.where(hidden, 0.35, 1.0)[:, None], np.float32)


def _add_light(
    stage: Stage,
    source: Light,
    number: int,
    sample: int,
    start: Points,
    normal: Points,
    rays: Points,
    look: Float[np.ndarray, "n 6"],
    diffuse: Points,
    shine: Points,
    albedo: Points,
) -> None:
    """Add one light's diffuse and glossy share, where it is in front and unhidden."""
    a, b = _LIGHT_POINTS[(sample + number) % len(_LIGHT_POINTS)]
    at = np.array(source.position) + a * np.array(source.side_u) + b * np.array(source.side_v)
    to = at - start
    square = (to * to).sum(1)
    away = np.sqrt(square)
    to /= away[:, None]
    facing = (to * normal).sum(1)
    if any(source.normal):
        emitted = np.maximum(-(to @ np.array(source.normal)), 0)
    else:
        emitted = np.ones_like(facing)
    rows = np.flatnonzero((facing > 0) & (emitted > 0.01))
    lit = ~stage.tracer.occluded(start[rows], to[rows], away[rows] - 0.3)
    rows = rows[lit]
    # The floor on the distance keeps a lamp's own neighbourhood from burning out.
    power = (emitted[rows] / (square[rows] + 0.35))[:, None] * np.array(source.colour)
    diffuse[rows] += power * facing[rows, None] * albedo[rows]
    half = to[rows] - rays[rows]
    half /= np.linalg.norm(half, axis=1, keepdims=True)
    gloss = look[rows, 1]
    sharp = 12 + 90 * gloss
    peak = np.maximum((half * normal[rows]).sum(1), 0) ** sharp
    shine[rows] += power * (0.5 * gloss * peak)[:, None]


def _sunlight(stage: Stage, start: Points, normal: Points) -> Points:
    """Sunlight on places from which the sun is seen through a pane."""
    room = stage.room
    assert room.sun is not None
    to = np.array(room.sun.direction)
    facing = normal @ to
    out = np.zeros_like(start)
    for light in room.lights:
        inward = np.array(light.normal)
        if not light.normal or inward @ to >= -0.05:
            continue
        along = ((np.array(light.position) - start) @ inward) / (to @ inward)
        hit = start + along[:, None] * to - np.array(light.position)
        u, v = np.array(light.side_u), np.array(light.side_v)
        inside = (np.abs(hit @ u) < u @ u) & (np.abs(hit @ v) < v @ v) & (along > 0) & (facing > 0)
        rows = np.flatnonzero(inside)
        way = np.broadcast_to(to, (rows.size, 3))
        rows = rows[~stage.tracer.occluded(start[rows], way, along[rows])]
        out[rows] = facing[rows, None] * np.array(room.sun.colour)
    return out


def _albedo(stage: Stage, hits: Hits, material: Int[np.ndarray, " n"]) -> Points:
    """Surface colour, texture by texture."""
    look = stage.looks[material]
    out = np.empty((len(material), 3), np.float32)
    for index, name in enumerate(stage.textures):
        rows = np.flatnonzero(look[:, 5] == index)
        if not rows.size:
            continue
        which = hits.primitive[rows]
        u, v = _surface(stage.room, which, hits.local[rows], hits.normal[rows], name in PICTURES)
        if name not in PICTURES:
            scale = look[rows, 0]
            u, v = u / scale, v / scale
        pair = stage.colours[material[rows]].astype(np.float32)
        seed = look[rows, 4].astype(np.int32)
        u, v = u.astype(np.float32), v.astype(np.float32)
        out[rows] = colour(name, u, v, seed, pair[:, 0], pair[:, 1])
    return out


def _surface(
    room: Room, primitive: Int[np.ndarray, " n"], local: Points, normal: Points, picture: bool
) -> tuple[Values, Values]:
    """Surface coordinates: metres along the surface, or -1..1 over the face (`picture`)."""
    half = room.primitives.half[primitive]
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
