"""A photograph of a room, with the exact geometry of every pixel.

Geometry is that of pixel centres. Colour starts from the same rays; where neighbours differ (an
edge, a shadow's border, a fine texture) a pixel becomes the mean of four rays, each with its own
point on every light, so that edges are smooth and shadows soft.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int, UInt8

from taskonomy.data.cameras import focal_length, pixel_rays
from taskonomy.rooms.shading import CENTRE, Stage, Surfaces, openness, radiance, surfaces
from taskonomy.rooms.tracer import put

_GRID = np.array([(-0.25, -0.25), (0.25, -0.25), (-0.25, 0.25), (0.25, 0.25)])
_CONTRAST = 0.16
"""Difference of neighbours, in log luminance, above which a pixel is sampled four times."""
_SHARE = 0.2
"""Share of the pixels for which that is done at most."""
_BATCH = 1 << 15
"""Pixels that are rendered at once: enough to spread numpy's overhead, few enough for caches."""

Vectors = Float[np.ndarray, "3 n"]


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


def batches(cameras: Sequence[Camera], size: int) -> Iterator[Sequence[Camera]]:
    """The cameras, as many at a time as views of that size should be worked on at once."""
    step = max(1, _BATCH // size**2)
    for first in range(0, len(cameras), step):
        yield cameras[first : first + step]


def render_views(stage: Stage, cameras: Sequence[Camera], size: int) -> list[Rendered]:
    """Render views of `size` x `size` pixels at once, which is faster for small ones (`batches`).

    The exposure of each is set as a camera does, from the picture itself.
    """
    room, shape = stage.room, (len(cameras), size, size)
    local = [pixel_rays(size, camera.fov).reshape(-1, 3).T for camera in cameras]
    pairs = list(zip(local, cameras, strict=True))
    rays = np.concatenate([camera.rotation @ rays for rays, camera in pairs], 1)
    length = np.sqrt(np.einsum("in,in->n", rays, rays))
    rays /= length
    origins = np.repeat(np.stack([camera.location for camera in cameras], 1), size**2, axis=1)
    # Geometry in double precision: far thin things lose a millimetre in single.
    seen = surfaces(stage, origins, rays, stage.tracer.trace(origins.T, rays.T))
    instance = room.instance.take(seen.primitive).reshape(shape)
    rgb = _develop(_photograph(stage, cameras, local, seen, instance))
    depth = (seen.distance / length).reshape(shape).astype(np.float32)
    semantic = room.semantic.astype(np.uint8).take(instance)
    normals = seen.normal.T.reshape(*shape, 3)
    return [
        Rendered(
            rgb=rgb[k],
            depth_z=depth[k],
            normal=normals[k] @ camera.rotation.astype(np.float32),
            semantic=semantic[k],
            instance=instance[k].astype(np.int32),
        )
        for k, camera in enumerate(cameras)
    ]


def _photograph(
    stage: Stage,
    cameras: Sequence[Camera],
    local: list[Vectors],
    seen: Surfaces,
    instance: Int[np.ndarray, "K H H"],
) -> Float[np.ndarray, "3 K H H"]:
    """Linear RGB of the pixels whose centres lie along `local` (camera frame, z = -1)."""
    size = instance.shape[1]
    pixel = np.array([1 / focal_length(camera.fov, size) for camera in cameras], np.float32)
    open_ = _evened(openness(stage, seen).reshape(instance.shape), instance).ravel()
    each = np.repeat(pixel, size**2)
    light = radiance(stage, seen, open_, np.full(len(each), CENTRE), each)
    rows = np.flatnonzero(_busy(light.reshape(3, *instance.shape)))
    camera_of, many = rows // size**2, len(_GRID)
    rays, origins = [], []
    for k, camera in enumerate(cameras):
        chosen = local[k].take(rows[camera_of == k] - k * size**2, 1)
        offset = np.pad(_GRID * (pixel[k], -pixel[k]), ((0, 0), (0, 1))).T
        turned = camera.rotation @ (chosen[:, :, None] + offset[:, None]).reshape(3, -1)
        rays.append(turned)
        origins.append(np.broadcast_to(camera.location[:, None], turned.shape))
    spread = np.concatenate(rays, 1).astype(np.float32)
    spread /= np.sqrt(np.einsum("in,in->n", spread, spread))
    again = surfaces(stage, np.concatenate(origins, 1), spread)
    sample = np.tile(np.arange(many), len(rows))
    wide = np.repeat(each[rows] / 2, many)
    samples = radiance(stage, again, np.repeat(open_[rows], many), sample, wide)
    put(light, rows, samples.reshape(3, -1, many).mean(2))
    return light.reshape(3, *instance.shape)


def _evened(
    open_: Float[np.ndarray, "K H H"], instance: Int[np.ndarray, "K H H"]
) -> Float[np.ndarray, "K H H"]:
    """The mean over the 5 x 5 neighbours on the same object."""
    size, reach = open_.shape[1], 2
    margin = ((0, 0), (reach, reach), (reach, reach))
    around = np.pad(open_, margin)
    objects = np.pad(instance.astype(np.int16), margin, constant_values=-1)
    here = objects[:, reach : reach + size, reach : reach + size]
    total, count = np.zeros_like(open_), np.zeros(open_.shape, np.int8)
    for y in range(2 * reach + 1):
        for x in range(2 * reach + 1):
            same = objects[:, y : y + size, x : x + size] == here
            total += same * around[:, y : y + size, x : x + size]
            count += same
    return np.asarray(total / count, np.float32)


def _busy(light: Float[np.ndarray, "3 K H W"]) -> Bool[np.ndarray, "K H W"]:
    """The pixels that differ most from a neighbour."""
    tone = np.log(light.mean(0) + np.float32(0.02))
    across, down = np.abs(np.diff(tone, axis=2)), np.abs(np.diff(tone, axis=1))
    step = np.zeros_like(tone)
    for part, difference in (
        (step[..., :-1], across),
        (step[..., 1:], across),
        (step[:, :-1], down),
        (step[:, 1:], down),
    ):
        np.maximum(part, difference, out=part)
    most = np.quantile(step, 1 - _SHARE, axis=(1, 2), keepdims=True)
    return np.asarray(step > np.maximum(_CONTRAST, most))


def _develop(light: Float[np.ndarray, "3 K H W"]) -> UInt8[np.ndarray, "K H W 3"]:
    """Expose so that each picture's middle grey is 0.2, compress highlights, encode as sRGB."""
    grey = np.einsum("i,ikhw->khw", np.array([0.2126, 0.7152, 0.0722], np.float32), light)
    middle = np.exp(np.log(grey + np.float32(1e-3)).mean((1, 2), keepdims=True))
    exposure = np.minimum(0.2 / np.maximum(middle.astype(float), 1e-3), 8.0)
    x = light * exposure.astype(np.float32)
    # Filmic shoulder: linear near black, white at about four times middle grey's headroom.
    shown = x * (1 + x / 6) / (1 + x)
    encoded = 255 * np.clip(shown * np.float32(1.25), 0, 1) ** np.float32(1 / 2.2)
    return np.ascontiguousarray(encoded.round().astype(np.uint8).transpose(1, 2, 3, 0))
