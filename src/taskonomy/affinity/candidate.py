"""One row of an affinity table: what one candidate is worth to one target."""

from dataclasses import dataclass
from math import nan
from typing import Literal

Kind = Literal["transfer", "supervised", "own_readout"]
"""`transfer`: a readout of other tasks' representations; `supervised`: the full-supervision edge
(t, t); `own_readout`: the low-data readout of the target's own encoder."""


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """One candidate (hyper-edge) into a target, with its affinity and win rates.

    Attributes:
        regime: the transfer regime, that is how much data the readout saw.
        target: the task to be solved.
        sources: the tasks whose representations are read, sorted; `(target,)` for full supervision.
        kind: see `Kind`.
        affinity: p in [0, 1]; sums to 1 over a target's candidate set. Higher is better.
        affinity_low, affinity_high: bootstrap interval; nan where not measured.
        win_vs_scratch: share of test images won against the scratch network (gain); nan if unknown.
        win_vs_supervised: the same against full supervision (quality); nan if unknown.
        n_test: test images compared; 0 if unknown.
    """

    regime: str
    target: str
    sources: tuple[str, ...]
    kind: Kind
    affinity: float
    affinity_low: float = nan
    affinity_high: float = nan
    win_vs_scratch: float = nan
    win_vs_supervised: float = nan
    n_test: int = 0

    @property
    def order(self) -> int:
        """How many representations are read."""
        return len(self.sources)
