"""Are the task-specific networks any good? The paper's table 1.

Each network plays every test image against two opponents that know nothing of that image's
content: the statistically informed guess (the best constant answer) and a readout from an untrained
encoder. A taxonomy built on networks that lose here says nothing.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from taskonomy.errors import BadInput


@dataclass(frozen=True, kw_only=True)
class Sanity:
    """One row of the table: shares of test images in [0, 1]; None where there is no opponent.

    Attributes:
        task: the task.
        vs_guess: share of images on which the network beats the informed guess; ties count half.
        vs_random: likewise against the readout from the random encoder, which exists for targets
            of transfers only.
        n_test: how many test images.
    """

    task: str
    vs_guess: float | None
    vs_random: float | None
    n_test: int

    @property
    def margin(self) -> float:
        """Half the width of the 95% interval of a share at one half, from n_test images."""
        return 1.96 * 0.5 / math.sqrt(max(self.n_test, 1))


def sanity(
    networks: Mapping[str, Float[np.ndarray, " _"]],
    guesses: Mapping[str, Float[np.ndarray, " _"]],
    random_readouts: Mapping[str, Float[np.ndarray, " _"]],
) -> tuple[Sanity, ...]:
    """Compare per-image test losses, task by task, in the order of `networks`.

    Args:
        networks: losses of the task-specific networks on the test images, by task.
        guesses: losses of the informed guesses on the same images.
        random_readouts: losses of the readouts from the random encoder on the same images.

    Raises:
        BadInput: an opponent was tested on another number of images.
    """
    rows = []
    for task, losses in networks.items():
        rates = []
        for opponent, name in ((guesses, "informed guess"), (random_readouts, "random readout")):
            other = opponent.get(task)
            if other is not None and len(other) != len(losses):
                raise BadInput(
                    f"sanity of {task}: the {name} has {len(other)} test losses; "
                    f"expected {len(losses)}"
                )
            rates.append(None if other is None else win_rate(losses, other))
        rows.append(Sanity(task=task, vs_guess=rates[0], vs_random=rates[1], n_test=len(losses)))
    return tuple(rows)


def win_rate(mine: Float[np.ndarray, " N"], theirs: Float[np.ndarray, " N"]) -> float:
    """Share of images on which `mine` is the smaller loss; ties count half."""
    return float(np.mean(mine < theirs) + 0.5 * np.mean(mine == theirs))
