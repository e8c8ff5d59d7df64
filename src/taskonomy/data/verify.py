"""Whether a data set is what it should be: every file read, and what files say about each other."""

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, partial
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from tqdm import tqdm

from taskonomy.data import codecs, items, labels, layout, splits
from taskonomy.data.availability import DECLARATION
from taskonomy.data.layout import Dataset, View
from taskonomy.errors import BadInput
from taskonomy.workers import pool as start

OFF_CENTRE = 1.0
"""Degrees by which a fixated point may miss the image's centre."""
NOT_UNIT = 0.1
"""How far from 1 a stored normal may be: eight bits a coordinate, and averaging at edges."""
DISAGREEING = 30.0
"""Degrees: the median angle between a building's normals and its depth's. A flipped axis is far
beyond; clutter at 64 pixels and a sensor's noise stay below."""
ROUNDING = 2 / codecs.DEPTH_UNITS_PER_METRE

_CHUNK = 32
_WORTH_PROCESSES = 256
"""Views that take longer to check than processes take to start."""

_KEYS = (
    "bounding_box_ranges",
    "camera_location",
    "camera_rotation_final",
    "field_of_view_rads",
    "point_location",
)


@dataclass(frozen=True)
class Report:
    """What was found.

    Attributes:
        views, buildings, files: counts.
        domains: the kinds of labels present, sorted.
        angle: the median over views of the median angle between normals and depth, in degrees; nan
            where one of the two is absent.
        split: how the data set splits, or why it cannot be split.
        faults: one line each, naming the file; empty for a sound data set.
    """

    views: int
    buildings: int
    files: int
    domains: tuple[str, ...]
    angle: float
    split: str
    faults: tuple[str, ...]

    @property
    def text(self) -> str:
        """The report in words, without the faults' lines."""
        lines = [
            f"{self.views} views in {self.buildings} building(s), {self.files} files",
            f"domains: {', '.join(self.domains)}",
            f"split: {self.split}",
        ]
        if np.isfinite(self.angle):
            lines.append(f"normals and depth agree within {self.angle:.1f} degrees (median)")
        return "\n".join([*lines, f"{len(self.faults)} fault(s)"])


class _Checked(NamedTuple):
    files: int
    faults: list[str]
    rgb: bytes
    angle: float


def verify(root: Path) -> Report:
    """Check a data set.

    Every file is decoded; sizes, ranges, soft labels, normals, distances and poses are checked
    against each other; each domain must have a file for every view; no building and no image's
    bytes may be in two splits.

    Raises:
        BadInput: `root` is no data set at all.
    """
    dataset = layout.index(root)
    faults = list(_missing(dataset))
    checked = list(
        tqdm(
            _check_all(dataset), total=len(dataset.views), desc="verify", unit="view", mininterval=1
        )
    )
    for result in checked:
        faults += result.faults
    faults += _disagreeing(dataset, checked)
    try:
        parts = splits.split(dataset)
    except BadInput as error:
        split = f"none: {error}"
        if (root / "splits.csv").is_file():
            faults.append(str(error))
    else:
        split = parts.note
        faults += _leaks(dataset, parts, checked)
    angles = [result.angle for result in checked if np.isfinite(result.angle)]
    return Report(
        views=len(dataset.views),
        buildings=len(dataset.buildings),
        files=sum(result.files for result in checked),
        domains=tuple(sorted(dataset.domains)),
        angle=float(np.median(angles)) if angles else float("nan"),
        split=split,
        faults=tuple(faults),
    )


def _missing(dataset: Dataset) -> Iterator[str]:
    declaration, declared = dataset.root / DECLARATION, set[str]()
    if declaration.is_file():
        try:
            declared = set(json.loads(declaration.read_text()).get("labels", ()))
        except (ValueError, AttributeError, TypeError) as error:
            yield f"{declaration}: found no such declaration ({error}), expected a JSON object"
    for domain in sorted(dataset.domains | (declared & set(codecs.DOMAINS))):
        absent = layout.missing(dataset, domain)
        if absent:
            file = layout.path(dataset.root, absent[0], domain)
            others = f" and {len(absent) - 1} more" if len(absent) > 1 else ""
            yield f"{file}{others}: missing, expected a file for each of {len(dataset.views)} views"


def _check_all(dataset: Dataset) -> Iterator[_Checked]:
    """Every view, in order; by processes where there are enough to pay for starting them."""
    workers = len(os.sched_getaffinity(0))
    if workers == 1 or len(dataset.views) < _WORTH_PROCESSES:
        yield from (_check(dataset, view) for view in dataset.views)
        return
    chunks = [dataset.views[i : i + _CHUNK] for i in range(0, len(dataset.views), _CHUNK)]
    with start(workers) as pool:
        try:
            for results in pool.map(partial(_check_some, dataset.root), chunks):
                yield from results
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def _check_some(root: Path, views: Sequence[View]) -> list[_Checked]:
    dataset = _indexed(root)
    return [_check(dataset, view) for view in views]


# A worker's own: cheaper than to be sent the index with every chunk.
_indexed = cache(layout.index)


def _check(dataset: Dataset, view: View) -> _Checked:
    """All files of a view."""
    values: dict[str, Any] = {}
    faults: list[str] = []
    count, rgb = 0, b""
    for domain in sorted(dataset.domains):
        if (view.building, domain) not in dataset.places:
            continue
        file = layout.locate(dataset, view, domain)
        try:
            content = file.read_bytes()
            values[domain] = codecs.decode(codecs.DOMAINS[domain], content, str(file))
        except FileNotFoundError:
            continue  # listed among the missing
        except OSError as error:
            faults.append(f"{file}: cannot be read ({error.strerror})")
            continue
        except BadInput as error:
            faults.append(str(error))
            continue
        finally:
            count += 1
        if domain == "rgb":
            rgb = sha256(content).digest()
        if domain == "normal":
            faults += _lengths(content, file)
    faults += (f"{layout.locate(dataset, view, d)}: {text}" for d, text in _against(values))
    return _Checked(count, faults, rgb, _angle(values))


def _lengths(content: bytes, file: Path) -> Iterator[str]:
    levels = codecs.pixels(content, str(file), (8,), (3,)).astype(np.float32)
    length = np.linalg.norm((levels - codecs.NORMAL_CENTRE) / codecs.NORMAL_CENTRE, axis=-1)
    off = np.abs(length[length > 0.5] - 1) > NOT_UNIT
    if len(off) and off.mean() > 0.05:
        yield f"{file}: found {off.mean():.0%} of the normals not of unit length"


def _against(values: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """What a view's files say about each other: (domain, fault)."""
    images = {d: v.shape[:2] for d, v in values.items() if isinstance(v, np.ndarray) and v.ndim > 1}
    size = images.get("rgb")
    for domain, shape in images.items():
        if size and shape != size:
            yield domain, f"found size {shape}, expected the rgb image's {size}"
    near, far = values.get("depth_zbuffer"), values.get("depth_euclidean")
    if near is not None and far is not None and near.shape == far.shape:
        with np.errstate(invalid="ignore"):
            short = float((far < near - ROUNDING).mean())
        if short > 0.001:
            yield "depth_euclidean", f"found {short:.1%} of it below the z-depth, expected none"
    if "point_info" in values:
        yield from (("point_info", fault) for fault in _pose(values["point_info"]))


def _pose(info: dict[str, Any]) -> Iterator[str]:
    absent = [key for key in _KEYS if key not in info]
    if absent:
        yield f"found no {', '.join(absent)}, expected them in point_info"
        return
    try:
        towards = np.array(info["point_location"]) - np.array(info["camera_location"])
        local = items.rotation(info).T @ towards
        fov = float(info["field_of_view_rads"])
        items.room_layout(info)
    except (TypeError, ValueError, KeyError, IndexError) as error:
        yield f"found values of another kind ({error}), expected numbers"
        return
    miss = np.degrees(np.arctan2(np.hypot(local[0], local[1]), -local[2]))
    if miss > OFF_CENTRE:
        yield f"found the fixated point {miss:.1f} degrees off the image centre, expected 0"
    if not 0.01 < fov < np.pi:
        yield f"found a field of view of {fov:g}, expected radians between 0 and pi"


def _angle(values: dict[str, Any]) -> float:
    depth, normal, info = (values.get(d) for d in ("depth_zbuffer", "normal", "point_info"))
    if depth is None or normal is None or info is None or depth.shape != normal.shape[:2]:
        return float("nan")
    fov = info.get("field_of_view_rads")
    if not isinstance(fov, float) or not 0.01 < fov < np.pi:
        return float("nan")
    angles = labels.agreement(depth, normal, fov)
    return float(np.median(angles)) if len(angles) else float("nan")


def _disagreeing(dataset: Dataset, checked: list[_Checked]) -> Iterator[str]:
    for building in dataset.buildings:
        angles = [
            result.angle
            for view, result in zip(dataset.views, checked, strict=True)
            if view.building == building and np.isfinite(result.angle)
        ]
        if angles and np.median(angles) > DISAGREEING:
            yield (
                f"{dataset.root / building / 'normal'}: found normals {np.median(angles):.0f} "
                "degrees (median) from those of the depth, expected x right, y up (stored with G "
                "down), z to the camera"
            )


def _leaks(dataset: Dataset, parts: splits.Splits, checked: list[_Checked]) -> Iterator[str]:
    first: dict[bytes, tuple[str, View]] = {}
    for name in splits.NAMES:
        for i in getattr(parts, name):
            view, rgb = dataset.views[i], checked[i].rgb
            before, other = first.setdefault(rgb, (name, view))
            if rgb and before != name:
                file = layout.locate(dataset, view, "rgb")
                yield f"{file}: in {name}, found the same image as {other} in {before}"
