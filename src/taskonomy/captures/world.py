"""Which way is up, and which way the walls run, from the normals of what was seen."""

import numpy as np
from jaxtyping import Float64

from taskonomy.errors import BadInput

TILT = np.radians(20)
"""How far cameras' up is from up, as a standard deviation."""
MOST = np.radians(60)
"""And at most: beyond it a wall was taken for a floor, since none is seen."""
SHARED = np.radians(6)
"""Normals of one direction: noise, and floors that are not quite level."""
CANDIDATES = 500


def upright(
    normals: Float64[np.ndarray, "n 3"],
    area: Float64[np.ndarray, " n"],
    camera_up: Float64[np.ndarray, "3"],
) -> Float64[np.ndarray, "3 3"]:
    """Return the rotation that brings +Z up and the walls along X and Y.

    Up starts as the normal or its opposite that most of the surface shares, weighed by how near it
    is to the cameras' own up (they may look down steeply), and settles on the mean of those near it
    (floors, tables, ceilings); the walls' direction is the mode, modulo a quarter turn, of the
    azimuths of the surface at right angles to it (a Manhattan world).

    Args:
        normals: unit normals of visible surfaces, world frame.
        area: of the surface that each stands for, in any unit: walls are farther than what stands
            before them, and larger.
        camera_up: the mean of the cameras' up directions, world frame.

    Raises:
        BadInput: no floor-like or no wall-like surface is seen.
    """
    if not len(normals):
        raise BadInput("found no surface sample, expected a floor or top")
    camera_up = camera_up / np.linalg.norm(camera_up)
    up = _commonest(normals, area, camera_up)
    if up @ camera_up < np.cos(MOST):
        raise BadInput(
            f"found no level surface within {np.degrees(MOST):.0f} degrees of the cameras' up,"
            " expected a floor or top"
        )
    for degrees in (8, 6, 6, 6):
        cosine = normals @ up
        near = np.abs(cosine) > np.cos(np.radians(degrees))
        if near.sum() < 100:
            raise BadInput(
                f"found {int(near.sum())} level surface samples, expected a floor or top"
            )
        mean = (normals[near] * np.sign(cosine[near])[:, None]).mean(0)
        up = mean / np.linalg.norm(mean)
    level = _level(up)
    local = normals @ level.T
    walls = np.abs(local[:, 2]) < 0.15
    if walls.sum() < 100:
        raise BadInput(
            f"found {int(walls.sum())} upright surface samples, expected walls or furniture"
        )
    angle = _mode(np.arctan2(local[walls, 1], local[walls, 0]), area[walls])
    turn = np.array(
        [[np.cos(angle), np.sin(angle), 0], [-np.sin(angle), np.cos(angle), 0], [0, 0, 1]]
    )
    return np.asarray(turn @ level)


def _commonest(
    normals: Float64[np.ndarray, "n 3"],
    area: Float64[np.ndarray, " n"],
    camera_up: Float64[np.ndarray, "3"],
) -> Float64[np.ndarray, "3"]:
    """The level surfaces' normal, or its opposite, above the cameras' horizon."""
    cosine = normals @ camera_up
    tilt = np.arccos(np.minimum(np.abs(cosine), 1))
    some = np.linspace(0, len(normals) - 1, CANDIDATES).astype(int)
    fewer = slice(None, None, max(1, len(normals) // 10_000))
    alike = np.abs(normals[some] @ normals[fewer].T) > np.cos(SHARED)
    best = some[np.argmax(alike @ area[fewer] * np.exp(-((tilt[some] / TILT) ** 2) / 2))]
    return np.asarray(normals[best] * np.sign(cosine[best]))


def _level(up: Float64[np.ndarray, "3"]) -> Float64[np.ndarray, "3 3"]:
    """Any rotation that brings `up` to +Z."""
    other = np.eye(3)[np.abs(up).argmin()]
    x = np.cross(other, up)
    x /= np.linalg.norm(x)
    return np.stack([x, np.cross(up, x), up])


def _mode(azimuth: Float64[np.ndarray, " n"], area: Float64[np.ndarray, " n"]) -> float:
    """The commonest direction modulo a quarter turn: a histogram's top, refined by its mean."""
    quarter = np.pi / 2
    counts, edges = np.histogram(
        np.mod(azimuth, quarter), bins=90, range=(0, quarter), weights=area
    )
    smooth = sum(np.roll(counts, shift) for shift in (-2, -1, 0, 1, 2))
    angle = float(edges[int(np.argmax(smooth))]) + quarter / 180
    for _ in range(3):
        off = np.mod(azimuth - angle + quarter / 2, quarter) - quarter / 2
        angle += float(off[np.abs(off) < np.radians(6)].mean())
    return angle
