"""What the files of one view say about each other, and the views of one building about it.

Nothing here knows the right answer: it is asked of labels that follow from one another. Limits are
wide enough for a sensor's noise, eight bits and clutter at a few pixels; what is looked for lies
far beyond: flipped axes, other units, another view's file.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from taskonomy.data import camera_records, cameras, codecs, labels
from taskonomy.data.layout import View

OFF_CENTRE = 1.0
"""Degrees by which a fixated point may miss the image's centre, or a stated direction its own."""
DISAGREEING = 30.0
"""Degrees: the median angle between a building's normals and its depth's. A flipped axis is far
beyond; clutter at 64 pixels and a sensor's noise stay below."""
AWAY = 0.25
"""Share of a view's normals that may face away from the camera: borders of missing parts do."""
OFF_DISTANCE = 0.02
"""Part by which distances may differ from those of the z-depth, over a view's median."""
OFF_SCALE = 0.1
"""Part by which the depth of fixated points may differ from their cameras' distance, for the better
quarter of a building's views: a thin thing's point lies between pixels."""
APART = 0.001
"""Metres by which the views of one point may differ on where it is."""
ROUNDING = 2 / codecs.DEPTH_UNITS_PER_METRE

_KEYS = (
    "bounding_box_ranges",
    "camera_location",
    "camera_rotation_final",
    "field_of_view_rads",
    "point_location",
)
_SIGHTINGS = 8
"""Sightings looked at of each point: real ones have hundreds."""


class Findings(NamedTuple):
    """What a view says that other views are held against; nan or nothing where it is silent.

    Attributes:
        angle: the median angle between normals and depth, degrees.
        off_scale: the part by which the depth at the image's centre differs from the distance.
        shading: the correlation between reshading and the normals' cosine to the camera.
        point: where the fixated point is.
        classes: the number of classes of each soft label.
    """

    angle: float
    off_scale: float
    shading: float
    point: tuple[float, ...]
    classes: tuple[tuple[str, int], ...]


def findings(values: dict[str, Any]) -> Findings:
    """Return what other views are held against from the decoded files of one."""
    fov = _fov(values.get("point_info"))
    depth, normal, shade = (values.get(d) for d in ("depth_zbuffer", "normal", "reshading"))
    angle = shading = float("nan")
    if fov and normal is not None and depth is not None and depth.shape == normal.shape[:2]:
        angles = labels.agreement(depth, normal, fov)
        angle = float(np.median(angles)) if len(angles) else angle
    if fov and normal is not None and shade is not None and shade.shape == normal.shape[:2]:
        shading = _correlation(_facing(normal, fov), shade)
    return Findings(angle, _off_scale(values), shading, _point(values), _classes(values))


def within_view(values: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the faults that the files of one view show together: (domain, what is wrong)."""
    images = {d: v.shape[:2] for d, v in values.items() if isinstance(v, np.ndarray) and v.ndim > 1}
    size = images.get("rgb")
    for domain, shape in images.items():
        if size and shape != size:
            yield domain, f"found size {shape}, expected the rgb image's {size}"
    for domain in ("depth_zbuffer", "depth_euclidean", "normal"):
        if domain in values and not np.isfinite(values[domain]).any():
            yield domain, "found no known pixel, expected some"
    fov = _fov(values.get("point_info"))
    yield from _distances(values, fov)
    if fov and "normal" in values:
        cosine = _facing(values["normal"], fov)
        away = float((cosine < 0).mean()) if len(cosine) else 0.0
        if away > AWAY:
            yield "normal", f"found {away:.0%} of the normals facing away from the camera"
    if "point_info" in values:
        yield from (("point_info", fault) for fault in _pose(values["point_info"]))


def _fov(info: Any) -> float:
    """The field of view in radians; 0 where there is none to rely on."""
    fov = info.get("field_of_view_rads") if isinstance(info, dict) else None
    return fov if isinstance(fov, float) and 0.01 < fov < np.pi else 0.0


def _facing(normal: Float[np.ndarray, "H W 3"], fov: float) -> Float[np.ndarray, "H W"]:
    """The cosine between each normal and the direction to the camera; nan where it is missing."""
    ray = labels.rays(normal.shape[0], normal.shape[1], fov)
    return np.asarray(-(normal * ray).sum(-1) / np.linalg.norm(ray, axis=-1))


def _correlation(one: Float[np.ndarray, "H W"], other: Float[np.ndarray, "H W"]) -> float:
    known = np.isfinite(one) & np.isfinite(other)
    if known.sum() < 100 or one[known].std() < 0.02 or other[known].std() < 0.02:
        return float("nan")
    return float(np.corrcoef(one[known], other[known])[0, 1])


def _distances(values: dict[str, Any], fov: float) -> Iterator[tuple[str, str]]:
    near, far = values.get("depth_zbuffer"), values.get("depth_euclidean")
    if near is None or far is None or near.shape != far.shape:
        return
    with np.errstate(invalid="ignore"):
        short = float((far < near - ROUNDING).mean())
    if short > 0.001:
        yield "depth_euclidean", f"found {short:.1%} of it below the z-depth, expected none"
        return
    known = np.isfinite(near) & np.isfinite(far)
    if not fov or not known.any():
        return
    expected = near * np.linalg.norm(labels.rays(near.shape[0], near.shape[1], fov), axis=-1)
    off = float(np.median(np.abs(far / expected - 1)[known]))
    if off > OFF_DISTANCE:
        yield "depth_euclidean", f"found it {off:.0%} (median) off the distance of the z-depth"


def _pose(info: dict[str, Any]) -> Iterator[str]:
    absent = [key for key in _KEYS if key not in info]
    if absent:
        yield f"found no {', '.join(absent)}, expected them in point_info"
        return
    try:
        towards = np.array(info["point_location"]) - np.array(info["camera_location"])
        R = camera_records.rotation(info)
        local = R.T @ towards
        fov, length = float(info["field_of_view_rads"]), float(np.linalg.norm(towards))
        stated = float(info.get("camera_distance", length))
        camera_records.room_layout(info)
        turned = _turned(info.get("vanishing_points_gaussian_sphere", {}), R)
    except (TypeError, ValueError, KeyError, IndexError) as error:
        yield f"found values of another kind ({error}), expected numbers"
        return
    miss = np.degrees(np.arctan2(np.hypot(local[0], local[1]), -local[2]))
    if miss > OFF_CENTRE:
        yield f"found the fixated point {miss:.1f} degrees off the image centre, expected 0"
    elif turned > OFF_CENTRE:
        yield f"found a vanishing point {turned:.1f} degrees off the one of the camera's rotation"
    if abs(stated - length) > 0.01 * length:
        yield f"found a camera_distance of {stated:g}, expected the {length:.3f} m to the point"
    if not 0.01 < fov < np.pi:
        yield f"found a field of view of {fov:g}, expected radians between 0 and pi"


def _turned(stated: dict[str, Any], R: Float[np.ndarray, "3 3"]) -> float:
    """Degrees by which the worst of the stated vanishing points is off."""
    expected, _ = cameras.vanishing_points(R, 1.0, 1)
    cosines = [np.dot(stated[k], expected[k]) / np.linalg.norm(stated[k]) for k in stated]
    return float(np.degrees(np.arccos(np.clip(min(cosines, default=1.0), -1, 1))))


def _point(values: dict[str, Any]) -> tuple[float, ...]:
    try:
        x, y, z = values["point_info"]["point_location"]
        return float(x), float(y), float(z)
    except (KeyError, TypeError, ValueError):
        return ()


def _off_scale(values: dict[str, Any]) -> float:
    """The part by which the best of the central pixels differs from the camera's distance."""
    far, near, info = (values.get(d) for d in ("depth_euclidean", "depth_zbuffer", "point_info"))
    depth, point = far if near is None else near, _point(values)
    try:
        distance = float(np.linalg.norm(np.array(point) - np.array(info["camera_location"])))  # type: ignore[index]
    except (KeyError, TypeError, ValueError):
        return float("nan")
    if depth is None or not distance:
        return float("nan")
    row, column = depth.shape[0] // 2, depth.shape[1] // 2
    off = np.abs(depth[row - 2 : row + 2, column - 2 : column + 2] / distance - 1)
    return float(np.nanmin(off)) if np.isfinite(off).any() else float("nan")


def _classes(values: dict[str, Any]) -> tuple[tuple[str, int], ...]:
    soft = [d for d in values if codecs.DOMAINS[d].kind == "soft"]
    return tuple((domain, len(values[domain])) for domain in soft)


def sightings(record: dict[str, Any]) -> Iterator[tuple[int, int]]:
    """Yield (point, view) of the first views that a nonfixated_matches lists by number."""
    for seen in list(record.get("views", ()))[:_SIGHTINGS]:
        point, view = seen.get("point_uuid"), seen.get("view_id")
        if isinstance(point, int) and isinstance(view, int):
            yield point, view


def out_of_sight(record: dict[str, Any], info: dict[str, Any]) -> bool:
    """Whether a camera that is said to see a record's point has it behind or beside its image."""
    try:
        point, location = (
            np.array(values, float)
            for values in (record["point_location"], info["camera_location"])
        )
        pixel, depth = cameras.project(
            point[None],
            location,
            camera_records.rotation(info),
            float(info["field_of_view_rads"]),
            100,
        )
    except (KeyError, TypeError, ValueError):
        return False  # what is wrong with a pose is said of its own file
    return bool(depth[0] <= 0 or (np.abs(pixel[0] - 50) > 52).any())


def within_building(found: Sequence[Findings]) -> Iterator[tuple[str, str]]:
    """Yield the faults that a building's views show together: (domain, what is wrong)."""
    angle, off, shading = (
        np.array([getattr(each, name) for each in found])
        for name in ("angle", "off_scale", "shading")
    )
    angle, off, shading = (values[np.isfinite(values)] for values in (angle, off, shading))
    if len(angle) and np.median(angle) > DISAGREEING:
        yield (
            "normal",
            f"found normals {np.median(angle):.0f} degrees (median) from those of the depth, "
            "expected x right, y up (stored with G down), z to the camera",
        )
    elif len(shading) and np.median(shading) < 0:
        yield "reshading", "found it darkest where surfaces face the camera, expected brightest"
    if len(off) and np.percentile(off, 25) > OFF_SCALE:
        yield (
            "depth_zbuffer",
            f"found depths of fixated points {np.percentile(off, 25):.0%} off their cameras' "
            "distance, expected 1/512 m and poses in metres",
        )


def across_views(
    views: Sequence[View], found: Sequence[Findings]
) -> Iterator[tuple[View, str, str]]:
    """Yield what single views say unlike the others: (view, domain, what is wrong)."""
    usual: dict[str, Counter[int]] = {}
    for each in found:
        for domain, count in each.classes:
            usual.setdefault(domain, Counter())[count] += 1
    first: dict[tuple[str, int], tuple[float, ...]] = {}
    for view, each in zip(views, found, strict=True):
        for domain, count in each.classes:
            expected = usual[domain].most_common(1)[0][0]
            if count != expected:
                yield view, domain, f"found {count} classes, expected the other views' {expected}"
        if each.point:
            before = first.setdefault((view.building, view.point), each.point)
            apart = float(np.linalg.norm(np.subtract(each.point, before)))
            if apart > APART:
                text = f"found its point {apart:.3g} m from where the point's first view has it"
                yield view, "point_info", text
