"""Which pixels of two frames show the same point, by what colour images show alone."""

from typing import NamedTuple

import cv2
import numpy as np
from jaxtyping import Float32, Float64, Int64, UInt8

from taskonomy.captures.frames import Capture

WIDTH = 480
"""Colour is looked at in at most so many pixels across: coarse texture survives blur and noise."""
FEATURES = 500
"""SIFT features of a frame."""
PAIRS = 48
"""Pairs of frames, over all gaps."""
RATIO = 0.8
"""A feature's best partner must be so much nearer than its second best (Lowe, 2004)."""
EPIPOLAR = 1.5
"""Pixels from the epipolar line of the pair's best fundamental matrix, which knows no pose, no
depth and no intrinsics: it leaves out what repeats and what moves, and judges no convention."""
FEWEST = 10
"""Matches of a pair that are worth keeping."""


class Matches(NamedTuple):
    """Points that two frames see, in pixels (column, row) of their depth images.

    Attributes:
        first, second: the frames.
        pixel_first, pixel_second: where they see a point.
        depth_first, depth_second: how far it is there, in metres by the capture's depth unit.
    """

    first: Int64[np.ndarray, " n"]
    second: Int64[np.ndarray, " n"]
    pixel_first: Float64[np.ndarray, "n 2"]
    pixel_second: Float64[np.ndarray, "n 2"]
    depth_first: Float64[np.ndarray, " n"]
    depth_second: Float64[np.ndarray, " n"]


class _Features(NamedTuple):
    pixel: Float64[np.ndarray, "k 2"]
    depth: Float64[np.ndarray, " k"]
    descriptor: Float32[np.ndarray, "k 128"]


def pairs(count: int) -> list[tuple[int, int]]:
    """Return pairs of frames that lie 1, 2, 4, 8, ... frames apart, evenly over time: far enough
    for slow cameras, near enough for fast ones."""
    gaps = [gap for gap in (2**k for k in range(10)) if gap < count]
    anchors = max(2, PAIRS // len(gaps))
    found = {
        (int(first), int(first) + gap)
        for gap in gaps
        for first in np.linspace(0, count - 1 - gap, anchors)
    }
    return sorted(found)


def match(capture: Capture) -> Matches:
    """Return the matched points of some pairs of a capture's frames where both have depth."""
    sift, matcher = cv2.SIFT.create(FEATURES), cv2.BFMatcher()
    features: dict[int, _Features] = {}
    rows = []
    for pair in pairs(len(capture.numbers)):
        for i in pair:
            if i not in features:
                features[i] = _features(capture, i, sift)
        first, second = (features[i] for i in pair)
        if min(len(first.pixel), len(second.pixel)) < FEWEST:
            continue
        near = matcher.knnMatch(first.descriptor, second.descriptor, k=2)
        kept = [best for best, other in near if best.distance < RATIO * other.distance]
        if len(kept) < FEWEST:
            continue
        a, b = (
            np.array(ids) for ids in zip(*((m.queryIdx, m.trainIdx) for m in kept), strict=True)
        )
        inlier = consistent(first.pixel[a], second.pixel[b])
        if inlier is None:
            continue
        known = (inlier.ravel() > 0) & np.isfinite(first.depth[a]) & np.isfinite(second.depth[b])
        a, b = a[known], b[known]
        if len(a) >= FEWEST:
            places = np.tile(np.array(pair, float), (len(a), 1))
            pixels = first.pixel[a], second.pixel[b]
            rows.append(np.column_stack([places, *pixels, first.depth[a], second.depth[b]]))
    table = np.concatenate(rows) if rows else np.empty((0, 8))
    ends = table[:, :2].astype(np.int64)
    return Matches(
        ends[:, 0], ends[:, 1], table[:, 2:4], table[:, 4:6], table[:, 6].copy(), table[:, 7].copy()
    )


def consistent(
    first: Float64[np.ndarray, "k 2"], second: Float64[np.ndarray, "k 2"]
) -> UInt8[np.ndarray, "k 1"] | None:
    """Return which matches lie on the epipolar lines that most share; None where none are found.

    Args:
        first: pixels (x, y) in the first frame.
        second: the same points in the second.
    """
    try:
        _, inlier = cv2.findFundamentalMat(first, second, cv2.USAC_MAGSAC, EPIPOLAR, 0.999, 2000)
    except cv2.error:
        # It fails an assertion of its own where it finds no model at all.
        return None
    return None if inlier is None else np.asarray(inlier)


def _features(capture: Capture, i: int, sift: "cv2.SIFT") -> _Features:
    """A frame's features, with depth."""
    grey = cv2.cvtColor(capture.color(i), cv2.COLOR_RGB2GRAY)
    depth = capture.depth(i)
    shrink = min(1.0, WIDTH / grey.shape[1])
    small = cv2.resize(grey, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)
    found, descriptor = sift.detectAndCompute(small, None)
    if descriptor is None:
        return _Features(np.empty((0, 2)), np.empty(0), np.empty((0, 128), np.float32))
    color = (np.array([point.pt for point in found], np.float64) + 0.5) / shrink - 0.5
    pixel = color
    if depth.shape != grey.shape:
        to_depth = capture.intrinsics @ np.linalg.inv(capture.color_intrinsics)
        pixel = color @ to_depth[:2, :2].T + to_depth[:2, 2]
    column, row = np.rint(pixel).astype(int).T
    inside = (column >= 0) & (row >= 0) & (column < depth.shape[1]) & (row < depth.shape[0])
    metres = np.full(len(pixel), np.nan)
    metres[inside] = depth[row[inside], column[inside]]
    return _Features(pixel, metres, descriptor)
