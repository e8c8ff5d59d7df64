"""A sheet of all labels of some views: one picture to look at before anything is trained."""

import io
from collections.abc import Callable, Sequence
from itertools import combinations, product
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float, UInt8
from PIL import Image, ImageDraw, ImageFont

from taskonomy import files
from taskonomy.data import availability, camera_records, cameras, layout, pictures
from taskonomy.data.codecs import DOMAINS
from taskonomy.data.layout import Dataset, View
from taskonomy.dictionary import DICTIONARY
from taskonomy.errors import BadInput

VIEWS = 6
TILE, GAP, MARGIN = 128, 3, 132
"""Pixels: of a tile, between tiles, for the names at the left."""

_TOPS = {
    "reshading": 1.0,
    "edge_texture": 0.08,
    "keypoints2d": 0.005,
    "edge_occlusion": 0.00625,
    "keypoints3d": 1.0,
}
"""What the colour map ends at: the nominal tops of the data set's maps."""
_CURVATURE = 6.0
"""Curvature in 1/m at which colours are full."""
_INK, _PAPER, _GREY = (20, 20, 20), (255, 255, 255), (128, 128, 128)
_AXES = {"x": (230, 60, 40), "y": (40, 180, 60), "z": (60, 110, 255)}

Tile = UInt8[np.ndarray, "h w 3"]


def show(root: Path, out: Path) -> int:
    """Write a sheet of six views of a data set, evenly apart, a row for each label it has.

    Depths share one scale; maps end at their nominal tops; what is missing is grey. Of a
    camera's record the vanishing directions (x red, y green, z blue), the box of the visible
    content and the fixated point are drawn, as far as it has them. Normals are drawn with x to the
    right red, y up green, z to the camera blue.

    Args:
        root: the data set.
        out: the file to write, a PNG.

    Returns:
        How many views the sheet shows.

    Raises:
        BadInput: there is no data set, a file of these views is faulty, or `out` is no PNG's name.
    """
    if out.suffix != ".png":
        raise BadInput(f"{out}: found the suffix {out.suffix!r}, expected .png")
    dataset = layout.index(root)
    chosen = np.unique(np.linspace(0, len(dataset.views) - 1, VIEWS).round().astype(int))
    views = [dataset.views[i] for i in chosen]
    rows = [_row(dataset, views, domain) for domain in DOMAINS if domain in dataset.domains]
    names = [_name(dataset, domain) for domain in DOMAINS if domain in dataset.domains]
    if any(_others(dataset, view) for view in views):
        names.insert(1, "another view\nof the point")
        rows.insert(1, [_other(dataset, view) for view in views])
    _write(_sheet(names, rows, [str(view) for view in views]), out)
    return len(views)


def _sheet(
    names: Sequence[str], rows: Sequence[Sequence[Image.Image]], titles: Sequence[str]
) -> Image.Image:
    step, head = TILE + GAP, 30
    canvas = Image.new("RGB", (MARGIN + len(titles) * step, head + len(rows) * step), _PAPER)
    draw, font = ImageDraw.Draw(canvas), ImageFont.load_default(11)
    for column, title in enumerate(titles):
        words = title.replace("/", "\n")
        draw.multiline_text((MARGIN + column * step, 2), words, _INK, font, spacing=1)
    for line, (name, tiles) in enumerate(zip(names, rows, strict=True)):
        draw.multiline_text((4, head + line * step + 4), name, _INK, font)
        for column, tile in enumerate(tiles):
            canvas.paste(tile, (MARGIN + column * step, head + line * step))
    return canvas


def _write(canvas: Image.Image, out: Path) -> None:
    sink = io.BytesIO()
    canvas.save(sink, "PNG", optimize=True)
    files.write(out, sink.getvalue())


def _row(dataset: Dataset, views: Sequence[View], domain: str) -> list[Image.Image]:
    values = [_read(dataset, view, domain) for view in views]
    known = [value for value in values if value is not None]
    kind = DOMAINS[domain].kind
    if kind == "soft":
        names = availability.classes(dataset.root).get(domain, [])
        return [_text(_likeliest(value, names)) for value in values]
    if domain == "point_info":
        images = [_read(dataset, view, "rgb") for view in views]
        return [_camera(image, info) for image, info in zip(images, values, strict=True)]
    if domain == "nonfixated_matches":
        return [_text(_sightings(value)) for value in values]
    picture = _painter(domain, [np.asarray(value) for value in known])
    return [_tile(None if value is None else picture(value)) for value in values]


def _name(dataset: Dataset, domain: str) -> str:
    """A domain's name, and under it the tasks that find no label in it."""
    of_domain = [task for task in DICTIONARY if task.label == domain]
    without = availability.lacking(dataset, of_domain)
    return "\n".join([domain, *(f"no {name}" for name in without)])


def _read(dataset: Dataset, view: View, domain: str) -> Any:
    """A label; None where this view has none."""
    if (view.building, domain) not in dataset.places:
        return None
    if not layout.locate(dataset, view, domain).exists():
        return None
    return layout.read(dataset, view, domain)


def _painter(domain: str, known: list[np.ndarray]) -> Callable[[Any], Tile]:
    """How a domain becomes colours."""
    kind = DOMAINS[domain].kind
    if kind == "depth":
        low, high = pictures.spans(
            np.concatenate([each.ravel() for each in known])[None, None, None]
        )
        return lambda depth: pictures.scalar_map(depth[None], low, high)
    if kind in ("unit8", "unit16"):
        return lambda plane: pictures.scalar_map(plane[None], 0.0, _TOPS[domain])
    if kind in ("normal", "curvature"):
        reach = 1.0 if kind == "normal" else _CURVATURE
        return lambda vectors: pictures.signed(vectors.transpose(2, 0, 1), reach)
    if kind == "semantic":
        return lambda classes: pictures.categories(classes.astype(int) - 1)  # 0 is uncertain: grey
    if kind == "ids":
        return lambda segments: pictures.categories(segments.astype(int))
    return lambda image: image


def _tile(picture: Tile | None) -> Image.Image:
    if picture is None:
        return Image.new("RGB", (TILE, TILE), _GREY)
    # Shrinking averages; enlarging keeps the pixels of a small label visible.
    how = Image.Resampling.BOX if len(picture) > TILE else Image.Resampling.NEAREST
    return Image.fromarray(np.ascontiguousarray(picture)).resize((TILE, TILE), how)


def _text(lines: Sequence[str]) -> Image.Image:
    tile = Image.new("RGB", (TILE, TILE), (236, 236, 236))
    font = ImageFont.load_default(11)
    ImageDraw.Draw(tile).multiline_text((4, 4), "\n".join(lines), _INK, font)
    return tile


def _likeliest(soft: Float[np.ndarray, " K"] | None, names: Sequence[str]) -> list[str]:
    """The five likeliest classes, by name where names are known."""
    if soft is None:
        return ["no label"]
    top = np.argsort(-soft, kind="stable")[:5]
    return [f"{names[i] if i < len(names) else i + 1}  {soft[i]:.0%}" for i in top]


def _sightings(record: dict[str, Any] | None) -> list[str]:
    if record is None:
        return ["no label"]
    seen = [f"point {s.get('point_uuid')} view {s.get('view_id')}" for s in record.get("views", [])]
    return [f"seen by {len(seen)} other views", *seen[:7], *(["..."] if len(seen) > 7 else [])]


def _others(dataset: Dataset, view: View) -> list[View]:
    return [other for other in dataset.views if other[:2] == view[:2] and other != view]


def _other(dataset: Dataset, view: View) -> Image.Image:
    others = _others(dataset, view)
    return _tile(layout.read(dataset, others[-1], "rgb") if others else None)


def _camera(image: Tile | None, info: dict[str, Any] | None) -> Image.Image:
    """What a record of a camera says, drawn over its image."""
    tile = _tile(image)
    if info is None:
        return tile
    draw, middle = ImageDraw.Draw(tile), TILE / 2
    ranges = info.get("bounding_box_ranges")
    if ranges is not None:
        corners = np.array(list(product(*(ranges[key] for key in ("y", "x", "z")))), float)
        for a, b in combinations(range(8), 2):  # files swap x and y
            if (a ^ b).bit_count() == 1:
                _edge(draw, corners[[a, b]], info)
    for name, axis in info.get("vanishing_points_gaussian_sphere", {}).items():
        # Of the two opposite directions, the one ahead.
        x, y = np.array(axis[:2]) * (0.4 * TILE if axis[2] <= 0 else -0.4 * TILE)
        draw.line((middle, middle, middle + x, middle - y), _AXES[name], 2)
    draw.ellipse((middle - 3, middle - 3, middle + 3, middle + 3), _PAPER, _INK)
    return tile


def _edge(draw: ImageDraw.ImageDraw, ends: Float[np.ndarray, "2 3"], info: dict[str, Any]) -> None:
    """Draw what a camera sees of a line in the world, point by point."""
    along = np.linspace(0, 1, 200)[:, None]
    points = ends[0] + along * (ends[1] - ends[0])
    location, fov = np.array(info["camera_location"], float), float(info["field_of_view_rads"])
    pixels, depth = cameras.project(points, location, camera_records.rotation(info), fov, TILE)
    for (x, y), z in zip(pixels, depth, strict=True):
        if z > 0.05 and 0 <= x < TILE and 0 <= y < TILE:
            draw.point((x, y), _PAPER)
