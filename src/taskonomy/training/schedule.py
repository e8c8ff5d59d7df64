"""How a network is optimised, and what its training came to."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Float32

from taskonomy.training.arithmetic import FLOAT32

POINTS = 20
"""Points of a loss curve."""
SETTLING = 512
"""Training examples that the batch norms' statistics are taken from."""


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """How a network is optimised.

    Attributes:
        steps: optimisation steps.
        batch: examples a step.
        learning_rate: of Adam.
        anneal: share of the steps after which the learning rate falls to a tenth.
        weight_decay: of Adam.
        gan: whether image targets get the adversarial loss as well.
    """

    steps: int
    batch: int
    learning_rate: float
    anneal: float
    weight_decay: float
    gan: bool = False

    def rate(self, step: int) -> float:
        """The learning rate of a step, counted from 0."""
        late = step >= int(self.anneal * self.steps)
        return self.learning_rate * 0.1 if late else self.learning_rate


class Outcome(NamedTuple):
    """What training came to: `finished` or `failed: ` and why, with nan for every loss."""

    status: str
    steps: int
    choice_losses: Float32[np.ndarray, "m"]
    test_losses: Float32[np.ndarray, "n"]
    curve: Float32[np.ndarray, "points 2"]
    waited: float = 0.0
    arithmetic: str = str(FLOAT32)


def diverged(reason: str, steps: int, choices: int, tests: int) -> Outcome:
    """The outcome of a network whose losses were no longer finite."""
    choice, test = (np.full(count, np.nan, np.float32) for count in (choices, tests))
    return Outcome(f"failed: {reason}", steps, choice, test, np.zeros((0, 2), np.float32))
