"""A job of a plan. Imports nothing that reads images, so that a plan is laid out without them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True, order=True)
class Job:
    """One model to train on the transfer images.

    Attributes:
        kind: `transfer`, a readout of the sources' representations; or `scratch`, the gain
            baseline, which has no sources.
        target: the task to solve.
        sources: sorted names of the source tasks; several are concatenated, never chained.
        regime: the size of the transfer set, in images.
        readout_seed: tells equal jobs apart that begin with other weights and another order.
    """

    kind: Literal["transfer", "scratch"]
    target: str
    sources: tuple[str, ...]
    regime: int
    readout_seed: int = 0

    def plain(self) -> list[Any]:
        """The job as plain data, for a plan's file."""
        return [self.kind, self.target, list(self.sources), self.regime, self.readout_seed]

    @staticmethod
    def of_plain(values: Sequence[Any]) -> "Job":
        """The inverse of `plain`."""
        kind, target, sources, regime, readout_seed = values
        return Job(kind, target, tuple(sources), regime, readout_seed)
