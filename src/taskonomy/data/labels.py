"""Labels that follow from geometry and colour: one function for rooms and captures alike.

Six are the data set's own operators (`taskonomy.data.operators`); here are those that follow from
the surfaces that a camera sees, and cheap likenesses of two operators for views that are too small
or too many for them.
"""

from collections.abc import Sequence
from math import tan
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float32, Float64, UInt8

from taskonomy.data import operators
from taskonomy.data.operators.grid import ACROSS
from taskonomy.data.operators.segments import segment_surfaces
from taskonomy.data.stencils import Jumps, blur, derivatives, dot, jumps, smooth_normals

WHOLE = 256
"""Pixels across from which on keypoints3d and segments are the data set's operators. Below, they
would take longer than rendering a view does."""
OCCLUSION_JUMP = 0.15
"""Metres between two surfaces from which on a small view's 3D keypoints take it as a border."""


class Surface(NamedTuple):
    """What the geometric labels of K views are made of: camera-frame rays, points and normals, as
    planes of coordinates, and focal lengths in pixels."""

    ray: Float32[np.ndarray, "3 K H W"]
    point: Float32[np.ndarray, "3 K H W"]
    normal: Float32[np.ndarray, "3 K H W"]
    valid: Bool[np.ndarray, "K H W"]
    focal: Float64[np.ndarray, "K 1 1"]


def derive_view(
    rgb: UInt8[np.ndarray, "H W 3"],
    depth_z: Float32[np.ndarray, "H W"],
    normal: Float32[np.ndarray, "H W 3"],
    fov: float,
) -> dict[str, np.ndarray]:
    """Return every label of a view that follows from colour and geometry; see `derive_views`."""
    views = derive_views(rgb[None], depth_z[None], normal[None], [fov])
    return {domain: labels[0] for domain, labels in views.items()}


def derive_views(
    rgb: UInt8[np.ndarray, "K H W 3"],
    depth_z: Float32[np.ndarray, "K H W"],
    normal: Float32[np.ndarray, "K H W 3"],
    fov: Sequence[float],
) -> dict[str, np.ndarray]:
    """Return every label of K views that follows from colour and geometry, by domain name.

    Several small views at once are quicker than one by one.

    Args:
        rgb: the images.
        depth_z: metres along the optical axis, nan = missing.
        normal: unit, camera frame x right, y up, z towards the camera, nan = missing.
        fov: the horizontal fields of view in radians; pixels are square.

    Returns:
        depth_euclidean, principal_curvature, reshading, edge_occlusion, keypoints3d,
        segment_unsup25d (geometry alone), edge_texture, keypoints2d, segment_unsup2d (colour
        alone), in the shapes and units of `codecs.decode`, one after the other.
    """
    surface = unproject(depth_z, normal, fov)
    near = jumps(surface.point, surface.normal, surface.valid, surface.focal, 1)
    scale = max(1, round(rgb.shape[2] / ACROSS))
    smooth = smooth_normals(
        surface.point, surface.normal, surface.valid, surface.focal, near, scale
    )
    distance = np.sqrt(dot(surface.ray, surface.ray)) * depth_z
    made = {
        "depth_euclidean": distance.astype(np.float32),
        "principal_curvature": principal_curvature(surface._replace(normal=smooth), near),
        "reshading": reshading(surface),
        "edge_occlusion": np.stack([operators.edge_occlusion(depth) for depth in depth_z]),
        "edge_texture": np.stack([operators.edge_texture(image) for image in rgb]),
        "keypoints2d": np.stack([operators.keypoints2d(image) for image in rgb]),
        "segment_unsup2d": np.stack([operators.segment_unsup2d(image) for image in rgb]),
    }
    if rgb.shape[2] < WHOLE:
        made["keypoints3d"] = changing_surfaces(smooth, near, surface.valid)
        made["segment_unsup25d"] = planar_segments(surface)
        return made
    unknown = float("nan")  # Nothing is known where depth is missing: it makes no border.
    made["keypoints3d"] = np.stack(
        [
            operators.keypoints3d(depth, angle, unknown=unknown)
            for depth, angle in zip(depth_z, fov, strict=True)
        ]
    )
    made["segment_unsup25d"] = np.stack(
        [operators.segment_unsup25d(*view) for view in zip(depth_z, normal, strict=True)]
    )
    return made


def rays(height: int, width: int, fov: float) -> Float32[np.ndarray, "H W 3"]:
    """Return each pixel centre's ray (x right, y up, z = -1): times z-depth, it is the point."""
    focal = width / 2 / tan(fov / 2)
    ray = np.empty((height, width, 3), np.float32)
    ray[..., 0] = (np.arange(width, dtype=np.float32) + 0.5 - width / 2) / focal
    ray[..., 1] = -((np.arange(height, dtype=np.float32) + 0.5 - height / 2) / focal)[:, None]
    ray[..., 2] = -1
    return ray


def unproject(
    depth_z: Float32[np.ndarray, "K H W"],
    normal: Float32[np.ndarray, "K H W 3"],
    fov: Sequence[float],
) -> Surface:
    """Return the visible surfaces; where depth or normal is missing, zeros that are not valid."""
    height, width = depth_z.shape[1:]
    ray = np.stack([rays(height, width, angle) for angle in fov])
    ray = np.ascontiguousarray(ray.transpose(3, 0, 1, 2))
    valid = np.isfinite(depth_z) & np.isfinite(normal[..., 2])
    point = np.where(valid, ray * depth_z, np.float32(0))
    kept = np.where(valid, np.ascontiguousarray(normal.transpose(3, 0, 1, 2)), np.float32(0))
    focal = np.array([width / 2 / tan(angle / 2) for angle in fov])
    return Surface(ray, point, kept, valid, focal[:, None, None])


def principal_curvature(surface: Surface, near: Jumps) -> Float32[np.ndarray, "K H W 2"]:
    """Return the principal curvatures in 1/m, the one of larger size first, nan = missing.

    A convex surface curves by more than 0. The eigenvalues of the shape operator: normals'
    derivatives against the points' on the tangent plane, both per pixel, never taken across a depth
    jump. It is the curvature at the scale of a few pixels, and a crease is a ridge of that width.
    """
    ray, normal = surface.ray, surface.normal
    facing = np.minimum(dot(normal, ray), np.float32(-0.1))
    depth = -surface.point[2] / surface.focal.astype(np.float32)
    # How the point moves on its tangent plane per pixel to the right and down.
    right = depth * (_axis(1, 0, 0) - normal[0] / facing * ray)
    down = depth * (_axis(0, -1, 0) + normal[1] / facing * ray)
    turn_right, turn_down = derivatives(normal, near)
    e, f, g = dot(right, right), dot(right, down), dot(down, down)
    el, en = dot(turn_right, right), dot(turn_down, down)
    em = (dot(turn_right, down) + dot(turn_down, right)) / 2
    area = np.maximum(e * g - f * f, np.float32(1e-12))
    mean = (el * g - 2 * em * f + en * e) / (2 * area)
    gauss = (el * en - em * em) / area
    spread = np.sqrt(np.maximum(mean * mean - gauss, 0))
    # Of two eigenvalues the larger in size has the sign of their mean.
    spread = np.where(mean < 0, -spread, spread)
    curvature = np.asarray(np.stack([mean + spread, mean - spread], -1), np.float32)
    curvature[~surface.valid] = np.nan
    return curvature


def _axis(x: int, y: int, z: int) -> Float32[np.ndarray, "3 1 1 1"]:
    return np.array([x, y, z], np.float32)[:, None, None, None]


def reshading(surface: Surface) -> Float32[np.ndarray, "K H W"]:
    """Return the cosine between normal and direction to a light at the camera; 0 where missing."""
    length = np.sqrt(dot(surface.ray, surface.ray))
    cosine = -dot(surface.normal, surface.ray) / length
    return np.asarray(np.clip(cosine, 0, 1), np.float32)


def changing_surfaces(
    normal: Float32[np.ndarray, "3 K H W"],
    near: Jumps,
    valid: Bool[np.ndarray, "K H W"],
) -> Float32[np.ndarray, "K H W"]:
    """Return a cheap likeness of keypoints3d in [0, 1]: where surfaces change in two directions.

    The root of the smaller eigenvalue of the structure tensor of the surface's change: of normals
    (creases) and of occlusion (silhouettes), over about W/32 pixels. A straight edge or a plane
    has none; corners, tips and small things do.
    """
    scale = max(1, round(normal.shape[3] / 64))
    right, down = derivatives(normal, near)
    gap_right, gap_down = near.gradient(OCCLUSION_JUMP)
    xx = dot(right, right) + gap_right * gap_right
    yy = dot(down, down) + gap_down * gap_down
    xy = dot(right, down) + gap_right * gap_down
    xx, yy, xy = (blur(plane, 1.5 * scale) for plane in (xx, yy, xy))
    lesser = (xx + yy) / 2 - np.sqrt(np.maximum((xx - yy) ** 2 / 4 + xy * xy, 0))
    interest = np.tanh(np.sqrt(np.maximum(lesser, 0)))
    return np.where(valid, interest, 0).astype(np.float32)


def planar_segments(surface: Surface) -> UInt8[np.ndarray, "K H W"]:
    """Return a cheap likeness of segment_unsup25d: of normals and n.p, which do not change on a
    plane however slanted."""
    offset = dot(surface.normal, surface.point)[None]
    stack = np.concatenate([surface.normal, offset]).transpose(1, 2, 3, 0) * np.float32(60)
    stack[~surface.valid] = -1000
    return np.stack([segment_surfaces(view) for view in stack])


def agreement(
    depth_z: Float32[np.ndarray, "H W"], normal: Float32[np.ndarray, "H W 3"], fov: float
) -> Float64[np.ndarray, " N"]:
    """Return the angles in degrees between stored normals and those of the depth, where both are
    known and no depth jump is near."""
    surface = unproject(depth_z[None], normal[None], [fov])
    near = jumps(surface.point, surface.normal, surface.valid, surface.focal, 1)
    right, down = derivatives(surface.point, near)
    other = np.cross(down, right, axis=0).astype(np.float64)
    length = np.linalg.norm(other, axis=0)
    known = surface.valid & (length > 0) & (blur(near.strongest(), 1.0) == 0)
    cosine = (other * surface.normal).sum(0)[known] / length[known]
    return np.asarray(np.degrees(np.arccos(np.clip(cosine, -1, 1))))
