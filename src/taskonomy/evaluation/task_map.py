"""A map of the tasks: springs pull sources that transfer alike together, from a random start.

Every pair of sources is joined by a spring whose length at rest is the distance of what the two
give to all targets, as in the task tree. The springs are let go from random places and come to rest
by majorisation (SMACOF: de Leeuw 1977), each step of which lowers their energy.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import sqrt

import numpy as np
from jaxtyping import Float
from scipy.spatial.distance import pdist, squareform

from taskonomy.evaluation.tree import patterns

STEPS = 300
_SEED = 0
_SHOWN = (0, 1, 2, 3, 5, 8, 12, 20, 40, 80, STEPS)
"""Steps whose places are kept: most of the movement is in the first ones."""


@dataclass(frozen=True, kw_only=True)
class TaskMap:
    """Places of the sources from the random start to rest.

    Attributes:
        sources: sorted by name.
        frames: places in the plane, in units of the springs' mean length; the last at rest.
        stress: what the plane cannot show: the root of the summed squared differences between
            distances on the map and at rest, over that of the distances at rest.
    """

    sources: tuple[str, ...]
    frames: Float[np.ndarray, "frames sources 2"]
    stress: float


def task_map(affinities: Mapping[str, Mapping[str, float]]) -> TaskMap | None:
    """Let the springs come to rest; nothing if there are fewer than two different sources.

    Args:
        affinities: first-order affinities as of `tree.first_order`.
    """
    sources, found = patterns(affinities)
    lengths = squareform(pdist(found)) if len(sources) > 1 else np.zeros((1, 1))
    if not lengths.any():
        return None
    lengths /= lengths[~np.eye(len(sources), dtype=bool)].mean()
    at = np.random.default_rng(_SEED).uniform(-1, 1, (len(sources), 2))
    at -= at.mean(axis=0)
    frames = [at]
    for step in range(1, STEPS + 1):
        at = _relaxed(at, lengths)
        if step in _SHOWN:
            frames.append(at)
    off = squareform(pdist(at)) - lengths
    stress = sqrt(float((off**2).sum() / (lengths**2).sum()))
    return TaskMap(sources=sources, frames=np.array(frames), stress=stress)


def _relaxed(
    at: Float[np.ndarray, "T 2"], lengths: Float[np.ndarray, "T T"]
) -> Float[np.ndarray, "T 2"]:
    """One step: the minimum of a quadratic that touches the energy here and lies above it."""
    apart = squareform(pdist(at))
    ratio = np.divide(lengths, apart, out=np.zeros_like(apart), where=apart > 0)
    return np.asarray((ratio.sum(axis=1)[:, None] * at - ratio @ at) / len(at))
