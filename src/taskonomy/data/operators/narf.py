"""3D keypoints: NARF's interest image, dense, before a choice of maxima.

After Steder, Rusu, Konolige and Burgard, "Point feature extraction on 3D range scans taking into
account object boundaries" (ICRA 2011), with the parameters of PCL: a pixel is interesting where the
surface changes strongly in two directions within its support, but not where it changes at the very
spot. What is simpler than in PCL: a support holds what lies within its radius, whether or not a
path inside leads there, and directions of change are taken as seen along their own pixel's ray.
"""

from math import pi, radians, tan
from typing import NamedTuple

import cv2
import numpy as np
from jaxtyping import Bool, Float32, Int64

from taskonomy.data.operators.borders import find_borders
from taskonomy.data.operators.range_image import (
    Moments,
    RangeImage,
    half,
    range_image,
    shifted,
)
from taskonomy.data.operators.surfaces import Surface, fit_surface

SUPPORT = 0.3
"""Metres across the sphere within which changes count, as in the data set."""
PATCH = 10
"""Pixels that the support should span: where it spans twice as many, a coarser image serves."""
COARSEST = radians(2)
"""Radians a pixel from which on the image is not halved any more."""
UNKNOWN = 128.0
"""Metres away that the data set's annotator takes a missing depth to be: level 65535 of a file."""
LEAST_CHANGE = 0.2
"""Change of the surface from which on it counts."""
CLEAR = 0.25
"""Part of the support's radius within which a change lowers the interest."""
BINS = 18
"""Directions of change that are told apart, over half a turn."""
_AT_ONCE = 1 << 18
"""Pairs of pixels that are looked at together."""


class Changes(NamedTuple):
    """How much the surface changes at each pixel, in [0, 1] (1 at a border, and 0 where a nearer
    surface's shadow lies), and in which of the directions."""

    score: Float32[np.ndarray, "h w"]
    direction: Int64[np.ndarray, "h w"]


def keypoints3d(
    depth_z: Float32[np.ndarray, "H W"],
    fov: float,
    support: float = SUPPORT,
    unknown: float = UNKNOWN,
) -> Float32[np.ndarray, "H W"]:
    """Return the interest of each pixel in [0, 1].

    The support is in metres, so that the image's size changes only how finely it is seen.

    Args:
        depth_z: metres along the optical axis, nan = missing.
        fov: the horizontal field of view in radians; pixels are square.
        support: metres across the sphere within which changes count.
        unknown: metres away that a missing depth counts as; nan: nothing is known there, which
            makes no border.
    """
    depth_z = np.where(np.isnan(depth_z), np.float32(unknown), depth_z)
    images = [range_image(depth_z, fov)]
    while images[-1].pixel / 2 < COARSEST and min(images[-1].range.shape) > 1:
        images.append(half(images[-1]))
    least = [
        support / tan(angle) if (angle := 2 * PATCH * image.pixel) < pi / 2 else 0.0
        for image in images[:-1]
    ]
    nearest = images[0].range[images[0].valid].min(initial=np.inf)
    # No coarser image than the nearest pixel needs.
    used = next((k for k, at in enumerate(least) if nearest >= at), len(least))
    interest = np.zeros(images[used].range.shape, np.float32)
    for k in range(used, -1, -1):
        finest = k == used
        interest = _refined(images[k], 0.0 if finest else least[k], interest, support)
    return interest


def _refined(
    image: RangeImage, least: float, coarser: Float32[np.ndarray, "a b"], support: float
) -> Float32[np.ndarray, "h w"]:
    """The interest of an image: its own from that range on, the coarser image's nearer by."""
    far = image.valid & (image.range >= least)
    surface = fit_surface(image)
    borders = find_borders(image, surface)
    changes = _changes(image, surface, *borders)
    # Only what lies in reach of a wanted pixel: two pixels from it, or no nearer than its support.
    wanted = far & ~borders.shadow
    beside = cv2.dilate(wanted.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    score = np.where(beside | (image.range >= least - support / 2), changes.score, np.float32(0))
    own = _interest(image, changes._replace(score=score), wanted, support)
    if far.all():
        return own
    height, width = own.shape
    x, y = (np.arange(length, dtype=np.float32) / 2 for length in (width, height))
    places = np.meshgrid(x, y)
    finer = cv2.remap(coarser, *places, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    known = image.valid & ~borders.shadow
    return np.where(far, own, np.where(known, finer, np.float32(0)))


def _changes(
    image: RangeImage,
    surface: Surface,
    border: Bool[np.ndarray, "h w"],
    outward: Float32[np.ndarray, "3 h w"],
    shadow: Bool[np.ndarray, "h w"],
) -> Changes:
    """At borders fully, outward; elsewhere by the spread of the normals along eight beams of two
    pixels, each of which ends in a shadow."""
    usable = surface.known & ~shadow
    moments = Moments(usable.shape)
    moments.add(surface.normal, usable)
    for down in (-1, 0, 1):
        for right in (-1, 0, 1):
            if down or right:
                reached = np.ones_like(usable)
                for step in (1, 2):
                    move = (step * down, step * right)
                    moments.add(shifted(surface.normal, *move), reached & shifted(usable, *move))
                    reached &= ~shifted(shadow, *move)
    spread, across = moments.principal(largest=True)
    enough = usable & (moments.count >= 3)
    score = np.where(enough, np.sqrt(np.maximum(spread, 0)), 0).astype(np.float32)
    score = np.where(border, np.float32(1), np.where(shadow, np.float32(0), score))
    return Changes(score, _bins(image, np.where(border, outward, across)))


def _bins(image: RangeImage, direction: Float32[np.ndarray, "3 h w"]) -> Int64[np.ndarray, "h w"]:
    """The number of a direction's bin as seen from the camera.

    As PCL has it, by the cosine with the horizontal alone: mirror images share a bin.
    """
    x, _, z = image.point
    level = np.sqrt(np.maximum(x * x + z * z, 1e-20))
    ray = image.point / np.maximum(image.range, 1e-10)
    horizontal = (direction[2] * x - direction[0] * z) / level
    along = (direction * ray).sum(0)
    seen = np.sqrt(np.maximum(1 - along * along, 1e-10))
    angle = np.arccos(np.clip(horizontal / seen, -1, 1))
    angle = np.where(angle > pi / 2, angle - pi, angle) + pi / 2
    return np.asarray(np.clip(angle / pi * BINS, 0, BINS - 1), np.int64)


def _interest(
    image: RangeImage, changes: Changes, wanted: Bool[np.ndarray, "h w"], support: float
) -> Float32[np.ndarray, "h w"]:
    """The interest of the wanted pixels, from the changes within their supports."""
    height, width = wanted.shape
    radius = support / 2
    rows, columns = np.nonzero(changes.score >= LEAST_CHANGE)
    # As far as a surface nearer by the radius could still be reached.
    nearer = np.maximum(image.point[2, rows, columns] - radius, 0.1)
    reach = np.clip((radius * image.focal / nearer).astype(int) + 1, 2, max(height, width))
    margin = int(reach.max(initial=2))
    row = width + 2 * margin
    # Within a margin, a neighbour's place is the pixel's own plus the same step everywhere.
    field = _Field(
        np.pad(image.point, ((0, 0), (margin, margin), (margin, margin))).reshape(3, -1).T.copy(),
        np.pad(wanted, margin).ravel(),
        (rows + margin) * row + columns + margin,
        changes.score[rows, columns],
        changes.direction[rows, columns],
    )
    strongest = np.zeros(len(field.point) * BINS, np.float32)
    clear = np.ones(len(field.point), np.float32)
    for pixels in np.unique(reach):
        offset = np.arange(-pixels, pixels + 1)
        step = (offset[:, None] * row + offset).ravel()
        apart = np.maximum(np.abs(offset[:, None]), np.abs(offset)).ravel()
        group = np.flatnonzero(reach == pixels)
        many = max(1, _AT_ONCE // len(step))
        for first in range(0, len(group), many):
            _count(field, group[first : first + many], step, apart, radius, strongest, clear)
    histogram = strongest.reshape(-1, row, BINS)[margin : margin + height, margin : margin + width]
    best = np.zeros(wanted.shape, np.float32)
    for turn in range(1, BINS):
        share = 2 * min(turn, BINS - turn) / BINS
        pairs = (histogram[..., : BINS - turn] * histogram[..., turn:]).max(-1)
        np.maximum(best, np.float32(share) * pairs, out=best)
    kept = clear.reshape(-1, row)[margin : margin + height, margin : margin + width]
    return np.asarray(kept * np.sqrt(best))


class _Field(NamedTuple):
    """An image within a margin, and where in it the surface changes.

    Attributes:
        point: of every pixel, one after the other.
        wanted: of which the interest is wanted.
        place: the pixels where the surface changes.
        score: by how much.
        direction: and where to.
    """

    point: Float32[np.ndarray, "pixels 3"]
    wanted: Bool[np.ndarray, " pixels"]
    place: Int64[np.ndarray, " n"]
    score: Float32[np.ndarray, " n"]
    direction: Int64[np.ndarray, " n"]


def _count(
    field: _Field,
    group: Int64[np.ndarray, " g"],
    step: Int64[np.ndarray, " s"],
    apart: Int64[np.ndarray, " s"],
    radius: float,
    strongest: Float32[np.ndarray, " bins"],
    clear: Float32[np.ndarray, " pixels"],
) -> None:
    """Take some changes into account at the pixels so many steps away, of which the nearest always
    count and others within the radius."""
    there = (field.place[group, None] + step).ravel()
    kept = np.flatnonzero(field.wanted[there])
    there = there[kept]
    source, move = np.divmod(kept, len(step))
    source, apart = group[source], apart[move]
    gap = field.point[there] - field.point[field.place[source]]
    distance = np.sqrt(np.einsum("nc,nc->n", gap, gap)) / np.float32(radius)
    within = np.flatnonzero((distance <= 1) | (apart <= 2))
    there, source, apart, distance = there[within], source[within], apart[within], distance[within]
    score = field.score[source]
    near = np.where(apart < 2, score, score * (1 - distance))
    np.maximum.at(strongest, there * BINS + field.direction[source], near)
    close = np.flatnonzero(distance < CLEAR)
    lowered = np.square(1 - score[close] * (1 - distance[close] / np.float32(CLEAR)) / 2)
    np.minimum.at(clear, there[close], lowered)
