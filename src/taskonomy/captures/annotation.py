"""Every label that posed RGB-D frames can give, written in the real layout.

A view is a frame seen through a virtual camera in the same place, turned until it fixates a chosen
surface point without roll: an exact rotation homography, so that captures have truly fixated points
as the real data set has.
"""

import json
import os
import re
import shutil
from dataclasses import replace
from math import ceil
from pathlib import Path
from typing import Any, NamedTuple, Protocol, runtime_checkable

import cv2
import numpy as np
from jaxtyping import Bool, Float32, Float64, Int64, UInt8
from tqdm import tqdm

from taskonomy import formats
from taskonomy.captures import agreement, fixation, planes, styles, world
from taskonomy.captures.fixation import Fixation
from taskonomy.captures.frames import BLANK, Capture
from taskonomy.data import cameras, labels, layout
from taskonomy.data.availability import DECLARATION
from taskonomy.data.classes import OBJECT_CLASSES, SEMANTIC_CLASSES, object_label
from taskonomy.data.layout import View
from taskonomy.errors import BadInput

VERSION = 4
"""Raised whenever equal captures give other labels."""
STRIDE = 2
"""Geometry is fitted on every second pixel: planes reach over many, and views are smaller."""
SHADOW = 8
"""Pixels (of that grid) into which the background is continued for the derived labels."""
SURVEYED = 24
"""Frames whose normals decide which way is up."""


@runtime_checkable
class Teacher(Protocol):
    """What gives photographs semantic labels (`teacher.Teacher`, whose torch is slow to import)."""

    name: str
    unknown: tuple[str, ...]

    def label(self, rgb: UInt8[np.ndarray, "H W 3"]) -> UInt8[np.ndarray, "H W"]:
        """The value of segment_semantic at each pixel."""


class Annotation(NamedTuple):
    """What came of a capture.

    Attributes:
        views: how many there are.
        frames: how many frames were used.
        seen: of how many of them there are views; the others see no point as other frames do.
        left_out: how many frames were left out, by reason.
        untold: what could not be told of the frames' agreement, in words; or empty.
    """

    views: int
    frames: int
    seen: int
    left_out: dict[str, int]
    untold: str


class Seen(NamedTuple):
    """A view's images; depth and normals hold continued surfaces where not `measured`, `semantic`
    is uncertain outside of the frame."""

    rgb: UInt8[np.ndarray, "S S 3"]
    depth_z: Float32[np.ndarray, "S S"]
    normal: Float32[np.ndarray, "S S 3"]
    measured: Bool[np.ndarray, "S S"]
    semantic: UInt8[np.ndarray, "S S"] | None


def annotate(
    capture: Path | Capture, out: Path, size: int = 256, teacher: Teacher | None = None
) -> Annotation:
    """Annotate a capture as one building, named after its folder, in a new data set; say of what.

    Args:
        capture: a folder of a style that `styles.load` knows, or what `frames.posed` made of
            another.
        out: the data set to write: absent or empty; appears whole or not at all.
        size: pixels of the square views.
        teacher: what says what frames show; without it there are no semantic labels.

    Raises:
        BadInput: the capture lacks a file, a file is not what it should be, its frames disagree,
            nothing in it can be fixated; or `out` holds something.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise BadInput(f"{out}: found something there, expected an absent or empty folder")
    if not 16 <= size <= 1024:
        raise BadInput(f"size: found {size}, expected 16 to 1024 pixels")
    source = styles.load(capture) if isinstance(capture, Path) else capture
    out.parent.mkdir(parents=True, exist_ok=True)
    temporary = out.parent / f".{out.name}.{os.getpid()}"
    try:
        annotation = _annotate(source, temporary, size, teacher)
        about: dict[str, Any] = {
            "source": "capture",
            "version": VERSION,
            "size": size,
            "images": annotation.views,
            "frames": annotation.frames,
            "left_out": annotation.left_out,
            "labels": sorted(layout.index(temporary).domains),
        }
        if teacher is not None:
            about["classes"] = {"object": list(OBJECT_CLASSES)}
            about["teacher"] = {"network": teacher.name, "unknown": list(teacher.unknown)}
        declaration = json.dumps(formats.DATASET.stamped(about), indent=1) + "\n"
        (temporary / DECLARATION).write_text(declaration)
        if out.exists():
            out.rmdir()
        temporary.rename(out)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return annotation


def _annotate(source: Capture, root: Path, size: int, teacher: Teacher | None) -> Annotation:
    depths = [
        source.depth(i)[::STRIDE, ::STRIDE]
        for i in tqdm(range(len(source.numbers)), "depth", mininterval=1, disable=None)
    ]
    known = np.array([bool(np.isfinite(depth).any()) for depth in depths])
    source = source.only(known, BLANK)
    depths = [depths[i] for i in np.flatnonzero(known)]
    untold = agreement.check(source, depths, STRIDE)
    source = _upright(source, depths)
    height, width = depths[0].shape
    fov = fixation.field_of_view(source, height * STRIDE, width * STRIDE)
    points = fixation.choose(source, depths, STRIDE, fov)
    building = re.sub(r"[^\w-]", "_", source.folder.resolve().name)
    places = np.array([each.point for each in points])
    of_frame = _by_frame(points)
    records: dict[View, dict[str, Any]] = {}
    seers: dict[int, list[tuple[int, int, str, tuple[float, float]]]] = {
        point: [] for point in range(len(points))
    }
    with tqdm(total=sum(map(len, of_frame.values())), desc="views", mininterval=1) as bar:
        for i, fixated in sorted(of_frame.items()):
            color = source.color(i)
            taught = None if teacher is None else teacher.label(color)
            surface = planes.extend(planes.fit(depths[i], _grid(source)), SHADOW)
            normals = surface.normals()
            visible = np.flatnonzero(fixation.sees(source, i, depths[i], STRIDE, places))
            for point, number in fixated:
                view = View(building, point, number)
                rotation = cameras.look_at(source.locations[i], points[point].point)
                seen = _look(source, i, color, taught, surface, normals, rotation, fov, size)
                _write(root, view, seen, fov)
                others = visible[visible != point]
                pixels = _inside(source, i, places, others, rotation, fov, size)
                records[view] = _record(
                    source, i, view, seen, rotation, fov, places[point], list(pixels)
                )
                for other, pixel in pixels.items():
                    seers[other].append((point, number, records[view]["camera_uuid"], pixel))
                bar.update()
    for view, record in records.items():
        layout.write(root, view, "point_info", record)
    for point, place in enumerate(places):
        matches = cameras.nonfixated_matches(point, place, seers[point], size)
        layout.write(root, View(building, point, layout.ALL), "nonfixated_matches", matches)
    return Annotation(
        len(records), len(source.numbers), len(of_frame), dict(source.left_out), untold
    )


def _by_frame(points: list[Fixation]) -> dict[int, list[tuple[int, int]]]:
    """Which (point, view) each frame is seen for."""
    of_frame: dict[int, list[tuple[int, int]]] = {}
    for point, each in enumerate(points):
        for view, i in enumerate(each.frames):
            of_frame.setdefault(i, []).append((point, view))
    return of_frame


def _grid(source: Capture) -> Float64[np.ndarray, "3 3"]:
    """The intrinsics of every STRIDE-th pixel."""
    grid = source.intrinsics.copy()
    grid[:2] /= STRIDE
    return grid


def _upright(source: Capture, depths: list[Float32[np.ndarray, "h w"]]) -> Capture:
    """The capture in a world whose +Z is up and whose walls run along X and Y."""
    chosen = np.unique(np.linspace(0, len(depths) - 1, SURVEYED).astype(int))
    normals, area = [], []
    for i in chosen:
        surface = planes.fit(depths[i], _grid(source))
        some = np.flatnonzero(surface.valid)[::16]
        seen = surface.normals().reshape(-1, 3)[some].astype(np.float64)
        normals.append(seen @ source.rotations[i].T)
        area.append(surface.q.ravel()[some].astype(np.float64) ** -2)
    camera_up = -source.rotations[:, :, 1].mean(0)
    try:
        turn = world.upright(np.concatenate(normals), np.concatenate(area), camera_up)
    except BadInput as error:
        raise BadInput(f"{source.folder}: {error}") from error
    return replace(source, rotations=turn @ source.rotations, locations=source.locations @ turn.T)


def _look(
    source: Capture,
    i: int,
    color: UInt8[np.ndarray, "H W 3"],
    taught: UInt8[np.ndarray, "H W"] | None,
    surface: planes.Planes,
    normals: Float32[np.ndarray, "h w 3"],
    rotation: Float64[np.ndarray, "3 3"],
    fov: float,
    size: int,
) -> Seen:
    """The i-th frame through a camera in its place with another rotation (x right, y up)."""
    turn = source.rotations[i].T @ rotation
    # As many samples as the frame has pixels there, averaged: no aliasing.
    camera = source.color_intrinsics
    finer = max(1, ceil(camera[0, 0] / cameras.focal_length(fov, size)))
    rgb = cv2.warpPerspective(
        color,
        camera @ turn @ _to_ray(fov, size * finer),
        (size * finer, size * finer),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REFLECT,
    )
    if finer > 1:
        rgb = cv2.resize(rgb, (size, size), interpolation=cv2.INTER_AREA)
    semantic = taught
    if taught is not None:
        to_frame = camera @ turn @ _to_ray(fov, size)
        flags = cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP
        semantic = cv2.warpPerspective(taught, to_frame, (size, size), flags=flags, borderValue=0)
    ray = cameras.pixel_rays(size, fov) @ turn.T
    at = ray @ surface.intrinsics.T
    depth, flat = surface.at(at[..., 0] / at[..., 2], at[..., 1] / at[..., 2])
    # Along the ray z is 1 on the virtual axis and ray_z on the frame's own.
    depth_z = depth / ray[..., 2].astype(np.float32)
    normal = normals.reshape(-1, 3)[flat] @ turn.astype(np.float32)
    known = np.isfinite(depth_z)
    normal = np.where(known[..., None], normal, np.float32(np.nan))
    measured = known & surface.measured.ravel()[flat]
    return Seen(np.asarray(rgb, np.uint8), depth_z, normal, measured, semantic)


def _to_ray(fov: float, size: int) -> Float64[np.ndarray, "3 3"]:
    """From the index (column, row, 1) of a view's pixel to its ray (x right, y up, z = -1)."""
    f, half = cameras.focal_length(fov, size), (size - 1) / 2
    return np.array([[1 / f, 0, -half / f], [0, -1 / f, half / f], [0, 0, -1]])


def _write(root: Path, view: View, seen: Seen, fov: float) -> None:
    """All images of a view; what the sensor did not see is missing wherever a file can say so."""
    derived = labels.derive_view(seen.rgb, seen.depth_z, seen.normal, fov)
    images = {"rgb": seen.rgb, "depth_zbuffer": seen.depth_z, "normal": seen.normal, **derived}
    for domain in ("depth_zbuffer", "depth_euclidean", "normal", "principal_curvature"):
        images[domain] = images[domain].copy()
        images[domain][~seen.measured] = np.nan
    images["reshading"] = np.where(seen.measured, images["reshading"], np.float32(0))
    if seen.semantic is not None:
        images["segment_semantic"] = seen.semantic
        images["class_object"] = object_label(SEMANTIC_CLASSES, seen.semantic.astype(int))
    for domain, image in images.items():
        layout.write(root, view, domain, image)


def _inside(
    source: Capture,
    i: int,
    places: Float64[np.ndarray, "n 3"],
    visible: Int64[np.ndarray, " v"],
    rotation: Float64[np.ndarray, "3 3"],
    fov: float,
    size: int,
) -> dict[int, tuple[float, float]]:
    """Which of the points that a frame sees lie in a view of it, and at which pixel (x, y)."""
    pixel, z = cameras.project(places[visible], source.locations[i], rotation, fov, size)
    inside = (z > 0) & (pixel >= 0).all(1) & (pixel < size).all(1)
    return {
        int(q): (float(x), float(y))
        for q, (x, y) in zip(visible[inside], pixel[inside], strict=True)
    }


def _record(
    source: Capture,
    i: int,
    view: View,
    seen: Seen,
    rotation: Float64[np.ndarray, "3 3"],
    fov: float,
    point: Float64[np.ndarray, "3"],
    points_in_view: list[int],
) -> dict[str, Any]:
    """The view's point_info, with the frame it is from."""
    location, size = source.locations[i], len(seen.rgb)
    depth = np.where(seen.measured, seen.depth_z, np.float32(np.nan)).astype(np.float64)
    content = cameras.unproject(depth, location, rotation, fov)[seen.measured][::7]
    if len(content):
        # A sensor's stray points would stretch the box.
        content = np.clip(content, *np.percentile(content, [0.5, 99.5], axis=0))
    normal = rotation @ seen.normal[size // 2, size // 2].astype(np.float64)
    record = cameras.point_info(
        location=location,
        rotation=rotation,
        fov=fov,
        size=size,
        point=point,
        normal=np.nan_to_num(normal),
        point_id=view.point,
        view_id=view.view,
        camera=f"frame-{source.numbers[i]:06d}",
        room=view.building,
        content=content,
        points_in_view=points_in_view,
    )
    return {**record, "frame": source.numbers[i]}
