"""Labels that follow from geometry and colour: one function for rooms and captures alike.

The definitions follow the data set's (Zamir et al., CVPR 2018, supplement: Canny and SURF without
non-maximum suppression, NARF, reshading by a light at the camera, unsupervised 2D and 2.5D
segments); scales are stated where a label has one.
"""

from collections.abc import Sequence
from math import tan
from typing import NamedTuple

import cv2
import numpy as np
from jaxtyping import Bool, Float32, Float64, UInt8

from taskonomy.data.stencils import Jumps, blur, derivatives, dot, each, jumps, smooth_normals

EDGE_OCCLUSION_TOP = 0.00625
"""The nominal top of edge_occlusion; edge_texture's is 0.08 and keypoints2d's 0.005."""
KEYPOINT_SCALES = (1.2, 2.4)
"""Gaussian scales of 2D keypoints in pixels; 1.2 is SURF's finest."""
KEYPOINT_GAIN = 0.05
"""Brings the strongest corners of natural images to the nominal top of 0.005."""
EDGE_TEXTURE_GAIN = 0.5
"""Brings the strongest edges to the nominal top of 0.08."""
OCCLUSION_JUMP = 0.15
"""Metres between the two surfaces at which an occlusion edge is at full strength."""


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
    scale = max(1, round(rgb.shape[2] / 64))
    near = jumps(surface.point, surface.normal, surface.valid, surface.focal, 1)
    smooth = smooth_normals(
        surface.point, surface.normal, surface.valid, surface.focal, near, scale
    )
    curvature = principal_curvature(surface._replace(normal=smooth), near)
    grey = np.stack([cv2.cvtColor(image, cv2.COLOR_RGB2GRAY) for image in rgb])
    grey = grey.astype(np.float32) / np.float32(255)
    distance = np.sqrt(dot(surface.ray, surface.ray)) * depth_z
    return {
        "depth_euclidean": distance.astype(np.float32),
        "principal_curvature": curvature,
        "reshading": reshading(surface),
        "edge_occlusion": edge_occlusion(near, scale),
        "keypoints3d": keypoints3d(smooth, near, surface.valid, scale),
        "segment_unsup25d": segment_unsup25d(surface),
        "edge_texture": edge_texture(grey),
        "keypoints2d": keypoints2d(grey),
        "segment_unsup2d": np.stack([_segments(image, sigma=0.5, k=300.0) for image in rgb]),
    }


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
    """Return the principal curvatures k1 >= k2 in 1/m, convex positive, nan = missing.

    The eigenvalues of the shape operator: normals' derivatives against the points' on the tangent
    plane, both per pixel, never taken across a depth jump. With normals smoothed over about
    W/64 pixels, the curvature is that scale's: edges of furniture are dense ridges.
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


def edge_occlusion(near: Jumps, scale: int) -> Float32[np.ndarray, "K H W"]:
    """Return edges where one surface hides another, blurred over about W/64 pixels.

    Creases, where two surfaces meet, are no edges. At most 0.00625, the data set's nominal top.
    """
    strength = np.minimum(near.strongest() / np.float32(OCCLUSION_JUMP), 1)
    widened = each(strength, cv2.dilate, kernel=np.ones((scale, scale), np.uint8))
    return blur(widened, 0.7 * scale) * np.float32(EDGE_OCCLUSION_TOP)


def keypoints3d(
    normal: Float32[np.ndarray, "3 K H W"],
    near: Jumps,
    valid: Bool[np.ndarray, "K H W"],
    scale: int,
) -> Float32[np.ndarray, "K H W"]:
    """Return NARF-like interest in [0, 1]: where the surface changes in more than one direction.

    The root of the smaller eigenvalue of the structure tensor of the surface's change: of normals
    (creases) and of occlusion (silhouettes), over about W/32 pixels. A straight edge or a plane
    has none; corners, tips and small things do.
    """
    right, down = derivatives(normal, near)
    # A crease is smoothed over `scale` pixels and a silhouette is one: weigh them alike.
    gap_right, gap_down = (gap / np.float32(scale**0.5) for gap in near.gradient(OCCLUSION_JUMP))
    xx = dot(right, right) + gap_right * gap_right
    yy = dot(down, down) + gap_down * gap_down
    xy = dot(right, down) + gap_right * gap_down
    xx, yy, xy = (blur(plane, 1.5 * scale) for plane in (xx, yy, xy))
    lesser = (xx + yy) / 2 - np.sqrt(np.maximum((xx - yy) ** 2 / 4 + xy * xy, 0))
    interest = np.tanh(2 * scale * np.sqrt(np.maximum(lesser, 0)))
    return np.where(valid, interest, 0).astype(np.float32)


def segment_unsup25d(surface: Surface) -> UInt8[np.ndarray, "K H W"]:
    """Return segments of the geometry alone: normals and n.p, constant on a plane however slanted.

    Raw depth would stripe slanted planes, and colour is not geometry.
    """
    offset = dot(surface.normal, surface.point)[None]
    stack = np.concatenate([surface.normal, offset]).transpose(1, 2, 3, 0) * np.float32(60)
    stack[~surface.valid] = -1000
    # No blur: it would invent a strip of in-between surface along every crease.
    return np.stack([_segments(view, sigma=0.01, k=150.0) for view in stack])


def edge_texture(grey: Float32[np.ndarray, "K H W"]) -> Float32[np.ndarray, "K H W"]:
    """Return Canny's edge strength (sigma 1) before non-maximum suppression, in [0, 1]."""
    smooth = blur(grey, 1.0)
    right, down = (_slope(smooth, *axes, EDGE_TEXTURE_GAIN / 8) for axes in ((1, 0), (0, 1)))
    # Not cv2.magnitude: its last bit follows the place of its arrays in memory.
    strength = np.sqrt(right * right + down * down)
    return np.asarray(np.minimum(strength, 1), np.float32)


def keypoints2d(grey: Float32[np.ndarray, "K H W"]) -> Float32[np.ndarray, "K H W"]:
    """Return SURF-like interest: the root of the Hessian's determinant, the larger of two scales.

    Zero on flat, ramped and straight-edged image parts whatever their brightness.
    """
    best = np.zeros_like(grey)
    for sigma in KEYPOINT_SCALES:
        smooth = blur(grey, sigma)
        xx, yy, xy = (_slope(smooth, *axes, 0.25) for axes in ((2, 0), (0, 2), (1, 1)))
        # SURF's weight of the mixed term keeps straight edges at zero.
        determinant = np.maximum(xx * yy - (np.float32(1.05) * xy) ** 2, 0)
        best = np.maximum(best, np.sqrt(determinant) * np.float32(sigma * sigma))
    return np.minimum(best * np.float32(KEYPOINT_GAIN), 1).astype(np.float32)


def _slope(
    planes: Float32[np.ndarray, "K H W"], right: int, down: int, scale: float
) -> Float32[np.ndarray, "K H W"]:
    """Return Sobel's derivatives of those orders."""
    return each(planes, cv2.Sobel, ddepth=cv2.CV_32F, dx=right, dy=down, ksize=3, scale=scale)


def _segments(
    stack: UInt8[np.ndarray, "H W C"] | Float32[np.ndarray, "H W C"], sigma: float, k: float
) -> UInt8[np.ndarray, "H W"]:
    """Felzenszwalb's graph segments, numbered from the top left; no more than a byte holds."""
    height, width = stack.shape[:2]
    smallest = -(-height * width // 255)
    graph = cv2.ximgproc.segmentation.createGraphSegmentation(sigma, k, smallest)
    labels = np.asarray(graph.processImage(np.ascontiguousarray(stack)), np.intp)
    backwards = labels.ravel()[::-1]
    # Of equal indices the last assignment stays: each label's first pixel.
    first = np.full(labels.max() + 1, labels.size)
    first[backwards] = np.arange(labels.size)[::-1]
    number = np.empty_like(first)
    number[first.argsort()] = np.arange(len(first))
    return np.minimum(number, 255).astype(np.uint8).take(labels)


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
