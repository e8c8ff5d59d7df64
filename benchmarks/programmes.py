"""A seeded programme of the size of a large task dictionary: 200 tasks, 20,000 edges."""

from itertools import combinations
from math import fsum

import numpy as np
from jaxtyping import Float

from taskonomy.affinity.candidate import Candidate

TASKS = 200
CLUSTERS = 12
SKILLS = 8

SPREAD = 0.5
"""Standard deviation of a task's skills within its cluster; 1 between the clusters."""

STEEPNESS = 3.0
"""A source is worth exp(-3 d) to a target whose skills lie d away, a root mean square."""

SYNERGY = 0.05
"""What a set's second best source adds, as a share of its own worth; the third half as much."""

NOISE = 0.05
"""Relative standard deviation of worths, as readouts that are trained once show."""

SUPERVISED = (1.2, 1.6)
"""What full supervision is worth, in units of the target's best transfer."""

SINGLES = 39
"""First-order edges into every target: the 20 nearest sources and 19 of the others."""

SETS = {2: 20, 3: 20, 4: 10, 5: 10}
"""How many edges of higher orders lead into every target."""

BEST = 8
"""Higher-order edges combine a target's so many nearest sources."""


def clustered(seed: int) -> list[Candidate]:
    """Return candidates into 200 targets, 100 each: 20,000 edges of orders 1 to 5.

    Tasks are points in a space of latent skills, in clusters. Affinities sum to 1 over a target's
    edges.
    """
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(CLUSTERS, SKILLS))
    cluster = rng.integers(CLUSTERS, size=TASKS)
    skills = centres[cluster] + SPREAD * rng.normal(size=(TASKS, SKILLS))
    return [row for target in range(TASKS) for row in _into(target, skills, rng)]


def _into(
    target: int, skills: Float[np.ndarray, "tasks skills"], rng: np.random.Generator
) -> list[Candidate]:
    away = np.sqrt(np.mean((skills - skills[target]) ** 2, axis=1))
    alone = np.exp(-STEEPNESS * away)
    ranked = [i for i in np.argsort(away, kind="stable").tolist() if i != target]
    near = SINGLES // 2 + 1
    others = rng.choice(ranked[near:], SINGLES - near, replace=False).tolist()
    sets: list[tuple[int, ...]] = [(i,) for i in [*ranked[:near], *others]]
    for order, count in SETS.items():
        every = list(combinations(ranked[:BEST], order))
        sets += [every[i] for i in rng.choice(len(every), count, replace=False)]
    worths = np.array([_together(alone[list(members)]) for members in sets])
    worths *= np.abs(rng.normal(1, NOISE, len(sets)))
    worths = np.append(worths, worths.max() * rng.uniform(*SUPERVISED))
    total = fsum(worths)
    return [
        Candidate(
            regime="benchmark",
            target=_name(target),
            sources=tuple(sorted(map(_name, members))),
            kind="supervised" if members == (target,) else "transfer",
            affinity=float(worth / total),
        )
        for members, worth in zip([*sets, (target,)], worths, strict=True)
    ]


def _together(alone: Float[np.ndarray, " sources"]) -> float:
    best, *rest = sorted(alone.tolist(), reverse=True)
    return best + SYNERGY * fsum(worth / 2**i for i, worth in enumerate(rest))


def _name(index: int) -> str:
    return f"task{index:03}"
