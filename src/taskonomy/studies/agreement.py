"""Do two measurements of the same transfers rank them alike?"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from jaxtyping import Float
from scipy.stats import spearmanr, weightedtau

from taskonomy.affinity.candidate import Candidate

LEVEL = 0.95
REPLICATES = 2000
_SEED = 0

Key = tuple[str, ...]
Value = Callable[[Candidate], float]
Numbers = Float[np.ndarray, " n"]


def by_target(
    one: Sequence[Candidate], other: Sequence[Candidate], value: Value = lambda c: c.affinity
) -> dict[str, float]:
    """Spearman's correlation of both measurements of every target's transfers.

    Only transfers that both hold are compared; a target with fewer than three has none.
    """
    return correlations(_values(one, value), _values(other, value))


def spearman(one: Numbers, other: Numbers) -> float:
    """Spearman's rank correlation."""
    return float(spearmanr(one, other).statistic)


def weighted_tau(one: Numbers, other: Numbers) -> float:
    """Kendall's tau in which exchanges among the best weigh most (Vigna, WWW 2015)."""
    return float(weightedtau(one, other).statistic)


def correlations(
    one: Mapping[str, Mapping[Key, float]],
    other: Mapping[str, Mapping[Key, float]],
    correlation: Callable[[Numbers, Numbers], float] = spearman,
) -> dict[str, float]:
    """A rank correlation by target, of numbers by target and sources.

    A target with fewer than three numbers in common, or with equal ones alone, is left out.
    """
    found = {}
    for target in sorted(one.keys() & other.keys()):
        common = sorted(one[target].keys() & other[target].keys())
        pairs = np.array([(one[target][key], other[target][key]) for key in common]).reshape(-1, 2)
        if len(pairs) >= 3 and (np.ptp(pairs, axis=0) > 0).all():
            found[target] = correlation(pairs[:, 0], pairs[:, 1])
    return found


def interval(values: Sequence[float] | Float[np.ndarray, " n"]) -> tuple[float, float, float]:
    """Mean and the 95% bootstrap interval of the mean, the values drawn anew."""
    numbers = np.asarray(values, np.float64)
    rng = np.random.default_rng(_SEED)
    means = numbers[rng.integers(0, len(numbers), (REPLICATES, len(numbers)))].mean(axis=1)
    low, high = np.quantile(means, [(1 - LEVEL) / 2, (1 + LEVEL) / 2]).tolist()
    return float(numbers.mean()), low, high


def said(values: Sequence[float] | Float[np.ndarray, " n"], digits: int = 2) -> str:
    """`mean [low, high]` of `interval`."""
    mean, low, high = interval(values)
    return f"{mean:.{digits}f} [{low:.{digits}f}, {high:.{digits}f}]"


def _values(candidates: Sequence[Candidate], value: Value) -> dict[str, dict[Key, float]]:
    found: dict[str, dict[Key, float]] = {}
    for c in candidates:
        if c.kind == "transfer":
            found.setdefault(c.target, {})[c.sources] = value(c)
    return found
