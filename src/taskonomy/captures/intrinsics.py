"""Which intrinsics a camera with images of some size can have."""

from math import atan, degrees
from pathlib import Path

import numpy as np
from jaxtyping import Float64

from taskonomy.captures.texts import matrix, numbers
from taskonomy.errors import BadInput

VIEW = (8, 160)
"""Degrees that a camera sees across, at least and at most."""
CENTRED = 0.06
"""How far from the middle a principal point lies, as a part of the image's side, before intrinsics
of another image size are tried."""
FOCAL = (0.5, 0.6, 0.7, 0.8, 1.25, 1.4, 1.7, 2.0)
"""Factors of the focal length that are tried."""


def parse(given: str) -> Float64[np.ndarray, "3 3"]:
    """Return what the user gives: fx,fy,cx,cy in pixels, or a file of 3x3 numbers.

    Raises:
        BadInput: it is neither.
    """
    if Path(given).is_file():
        return matrix(Path(given), 3, "a camera's intrinsics")
    what = "fx,fy,cx,cy in pixels, or a file of 3x3 numbers"
    words = given.replace(",", " ").split()
    if len(words) != 4:
        raise BadInput(f"--intrinsics: found {given!r}, expected {what}")
    values = numbers(words, "--intrinsics", what)
    if not np.isfinite(values).all() or min(values[:2]) <= 0:
        raise BadInput(f"--intrinsics: found {given!r}, expected {what}")
    fx, fy, cx, cy = values
    return np.array([[fx, 0, cx], [0, fy, cy], [0, 0, 1]])


def check(folder: Path, camera: Float64[np.ndarray, "3 3"], size: tuple[int, int]) -> None:
    """Refuse intrinsics that no camera with images of this (height, width) has.

    Raises:
        BadInput: the principal point lies outside of the image, or the field of view is none.
    """
    inside = all(0 < camera[axis, 2] < side for axis, side in ((0, size[1]), (1, size[0])))
    view = degrees(2 * atan(size[1] / 2 / camera[0, 0]))
    if inside and VIEW[0] < view < VIEW[1]:
        return
    likely = centred(camera, size)
    raise BadInput(
        f"{folder}: found intrinsics {in_words(camera)} for images of {size[1]}x{size[0]} pixels,"
        f" which see {view:.0f} degrees across, expected those of this image size, as --intrinsics"
        f" {in_words(likely)}"
    )


def others(
    camera: Float64[np.ndarray, "3 3"], size: tuple[int, int]
) -> list[tuple[Float64[np.ndarray, "3 3"], int]]:
    """Return intrinsics that may have been meant, with how many mistakes they take: of another
    image size, of another camera."""
    middle = np.array([size[1], size[0]]) / 2
    off = bool((np.abs(camera[:2, 2] / (2 * middle) - 0.5) > CENTRED).any())
    bases = [(camera, 1), (centred(camera, size), 1)] if off else [(camera, 1)]
    found = bases[1:]
    for base, rarity in bases:
        for factor in FOCAL:
            other = base.copy()
            other[[0, 1], [0, 1]] *= factor
            found.append((other, rarity + 1))
    return found


def centred(
    camera: Float64[np.ndarray, "3 3"], size: tuple[int, int]
) -> Float64[np.ndarray, "3 3"]:
    """Return the intrinsics that these are in an image of this size, if they are of another in the
    middle of which their principal point lies."""
    found = camera.copy()
    for axis, side in ((0, size[1]), (1, size[0])):
        if camera[axis, 2] > 0:
            found[axis] *= side / 2 / camera[axis, 2]
    return found


def in_words(camera: Float64[np.ndarray, "3 3"]) -> str:
    """Intrinsics as the option takes them."""
    values = camera[0, 0], camera[1, 1], camera[0, 2], camera[1, 2]
    return ",".join(f"{value:.4g}" for value in values)
