"""Objective scales: what a unit of affinity is worth in the Boolean Integer Program.

The paper maximises raw affinity p. But p sums to 1 over a target's own candidates, so that a few
targets where full supervision is far ahead (denoising .79, texture edges .59, against .02 for a
typical edge) dominate the sum, and small budgets go to them. Hence the scale is an option.

The default is chosen on the paper's released 16k results, orders up to 4, by the mean quality of
the optimal taxonomies over all targets (`python -m benchmarks.solve FOLDER scales` prints it):

    budget        1     2     4     8    12    18   mean over budgets 1-26 (gain)
    raw        .142  .172  .312  .413  .469  .503   .431 (.828)
    log        .142  .267  .328  .410  .469  .503   .436 (.827)
    saturating .238  .267  .328  .408  .469  .503   .439 (.833)
    quality    .238  .276  .331  .415  .469  .503   .442 (.833)
    gain       .238  .266  .321  .381  .422  .498   .425 (.852)

Of the scales that need nothing but affinities, the saturating one has the highest mean quality and
the highest mean gain at every order from 1 to 4; it is within .003 of maximising quality itself.
"""

from math import exp, isnan, log
from typing import Literal, get_args

from taskonomy.affinity.candidate import Candidate
from taskonomy.errors import BadInput

Scale = Literal["raw", "log", "saturating", "quality", "gain"]
SCALES: tuple[Scale, ...] = get_args(Scale)

DEFAULT: Scale = "saturating"

FLOOR = 1e-9
"""Affinities below it count as it in the log scale."""

STEEPNESS = 20.0
"""The paper's display distance is exp(-20 p); the saturating scale is 1 minus it."""


def named(name: str) -> Scale:
    """Return the scale of that name.

    Raises:
        BadInput: there is none.
    """
    for scale in SCALES:
        if scale == name:
            return scale
    raise BadInput(f"--scale: found {name!r}, expected one of {', '.join(SCALES)}")


def scaled(candidate: Candidate, scale: Scale) -> float:
    """Return the worth of choosing a candidate; nan where its win rate is unknown.

    `raw`: p; `log`: ln max(p, FLOOR); `saturating`: 1 - exp(-20 p); `quality`, `gain`: the win
    rates against full supervision and against scratch. p is that of the validation images where
    there is one (`Candidate.ranking_affinity`); win rates are known of test images alone.
    """
    p = candidate.ranking_affinity
    if scale == "raw":
        return p
    if scale == "log":
        return log(max(p, FLOOR))
    if scale == "saturating":
        return 1 - exp(-STEEPNESS * p)
    return candidate.win_vs_supervised if scale == "quality" else candidate.win_vs_scratch


def known(candidate: Candidate, scale: Scale) -> bool:
    """Return whether the candidate has a worth in that scale."""
    return not isnan(scaled(candidate, scale))
