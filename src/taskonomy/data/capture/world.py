"""Which way is up, and which way the walls run, from the normals of what was seen."""

import numpy as np
from jaxtyping import Float64

from taskonomy.errors import BadInput


def upright(
    normals: Float64[np.ndarray, "n 3"], camera_up: Float64[np.ndarray, "3"]
) -> Float64[np.ndarray, "3 3"]:
    """Return the rotation that brings +Z up and the walls along X and Y.

    Up starts as the mean of the cameras' own up and settles on the mean of the normals near it or
    its opposite (floors, tables, ceilings); the walls' direction is the mode, modulo a quarter
    turn, of the azimuths of the normals at right angles to it (a Manhattan world).

    Args:
        normals: unit normals of visible surfaces, world frame.
        camera_up: the mean of the cameras' up directions, world frame.

    Raises:
        BadInput: no floor-like or no wall-like surface is seen.
    """
    up = camera_up / np.linalg.norm(camera_up)
    for degrees in (30, 20, 12, 8, 6, 6):
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
    walls = local[np.abs(local[:, 2]) < 0.15]
    if len(walls) < 100:
        raise BadInput(f"found {len(walls)} upright surface samples, expected walls or furniture")
    azimuth = np.arctan2(walls[:, 1], walls[:, 0])
    angle = _mode(azimuth)
    turn = np.array(
        [[np.cos(angle), np.sin(angle), 0], [-np.sin(angle), np.cos(angle), 0], [0, 0, 1]]
    )
    return np.asarray(turn @ level)


def _level(up: Float64[np.ndarray, "3"]) -> Float64[np.ndarray, "3 3"]:
    """Any rotation that brings `up` to +Z."""
    other = np.eye(3)[np.abs(up).argmin()]
    x = np.cross(other, up)
    x /= np.linalg.norm(x)
    return np.stack([x, np.cross(up, x), up])


def _mode(azimuth: Float64[np.ndarray, " n"]) -> float:
    """The commonest direction modulo a quarter turn: a histogram's top, refined by its mean."""
    quarter = np.pi / 2
    counts, edges = np.histogram(np.mod(azimuth, quarter), bins=90, range=(0, quarter))
    smooth = sum(np.roll(counts, shift) for shift in (-2, -1, 0, 1, 2))
    angle = float(edges[int(np.argmax(smooth))]) + quarter / 180
    for _ in range(3):
        off = np.mod(azimuth - angle + quarter / 2, quarter) - quarter / 2
        angle += float(off[np.abs(off) < np.radians(6)].mean())
    return angle
