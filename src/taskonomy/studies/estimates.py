"""Cheap estimates of how well a representation serves a target, without training a readout.

Two compare the source's code with that of the target's own encoder; four look at the target's
labels. Higher is better for all. They screen; none of them is an affinity.
"""

from typing import NamedTuple
from warnings import catch_warnings, simplefilter

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.cluster.vq import kmeans2
from scipy.stats import rankdata

CLUSTERS = 8
"""Continuous labels are cut into so many classes for the H-score."""
NEIGHBOURS = 5
_SHRINKAGE = 0.1
_TINY = 1e-12
_RANK = 1e-10
"""Squared singular values below so much of the largest are rounding errors."""
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


class Spectrum(NamedTuple):
    """Standardised features by their principal directions; no label changes it.

    Attributes:
        left: left singular vectors, without those of vanishing singular values.
        squares: squared singular values.
        width: how many features there are.
    """

    left: Float[np.ndarray, "n r"]
    squares: Float[np.ndarray, " r"]
    width: int


def spectrum(features: Features) -> Spectrum:
    """The decomposition of standardised features X, by the smaller of X X' and X' X."""
    x = _scored(features)
    if len(x) <= x.shape[1]:
        squares, left = np.linalg.eigh(x @ x.T)
        there = squares > _RANK * squares[-1]
        return Spectrum(left[:, there], squares[there], x.shape[1])
    squares, right = np.linalg.eigh(x.T @ x)
    there = squares > _RANK * squares[-1]
    squares = squares[there]
    return Spectrum(x @ right[:, there] / np.sqrt(squares), squares, x.shape[1])


def log_me(features: Spectrum, labels: Labels) -> float:
    """Logarithm of maximum evidence (You, Liu, Wang, Long, ICML 2021), a row on average.

    The evidence of a Bayesian linear model of each label, its two precisions set by the fixed-point
    iteration of the paper; the mean over the labels.
    """
    left, squares, width = features
    count, squares = len(left), squares[:, None]
    y = labels - labels.mean(axis=0)
    y = y / np.maximum(y.std(axis=0), 1e-6)
    inside = (left.T @ y) ** 2
    outside = np.maximum((y**2).sum(axis=0) - inside.sum(axis=0), 0.0)
    alpha = beta = np.ones(y.shape[1])
    for _ in range(_ITERATIONS):
        ratio = alpha / beta
        effective = (squares / (squares + ratio)).sum(axis=0)
        weights = (squares * inside / (squares + ratio) ** 2).sum(axis=0)
        error = outside + (inside * ratio**2 / (squares + ratio) ** 2).sum(axis=0)
        alpha = np.maximum(effective, _TINY) / np.maximum(weights, _TINY)
        beta = (count - effective) / np.maximum(error, _TINY)
    determinant = np.log(beta * squares + alpha).sum(axis=0)
    determinant += (width - len(squares)) * np.log(alpha)
    evidence = width * np.log(alpha) + count * np.log(beta) - determinant
    evidence -= beta * error + alpha * weights + count * np.log(2 * np.pi)
    return float(evidence.mean() / (2 * count))


def h_score(features: Spectrum, classes: Int[np.ndarray, " n"]) -> float:
    """H-score (Bao et al., ICIP 2019): tr(cov(f)^-1 cov(E[f | y])).

    The covariance is shrunk towards a multiple of the unit matrix by a tenth, since there may be
    fewer images than features.

    Args:
        features: by their principal directions, in which both the covariance and its inverse are
            diagonal.
        classes: the class of every row (`classes_of`).
    """
    left, squares, width = features
    variances = squares / len(left)
    shrunk = (1 - _SHRINKAGE) * variances + _SHRINKAGE * variances.sum() / width
    between = np.zeros_like(squares)
    for number in np.unique(classes):
        mine = left[classes == number]
        between += len(mine) * mine.mean(axis=0) ** 2
    return float((between * variances / shrunk).sum())


def linearised_loss(
    losses: Float[np.ndarray, " n"],
    gradients: Float[np.ndarray, "n d"],
    fit: Bool[np.ndarray, " n"],
) -> float:
    """Loss that a linearised network is predicted to have once it is trained.

    Near its first weights, a move of the weights by u changes the loss l of a group to l + g u, g
    being the gradient, and random projections keep these products (Li et al., Scalable Multitask
    Learning Using Gradient-based Estimation of Task Affinity, KDD 2024). Some groups choose u by
    ridge regression, to take their losses to 0: u = -G' (G G' + k I)^-1 l, where k is the mean of
    the diagonal of G G'. The others say what that is worth: mean(l + G u).

    Args:
        losses: of groups of examples, at the first weights.
        gradients: their gradients.
        fit: the groups that the weights are fitted to; the loss is that of the others.
    """
    known, asked = gradients[fit], gradients[~fit]
    kernel = known @ known.T
    kernel += max(float(np.trace(kernel)), _TINY) / len(kernel) * np.eye(len(kernel))
    move = -known.T @ np.linalg.solve(kernel, losses[fit])
    return float((losses[~fit] + asked @ move).mean())


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
