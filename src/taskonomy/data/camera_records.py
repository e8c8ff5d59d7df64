"""What a camera's record (`point_info`) says: its pose, its room and the room's directions.

The conventions are the reference's (the paper's supplement).
"""

from math import atan2, pi
from typing import Any

import numpy as np
from jaxtyping import Float64

from taskonomy.data.cameras import euler_to_matrix, matrix_to_euler


def relative_pose(a: dict[str, Any], b: dict[str, Any]) -> Float64[np.ndarray, "6"]:
    """Return the first camera's pose in the second's frame from two `point_info` records.

    Three Euler angles (sxyz, radians) of R_b^T R_a, then R_b^T (c_a - c_b) in metres.
    """
    rotation_b = rotation(b)
    turn = rotation_b.T @ rotation(a)
    step = rotation_b.T @ (np.array(a["camera_location"]) - np.array(b["camera_location"]))
    return np.array([*matrix_to_euler(turn), *step])


def vanishing_points(info: dict[str, Any]) -> Float64[np.ndarray, "9"]:
    """Return the three Manhattan directions as unit vectors in the camera frame: backward, to the
    right and up, as the record has them (`cameras.manhattan`)."""
    stated = info["vanishing_points_gaussian_sphere"]
    return np.concatenate([np.array(stated[axis], np.float64) for axis in "xyz"])


def room_layout(info: dict[str, Any]) -> Float64[np.ndarray, "9"]:
    """Return the box of the visible content and the camera: centre, orientation and size.

    Centre in the camera frame (metres); Euler angles (sxyz) of the camera in the box's frame, which
    is the world turned by quarters until the camera faces +X; the box's sides along that frame's
    axes (metres).
    """
    box = info["bounding_box_ranges"]
    # The files' `x` holds the range along the world's Y, and `y` that along X.
    sides = np.array([box["y"], box["x"], box["z"]], np.float64)
    R = rotation(info)
    quarters, canonical = _canonical(R)
    centre = R.T @ (sides.mean(1) - np.array(info["camera_location"]))
    scale = np.ptp(sides, axis=1)
    if quarters % 2:
        scale = scale[[1, 0, 2]]
    return np.concatenate([centre, matrix_to_euler(canonical), scale])


def rotation(info: dict[str, Any]) -> Float64[np.ndarray, "3 3"]:
    """Return a record's camera-to-world rotation."""
    x, y, z = info["camera_rotation_final"]
    return euler_to_matrix(float(x), float(y), float(z))


def _canonical(R: Float64[np.ndarray, "3 3"]) -> tuple[int, Float64[np.ndarray, "3 3"]]:
    """By how many quarter turns of the world, and to what, to bring a camera to face +X."""
    quarters = -round(atan2(-R[1, 2], -R[0, 2]) / (pi / 2))
    turn = np.rint(euler_to_matrix(0.0, 0.0, quarters * pi / 2))
    return quarters, turn @ R
