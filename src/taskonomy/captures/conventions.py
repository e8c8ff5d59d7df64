"""What a capture's numbers mean: which way its poses map, along which axes, in which units."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from jaxtyping import Float64

from taskonomy.errors import BadInput

Poses = Literal["camera-to-world", "world-to-camera"]
Axes = Literal["opencv", "opengl"]
Quaternions = Literal["wxyz", "xyzw"]

UNITS = {"m": 1.0, "cm": 100.0, "mm": 1000.0}
"""How many of a named unit make a metre."""
OPENGL = np.diag([1.0, -1.0, -1.0])
"""From a camera whose y is up and that looks along -z to one whose y is down and looks along z."""


@dataclass(frozen=True, kw_only=True)
class Conventions:
    """How the numbers of a capture are to be read.

    Attributes:
        poses: what a pose maps to what.
        axes: the camera's: x right, y down, z forward (opencv) or x right, y up, z backward.
        quaternions: the order of their numbers; None where poses are matrices.
        depth_unit: levels of a depth image in a metre.
        pose_unit: units of the poses' translations in a metre.
        metric: the poses' unit is known; False where it is arbitrary, as a model's that was made
            of photographs alone.
    """

    poses: Poses = "camera-to-world"
    axes: Axes = "opencv"
    quaternions: Quaternions | None = None
    depth_unit: float = 1000.0
    pose_unit: float = 1.0
    metric: bool = True

    def corrected(self, changes: Mapping[str, Any]) -> "Conventions":
        """These conventions with what the user says of them; None leaves a field as it is.

        Raises:
            BadInput: an order of quaternions for poses that hold none.
        """
        given = {name: value for name, value in changes.items() if value is not None}
        if "quaternions" in given and self.quaternions is None:
            raise BadInput(
                f"--quaternions: found {given['quaternions']} for poses that are matrices, expected"
                " it only with captures whose poses are quaternions (TUM RGB-D, COLMAP)"
            )
        return replace(self, **given)

    def pose(self, raw: Float64[np.ndarray, "*n 4 4"]) -> Float64[np.ndarray, "*n 4 4"]:
        """Camera-to-world poses in metres, camera x right, y down, z forward, of rigid ones that
        are as the capture gives them."""
        found = raw.copy()
        found[..., :3, 3] /= self.pose_unit
        if self.poses == "world-to-camera":
            found = inverse(found)
        if self.axes == "opengl":
            found[..., :3, :3] = found[..., :3, :3] @ OPENGL
        return found

    def raw(self, pose: Float64[np.ndarray, "*n 4 4"]) -> Float64[np.ndarray, "*n 4 4"]:
        """The opposite of `pose`: what the capture gives, of camera-to-world poses in metres."""
        found = pose.copy()
        if self.axes == "opengl":
            found[..., :3, :3] = found[..., :3, :3] @ OPENGL
        if self.poses == "world-to-camera":
            found = inverse(found)
        found[..., :3, 3] *= self.pose_unit
        return found


def inverse(pose: Float64[np.ndarray, "*n 4 4"]) -> Float64[np.ndarray, "*n 4 4"]:
    """The inverse of rigid poses."""
    found = pose.copy()
    found[..., :3, :3] = np.swapaxes(pose[..., :3, :3], -1, -2)
    found[..., :3, 3] = -(found[..., :3, :3] @ pose[..., :3, 3, None])[..., 0]
    return found
