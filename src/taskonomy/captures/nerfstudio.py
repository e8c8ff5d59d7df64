"""Captures as nerfstudio's tools and its data parser have them: transforms.json with depth."""

import json
from collections import Counter
from collections.abc import Mapping
from math import tan
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float64

from taskonomy.captures.conventions import Conventions
from taskonomy.captures.frames import Capture, Frame, image_size, present
from taskonomy.captures.lenses import DISTORTION, Lens
from taskonomy.captures.registration import registered
from taskonomy.captures.texts import text
from taskonomy.errors import BadInput

FILE = "transforms.json"
NO_DEPTH, NO_POSE = "no depth_file_path", "no transform_matrix"
_CONVENTIONS = Conventions(axes="opengl")
MODELS = ("OPENCV", "PINHOLE", "SIMPLE_PINHOLE", "PERSPECTIVE")
"""Cameras that OpenCV's distortion coefficients describe; fish eyes and panoramas are none."""
_SUFFIXES = ("", ".png", ".jpg", ".jpeg")
"""Synthetic data sets leave an image's suffix out."""


def load(
    folder: Path, intrinsics: Float64[np.ndarray, "3 3"] | None, changes: Mapping[str, Any]
) -> Capture:
    """Return the frames that transforms.json lists: file_path, depth_file_path (16-bit PNG,
    millimetres) and transform_matrix (camera to world, OpenGL's axes) of each, and fl_x, fl_y, cx,
    cy, w, h and distortion of each or of all.

    Numbers count the listed frames. Where cameras differ from frame to frame or bend lines, images
    are brought to those of one pinhole camera. Intrinsics that the user gives are of all depth
    images. A pixel's centre lies half a pixel from its corner, from which cx and cy count.

    Raises:
        BadInput: the file is no such list, a camera is none of OpenCV's, no frame has depth.
    """
    file = folder / FILE
    record = _record(file)
    listed = record.get("frames")
    if not isinstance(listed, list) or not all(isinstance(each, dict) for each in listed):
        raise BadInput(f"{file}: found no list 'frames' of objects, expected nerfstudio's format")
    conventions = _CONVENTIONS.corrected(changes)
    left_out, frames = Counter[str](), []
    for number, own in enumerate(listed):
        where = f"{file}: frame {number}"
        if not isinstance(own.get("depth_file_path"), str):
            left_out[NO_DEPTH] += 1
        elif own.get("transform_matrix") is None:
            left_out[NO_POSE] += 1
        else:
            color = _image(folder, own, "file_path", where)
            depth = _image(folder, own, "depth_file_path", where)
            lens = None
            if intrinsics is None and present(color):
                lens = _lens({**record, **own}, color, where)
            frames.append(Frame(number, color, depth, _pose(own, where), where, lens))
    if not frames and left_out[NO_DEPTH]:
        raise BadInput(
            f"{file}: found no frame with a depth_file_path, expected one depth image a frame"
        )
    return registered(folder, frames, intrinsics, conventions, left_out)


def _record(file: Path) -> dict[str, Any]:
    try:
        record = json.loads(text(file, "nerfstudio's format"))
    except json.JSONDecodeError as error:
        raise BadInput(f"{file}: found no JSON ({error}), expected nerfstudio's format") from error
    if not isinstance(record, dict):
        raise BadInput(f"{file}: found a {type(record).__name__}, expected an object with 'frames'")
    return record


def _image(folder: Path, own: Mapping[str, Any], key: str, where: str) -> Path:
    name = own.get(key)
    if not isinstance(name, str):
        raise BadInput(f"{where}: found no {key}, expected the name of an image")
    names = [folder / f"{name}{suffix}" for suffix in _SUFFIXES]
    return next((each for each in names if each.is_file()), names[0])


def _pose(own: Mapping[str, Any], where: str) -> Float64[np.ndarray, "4 4"]:
    try:
        values = np.array(own["transform_matrix"], np.float64)
    except (TypeError, ValueError) as error:
        raise BadInput(f"{where}: found a transform_matrix that is none, expected 4x4") from error
    if values.shape == (3, 4):
        values = np.concatenate([values, [[0, 0, 0, 1]]])
    if values.shape != (4, 4):
        raise BadInput(f"{where}: found a transform_matrix of {values.shape}, expected 4x4")
    return values


def _lens(values: Mapping[str, Any], color: Path, where: str) -> Lens:
    """The camera of a frame, in pixels of images of its own size."""
    if values.get("camera_model", MODELS[0]) not in MODELS:
        raise BadInput(
            f"{where}: found camera_model {values['camera_model']}, expected {', '.join(MODELS)}:"
            " undistort the images first"
        )
    if "w" in values or "h" in values:
        height, width = (int(_number(values, side, where)) for side in ("h", "w"))
    else:
        height, width = image_size(color)
    fx = _focal(values, "x", width, where)
    fy = _focal(values, "y", height, where) or fx
    if fx is None:
        raise BadInput(f"{where}: found neither fl_x nor camera_angle_x, expected a focal length")
    cx = _number(values, "cx", where, width / 2) - 0.5
    cy = _number(values, "cy", where, height / 2) - 0.5
    distortion = np.array([_number(values, name, where, 0.0) for name in DISTORTION])
    return Lens(np.array([[fx, 0, cx], [0, fy, cy], [0, 0, 1]]), distortion, (height, width))


def _focal(values: Mapping[str, Any], axis: str, pixels: int, where: str) -> float | None:
    if f"fl_{axis}" in values:
        return _number(values, f"fl_{axis}", where)
    if f"camera_angle_{axis}" in values:
        return pixels / 2 / tan(_number(values, f"camera_angle_{axis}", where) / 2)
    return None


def _number(
    values: Mapping[str, Any], name: str, where: str, default: float | None = None
) -> float:
    value = values.get(name, default)
    if not isinstance(value, int | float) or isinstance(value, bool) or not np.isfinite(value):
        found = "no such key" if value is None else repr(value)
        raise BadInput(f"{where}: {name}: found {found}, expected a number")
    return float(value)
