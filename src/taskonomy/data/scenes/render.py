"""A photograph of a room, with the exact geometry of every pixel.

Geometry is that of pixel centres. Colour starts from the same rays; where neighbours differ (an
edge, a shadow's border, a fine texture) a pixel becomes the mean of four rays, each with its own
point on every light, so that edges are smooth and shadows soft.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int, UInt8

from taskonomy.data.cameras import focal_length, pixel_rays
from taskonomy.data.scenes.shading import CENTRE, Stage, Surfaces, openness, radiance, surfaces

_GRID = np.array([(-0.25, -0.25), (0.25, -0.25), (-0.25, 0.25), (0.25, 0.25)])
_CONTRAST = 0.16
"""Difference of neighbours, in log luminance, above which a pixel is sampled four times."""
_SHARE = 0.25
"""Share of the pixels for which that is done at most."""
_BATCH = 1 << 15
"""Pixels that are rendered at once: enough to spread numpy's overhead, few enough for caches."""

Points = Float[np.ndarray, "n 3"]


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


def render_view(stage: Stage, camera: Camera, size: int) -> Rendered:
    """Render a view of `size` x `size` pixels; see `render_views`."""
    return render_views(stage, [camera], size)[0]


def render_views(stage: Stage, cameras: Sequence[Camera], size: int) -> list[Rendered]:
    """Render views of `size` x `size` pixels, several at once because that is faster.

    The exposure of each is set as a camera does, from the picture itself.
    """
    step = max(1, _BATCH // size**2)
    done: list[Rendered] = []
    for first in range(0, len(cameras), step):
        done += _render_batch(stage, cameras[first : first + step], size)
    return done


def _render_batch(stage: Stage, cameras: Sequence[Camera], size: int) -> list[Rendered]:
    room, shape = stage.room, (len(cameras), size, size)
    local = [pixel_rays(size, camera.fov).reshape(-1, 3) for camera in cameras]
    length = np.concatenate([np.linalg.norm(rays, axis=1) for rays in local])
    pairs = list(zip(local, cameras, strict=True))
    rays = np.concatenate([rays @ camera.rotation.T for rays, camera in pairs])
    rays /= length[:, None]
    origins = np.repeat([camera.location for camera in cameras], size**2, axis=0)
    hits = stage.tracer.trace(origins, rays)
    normal = np.einsum("nij,nj->ni", room.primitives.rotation.take(hits.primitive, 0), hits.normal)
    instance = room.instance[hits.primitive].reshape(shape)
    light = _photograph(stage, cameras, local, surfaces(stage, origins, rays, hits), instance)
    depth = (hits.distance / length).reshape(shape).astype(np.float32)
    normals = normal.reshape(*shape, 3)
    return [
        Rendered(
            rgb=_develop(light[k].reshape(-1, 3)).reshape(size, size, 3),
            depth_z=depth[k],
            normal=(normals[k] @ camera.rotation).astype(np.float32),
            semantic=room.semantic[instance[k]].astype(np.uint8),
            instance=instance[k].astype(np.int32),
        )
        for k, camera in enumerate(cameras)
    ]


def _photograph(
    stage: Stage,
    cameras: Sequence[Camera],
    local: list[Points],
    seen: Surfaces,
    instance: Int[np.ndarray, "K H H"],
) -> Float[np.ndarray, "K H H 3"]:
    """Linear RGB of the pixels whose centres lie along `local` (camera frame, z = -1)."""
    size = instance.shape[1]
    pixel = np.array([1 / focal_length(camera.fov, size) for camera in cameras])
    rough = openness(stage, seen).reshape(instance.shape)
    evened = [_evened(*pair) for pair in zip(rough, instance, strict=True)]
    open_ = np.stack(evened).ravel()
    each = np.repeat(pixel, size**2).astype(np.float32)
    light = radiance(stage, seen, open_, np.full(len(each), CENTRE), each)
    busy = [_busy(image) for image in light.reshape(*instance.shape, 3)]
    rays, origins = [], []
    for k, camera in enumerate(cameras):
        chosen = local[k][busy[k].ravel()]
        offset = np.pad(_GRID * (pixel[k], -pixel[k]), ((0, 0), (0, 1)))
        rays.append((chosen[:, None] + offset) @ camera.rotation.T)
        origins.append(np.broadcast_to(camera.location, rays[-1].shape))
    spread = np.concatenate(rays).reshape(-1, 3)
    spread /= np.sqrt(np.einsum("ni,ni->n", spread, spread))[:, None]
    rows = np.flatnonzero(np.stack(busy))
    many = len(_GRID)
    again = surfaces(stage, np.concatenate(origins).reshape(-1, 3), spread)
    sample = np.tile(np.arange(many), len(rows))
    wide = np.repeat(each[rows] / 2, many)
    samples = radiance(stage, again, np.repeat(open_[rows], many), sample, wide)
    light[rows] = samples.reshape(-1, many, 3).mean(1)
    return light.reshape(*instance.shape, 3)


def _evened(
    open_: Float[np.ndarray, "H H"], instance: Int[np.ndarray, "H H"]
) -> Float[np.ndarray, "H H"]:
    """The mean over the 5 x 5 neighbours on the same object."""
    size, reach = len(open_), 2
    total, count = np.zeros_like(open_), np.zeros_like(open_)
    around = np.pad(open_, reach)
    objects = np.pad(instance, reach, constant_values=-1)
    for y in range(2 * reach + 1):
        for x in range(2 * reach + 1):
            same = objects[y : y + size, x : x + size] == instance
            total += same * around[y : y + size, x : x + size]
            count += same
    return np.asarray(total / count)


def _busy(light: Float[np.ndarray, "H W 3"]) -> Bool[np.ndarray, "H W"]:
    """The pixels that differ most from a neighbour."""
    tone = np.log(light.mean(2) + 0.02)
    across, down = np.abs(np.diff(tone, axis=1)), np.abs(np.diff(tone, axis=0))
    step = np.zeros(tone.shape, tone.dtype)
    for part, difference in (
        (step[:, :-1], across),
        (step[:, 1:], across),
        (step[:-1], down),
        (step[1:], down),
    ):
        np.maximum(part, difference, out=part)
    most = np.quantile(step, 1 - _SHARE)
    found: Bool[np.ndarray, "H W"] = step > max(_CONTRAST, most)
    return found


def _develop(light: Points) -> UInt8[np.ndarray, "n 3"]:
    """Expose so that the middle grey of the picture is 0.2, compress highlights, encode as sRGB."""
    grey = light @ np.array([0.2126, 0.7152, 0.0722])
    exposure = 0.2 / max(float(np.exp(np.log(grey + 1e-3).mean())), 1e-3)
    x = light * min(exposure, 8.0)
    # Filmic shoulder: linear near black, white at about four times middle grey's headroom.
    x = x * (1 + x / 6.0) / (1 + x)
    return np.asarray((255 * np.clip(x * 1.25, 0, 1) ** (1 / 2.2)).round(), np.uint8)
