"""A job of a plan. Imports nothing that reads images, so that a plan is laid out without them."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, order=True)
class Job:
    """One model to train on the transfer images.

    Attributes:
        kind: `transfer`, a readout of the sources' representations; or `scratch`, the gain
            baseline, which has no sources.
        target: the task to solve.
        sources: sorted names of the source tasks; several are concatenated, never chained.
    """

    kind: Literal["transfer", "scratch"]
    target: str
    sources: tuple[str, ...] = ()
