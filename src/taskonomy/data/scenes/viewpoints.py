"""Where photographs are taken from: fixated points, and cameras that see them.

As in the data set (Zamir et al., CVPR 2018, supplement): choose a surface point, then several
cameras with a line of sight to it, each aimed exactly at it. Points lie mostly on objects, and
cameras are preferred that see objects rather than bare walls.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from taskonomy.data.cameras import look_at, pixel_rays
from taskonomy.data.scenes.render import Camera
from taskonomy.data.scenes.shading import Stage
from taskonomy.data.scenes.shapes import SHELL_CLASSES, Primitives
from taskonomy.errors import BadInput

EYE_HEIGHT = (1.0, 1.8)
FOV = (np.pi / 4, 5 * np.pi / 12)
CLEARANCE = 0.3
"""Metres between a camera and the nearest thing, at least."""

_POSITIONS, _POINT_TRIES, _PROBED, _PROBE = 120, 80, 16, 10
_DISTANCE = (0.8, 4.5)
_PITCH = np.radians(52)
_OBLIQUE = 0.25
"""Least cosine between a point's normal and the direction to a camera."""
_ATTRACTION = {
    "wall": 0.03,
    "floor": 0.02,
    "ceiling": 0.0,
    "bed": 3.0,
    "bottle": 0.8,
    "book": 0.12,
    "chair": 1.2,
    "clock": 1.5,
    "couch": 3.0,
    "dining table": 3.0,
    "microwave": 2.0,
    "oven": 3.0,
    "potted plant": 0.8,
    "refrigerator": 3.0,
    "sink": 2.5,
    "toaster": 2.5,
    "toilet": 3.0,
    "tv": 2.5,
    "vase": 0.8,
}
"""How much an object of a class attracts fixations: labelled and large ones most."""
_UNLABELLED = 0.12
_LABELLED_SHARE = 0.2
"""Mean share of labelled pixels that three points of four ask of their views, where possible."""


@dataclass(frozen=True)
class Fixation:
    """A fixated surface point with its outward normal, and the cameras aimed at it."""

    point: Float[np.ndarray, "3"]
    normal: Float[np.ndarray, "3"]
    cameras: tuple[Camera, ...]


def choose_fixations(
    stage: Stage, rng: np.random.Generator, views: Sequence[int]
) -> list[Fixation]:
    """Choose one fixated point for each entry of `views`, with that many cameras.

    Raises BadInput, naming the room's seed, where the room is too crowded for that.
    """
    positions = _free_positions(stage, rng)
    candidates = _candidate_points(stage, rng, positions)
    chosen: list[Fixation] = []
    used: list[int] = []
    for strict in (True, False):
        for row in rng.choice(len(candidates.weight), _POINT_TRIES, p=candidates.weight):
            if len(chosen) == len(views):
                return chosen
            point, instance = candidates.point[row], int(candidates.instance[row])
            apart = all(np.linalg.norm(point - f.point) > 0.4 for f in chosen)
            if not apart or (strict and instance in used):
                continue
            wanted = views[len(chosen)]
            cameras = _cameras(stage, rng, positions, point, candidates.normal[row], wanted, strict)
            if len(cameras) == wanted:
                chosen.append(Fixation(point, candidates.normal[row], tuple(cameras)))
                used.append(instance)
    if len(chosen) == len(views):
        return chosen
    raise BadInput(
        f"room of seed {stage.room.seed} ({stage.room.kind}): found {len(chosen)} points that"
        f" enough cameras see, expected {len(views)}"
    )


def sees(
    stage: Stage, locations: Float[np.ndarray, "n 3"], points: Float[np.ndarray, "n 3"]
) -> Bool[np.ndarray, " n"]:
    """Whether nothing lies on the way from each location to the surface point at `points`."""
    way = points - locations
    far = np.linalg.norm(way, axis=1)
    return ~stage.tracer.occluded(locations, way / far[:, None], far - 1e-3)


def clearance(primitives: Primitives, points: Float[np.ndarray, "n 3"]) -> Float[np.ndarray, " n"]:
    """Distance of each point from the nearest primitive's (oriented) bounding box, in metres."""
    axes = primitives.rotation.transpose(2, 0, 1)
    local = axes @ points.T - np.einsum("jpi,pi->jp", axes, primitives.centre)[..., None]
    wide = primitives.half.copy()
    wide[:, :2] *= 1 + np.where(primitives.shape == 1, np.abs(primitives.bevel), 0)[:, None]
    outside = np.maximum(np.abs(local) - wide.T[..., None], 0)
    return np.asarray(np.sqrt(np.einsum("jpn,jpn->pn", outside, outside).min(0)))


def _free_positions(stage: Stage, rng: np.random.Generator) -> Float[np.ndarray, "n 3"]:
    w, d, _ = stage.room.size
    low = np.array([CLEARANCE, CLEARANCE, EYE_HEIGHT[0]])
    high = np.array([w - CLEARANCE, d - CLEARANCE, EYE_HEIGHT[1]])
    found = np.empty((0, 3))
    for _ in range(4):
        drawn = rng.uniform(low, high, (_POSITIONS, 3))
        free = clearance(stage.room.primitives, drawn) > CLEARANCE
        found = np.concatenate([found, drawn[free]])
        if len(found) >= _POSITIONS // 2:
            break
    if len(found) < 8:
        raise BadInput(
            f"room of seed {stage.room.seed} ({stage.room.kind}): found {len(found)} places to"
            " stand, expected 8 or more"
        )
    return found


@dataclass(frozen=True)
class _Candidates:
    point: Float[np.ndarray, "n 3"]
    normal: Float[np.ndarray, "n 3"]
    instance: Int[np.ndarray, " n"]
    weight: Float[np.ndarray, " n"]


def _candidate_points(
    stage: Stage, rng: np.random.Generator, positions: Float[np.ndarray, "n 3"]
) -> _Candidates:
    """Surface points that random looks from the positions fall on, weighted by what they are."""
    room, count = stage.room, 1500
    origins = positions[rng.integers(len(positions), size=count)]
    yaw, pitch = rng.uniform(-np.pi, np.pi, count), rng.normal(-0.3, 0.35, count)
    rays = np.stack([np.cos(yaw) * np.cos(pitch), np.sin(yaw) * np.cos(pitch), np.sin(pitch)], 1)
    hits = stage.tracer.trace(origins, rays)
    instance = room.instance[hits.primitive]
    attraction = np.array([_ATTRACTION.get(name, _UNLABELLED) for name in room.objects])
    # Each object counts once, however many looks fell on it.
    weight = attraction[instance] / np.bincount(instance, minlength=len(attraction))[instance]
    point = origins + hits.distance[:, None] * rays
    return _Candidates(point, hits.outward, instance, weight / weight.sum())


def _cameras(
    stage: Stage,
    rng: np.random.Generator,
    positions: Float[np.ndarray, "n 3"],
    point: Float[np.ndarray, "3"],
    normal: Float[np.ndarray, "3"],
    wanted: int,
    strict: bool,
) -> list[Camera]:
    """Up to `wanted` cameras aimed at the point, from directions that differ but not too much."""
    way = positions - point
    far = np.linalg.norm(way, axis=1)
    level = np.linalg.norm(way[:, :2], axis=1)
    good = (far > _DISTANCE[0]) & (far < _DISTANCE[1]) & (way @ normal > _OBLIQUE * far)
    good &= np.abs(np.arctan2(way[:, 2], level)) < _PITCH
    rows = np.flatnonzero(good)
    if rows.size < wanted:
        return []
    rows = rows[sees(stage, positions[rows], np.broadcast_to(point, (rows.size, 3)))]
    if rows.size < wanted:
        return []
    rows = rng.permutation(rows)[:_PROBED]
    cameras = [
        Camera(positions[r], look_at(positions[r], point), float(rng.uniform(*FOV))) for r in rows
    ]
    labelled, rest = _interest(stage, cameras)
    score = labelled + rest + rng.uniform(0, 0.1, len(cameras))
    yaw = np.arctan2(way[rows, 1], way[rows, 0])
    least, most = (np.radians(14), np.radians(100)) if strict else (np.radians(3), np.pi)
    taken: list[int] = []
    for k in np.argsort(-score):
        turns = [abs((yaw[k] - yaw[j] + np.pi) % (2 * np.pi) - np.pi) for j in taken]
        if all(least < turn < most for turn in turns):
            taken.append(int(k))
        if len(taken) == wanted:
            break
    asked = _LABELLED_SHARE if strict and rng.random() < 0.75 else 0.0
    if taken and labelled[taken].mean() < asked:
        return []
    return [cameras[k] for k in taken]


def _interest(
    stage: Stage, cameras: Sequence[Camera]
) -> tuple[Float[np.ndarray, " n"], Float[np.ndarray, " n"]]:
    """The share of labelled pixels, and what else there is to see: objects, their number.

    The second is low where one surface fills the view or things are too near.
    """
    room = stage.room
    # All cameras' rays at once: those of a quarter turn's view, narrowed or widened.
    wide = np.array([(np.tan(c.fov / 2),) * 2 + (1.0,) for c in cameras])
    square = pixel_rays(_PROBE, np.pi / 2).reshape(-1, 3)
    turned = np.stack([c.rotation for c in cameras]) * wide[:, None]
    rays = (square @ turned.transpose(0, 2, 1)).reshape(-1, 3)
    origins = np.repeat([c.location for c in cameras], _PROBE**2, axis=0)
    primitive, distance = stage.tracer.glance(origins, rays)
    instance = room.instance.take(primitive).reshape(len(cameras), -1)
    rows = np.arange(len(cameras))[:, None] * len(room.objects)
    counts = np.bincount((rows + instance).ravel(), minlength=rows.size * len(room.objects))
    share = counts.reshape(len(cameras), -1) / _PROBE**2
    shell = np.array([name in SHELL_CLASSES for name in room.objects])
    near = (distance.reshape(len(cameras), -1) < 0.5).mean(1)
    rest = 0.25 * share[:, ~shell].sum(1) + 0.02 * np.minimum((share > 0).sum(1), 12)
    rest -= np.maximum(share.max(1) - 0.55, 0) * 2 + near
    return share[:, room.semantic > 1].sum(1), rest
