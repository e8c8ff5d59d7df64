"""Every label that posed RGB-D frames can give, written in the real layout.

A view is a frame seen through a virtual camera in the same place, turned until it fixates a chosen
surface point without roll: an exact rotation homography, so that captures have truly fixated points
as the real data set has.
"""

import json
import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from math import ceil
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
from jaxtyping import Bool, Float32, Float64, UInt8
from tqdm import tqdm

from taskonomy.data import cameras, labels, layout
from taskonomy.data.capture import fixation, frames, planes, world
from taskonomy.data.capture.fixation import Fixation
from taskonomy.data.capture.frames import Capture
from taskonomy.data.layout import View
from taskonomy.errors import BadInput

STRIDE = 2
"""Geometry is fitted on every second pixel: planes reach over many, and views are smaller."""
SHADOW = 8
"""Pixels (of that grid) into which the background is continued for the derived labels."""
SURVEYED = 24
"""Frames whose normals decide which way is up."""


class Seen(NamedTuple):
    """A view's images; depth and normals hold continued surfaces where not `measured`."""

    rgb: UInt8[np.ndarray, "S S 3"]
    depth_z: Float32[np.ndarray, "S S"]
    normal: Float32[np.ndarray, "S S 3"]
    measured: Bool[np.ndarray, "S S"]


def annotate(capture: Path, out: Path, size: int = 256) -> None:
    """Annotate a capture as one building, named after its folder, in a new data set.

    Args:
        capture: folder of frame-NNNNNN.color.jpg|png, .depth.png (16-bit, millimetres, 0 and 65535
            missing), .pose.txt (4x4 camera-to-world, y down, z forward) and camera-intrinsics.txt.
        out: the data set to write: absent or empty; appears whole or not at all.
        size: pixels of the square views.

    Raises:
        BadInput: the capture lacks a file, a file is not what it should be, nothing in it can be
            fixated; or `out` holds something.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise BadInput(f"{out}: found something there, expected an absent or empty folder")
    if not 16 <= size <= 1024:
        raise BadInput(f"size: found {size}, expected 16 to 1024 pixels")
    source = frames.load(capture)
    out.parent.mkdir(parents=True, exist_ok=True)
    temporary = out.parent / f".{out.name}.{os.getpid()}"
    try:
        views = _annotate(source, temporary, size)
        about = {
            "source": "capture",
            "version": 1,
            "size": size,
            "images": views,
            "frames": len(source.numbers),
        }
        (temporary / "dataset.json").write_text(json.dumps(about, indent=1) + "\n")
        if out.exists():
            out.rmdir()
        temporary.rename(out)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _annotate(source: Capture, root: Path, size: int) -> int:
    depths = [
        source.depth(i)[::STRIDE, ::STRIDE]
        for i in tqdm(range(len(source.numbers)), desc="depth", mininterval=1)
    ]
    source = _upright(source, depths)
    height, width = depths[0].shape
    fov = fixation.field_of_view(source, height * STRIDE, width * STRIDE)
    points = fixation.choose(source, depths, STRIDE, fov)
    building = re.sub(r"[^\w-]", "_", source.folder.resolve().name)
    records: dict[View, dict[str, Any]] = {}
    of_frame = _by_frame(points)
    with tqdm(total=sum(map(len, of_frame.values())), desc="views", mininterval=1) as bar:
        for i, fixated in sorted(of_frame.items()):
            color = source.color(i)
            surface = planes.extend(planes.fit(depths[i], _grid(source)), SHADOW)
            visible = fixation.sees(
                source, i, depths[i], STRIDE, np.array([each.point for each in points])
            )
            for point, number in fixated:
                view = View(building, point, number)
                rotation = cameras.look_at(source.locations[i], points[point].point)
                seen = _look(source, i, color, surface, rotation, fov, size)
                _write(root, view, seen, fov)
                records[view] = _record(
                    source, i, view, seen, rotation, fov, points, np.flatnonzero(visible)
                )
                bar.update()
    for view, record in records.items():
        layout.write(root, view, "point_info", record)
        layout.write(root, view, "nonfixated_matches", _matches(view, records, points, fov, size))
    return len(records)


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
    normals = []
    for i in chosen:
        surface = planes.fit(depths[i], _grid(source))
        some = surface.normals()[::4, ::4][surface.valid[::4, ::4]]
        normals.append(some.astype(np.float64) @ source.rotations[i].T)
    try:
        turn = world.upright(np.concatenate(normals), -source.rotations[:, :, 1].mean(0))
    except BadInput as error:
        raise BadInput(f"{source.folder}: {error}") from error
    return replace(source, rotations=turn @ source.rotations, locations=source.locations @ turn.T)


def _look(
    source: Capture,
    i: int,
    color: UInt8[np.ndarray, "H W 3"],
    surface: planes.Planes,
    rotation: Float64[np.ndarray, "3 3"],
    fov: float,
    size: int,
) -> Seen:
    """The i-th frame through a camera in its place with another rotation (x right, y up)."""
    turn = source.rotations[i].T @ rotation
    # As many rays as the frame has pixels there, averaged: no aliasing.
    finer = max(1, ceil(source.intrinsics[0, 0] / cameras.focal_length(fov, size)))
    at = _pixels(source, cameras.pixel_rays(size * finer, fov) @ turn.T).astype(np.float32)
    rgb = cv2.remap(color, at[..., 0], at[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
    if finer > 1:
        rgb = cv2.resize(rgb, (size, size), interpolation=cv2.INTER_AREA)
    ray = cameras.pixel_rays(size, fov) @ turn.T
    at_grid = _pixels(source, ray) / STRIDE
    depth, flat = surface.at(at_grid[..., 0], at_grid[..., 1])
    # The ray's z is 1 along the virtual axis and ray_z along the frame's own.
    depth_z = depth / ray[..., 2].astype(np.float32)
    normal = surface.normals().reshape(-1, 3)[flat] @ turn.astype(np.float32)
    known = np.isfinite(depth_z)
    normal = np.where(known[..., None], normal, np.nan).astype(np.float32)
    measured = known & surface.measured.ravel()[flat]
    return Seen(np.asarray(rgb, np.uint8), depth_z.astype(np.float32), normal, measured)


def _pixels(source: Capture, ray: Float64[np.ndarray, "S S 3"]) -> Float64[np.ndarray, "S S 2"]:
    homogeneous = ray @ source.intrinsics.T
    return np.asarray(homogeneous[..., :2] / homogeneous[..., 2:])


def _write(root: Path, view: View, seen: Seen, fov: float) -> None:
    """All images of a view; what the sensor did not see is missing wherever a file can say so."""
    derived = labels.derive(seen.rgb, seen.depth_z, seen.normal, fov)
    images = {"rgb": seen.rgb, "depth_zbuffer": seen.depth_z, "normal": seen.normal, **derived}
    for domain in ("depth_zbuffer", "depth_euclidean", "normal", "principal_curvature"):
        images[domain] = images[domain].copy()
        images[domain][~seen.measured] = np.nan
    images["reshading"] = np.where(seen.measured, images["reshading"], np.float32(0))
    for domain, image in images.items():
        layout.write(root, view, domain, image)


def _record(
    source: Capture,
    i: int,
    view: View,
    seen: Seen,
    rotation: Float64[np.ndarray, "3 3"],
    fov: float,
    points: list[Fixation],
    visible: np.ndarray,
) -> dict[str, Any]:
    """The view's point_info, with the frame it is from."""
    location, size = source.locations[i], len(seen.rgb)
    depth = np.where(seen.measured, seen.depth_z, np.float32(np.nan)).astype(np.float64)
    content = cameras.unproject(depth, location, rotation, fov)[seen.measured]
    if len(content):
        # A sensor's stray points would stretch the box.
        content = np.clip(content, *np.percentile(content, [0.5, 99.5], axis=0))
    normal = seen.normal[size // 2, size // 2].astype(np.float64) @ rotation.T
    others = [int(q) for q in visible if q != view.point]
    pixel, z = cameras.project(
        np.array([points[q].point for q in others]).reshape(-1, 3), location, rotation, fov, size
    )
    inside = (z > 0) & (pixel >= 0).all(1) & (pixel < size).all(1)
    record = cameras.point_info(
        location=location,
        rotation=rotation,
        fov=fov,
        size=size,
        point=points[view.point].point,
        normal=np.nan_to_num(normal),
        point_id=view.point,
        view_id=view.view,
        camera=f"frame-{source.numbers[i]:06d}",
        room=view.building,
        content=content,
        points_in_view=[q for q, here in zip(others, inside, strict=True) if here],
    )
    return {**record, "frame": source.numbers[i]}


def _matches(
    view: View, records: dict[View, dict[str, Any]], points: list[Fixation], fov: float, size: int
) -> dict[str, Any]:
    """Which views of other points see this view's point, and where."""
    return {
        "point_uuid": view.point,
        "point_location": points[view.point].point.tolist(),
        "views": list(_seers(view, records, points, fov, size)),
    }


def _seers(
    view: View, records: dict[View, dict[str, Any]], points: list[Fixation], fov: float, size: int
) -> Iterator[dict[str, Any]]:
    for other, record in records.items():
        if view.point in record["nonfixated_points_in_view"]:
            rotation = cameras.euler_to_matrix(*record["camera_rotation_final"])
            location = np.array(record["camera_location"])
            pixel, _ = cameras.project(
                points[view.point].point[None], location, rotation, fov, size
            )
            yield {
                "point_uuid": other.point,
                "view_id": other.view,
                "camera_uuid": record["camera_uuid"],
                "nonfixated_pixel_x": float(pixel[0, 0]),
                "nonfixated_pixel_y": float(pixel[0, 1]),
            }
