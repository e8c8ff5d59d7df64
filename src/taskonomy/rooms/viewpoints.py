"""Where photographs are taken from: fixated points, and cameras that see them.

As in the data set (Zamir et al., CVPR 2018, supplement): choose a surface point, then several
cameras with a line of sight to it, each aimed exactly at it. Points lie mostly on objects. Of more
points and cameras than are needed those are taken that see much of things with a class, from afar
and level: cameras that are aimed at whatever stands on the floor look down from close by.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from jaxtyping import Bool, Float, Int

from taskonomy.data.cameras import look_at, pixel_rays
from taskonomy.errors import BadInput
from taskonomy.rooms.render import Camera
from taskonomy.rooms.shading import Stage
from taskonomy.rooms.shapes import SHELL_CLASSES, Primitives

EYE_HEIGHT = (1.0, 1.7)
FOV = (np.pi / 4, 5 * np.pi / 12)
CLEARANCE = 0.3
"""Metres between a camera and the nearest thing, at least."""

_POSITIONS, _PROPOSED, _PROBED, _PROBE = 120, 16, 8, 8
_DISTANCE = (1.0, 9.0)
_PITCH = np.radians(40)
_OBLIQUE = 0.25
"""Least cosine between a point's normal and the direction to a camera."""
_ATTRACTION = {
    "wall": 0.02,
    "floor": 0.02,
    "ceiling": 0.0,
    "bed": 3.0,
    "bottle": 0.8,
    "book": 0.3,
    "chair": 1.2,
    "clock": 1.5,
    "couch": 3.0,
    "dining table": 3.0,
    "microwave": 2.0,
    "oven": 3.0,
    "potted plant": 1.2,
    "refrigerator": 3.0,
    "sink": 2.5,
    "toaster": 2.5,
    "toilet": 3.0,
    "tv": 2.5,
    "vase": 0.8,
}
"""How much an object of a class attracts fixations: labelled ones most."""
_UNLABELLED = 0.1
_LEVEL = 0.4
"""Metres below eye level at which a place attracts e times less."""
_LABELLED_ENOUGH = 0.7
"""Share of labelled pixels above which more of them make a view no better."""
_AFAR, _FAR = 0.04, 5.0
"""What a metre of distance is worth in labelled share, and metres after which more is not."""
_STEEP = 0.3
"""What a radian of pitch costs in labelled share."""


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
    for strict in (True, True, False, False):
        for found in _proposals(stage, rng, positions, candidates, max(views), strict):
            if all(np.linalg.norm(found.point - f.point) > 0.4 for f in chosen):
                cameras = found.cameras[: views[len(chosen)]]
                chosen.append(Fixation(found.point, found.normal, cameras))
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


def _reaching(primitives: Primitives, low: float, high: float) -> Primitives:
    """Those of the primitives that may reach into a range of heights; few do."""
    # Twice, since a cylinder that tapers is wider than its half extents say.
    reach = 2 * np.einsum("pj,pj->p", np.abs(primitives.rotation[:, 2]), primitives.half)
    z = primitives.centre[:, 2]
    rows = np.flatnonzero((z + reach > low) & (z - reach < high))
    return Primitives(*(getattr(primitives, field.name)[rows] for field in fields(primitives)))


def _free_positions(stage: Stage, rng: np.random.Generator) -> Float[np.ndarray, "n 3"]:
    w, d, _ = stage.room.size
    low = np.array([CLEARANCE, CLEARANCE, EYE_HEIGHT[0]])
    high = np.array([w - CLEARANCE, d - CLEARANCE, EYE_HEIGHT[1]])
    tall = _reaching(stage.room.primitives, EYE_HEIGHT[0] - CLEARANCE, EYE_HEIGHT[1] + CLEARANCE)
    found = np.empty((0, 3))
    for _ in range(4):
        drawn = rng.uniform(low, high, (_POSITIONS, 3))
        free = clearance(tall, drawn) > CLEARANCE
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
    room, count = stage.room, 1200
    origins = positions[rng.integers(len(positions), size=count)]
    yaw, pitch = rng.uniform(-np.pi, np.pi, count), rng.normal(-0.1, 0.3, count)
    rays = np.stack([np.cos(yaw) * np.cos(pitch), np.sin(yaw) * np.cos(pitch), np.sin(pitch)], 1)
    hits = stage.tracer.trace(origins, rays)
    instance = room.instance[hits.primitive]
    attraction = np.array([_ATTRACTION.get(name, _UNLABELLED) for name in room.objects])
    point = origins + hits.distance[:, None] * rays
    # An object counts as the root of how many looks fell on it, its parts near eye level most.
    weight = attraction[instance] / np.sqrt(np.bincount(instance)[instance])
    weight *= np.exp(np.minimum(point[:, 2] - EYE_HEIGHT[0], 0) / _LEVEL)
    return _Candidates(point, hits.outward, instance, weight / weight.sum())


def _proposals(
    stage: Stage,
    rng: np.random.Generator,
    positions: Float[np.ndarray, "n 3"],
    candidates: _Candidates,
    wanted: int,
    strict: bool,
) -> list[Fixation]:
    """Points of different objects with `wanted` cameras each, those with the best views first.

    Args:
        strict: whether a point's cameras must look from directions that differ, not too much.
    """
    drawn = rng.choice(len(candidates.weight), 4 * _PROPOSED, p=candidates.weight)
    _, first = np.unique(candidates.instance[drawn], return_index=True)
    rows = drawn[np.sort(first)[:_PROPOSED]]
    points, normals = candidates.point[rows], candidates.normal[rows]
    which, cameras = _cameras(stage, rng, positions, points, normals)
    if not cameras:
        return []
    aims = candidates.instance[rows][which]
    score = _interest(stage, cameras, points[which], aims) + rng.uniform(0, 0.05, len(cameras))
    found: list[tuple[float, Fixation]] = []
    for k, (point, normal) in enumerate(zip(points, normals, strict=True)):
        mine = np.flatnonzero(which == k)
        taken = _around([cameras[j] for j in mine], point, score[mine], wanted, strict)
        if len(taken) == wanted:
            views = mine[taken]
            fixation = Fixation(point, normal, tuple(cameras[j] for j in views))
            found.append((float(score[views].mean()), fixation))
    return [fixation for _, fixation in sorted(found, key=lambda pair: -pair[0])]


def _cameras(
    stage: Stage,
    rng: np.random.Generator,
    positions: Float[np.ndarray, "n 3"],
    points: Float[np.ndarray, "k 3"],
    normals: Float[np.ndarray, "k 3"],
) -> tuple[Int[np.ndarray, " c"], list[Camera]]:
    """Up to _PROBED cameras aimed at each point that see it; the point of each, and the cameras."""
    way = positions - points[:, None]
    far, level = np.linalg.norm(way, axis=2), np.linalg.norm(way[..., :2], axis=2)
    good = (far > _DISTANCE[0]) & (far < _DISTANCE[1])
    good &= np.einsum("kni,ki->kn", way, normals) > _OBLIQUE * far
    good &= np.abs(way[..., 2]) < np.tan(_PITCH) * level
    which, place = np.nonzero(good)
    clear = sees(stage, positions[place], points[which])
    which, place = which[clear], place[clear]
    # The first of each point's, in an order in which far ones tend to come early.
    order = np.lexsort((rng.uniform(0, 3, len(which)) - far[which, place], which))
    which, place = which[order], place[order]
    rank = np.arange(len(which)) - np.searchsorted(which, which)
    which, place = which[rank < _PROBED], place[rank < _PROBED]
    fov = rng.uniform(*FOV, len(which))
    return which, [
        Camera(positions[n], look_at(positions[n], points[k]), float(angle))
        for k, n, angle in zip(which, place, fov, strict=True)
    ]


def _around(
    cameras: Sequence[Camera],
    point: Float[np.ndarray, "3"],
    score: Float[np.ndarray, " c"],
    wanted: int,
    strict: bool,
) -> list[int]:
    """Up to `wanted` of the cameras, best first, from directions that differ but not too much."""
    way = np.array([camera.location - point for camera in cameras]).reshape(-1, 3)
    yaw = np.arctan2(way[:, 1], way[:, 0])
    least, most = (np.radians(14), np.radians(100)) if strict else (np.radians(3), np.pi)
    taken: list[int] = []
    for k in np.argsort(-score):
        turns = [abs((yaw[k] - yaw[j] + np.pi) % (2 * np.pi) - np.pi) for j in taken]
        if all(least < turn < most for turn in turns):
            taken.append(int(k))
        if len(taken) == wanted:
            break
    return taken


def _interest(
    stage: Stage,
    cameras: Sequence[Camera],
    points: Float[np.ndarray, "c 3"],
    aims: Int[np.ndarray, " c"],
) -> Float[np.ndarray, " c"]:
    """How good the views of points on the instances `aims` are.

    It is the share of labelled pixels, and what else speaks for them. Low where one surface fills
    the view, where things are too near, or the camera looks down or up.
    """
    room = stage.room
    # All cameras' rays at once: those of a quarter turn's view, narrowed or widened.
    wide = np.array([(np.tan(c.fov / 2),) * 2 + (1.0,) for c in cameras]).reshape(-1, 3)
    square = pixel_rays(_PROBE, np.pi / 2).reshape(-1, 3)
    turned = np.array([c.rotation for c in cameras]).reshape(-1, 3, 3) * wide[:, None]
    rays = (square @ turned.transpose(0, 2, 1)).reshape(-1, 3)
    places = np.array([c.location for c in cameras]).reshape(-1, 3)
    primitive, distance = stage.tracer.glance(np.repeat(places, _PROBE**2, axis=0), rays)
    instance = room.instance.take(primitive).reshape(len(cameras), -1)
    rows = np.arange(len(cameras))[:, None] * len(room.objects)
    counts = np.bincount((rows + instance).ravel(), minlength=rows.size * len(room.objects))
    share = counts.reshape(len(cameras), -1) / _PROBE**2
    shell = np.array([name in SHELL_CLASSES for name in room.objects])
    near = (distance.reshape(len(cameras), -1) < 0.5).mean(1)
    score = np.minimum(share[:, room.semantic > 1].sum(1), _LABELLED_ENOUGH)
    score += 0.12 * share[:, ~shell].sum(1) + 0.02 * np.minimum((share > 0).sum(1), 12)
    score -= np.maximum(share.max(1) - 0.55, 0) * 2 + near
    # Aimed at the middle of a thing rather than past its edge.
    middle = instance.reshape(-1, _PROBE, _PROBE)[:, _PROBE // 2 - 1 :][:, :2, _PROBE // 2 - 1 :]
    score += 0.1 * (middle[..., :2] == aims[:, None, None]).mean((1, 2))
    way = points - places
    far = np.linalg.norm(way, axis=1)
    score += _AFAR * np.minimum(far, _FAR) - _STEEP * np.abs(np.arcsin(way[:, 2] / far))
    return np.asarray(score)
