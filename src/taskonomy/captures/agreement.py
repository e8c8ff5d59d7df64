"""Frames must agree with each other before they are annotated: which mistake makes them disagree.

Each way in which a capture's numbers can be misread (poses inverted, axes, order of quaternions,
units, intrinsics) is tried; a capture is refused where another reading agrees clearly better.
"""

from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import numpy as np
from jaxtyping import Float32, Float64
from scipy.spatial.transform import Rotation

from taskonomy.captures import intrinsics as cameras
from taskonomy.captures.conventions import UNITS, Conventions
from taskonomy.captures.evidence import Dense, Evidence, dense, gather
from taskonomy.captures.frames import Capture
from taskonomy.errors import BadInput

AS_GOOD = 0.8
"""The given reading stands where it agrees so well, as a part of the best one."""
AS_GOOD_SCALE = 0.9
"""And against the same poses at another scale: where cameras mostly turn, lengths matter little."""
SCALED = {True: 1.2, False: 1.03}
"""Factors of lengths that are a mistake: of a known unit (sensors' calibration is a tenth off), and
of a model's arbitrary one."""
RARER = 0.93
"""How much less likely each further mistake is: two explain more than one by chance."""
LEAST = 0.1
"""Agreement below which no reading explains the frames."""
FEWEST = 40
"""Points from which on anything is said."""
_COARSE, _FINE = 1.2 ** np.arange(-64, 65), 1.2 ** np.linspace(-1, 1, 47)
_THINNED = 4
"""Every so many of the points are looked at in the coarse search for a scale."""
_AWAY = 30.0
"""At so many times a scale the agreement must have dropped, or lengths do not matter."""
_DEPTH_UNITS = (1000.0, 5000.0, 10000.0, 4000.0, 6553.5, 256.0, 512.0, 100.0, 2000.0)
"""Levels in a metre that are in use."""
_POSE_UNITS = (1.0, 100.0, 1000.0, 10.0, 1 / 0.3048, 1 / 0.0254)
_NEAR_UNIT = 0.12
"""How far a found unit may be from one that is in use."""
ROOM = 1.8
"""Metres at which a camera in a room sees most things."""
_PLAUSIBLE = 1.2
"""How far, as a logarithm, depth may be from that where any scale of poses is as likely."""
_UNLIKELY_POSES, _POSE_RATIOS = 0.7, (100.0, 1000.0)
"""Poses are in metres, centimetres or millimetres: any other ratio is less likely theirs."""
_ALTERNATIVES: dict[str, tuple[Any, ...]] = {
    "poses": ("camera-to-world", "world-to-camera"),
    "axes": ("opencv", "opengl"),
    "quaternions": ("wxyz", "xyzw"),
}
_NAMES = {"poses": "poses", "axes": "axes", "quaternions": "the order of quaternions"}


@dataclass(frozen=True)
class Reading:
    """One way of reading a capture's numbers, and how well its frames then agree.

    Attributes:
        changes: fields of `Conventions` that differ from the given ones.
        poses: camera to world under it.
        camera: intrinsics of the depth images.
        scale: what lengths of poses are multiplied by.
        agreement: of points, from 0 to 1.
        likelihood: agreement, less for every further mistake.
    """

    changes: dict[str, Any]
    poses: Float64[np.ndarray, "n 4 4"]
    camera: Float64[np.ndarray, "3 3"]
    scale: float = 1.0
    agreement: float = 0.0
    likelihood: float = 0.0


def check(capture: Capture, depths: list[Float32[np.ndarray, "h w"]], stride: int) -> str:
    """Return what cannot be told of a capture, in words; empty where its frames agree as read.

    Args:
        capture: the frames as read.
        depths: every frame's depth in metres, every `stride`-th pixel.
        stride: of those depths.

    Raises:
        BadInput: another reading agrees clearly better, or none agrees.
    """
    size = depths[0].shape[0] * stride, depths[0].shape[1] * stride
    cameras.check(capture.folder, capture.intrinsics, size)
    return judge(capture, gather(capture, depths, stride), depths, stride)


def judge(
    capture: Capture, evidence: Evidence, depths: list[Float32[np.ndarray, "h w"]], stride: int
) -> str:
    """As `check`, by evidence that is there."""
    size = depths[0].shape[0] * stride, depths[0].shape[1] * stride
    if evidence.count < FEWEST:
        return (
            f"cannot tell whether the frames agree: found {evidence.count} points that two frames"
            f" see, expected {FEWEST} or more"
        )
    readings = _readings(capture, evidence, size)
    given = readings[0]
    best = max(readings, key=lambda each: each.likelihood)
    if _mistaken(given, best, capture.conventions.metric):
        # Colour that repeats can be matched wrong all over; depth then speaks against it.
        depth = dense(depths, stride)
        own, other = (
            float(depth.agreement(each.poses, each.camera, np.array([each.scale]))[0])
            for each in (given, best)
        )
        if other < AS_GOOD * own:
            return "cannot tell whether the frames agree: colour and depth contradict each other"
        raise BadInput(_sentence(capture, evidence, given, best, depths))
    if given.agreement < LEAST and isinstance(evidence, Dense):
        return "cannot tell whether the frames agree: neither colour nor depth says enough"
    if given.agreement < LEAST:
        raise BadInput(
            f"{capture.folder}: found frames that disagree under every reading of their poses"
            f" ({_share(evidence, given)}), expected poses, depth (--depth-unit) and intrinsics"
            " (--intrinsics) of the same frames"
        )
    return _untold(given, readings, evidence)


def _readings(capture: Capture, evidence: Evidence, size: tuple[int, int]) -> list[Reading]:
    """All readings; the first is the given one."""
    conventions = capture.conventions
    poses = np.tile(np.eye(4), (len(capture.numbers), 1, 1))
    poses[:, :3, :3], poses[:, :3, 3] = capture.rotations, capture.locations
    raw = conventions.raw(poses)
    found = []
    kinds = [kind for kind in _ALTERNATIVES if getattr(conventions, kind) is not None]
    for values in product(*(_ALTERNATIVES[kind] for kind in kinds)):
        of = dict(zip(kinds, values, strict=True))
        changes = {kind: v for kind, v in of.items() if v != getattr(conventions, kind)}
        reordered = _reordered(raw, conventions) if "quaternions" in changes else raw
        reading = replace(conventions, **changes).pose(reordered)
        found += _scaled(Reading(changes, reading, capture.intrinsics), evidence, conventions)
    found.sort(key=lambda each: (len(each.changes), each.scale != 1))
    for camera, rarity in cameras.others(capture.intrinsics, size):
        agreement = float(evidence.agreement(poses, camera, np.ones(1))[0])
        found.append(Reading({}, poses, camera, 1.0, agreement, agreement * RARER**rarity))
    return found


def _scaled(reading: Reading, evidence: Evidence, conventions: Conventions) -> list[Reading]:
    """A reading at its own scale, and at the one at which it agrees best where that is another."""
    rarer = RARER ** max(0, len(reading.changes) - 1)
    own = float(evidence.agreement(reading.poses, reading.camera, np.ones(1))[0])
    found = [replace(reading, agreement=own, likelihood=own * rarer)]
    coarse = evidence.agreement(reading.poses, reading.camera, _COARSE, _THINNED)
    near = _COARSE[coarse.argmax()] * _FINE
    fine = evidence.agreement(reading.poses, reading.camera, near)
    scale, best = float(near[fine.argmax()]), float(fine.max())
    away = evidence.agreement(
        reading.poses, reading.camera, np.array([scale / _AWAY, scale * _AWAY])
    )
    if (
        abs(np.log(scale)) > np.log(SCALED[conventions.metric])
        and away.max() < AS_GOOD_SCALE * best
    ):
        rarer = RARER ** len(reading.changes)
        found.append(replace(reading, scale=scale, agreement=best, likelihood=best * rarer))
    return found


def _reordered(
    raw: Float64[np.ndarray, "n 4 4"], conventions: Conventions
) -> Float64[np.ndarray, "n 4 4"]:
    """Raw poses if the numbers of their quaternions stood in the other order."""
    xyzw = Rotation.from_matrix(raw[:, :3, :3]).as_quat()
    order = [1, 2, 3, 0] if conventions.quaternions == "xyzw" else [3, 0, 1, 2]
    found = raw.copy()
    found[:, :3, :3] = Rotation.from_quat(xyzw[:, order]).as_matrix()
    return found


def _mistaken(given: Reading, best: Reading, metric: bool) -> bool:
    """Whether the best reading is clearly better than the given one."""
    if best is given or best.agreement < LEAST:
        return False
    limit = AS_GOOD
    if not best.changes and best.scale != 1:
        limit = AS_GOOD_SCALE if metric else 0.97
    return given.agreement < limit * best.agreement


def _untold(given: Reading, readings: list[Reading], evidence: Evidence) -> str:
    """Which conventions do not matter to these frames, in words."""
    alike = {
        next(iter(each.changes))
        for each in readings
        if len(each.changes) == 1 and each.scale == 1 and each.agreement > AS_GOOD * given.agreement
    }
    kinds = [_NAMES[kind] for kind in _ALTERNATIVES if kind in alike]
    other = evidence.agreement(given.poses, given.camera, np.array([0.2, 5.0]))
    if other.min() > AS_GOOD * given.agreement:
        kinds.append("units")
    if not kinds:
        return ""
    return (
        f"cannot tell whether these are read rightly: {', '.join(kinds)}; the camera hardly moves"
    )


def _share(evidence: Evidence, reading: Reading) -> str:
    share = evidence.share(reading.poses, reading.camera, reading.scale)
    return f"{share:.0%} of {evidence.count} points fall where another frame sees them"


def _sentence(
    capture: Capture,
    evidence: Evidence,
    given: Reading,
    best: Reading,
    depths: list[Float32[np.ndarray, "h w"]],
) -> str:
    """What is likely wrong, and the options that mend it."""
    share = evidence.share(best.poses, best.camera, best.scale)
    if best.camera is not given.camera:
        return (
            f"{capture.folder}: found intrinsics of another camera or image size"
            f" ({_share(evidence, given)}), expected some like --intrinsics"
            f" {cameras.in_words(best.camera)} ({share:.0%})"
        )
    mistakes = [f"{_NAMES[kind]} likely {value}" for kind, value in best.changes.items()]
    options = [f"--{kind} {value}" for kind, value in best.changes.items()]
    if best.scale != 1:
        middle = float(np.nanmedian([np.nanmedian(depth) for depth in depths]))
        mistake, mend = _units(capture.conventions, best.scale, middle)
        mistakes.append(mistake)
        options.append(mend)
    return (
        f"{capture.folder}: found {' and '.join(mistakes)} ({_share(evidence, given)}), expected"
        f" {' '.join(options)} ({share:.0%})"
    )


def _units(conventions: Conventions, scale: float, middle: float) -> tuple[str, str]:
    """What is wrong with lengths, and the two options of which one mends it, the likelier first.

    Args:
        conventions: as given.
        scale: what lengths of poses must be multiplied by to agree with those of depth.
        middle: the median depth as read, in metres.
    """
    ratio = max(scale, 1 / scale)
    depth = _unit(conventions.depth_unit * scale, _DEPTH_UNITS)
    pose = _unit(conventions.pose_unit / scale, _POSE_UNITS)
    poses_off, depth_off = (abs(np.log(m / ROOM)) for m in (middle, middle / scale))
    if not conventions.metric:
        poses_first = poses_off < _PLAUSIBLE
    else:
        unusual = min(abs(np.log(ratio / each)) for each in _POSE_RATIOS) > _NEAR_UNIT
        poses_first = poses_off + unusual * _UNLIKELY_POSES < depth_off
    options = [
        f"--depth-unit {depth} (things then lie {middle / scale:.2g} m away)",
        f"--pose-unit {pose} (things then lie {middle:.2g} m away)",
    ]
    names = ["depth", "poses"]
    if poses_first:
        options.reverse()
        names.reverse()
    mistake = f"the unit of {names[0]}, or of {names[1]}, {ratio:.3g} times off"
    return mistake, f"{options[0]} or {options[1]}"


def _unit(value: float, known: tuple[float, ...]) -> str:
    """The unit in use that a found one is near, or itself."""
    near = min(known, key=lambda each: abs(np.log(value / each)))
    found = near if abs(np.log(value / near)) < _NEAR_UNIT else value
    name = {number: name for name, number in UNITS.items()}.get(found)
    return name if name and known is _POSE_UNITS else f"{found:.4g}"
