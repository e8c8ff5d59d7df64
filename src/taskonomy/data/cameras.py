"""Camera geometry in the real data set's conventions, and its `point_info` records.

World: metres, +Z up. Camera: x right, y up, looking along -z, square pixels, one field of view for
both axes. `rotation` is camera-to-world, so a world point p has camera coordinates R^T (p - c), and
the fixated point of a view has exactly (0, 0, -distance). Pixels are continuous: pixel (row v,
column u) covers [u, u+1) x [v, v+1), and the image centre is (size/2, size/2).
"""

from collections.abc import Sequence
from math import atan2, cos, hypot, sin, tan
from typing import Any

import numpy as np
from jaxtyping import Float

from taskonomy.errors import BadInput

_HORIZON = 1e-6
"""Smallest |z| by which a direction is divided, so that a vanishing point at infinity is finite."""


def euler_to_matrix(x: float, y: float, z: float) -> Float[np.ndarray, "3 3"]:
    """The rotation of Euler angles `sxyz` (radians): about the fixed axes x, then y, then z."""
    cx, sx, cy, sy, cz, sz = cos(x), sin(x), cos(y), sin(y), cos(z), sin(z)
    return np.array(
        [
            [cy * cz, sx * sy * cz - cx * sz, cx * sy * cz + sx * sz],
            [cy * sz, sx * sy * sz + cx * cz, cx * sy * sz - sx * cz],
            [-sy, sx * cy, cx * cy],
        ]
    )


def matrix_to_euler(R: Float[np.ndarray, "3 3"]) -> tuple[float, float, float]:
    """The Euler angles `sxyz` (radians) of a rotation; the inverse of `euler_to_matrix`.

    In gimbal lock (the second angle is +-90 degrees) the third angle is 0.
    """
    cy = hypot(R[0, 0], R[1, 0])
    y = atan2(-R[2, 0], cy)
    if cy < 1e-9:
        return atan2(-R[1, 2], R[1, 1]), y, 0.0
    return atan2(R[2, 1], R[2, 2]), y, atan2(R[1, 0], R[0, 0])


def look_at(
    location: Float[np.ndarray, "3"], target: Float[np.ndarray, "3"]
) -> Float[np.ndarray, "3 3"]:
    """Camera-to-world rotation of a camera at `location` aimed at `target`, without roll.

    Raises BadInput where the two coincide or the camera would look straight up or down.
    """
    bx, by, bz = (float(c) - float(t) for c, t in zip(location, target, strict=True))
    length, width = hypot(bx, by, bz), hypot(bx, by)
    if length == 0 or width < 1e-6 * length:
        raise BadInput(
            f"camera at {np.asarray(location).tolist()}: found a target straight above, below or at"
            " it, expected one that leaves the horizon defined"
        )
    bx, by, bz, rx, ry = bx / length, by / length, bz / length, -by / width, bx / width
    # Columns: right (level), up = back x right, back.
    return np.array([[rx, -bz * ry, bx], [ry, bz * rx, by], [0.0, bx * ry - by * rx, bz]])


def focal_length(fov: float, size: int) -> float:
    """The focal length in pixels of an image `size` pixels wide that spans `fov` radians."""
    return size / (2.0 * tan(fov / 2.0))


def pixel_rays(
    size: int, fov: float, offset: tuple[float, float] = (0.5, 0.5)
) -> Float[np.ndarray, "{size} {size} 3"]:
    """Directions (camera frame, z = -1) through every pixel, at `offset` (column, row) inside it.

    With z = -1 the parameter along a ray is the z-buffer depth.
    """
    f = focal_length(fov, size)
    steps = np.arange(size) - size / 2.0
    # As planes of coordinates, which numpy is ten times faster at.
    rays = np.empty((3, size, size))
    rays[0] = (steps + offset[0])[None, :] / f
    rays[1] = -(steps + offset[1])[:, None] / f
    rays[2] = -1.0
    return rays.transpose(1, 2, 0)


def project(
    points: Float[np.ndarray, "n 3"],
    location: Float[np.ndarray, "3"],
    rotation: Float[np.ndarray, "3 3"],
    fov: float,
    size: int,
) -> tuple[Float[np.ndarray, "n 2"], Float[np.ndarray, " n"]]:
    """Where world points fall in a view.

    Returns:
        Continuous pixel coordinates (column u, row v) and z-buffer depth in metres; where the depth
        is not positive the point lies behind the camera and its pixel is nan.
    """
    local = (points - location) @ rotation
    depth = -local[:, 2]
    f = focal_length(fov, size)
    safe = np.where(depth > 0, depth, np.nan)
    pixels = np.stack([size / 2 + f * local[:, 0] / safe, size / 2 - f * local[:, 1] / safe], 1)
    return pixels, depth


def unproject(
    depth_z: Float[np.ndarray, "H H"],
    location: Float[np.ndarray, "3"],
    rotation: Float[np.ndarray, "3 3"],
    fov: float,
) -> Float[np.ndarray, "H H 3"]:
    """The world points seen by every pixel of a z-buffer depth image (nan where it is nan)."""
    local = pixel_rays(depth_z.shape[0], fov).transpose(2, 0, 1) * depth_z
    world = np.einsum("ij,jvu->ivu", rotation, local) + location[:, None, None]
    return np.asarray(world.transpose(1, 2, 0))


def vanishing_points(
    rotation: Float[np.ndarray, "3 3"], fov: float, size: int
) -> tuple[dict[str, list[float]], dict[str, list[float]]]:
    """The three vanishing points of the world axes, on the Gaussian sphere and in the image.

    The data set's `x` is the world's -y axis and its `y` the world's x axis (as in
    the public sample building); each is a unit vector in the camera frame, and (u, v) in pixels.
    """
    axes = {"x": -rotation[1], "y": rotation[0], "z": rotation[2]}
    f = focal_length(fov, size)
    image = {}
    for name, (x, y, z) in axes.items():
        depth = np.copysign(max(abs(z), _HORIZON), -z)
        image[name] = [float(size / 2 + f * x / depth), float(size / 2 - f * y / depth)]
    return {name: axis.tolist() for name, axis in axes.items()}, image


def point_info(
    *,
    location: Float[np.ndarray, "3"],
    rotation: Float[np.ndarray, "3 3"],
    fov: float,
    size: int,
    point: Float[np.ndarray, "3"],
    normal: Float[np.ndarray, "3"],
    point_id: int,
    view_id: int,
    camera: str,
    room: str,
    content: Float[np.ndarray, "n 3"],
    points_in_view: Sequence[int],
    rotation_original: Float[np.ndarray, "3 3"] | None = None,
) -> dict[str, Any]:
    """The `point_info` record of one view, with all keys of the real data set.

    Args:
        location, rotation, fov, size: the camera; radians and pixels.
        point, normal: the fixated point and its unit surface normal, world frame.
        camera: the camera's id; views from one place share it.
        content: world points that the view sees, whose box is the room layout's label.
        points_in_view: ids of the other points that this view sees too.
        rotation_original: the orientation before it was aimed; the final one unless given.
    """
    if content.shape[0] == 0:
        raise BadInput(f"point {point_id} view {view_id}: found no visible content, expected some")
    towards = point - location
    distance = float(np.linalg.norm(towards))
    low, high = content.min(0).tolist(), content.max(0).tolist()
    sphere, image = vanishing_points(rotation, fov, size)
    original = rotation if rotation_original is None else rotation_original
    oblique = np.clip(-(normal @ towards) / distance, -1.0, 1.0)
    return {
        "camera_location": [float(x) for x in location],
        "camera_rotation_final": list(matrix_to_euler(rotation)),
        "camera_rotation_original": list(matrix_to_euler(original)),
        "field_of_view_rads": float(fov),
        "point_uuid": point_id,
        "view_id": view_id,
        "camera_uuid": camera,
        "room": room,
        "resolution": size,
        "point_location": [float(x) for x in point],
        "point_normal": [float(x) for x in normal],
        "point_pitch": float(np.arcsin(np.clip(towards[2] / distance, -1.0, 1.0))),
        "camera_distance": distance,
        "obliqueness_angle": float(np.arccos(oblique)),
        # The real files swap the horizontal axes: `x` holds world Y and `y` holds world X.
        "bounding_box_ranges": {
            "x": [low[1], high[1]],
            "y": [low[0], high[0]],
            "z": [low[2], high[2]],
        },
        "vanishing_points_gaussian_sphere": sphere,
        "vanishing_points_image": image,
        "nonfixated_points_in_view": list(points_in_view),
    }
