"""Frames of one capture whose cameras differ a little, or bend straight lines."""

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float64, Shaped

DISTORTION = ("k1", "k2", "p1", "p2", "k3", "k4", "k5", "k6")
"""The order in which OpenCV takes the coefficients of a distorting lens."""


@dataclass(frozen=True)
class Lens:
    """A frame's own camera.

    Attributes:
        intrinsics: 3x3, in pixels of its images of `size`; integer coordinates are pixel centres.
        distortion: coefficients in the order of DISTORTION.
        size: height and width.
    """

    intrinsics: Float64[np.ndarray, "3 3"]
    distortion: Float64[np.ndarray, "8"]
    size: tuple[int, int]

    def straighten(
        self,
        image: Shaped[np.ndarray, "H W *c"],
        intrinsics: Float64[np.ndarray, "3 3"],
        interpolation: int,
    ) -> Shaped[np.ndarray, "H W *c"]:
        """What a pinhole camera with these intrinsics sees; 0 where the lens saw nothing.

        Depth along the optical axis stays what it is, since the axis does not turn.
        """
        height, width = image.shape[:2]
        own = resized(self.intrinsics, self.size, (height, width))
        maps = cv2.initUndistortRectifyMap(
            own, self.distortion, np.eye(3), intrinsics, (width, height), cv2.CV_32FC1
        )
        return np.asarray(cv2.remap(image, *maps, interpolation))


def resized(
    intrinsics: Float64[np.ndarray, "3 3"], old: tuple[int, int], new: tuple[int, int]
) -> Float64[np.ndarray, "3 3"]:
    """Return a camera's intrinsics for images of another (height, width)."""
    found = intrinsics.copy()
    for axis, factor in ((0, new[1] / old[1]), (1, new[0] / old[0])):
        found[axis] *= factor
        # The corner of the image, not the centre of its first pixel, stays where it is.
        found[axis, 2] += (factor - 1) / 2
    return found
