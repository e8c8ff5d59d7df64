"""Camera geometry in the real data set's conventions, and its `point_info` records.

World: metres, +Z up. Camera: x right, y up, looking along -z, square pixels, one field of view for
both axes. `rotation` is camera-to-world, so a world point p has camera coordinates R^T (p - c), and
the fixated point of a view has exactly (0, 0, -distance). Pixels are continuous: pixel (row v,
column u) covers [u, u+1) x [v, v+1), and the image centre is (size/2, size/2).
"""

from collections.abc import Sequence
from math import atan2, cos, hypot, pi, sin, tan
from typing import Any

import numpy as np
from jaxtyping import Float

from taskonomy.errors import BadInput

_HAIR = 1e-6
"""By how much one axis must be nearer than another for files to agree on which is nearest."""


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


def manhattan(rotation: Float[np.ndarray, "3 3"]) -> Float[np.ndarray, "3 3"]:
    """The world's axes as a camera names them: rows of unit vectors in the camera's frame.

    Backward is the horizontal axis nearest to backward, right the one to the right of it, then up:
    nothing in an image tells one wall from the next.
    """
    quarters = round(atan2(rotation[1, 2], rotation[0, 2]) / (pi / 2)) % 4
    return _turned(rotation, quarters)


def manhattans(rotation: Float[np.ndarray, "3 3"]) -> list[Float[np.ndarray, "3 3"]]:
    """What `manhattan` gives, and what it gives for a camera a hair beside: two where the camera
    looks between two axes, four where it looks straight up or down."""
    back = np.array([[1, 0], [0, 1], [-1, 0], [0, -1]]) @ rotation[:2, 2]
    return [_turned(rotation, int(q)) for q in np.flatnonzero(back > back.max() - _HAIR)]


def _turned(rotation: Float[np.ndarray, "3 3"], quarters: int) -> Float[np.ndarray, "3 3"]:
    x, y, z = rotation
    backward = (x, y, -x, -y)[quarters]
    right = (y, -x, -y, x)[quarters]
    return np.array([backward, right, z])


def vanishing_points(
    rotation: Float[np.ndarray, "3 3"], fov: float, size: int
) -> tuple[dict[str, list[float]], dict[str, list[float]]]:
    """The three vanishing points of a camera, on the Gaussian sphere and in the image.

    The data set's `x`, `y` and `z` are the rows of `manhattan`. In the image it has them at (u, v)
    pixels of a projection of its own, from a centre two units off, which is finite everywhere.
    """
    sphere = dict(zip("xyz", manhattan(rotation).tolist(), strict=True))
    return sphere, {name: image_of(axis, fov, size) for name, axis in sphere.items()}


def image_of(axis: Sequence[float], fov: float, size: int) -> list[float]:
    """Where the data set has a vanishing point in the image: (u, v) in pixels."""
    x, y, z = axis
    f = focal_length(fov, size)
    return [float(size / 2 + f * x / (2 - z)), float(size / 2 - f * y / (2 - z))]


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
        content: world points that the view sees; their box with the camera in it is the room
            layout's label.
        points_in_view: ids of the other points that this view sees too.
        rotation_original: the orientation before it was aimed; the final one unless given.
    """
    if content.shape[0] == 0:
        raise BadInput(f"point {point_id} view {view_id}: found no visible content, expected some")
    towards = point - location
    distance = float(np.linalg.norm(towards))
    low = np.minimum(content.min(0), location).tolist()
    high = np.maximum(content.max(0), location).tolist()
    sphere, image = vanishing_points(rotation, fov, size)
    original = rotation if rotation_original is None else rotation_original
    oblique = np.clip(-(normal @ towards) / distance, -1.0, 1.0)
    return {
        "camera_location": [float(x) for x in location],
        "camera_rotation_final": list(matrix_to_euler(rotation)),
        "camera_rotation_original": list(matrix_to_euler(original)),
        "field_of_view_rads": float(fov),
        "point_uuid": str(point_id),
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
        "nonfixated_points_in_view": [str(point) for point in points_in_view],
    }


def nonfixated_matches(
    point_id: int,
    point: Float[np.ndarray, "3"],
    views: Sequence[tuple[int, int, str, tuple[float, float]]],
    size: int,
) -> dict[str, Any]:
    """The `nonfixated_matches` record of one point: the views that see it without fixating it.

    Args:
        point_id, point: the point and where it is, world frame.
        views: of each such view its own point, its number, its camera's id, and the continuous
            pixel (column, row) at which it sees the point.
        size: pixels of the views.
    """
    return {
        "point_uuid": str(point_id),
        "point_location": [float(x) for x in point],
        "views": [
            {
                "point_uuid": str(own),
                "view_id": view,
                "camera_uuid": camera,
                "nonfixated_pixel_x": min(round(u), size - 1),
                "nonfixated_pixel_y": min(round(v), size - 1),
            }
            for own, view, camera, (u, v) in views
        ],
    }
