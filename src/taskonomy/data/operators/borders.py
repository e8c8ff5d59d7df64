"""Borders of a range image: where a surface ends before a farther one (Steder et al., 2011)."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float32, Int

from taskonomy.data.operators.range_image import RangeImage, shifted, squared, view_rays
from taskonomy.data.operators.surfaces import Surface

LEAST = 0.8
"""Score from which on a jump is a border."""
REACH = 3
"""Pixels over which a neighbour is averaged, and within which the shadow is sought."""
BONUS = 0.5
"""What neighbours that have a border too can add at most."""
WAYS = ((0, -1), (0, 1), (-1, 0), (1, 0))
"""Rows down and columns to the right: left, right, up, down; each beside its opposite."""

Scores = Float32[np.ndarray, "4 h w"]


class Borders(NamedTuple):
    """Where borders are.

    Attributes:
        border: pixels of the nearer surface that have a known direction.
        outward: unit vectors along that surface and off it; 0 elsewhere.
        shadow: pixels of the farther surface beside a border, and those between.
    """

    border: Bool[np.ndarray, "h w"]
    outward: Float32[np.ndarray, "3 h w"]
    shadow: Bool[np.ndarray, "h w"]


def find_borders(image: RangeImage, surface: Surface) -> Borders:
    """Return the borders: jumps outward to a farther surface that sees the same jump back."""
    scores = _supported(_scores(image, surface))
    scores, found, distance = _with_shadows(scores)
    shadow = np.zeros(image.range.shape, bool)
    right, down = np.zeros(shadow.shape, int), np.zeros(shadow.shape, int)
    for k, (below, beside) in enumerate(WAYS):
        strongest = found[k] & ~(shifted(scores[k], -below, -beside) > scores[k])
        for step in range(1, REACH + 1):
            stronger = shifted(scores[k], step * below, step * beside) > scores[k]
            strongest &= ~stronger | (distance[k] <= step)
        down += below * strongest
        right += beside * strongest
        for step in range(1, REACH + 1):
            rows, columns = np.nonzero(strongest & (distance[k] >= step))
            shadow[rows + step * below, columns + step * beside] = True
    rows, columns = np.nonzero((right != 0) | (down != 0))
    return _directed(image, surface, rows, columns, right, down, shadow)


def _scores(image: RangeImage, surface: Surface) -> Scores:
    """How likely each pixel's surface ends before its neighbour in each of the ways: 1 less the
    ratio of the surface's own spacing to the distance; negative where the neighbour is nearer."""
    scores = []
    for below, beside in WAYS:
        point, distance = np.zeros_like(image.point), np.zeros_like(image.range)
        count = np.zeros_like(image.range)
        for step in range(1, REACH + 1):
            move = (step * below, step * beside)
            point += shifted(image.point, *move)
            distance += shifted(image.range, *move)
            count += shifted(image.valid, *move)
        number = np.maximum(count, 1)
        score = _jump(surface.reach, squared(point / number - image.point))
        score = np.where(distance / number < image.range, -score, score)
        scores.append(np.where(surface.known & (count > 0), score, np.float32(0)))
    return np.stack(scores)


def _jump(
    reach: Float32[np.ndarray, "*n"], apart: Float32[np.ndarray, "*n"]
) -> Float32[np.ndarray, "*n"]:
    ratio = np.sqrt(reach / np.maximum(apart, np.float32(1e-20)))
    return np.asarray(np.maximum(1 - ratio, 0), np.float32)


def _supported(scores: Scores) -> Scores:
    """The scores raised by those of the eight neighbours, where a border can come of it."""
    inside = np.ones(scores.shape[1:], np.float32)
    total, count = -scores, -inside
    for down in (-1, 0, 1):
        for right in (-1, 0, 1):
            total = total + shifted(scores, down, right)
            count = count + shifted(inside, down, right)
    mean = total / np.maximum(count, 1)
    raised = scores + np.float32(BONUS) * mean * (1 - np.abs(scores))
    possible = scores + BONUS * (1 - scores) >= LEAST
    return np.where(possible & (mean * scores >= 0), raised, scores)


def _with_shadows(
    scores: Scores,
) -> tuple[Scores, Bool[np.ndarray, "4 h w"], Int[np.ndarray, "4 h w"]]:
    """Candidates keep their scores if a shadow lies before them, which looks back at a nearer
    surface, else lose them; also where one was found, and how many pixels away."""
    kept, found, distance = scores.copy(), np.zeros(scores.shape, bool), np.zeros(scores.shape, int)
    for k, (below, beside) in enumerate(WAYS):
        back = scores[k ^ 1]
        deepest = np.zeros_like(back)
        for step in range(1, REACH + 1):
            score = shifted(back, step * below, step * beside)
            distance[k][score < deepest] = step
            deepest = np.minimum(deepest, score)
        candidate = scores[k] >= LEAST
        weighed = scores[k] * np.maximum(np.float32(0.9), 1 - (1 + deepest) ** 3)
        found[k] = candidate & (distance[k] > 0) & (weighed >= LEAST)
        kept[k][candidate] = np.where(found[k], weighed, 0)[candidate]
    return kept, found, distance


def _directed(
    image: RangeImage,
    surface: Surface,
    rows: Int[np.ndarray, " n"],
    columns: Int[np.ndarray, " n"],
    right: Int[np.ndarray, "h w"],
    down: Int[np.ndarray, "h w"],
    shadow: Bool[np.ndarray, "h w"],
) -> Borders:
    """The borders' directions in space, averaged over five by five pixels; alone, a pixel has
    none."""
    here = (slice(None), rows, columns)
    point, normal = image.point[here], surface.normal[here]
    # One pixel on along the surface's plane.
    ray = view_rays(image, columns + right[rows, columns], rows + down[rows, columns])
    facing = (normal * ray).sum(0)
    facing = np.where(np.abs(facing) < 1e-6, np.float32(1e-6), facing)
    along = ray * ((normal * surface.mean[here]).sum(0) / facing) - point
    along /= np.maximum(np.sqrt(squared(along)), np.float32(1e-10))
    outward = np.zeros_like(image.point)
    outward[here] = along
    candidate = np.zeros(shadow.shape, bool)
    candidate[rows, columns] = True
    total, count = along.copy(), np.ones(len(rows), int)
    height, width = shadow.shape
    for below in range(-2, 3):
        for beside in range(-2, 3):
            y, x = rows + below, columns + beside
            inside = (y >= 0) & (y < height) & (x >= 0) & (x < width)
            y, x = np.clip(y, 0, height - 1), np.clip(x, 0, width - 1)
            other = outward[:, y, x]
            jump = _jump(surface.reach[rows, columns], squared(image.point[:, y, x] - point))
            alike = ((other * along).sum(0) >= -0.5) & (jump < 0.95 * LEAST)
            counted = inside & candidate[y, x] & alike & bool(below or beside)
            total += other * counted
            count += counted
    total /= np.maximum(np.sqrt(squared(total)), np.float32(1e-10))
    kept = count >= 3
    border, outward = np.zeros_like(shadow), np.zeros_like(outward)
    border[rows[kept], columns[kept]] = True
    outward[:, rows[kept], columns[kept]] = total[:, kept]
    border &= ~shadow
    return Borders(border, outward, shadow)
