"""One row of an affinity table: what one candidate is worth to one target."""

from dataclasses import dataclass
from math import isnan, nan
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
        win_vs_guess: share of test images won against the informed guess, the best constant; nan
            if unknown.
        win_vs_guess_low, win_vs_guess_high: its bootstrap interval; nan where not measured.
        affinity_choice: p among the same candidates on validation images that no readout was
            trained on; nan where not measured.
        n_choice: those images; 0 where not measured.
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
    win_vs_guess: float = nan
    win_vs_guess_low: float = nan
    win_vs_guess_high: float = nan
    affinity_choice: float = nan
    n_choice: int = 0

    @property
    def order(self) -> int:
        """How many representations are read."""
        return len(self.sources)

    @property
    def ranking_affinity(self) -> float:
        """What candidates are ranked and chosen by: p on the validation images where it was
        measured, so that what is chosen is not also judged by the same images; else p."""
        return self.affinity if isnan(self.affinity_choice) else self.affinity_choice

    @property
    def beats_guess(self) -> bool | None:
        """Whether it wins more test images against the informed guess than it loses; None if
        unknown.

        The rate decides and not its interval: to do better than a constant is for the transfer to
        show, and other tools' tables have no interval.
        """
        return None if isnan(self.win_vs_guess) else self.win_vs_guess > 0.5
