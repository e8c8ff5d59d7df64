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
ALIKE = 1e-6
"""By how much numbers that follow from one another may differ, of unit vectors or metres: the real
records' differ by rounding alone."""
OFF_PIXEL = 2.0
"""Pixels by which a sighting, or a vanishing point in the image, may be off."""
FARTHEST = 15.0
"""Metres of a building's median depth beyond which it is taken to be in another unit, where no
camera's distance says otherwise: indoors it is two to five."""
ROUNDING = 2 / codecs.DEPTH_UNITS_PER_METRE

_KEYS = (
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
        depth: the median depth, metres.
    """

    angle: float
    off_scale: float
    shading: float
    point: tuple[float, ...]
    classes: tuple[tuple[str, int], ...]
    depth: float


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
    far = values.get("depth_euclidean") if depth is None else depth
    middle = float("nan") if far is None or np.isnan(far).all() else float(np.nanmedian(far))
    off = _off_scale(values)
    return Findings(angle, off, shading, _point(values), _classes(values), middle)


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
        info = values["point_info"]
        yield from (("point_info", fault) for fault in (*_pose(info), *_identities(info)))
    if "nonfixated_matches" in values:
        record = values["nonfixated_matches"]
        yield from (("nonfixated_matches", fault) for fault in _seers(record))


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
        outside = _outside(info)
        turned = _turned(info.get("vanishing_points_gaussian_sphere", {}), R)
        moved = _moved(info)
    except (TypeError, ValueError, KeyError, IndexError) as error:
        yield f"found values of another kind ({error}), expected numbers"
        return
    miss = np.degrees(np.arctan2(np.hypot(local[0], local[1]), -local[2]))
    if miss > OFF_CENTRE:
        yield f"found the fixated point {miss:.1f} degrees off the image centre, expected 0"
    elif turned:
        yield (
            f"found a vanishing point {turned:.3g} degrees off the one of the camera's rotation, "
            "expected x backward along the nearest wall, y to the right, z up"
        )
    elif moved > OFF_PIXEL:
        yield (
            f"found vanishing_points_image {moved:.3g} pixels off the directions, expected them at "
            "S/2 + f x / (2 - z), S/2 - f y / (2 - z)"
        )
    if outside > ALIKE:
        yield (
            f"found the camera {outside:.3g} m outside of bounding_box_ranges, expected it inside "
            "(x holds the world's Y, and y its X)"
        )
    if abs(stated - length) > 0.01 * length:
        yield f"found a camera_distance of {stated:g}, expected the {length:.3f} m to the point"
    if not 0.01 < fov < np.pi:
        yield f"found a field of view of {fov:g}, expected radians between 0 and pi"


def _turned(stated: dict[str, Any], R: Float[np.ndarray, "3 3"]) -> float:
    """Degrees by which the worst of the stated vanishing points is off; 0 where they are alike."""
    if not stated:
        return 0.0
    found = np.array([stated[axis] for axis in "xyz"], float)
    expected = min(cameras.manhattans(R), key=lambda axes: float(np.abs(axes - found).max()))
    if np.abs(expected - found).max() <= ALIKE:
        return 0.0
    half = np.linalg.norm(expected - found, axis=1).max() / 2
    return float(np.degrees(2 * np.arcsin(min(half, 1.0))))


def _moved(info: dict[str, Any]) -> float:
    """Pixels by which the worst of the vanishing points in the image is off its direction."""
    image, sphere = (
        info.get(f"vanishing_points_{where}") for where in ("image", "gaussian_sphere")
    )
    fov = _fov(info)
    if not image or not sphere or "resolution" not in info or not fov:
        return 0.0
    size = int(info["resolution"])
    expected = [cameras.image_of([float(x) for x in sphere[k]], fov, size) for k in "xyz"]
    return float(np.abs(np.array([image[k] for k in "xyz"], float) - expected).max())


def _outside(info: dict[str, Any]) -> float:
    """Metres by which the camera is outside of the stated box; 0 where it is inside, or no box."""
    box = info.get("bounding_box_ranges")
    if box is None:
        return 0.0
    low, high = np.array([box["y"], box["x"], box["z"]], float).T
    location = np.array(info["camera_location"], float)
    return float(np.maximum(np.maximum(low - location, location - high), 0).max())


def _identities(record: dict[str, Any]) -> Iterator[str]:
    """Ids of another kind than the data set's: points are known by text."""
    if not isinstance(record.get("point_uuid", ""), str):
        yield f"found the point_uuid {record['point_uuid']!r}, expected text"
    elif not isinstance(record.get("view_id", 0), int):
        yield f"found the view_id {record['view_id']!r}, expected an integer"


def _seers(record: dict[str, Any]) -> Iterator[str]:
    """What is wrong with the ids and pixels of a nonfixated_matches; one line for all its views."""
    views = record.get("views", [])
    if not isinstance(views, list) or not all(isinstance(seen, dict) for seen in views):
        yield f"found views of another kind ({type(views).__name__}), expected a list of objects"
        return
    for fault in (fault for each in (record, *views) for fault in _identities(each)):
        yield fault
        return
    for seen in views:
        for key in ("nonfixated_pixel_x", "nonfixated_pixel_y"):
            if not isinstance(seen.get(key, 0), int):
                yield f"found the {key} {seen[key]!r}, expected an integer"
                return


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


def sightings(record: dict[str, Any]) -> Iterator[tuple[int, int, dict[str, Any]]]:
    """Yield (point, view, entry) of the first views that a nonfixated_matches lists by number."""
    views = record.get("views", ())
    for seen in list(views if isinstance(views, list) else ())[:_SIGHTINGS]:
        point, view = (seen.get(k) for k in ("point_uuid", "view_id")) if seen else (None, None)
        if isinstance(view, int) and str(point).isdecimal():
            yield int(str(point)), view, seen


def out_of_sight(record: dict[str, Any], seen: dict[str, Any], info: dict[str, Any]) -> str:
    """What is wrong with a sighting of a record's point: the camera has it behind or beside its
    image, or at another pixel; empty where nothing is."""
    if any(_pose(info)):
        return ""  # what is wrong with a pose is said of its own file
    try:
        point, location = (
            np.array(values, float)
            for values in (record["point_location"], info["camera_location"])
        )
        size = int(info.get("resolution", 100))
        fov = float(info["field_of_view_rads"])
        rotation = camera_records.rotation(info)
        pixel, depth = cameras.project(point[None], location, rotation, fov, size)
        stated = [float(seen.get(f"nonfixated_pixel_{axis}", "nan")) for axis in "xy"]
    except (KeyError, TypeError, ValueError):
        return ""  # of another kind, which is named as well
    if depth[0] <= 0 or (np.abs(pixel[0] - size / 2) > 0.52 * size).any():
        return "which it has out of sight"
    off = float(np.abs(pixel[0] - stated).max())
    if "resolution" in info and off > OFF_PIXEL:
        return f"which it has {off:.0f} pixels off the stated one"
    return ""


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
            "expected x right, y up, z to the camera (stored with R right, G down, B away)",
        )
    elif len(shading) and np.median(shading) < 0:
        yield "reshading", "found it darkest where surfaces face the camera, expected brightest"
    if len(off) and np.percentile(off, 25) > OFF_SCALE:
        yield (
            "depth_zbuffer",
            f"found depths of fixated points {np.percentile(off, 25):.0%} off their cameras' "
            "distance, expected 1/512 m and poses in metres",
        )
    depth = np.array([each.depth for each in found])
    depth = depth[np.isfinite(depth)]
    if not len(off) and len(depth) and np.median(depth) > FARTHEST:
        yield (
            "depth_zbuffer",
            f"found a median depth of {np.median(depth):.0f} m, which is of no room: another unit "
            "than 1/512 m",
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
