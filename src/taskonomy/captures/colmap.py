"""Captures whose poses and cameras are a COLMAP model in text, with depth images beside."""

import re
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from jaxtyping import Float64
from scipy.spatial.transform import Rotation

from taskonomy.captures.conventions import Conventions
from taskonomy.captures.frames import UNPOSED, Capture, Frame
from taskonomy.captures.lenses import DISTORTION, Lens
from taskonomy.captures.registration import registered
from taskonomy.captures.texts import check_unit, lines, numbers, text
from taskonomy.errors import BadInput

MODELS = ("", "sparse", "sparse/0", "colmap", "colmap/sparse/0", "dense/sparse")
"""Where a model is sought first."""
COLORS = ("images", "rgb", "color", "colors", "")
DEPTHS = ("depth", "depths", "depth_images", "depth_maps", "images_depth")
"""Where its images lie; depth images bear the names of colour images, ending in .png."""
_CONVENTIONS = Conventions(poses="world-to-camera", quaternions="wxyz", metric=False)
CAMERAS: dict[str, tuple[str, ...]] = {
    "SIMPLE_PINHOLE": ("f", "cx", "cy"),
    "PINHOLE": ("fx", "fy", "cx", "cy"),
    "SIMPLE_RADIAL": ("f", "cx", "cy", "k1"),
    "RADIAL": ("f", "cx", "cy", "k1", "k2"),
    "OPENCV": ("fx", "fy", "cx", "cy", "k1", "k2", "p1", "p2"),
    "FULL_OPENCV": ("fx", "fy", "cx", "cy", "k1", "k2", "p1", "p2", "k3", "k4", "k5", "k6"),
}
"""The parameters of cameras that OpenCV's distortion coefficients describe."""
_SUFFIXES = (".jpg", ".jpeg", ".png")
_POSE = "IMAGE_ID QW QX QY QZ TX TY TZ CAMERA_ID NAME"
_POINTS = re.compile(r"[-+.\deE\s]+")
"""What stands in the place of a name on a line of points."""


def find(folder: Path) -> Path | None:
    """Return the folder of the model that lies in a capture's folder or below it, None where none
    does.

    Raises:
        BadInput: there is one, but in COLMAP's binary files.
    """
    named = [folder / name for name in MODELS]
    others = (sorted(folder.glob(f"{deep}images.txt")) for deep in ("*/", "*/*/"))
    for model in (*named, *(file.parent for files in others for file in files)):
        if (model / "images.txt").is_file() and (model / "cameras.txt").is_file():
            return model
    for name in MODELS:
        if (folder / name / "images.bin").is_file():
            raise BadInput(
                f"{folder / name}: found a binary model, expected images.txt and cameras.txt as"
                " `colmap model_converter --output_type TXT` writes them"
            )
    return None


def load(
    folder: Path,
    model: Path,
    intrinsics: Float64[np.ndarray, "3 3"] | None,
    changes: Mapping[str, Any],
) -> Capture:
    """Return the images of a model (images.txt: world to camera, quaternion w x y z; cameras.txt)
    that have a 16-bit depth image (millimetres) of their name.

    A model of several or distorting cameras is brought to one pinhole camera. Numbers count the
    images by name. A pixel's centre lies half a pixel from its corner, from which cx and cy count.

    Raises:
        BadInput: a file is not what COLMAP writes, a camera is a fish eye, depth is not there.
    """
    conventions = _CONVENTIONS.corrected(changes)
    lenses = _cameras(model / "cameras.txt")
    listed = sorted(_images(model / "images.txt", conventions), key=lambda each: each[1])
    colors = next(
        (folder / n for n in COLORS if any((folder / n / each[1]).is_file() for each in listed)),
        folder / COLORS[0],
    )
    depths = next((folder / n for n in DEPTHS if (folder / n).is_dir()), None)
    if depths is None:
        raise BadInput(
            f"{folder}: found a COLMAP model without depth, expected 16-bit PNG images in a folder"
            f" {' or '.join(DEPTHS)}"
        )
    frames = []
    for number, (pose, name, camera, where) in enumerate(listed):
        if camera not in lenses:
            raise BadInput(f"{where}: found camera {camera}, expected one of cameras.txt")
        color, depth = colors / name, _depth(depths, name)
        frames.append(Frame(number, color, depth, pose, where, lenses[camera]))
    listed_names = {name for _, name, _, _ in listed}
    unposed = (
        0
        if colors == folder / ""
        else sum(
            file.suffix.lower() in _SUFFIXES
            and file.relative_to(colors).as_posix() not in listed_names
            for file in colors.rglob("*")
        )
    )
    return registered(folder, frames, intrinsics, conventions, {UNPOSED: unposed})


def _cameras(file: Path) -> dict[str, Lens]:
    """Cameras by id."""
    what = "CAMERA_ID MODEL WIDTH HEIGHT PARAMS[] a line"
    found = {}
    for where, words in lines(file, what):
        if len(words) < 5:
            raise BadInput(f"{where}: found {' '.join(words)!r}, expected {what}")
        name, model = words[:2]
        if model not in CAMERAS:
            raise BadInput(
                f"{where}: found a camera {model}, expected {', '.join(CAMERAS)}: undistort the"
                " images first (`colmap image_undistorter`)"
            )
        width, height, *values = numbers(words[2:], where, what)
        if len(values) != len(CAMERAS[model]) or not np.isfinite([width, height, *values]).all():
            raise BadInput(
                f"{where}: found {len(values)} parameters, expected {' '.join(CAMERAS[model])}"
            )
        of = dict(zip(CAMERAS[model], values, strict=True))
        fx, fy = (of.get(axis, of.get("f", 0.0)) for axis in ("fx", "fy"))
        camera = np.array([[fx, 0, of["cx"] - 0.5], [0, fy, of["cy"] - 0.5], [0, 0, 1]])
        distortion = np.array([of.get(each, 0.0) for each in DISTORTION])
        found[name] = Lens(camera, distortion, (int(height), int(width)))
    return found


def _images(
    file: Path, conventions: Conventions
) -> list[tuple[Float64[np.ndarray, "4 4"], str, str, str]]:
    """Pose, name, camera and place of every image."""
    found = []
    for number, line in enumerate(text(file, _POSE).splitlines(), 1):
        # Every other line lists an image's 2D points, which are numbers, or nothing.
        words = line.split(maxsplit=9)
        if len(words) < 10 or words[0].startswith("#") or _POINTS.fullmatch(words[9]):
            continue
        where = f"{file}: line {number}"
        values = np.array(numbers(words[:8], where, _POSE))[1:]
        pose = np.eye(4)
        pose[:3, 3] = values[4:]
        if not np.isfinite(values).all() or not values[:4].any():
            pose[:] = np.nan
        else:
            check_unit(values[:4], where)
            xyzw = values[:4] if conventions.quaternions == "xyzw" else values[[1, 2, 3, 0]]
            pose[:3, :3] = Rotation.from_quat(xyzw).as_matrix()
        found.append((pose, words[9].strip(), words[8], where))
    if not found:
        raise BadInput(f"{file}: found no image, expected {_POSE} a line")
    return found


def _depth(folder: Path, name: str) -> Path:
    """The depth image of a colour image: of its name with .png, or its whole name and .png."""
    path = PurePosixPath(name)
    names = [folder / path.with_suffix(".png"), folder / f"{name}.png", folder / f"{path.stem}.png"]
    return next((each for each in names if each.is_file()), names[0])
