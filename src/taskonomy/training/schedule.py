"""How a network is optimised, and what its training came to."""

from dataclasses import dataclass
from math import cos, pi
from typing import NamedTuple

import numpy as np
from jaxtyping import Float32

from taskonomy.training.arithmetic import FLOAT32

POINTS = 20
"""Points of a loss curve."""
SETTLING = 512
"""Training examples that the batch norms' statistics are taken from."""
CHECKS = 5
"""How often held-out examples are looked at, the last time after the last step."""


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """How a network is optimised.

    Attributes:
        steps: optimisation steps.
        batch: examples a step.
        learning_rate: of Adam in the first step; it falls to 0 as half a cosine does, so that a
            schedule of more steps is the same one, stretched.
        weight_decay: of Adam.
        gan: whether image targets get the adversarial loss as well.
    """

    steps: int
    batch: int
    learning_rate: float
    weight_decay: float
    gan: bool = False

    def rate(self, step: int) -> float:
        """The learning rate of a step, counted from 0."""
        return self.learning_rate * (1 + cos(pi * step / self.steps)) / 2

    @property
    def checks(self) -> frozenset[int]:
        """After how many steps held-out examples are looked at (`stopping`)."""
        return frozenset(round(self.steps * (i + 1) / CHECKS) for i in range(CHECKS)) - {0}


class Outcome(NamedTuple):
    """What training came to: `finished` or `failed: ` and why, with nan for every loss.

    Where examples were held out, `best_step` says how many of the steps the weights have seen.
    """

    status: str
    steps: int
    choice_losses: Float32[np.ndarray, "m"]
    test_losses: Float32[np.ndarray, "n"]
    curve: Float32[np.ndarray, "points 2"]
    best_step: int | None = None
    waited: float = 0.0
    arithmetic: str = str(FLOAT32)


def diverged(reason: str, steps: int, choices: int, tests: int) -> Outcome:
    """The outcome of a network whose losses were no longer finite."""
    choice, test = (np.full(count, np.nan, np.float32) for count in (choices, tests))
    return Outcome(f"failed: {reason}", steps, choice, test, np.zeros((0, 2), np.float32))
