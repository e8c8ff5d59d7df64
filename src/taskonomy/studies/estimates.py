"""Cheap estimates of how well a representation serves a target, without training a readout.

Two compare the source's code with that of the target's own encoder; four look at the target's
labels. Higher is better for all. They screen; none of them is an affinity.
"""

from warnings import catch_warnings, simplefilter

import numpy as np
from jaxtyping import Float, Int
from scipy.cluster.vq import kmeans2
from scipy.stats import rankdata

CLUSTERS = 8
"""Continuous labels are cut into so many classes for the H-score."""
NEIGHBOURS = 5
_SHRINKAGE = 0.1
_TINY = 1e-12
_ITERATIONS = 20

Features = Float[np.ndarray, "n d"]
Labels = Float[np.ndarray, "n c"]


def rsa(source: Features, target: Features) -> float:
    """Representation similarity analysis (Dwivedi and Roig, CVPR 2019).

    Spearman's correlation of the two matrices of dissimilarities (1 - Pearson) between images.

    Args:
        source, target: codes of the same images, a row an image.
    """
    upper = np.triu_indices(len(source), 1)
    ranks = [rankdata(1 - np.corrcoef(codes)[upper]) for codes in (source, target)]
    return float(np.corrcoef(ranks)[0, 1])


def dds(source: Features, target: Features) -> float:
    """Duality diagram similarity (Dwivedi, Huang, Cichy, Roig, ECCV 2020).

    Features are z-scored over the images, cosine distances between images doubly centred; the
    similarity is the cosine of the two matrices.
    """
    one, other = (_centred(1 - _cosines(_scored(codes))) for codes in (source, target))
    return float((one * other).sum() / max(np.linalg.norm(one) * np.linalg.norm(other), _TINY))


def log_me(features: Features, labels: Labels) -> float:
    """Logarithm of maximum evidence (You, Liu, Wang, Long, ICML 2021), a row on average.

    The evidence of a Bayesian linear model of each label, its two precisions set by the fixed-point
    iteration of the paper; the mean over the labels.
    """
    x = _scored(features)
    u, singular, _ = np.linalg.svd(x, full_matrices=False)
    squares = singular**2
    return float(np.mean([_evidence(u, squares, x.shape, column) for column in labels.T]))


def h_score(features: Features, labels: Labels) -> float:
    """H-score (Bao et al., ICIP 2019): tr(cov(f)^-1 cov(E[f | y])).

    The covariance is shrunk towards a multiple of the unit matrix by a tenth, since there may be
    fewer images than features. Continuous labels are cut into 8 clusters.
    """
    x = _scored(features)
    covariance = x.T @ x / len(x)
    scale = float(np.trace(covariance)) / len(covariance)
    shrunk = (1 - _SHRINKAGE) * covariance + _SHRINKAGE * scale * np.eye(len(covariance))
    classes = classes_of(labels)
    means = np.zeros_like(x)
    for number in np.unique(classes):
        means[classes == number] = x[classes == number].mean(axis=0)
    between = means.T @ means / len(x)
    return float(np.trace(np.linalg.solve(shrunk, between)))


def linear_probe(features: Features, labels: Labels, group: Int[np.ndarray, " n"]) -> float:
    """R² of ridge regression on held-out images, the labels' variances added up.

    Args:
        features: one row an example.
        labels: as many rows.
        group: the image of every row; those of even images are fitted, the others predicted.
    """
    x, y = _scored(features), labels
    fit = group % 2 == 0
    centre = y[fit].mean(axis=0)
    gram = x[fit].T @ x[fit] + x.shape[1] * np.eye(x.shape[1])
    weights = np.linalg.solve(gram, x[fit].T @ (y[fit] - centre))
    return _explained(y[~fit], x[~fit] @ weights + centre, centre)


def nearest_neighbours(features: Features, labels: Labels, group: Int[np.ndarray, " n"]) -> float:
    """R² of the mean label of the 5 nearest rows among the even images, on the others."""
    x = _scored(features)
    fit = group % 2 == 0
    known, asked = x[fit], x[~fit]
    squares = (known**2).sum(axis=1) - 2 * asked @ known.T
    count = min(NEIGHBOURS, len(known))
    nearest = np.argpartition(squares, count - 1, axis=1)[:, :count]
    return _explained(labels[~fit], labels[fit][nearest].mean(axis=1), labels[fit].mean(axis=0))


def classes_of(labels: Labels) -> Int[np.ndarray, " n"]:
    """The class of every row: clusters of labels, found from a fixed seed."""
    spread = labels - labels.mean(axis=0)
    rng = np.random.default_rng(0)
    distinct = len(np.unique(spread, axis=0))
    with catch_warnings():
        simplefilter("ignore")  # a cluster that ends up empty is one class fewer
        found = kmeans2(spread, min(CLUSTERS, distinct), minit="++", rng=rng)
    return np.asarray(found[1], np.int64)


def _evidence(
    u: Float[np.ndarray, "n r"],
    squares: Float[np.ndarray, " r"],
    shape: tuple[int, ...],
    y: Float[np.ndarray, " n"],
) -> float:
    count, width = shape
    y = y - y.mean()
    y = y / max(float(y.std()), 1e-6)
    inside = u.T @ y
    outside = max(float(y @ y - inside @ inside), 0.0)
    alpha, beta = 1.0, 1.0
    for _ in range(_ITERATIONS):
        ratio = alpha / beta
        effective = float((squares / (squares + ratio)).sum())
        weights = float((squares * inside**2 / (squares + ratio) ** 2).sum())
        error = outside + float((inside**2 * ratio**2 / (squares + ratio) ** 2).sum())
        alpha = effective / max(weights, _TINY)
        beta = (count - effective) / max(error, _TINY)
    determinant = float(np.log(beta * squares + alpha).sum()) + (width - len(squares)) * np.log(
        alpha
    )
    return float(
        (
            width * np.log(alpha)
            + count * np.log(beta)
            - determinant
            - beta * error
            - alpha * weights
            - count * np.log(2 * np.pi)
        )
        / (2 * count)
    )


def _scored(x: Features) -> Features:
    return np.asarray((x - x.mean(axis=0)) / np.maximum(x.std(axis=0), 1e-6), np.float64)


def _cosines(x: Features) -> Float[np.ndarray, "n n"]:
    unit = x / np.maximum(np.linalg.norm(x, axis=1, keepdims=True), _TINY)
    return np.asarray(unit @ unit.T)


def _centred(matrix: Float[np.ndarray, "n n"]) -> Float[np.ndarray, "n n"]:
    rows = matrix - matrix.mean(axis=0)
    return np.asarray(rows - rows.mean(axis=1, keepdims=True))


def _explained(truth: Labels, guess: Labels, centre: Float[np.ndarray, " c"]) -> float:
    return float(1 - ((truth - guess) ** 2).sum() / max(((truth - centre) ** 2).sum(), _TINY))
