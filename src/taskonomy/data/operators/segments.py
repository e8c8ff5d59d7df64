"""Unsupervised segments: Felzenszwalb's, joined again by normalised cuts of their adjacency graph.

The graph is cut by dense eigenvectors: scikit-image's own `cut_normalized` goes by ARPACK, which is
slower by an order on graphs of a few hundred segments, fails on some, and starts at random.
"""

import warnings

import cv2
import numpy as np
from jaxtyping import Bool, Float, Float32, Float64, Int, UInt8
from scipy.linalg import eigh

from taskonomy.data.operators.edges import DEPTH_UNITS, edge_occlusion
from taskonomy.data.operators.grid import ACROSS

LEAST = 256
"""Pixels across from which on the data set's operator is computed; below, a cheap likeness."""
SCALE = 200.0
"""Felzenszwalb's threshold: a segment of n pixels may vary by SCALE / n more, on 0 to 255."""
SIGMA_2D, MIN_2D = 3.0, 20
"""Pixels of 512 across: the blur, and the smallest segment (on 512 x 512 pixels)."""
CUT_2D, CUTS_2D, SELF_2D = 0.005, 10, 2.0
"""Normalised cuts below that are made, of so many that are tried; a segment's edge to itself."""
MIN_25D, CUT_25D, CUTS_25D, SELF_25D = 200, 1.0, 100, 1.0
DEPTH_SIGMA, NORMAL_SIGMA = 1.0, 2.0
"""Pixels of 512 across."""
DEPTH_WEIGHT, NORMAL_WEIGHT, EDGE_WEIGHT = 2.0, 1.0, 10.0
ALIKE = 255.0
"""Squared difference of mean colours at which two segments' likeness is 1/e."""
_MOST = 256
"""Segments that a file's byte tells apart."""

Labels = Int[np.ndarray, "H W"]


def segment_unsup2d(rgb: UInt8[np.ndarray, "H W 3"]) -> UInt8[np.ndarray, "H W"]:
    """Return segments of colour, numbered from the top left.

    From 256 pixels across on the data set's: Felzenszwalb's of the smoothed image, then normalised
    cuts of the graph of neighbours, weighted by how alike their mean colours are. Below, OpenCV's
    Felzenszwalb with four times the scale and sigma .5 instead of cuts.
    """
    across = rgb.shape[1] / ACROSS
    if rgb.shape[1] < LEAST:
        return _numbered(_quick(rgb, 4 * SCALE, 0.5, round(MIN_2D * across)))
    first = _felzenszwalb(rgb, SIGMA_2D * across, round(MIN_2D * across))
    return _numbered(_cut(first, rgb.astype(np.float64), CUT_2D, CUTS_2D, SELF_2D))


def segment_unsup25d(
    depth_z: Float32[np.ndarray, "H W"], normal: Float32[np.ndarray, "H W 3"]
) -> UInt8[np.ndarray, "H W"]:
    """Return segments of the geometry alone, numbered from the top left, as the data set's.

    Of five channels: the logarithm of the depth, the normal, and the occlusion edges.

    Args:
        depth_z: metres along the optical axis, nan = missing.
        normal: unit, nan = missing; in which frame does not matter.
    """
    across = depth_z.shape[1] / ACROSS
    channels = _channels(depth_z, normal)
    first = _felzenszwalb(channels, 0.0, round(MIN_25D * across**2))
    return _numbered(_cut(first, channels, CUT_25D, CUTS_25D, SELF_25D))


def segment_surfaces(surfaces: Float32[np.ndarray, "H W C"]) -> UInt8[np.ndarray, "H W"]:
    """Return a cheap likeness of `segment_unsup25d`: OpenCV's Felzenszwalb of what is constant on a
    plane however slanted, in units of which sixty count as 255 grey levels do."""
    smallest = round(MIN_25D * (surfaces.shape[1] / ACROSS) ** 2)
    # No blur: it would invent a strip of in-between surface along every crease.
    return _numbered(_quick(surfaces, 1.5 * SCALE, 0.01, smallest))


def _channels(
    depth_z: Float32[np.ndarray, "H W"], normal: Float32[np.ndarray, "H W 3"]
) -> Float64[np.ndarray, "H W 5"]:
    levels = np.rint(depth_z.astype(np.float64) * DEPTH_UNITS)
    known = np.isfinite(levels) & (levels >= 1) & (levels < 65534)
    across = depth_z.shape[1] / ACROSS
    depth = np.log(np.where(known, levels, 1)) / 16
    colours = np.rint(127.5 + 127.5 * np.nan_to_num(normal.astype(np.float64))) / 255
    smooth = [_smooth(depth, DEPTH_SIGMA * across, known) * DEPTH_WEIGHT]
    for channel in range(3):
        plane = _smooth(colours[..., channel], NORMAL_SIGMA * across, known)
        smooth.append(plane * NORMAL_WEIGHT)
    # The annotator divides the file's 16 bits by 255 squared.
    edges = edge_occlusion(depth_z).astype(np.float64) * 65535 / 255**2
    return np.stack([*smooth, edges * EDGE_WEIGHT], -1)


def _smooth(
    plane: Float64[np.ndarray, "H W"], sigma: float, known: Bool[np.ndarray, "H W"]
) -> Float64[np.ndarray, "H W"]:
    """A Gaussian blur of the known pixels alone; 0 where none is near."""
    total, weight = (
        cv2.GaussianBlur(np.where(known, each, 0.0), (0, 0), sigma, borderType=cv2.BORDER_CONSTANT)
        for each in (plane, np.ones_like(plane))
    )
    return np.asarray(total / np.maximum(weight, np.finfo(float).eps))


def _felzenszwalb(
    image: UInt8[np.ndarray, "H W c"] | Float64[np.ndarray, "H W c"], sigma: float, smallest: int
) -> Labels:
    # Slow to import, and the views of demos are smaller.
    from skimage.segmentation import felzenszwalb

    with warnings.catch_warnings():
        # Five channels are meant.
        warnings.filterwarnings("ignore", message="Got image with third dimension")
        return np.asarray(felzenszwalb(image, scale=SCALE, sigma=sigma, min_size=max(1, smallest)))


def _quick(
    image: UInt8[np.ndarray, "H W c"] | Float32[np.ndarray, "H W c"],
    scale: float,
    sigma: float,
    smallest: int,
) -> Labels:
    """OpenCV's Felzenszwalb, which takes a fourth of the time; no more segments than a byte
    holds."""
    smallest = max(1, smallest)
    while True:
        graph = cv2.ximgproc.segmentation.createGraphSegmentation(sigma, scale, smallest)
        labels = np.asarray(graph.processImage(np.ascontiguousarray(image)), np.intp)
        if labels.max() < _MOST or smallest >= labels.size:
            return labels
        smallest *= 2


def _cut(
    labels: Labels, image: Float64[np.ndarray, "H W c"], most: float, tries: int, own: float
) -> Labels:
    """The segments joined: parts of their graph that no normalised cut below `most` divides."""
    graph = _likeness(labels, image)
    np.fill_diagonal(graph, own)
    part = np.zeros(len(graph), np.intp)
    number, waiting = 0, [np.arange(len(graph))]
    while waiting:
        nodes = waiting.pop()
        apart = _best_cut(graph[np.ix_(nodes, nodes)], most, tries)
        if apart is None:
            part[nodes] = number
            number += 1
        else:
            waiting += [nodes[apart], nodes[~apart]]
    return np.asarray(part[labels])


def _likeness(labels: Labels, image: Float64[np.ndarray, "H W c"]) -> Float64[np.ndarray, "n n"]:
    """How alike the mean colours of neighbouring segments are; 0 between others."""
    count = labels.max() + 1
    pixels = np.bincount(labels.ravel(), minlength=count)
    channels = image.reshape(labels.size, -1).T
    sums = [np.bincount(labels.ravel(), channel, count) for channel in channels]
    mean = np.stack(sums, 1) / np.maximum(pixels, 1)[:, None]
    graph = np.zeros((count, count))
    for one, other in (
        (labels[:, :-1], labels[:, 1:]),
        (labels[:-1], labels[1:]),
        (labels[:-1, :-1], labels[1:, 1:]),
        (labels[1:, :-1], labels[:-1, 1:]),
    ):
        border = one != other
        a, b = np.unique(np.stack([one[border], other[border]]), axis=1)
        graph[a, b] = graph[b, a] = np.exp(-np.square(mean[a] - mean[b]).sum(1) / ALIKE)
    return graph


def _best_cut(
    graph: Float64[np.ndarray, "n n"], most: float, tries: int
) -> Bool[np.ndarray, " n"] | None:
    """Which nodes the best cut divides from the rest (Shi and Malik, 2000); None if it costs
    `most` or more. Tried are thresholds on the second eigenvector."""
    if len(graph) < 3:
        return None
    degree = graph.sum(0)
    root = 1 / np.sqrt(degree)
    laplacian = (np.diag(degree) - graph) * root * root[:, None]
    vector = eigh(laplacian, subset_by_index=[1, 1])[1][:, 0]
    # Which of the two signs an eigenvector has is chance.
    vector *= np.sign(vector[np.abs(vector).argmax()])
    if np.allclose(vector.min(), vector.max()):
        return None
    thresholds = np.linspace(vector.min(), vector.max(), tries, endpoint=False)
    sides: Float[np.ndarray, "t n"] = (vector > thresholds[:, None]).astype(np.float64)
    between = ((sides @ graph) * (1 - sides)).sum(1)
    cost = between / (sides @ degree) + between / ((1 - sides) @ degree)
    best = int(cost.argmin())
    return sides[best] > 0 if cost[best] < most else None


def _numbered(labels: Labels) -> UInt8[np.ndarray, "H W"]:
    """The segments in the order of their first pixels; past a byte's worth they are one."""
    backwards = labels.ravel()[::-1]
    # Of equal indices the last assignment stays: each label's first pixel.
    first = np.full(labels.max() + 1, labels.size)
    first[backwards] = np.arange(labels.size)[::-1]
    number = np.empty_like(first)
    number[first.argsort()] = np.arange(len(first))
    return np.minimum(number, _MOST - 1).astype(np.uint8).take(labels)
