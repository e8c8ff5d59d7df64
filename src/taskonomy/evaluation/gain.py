"""Gain and quality of taxonomies over budgets (paper, section 4 and figure 9).

Gain is the win rate against a scratch network trained on the readout's little data, quality the
win rate against the fully supervised network; .5 is the break-even of both.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from taskonomy.taxonomy.policy import Policy


@dataclass(frozen=True, kw_only=True)
class Point:
    """One taxonomy's means, None where a win rate is unknown or nothing is transferred.

    Attributes:
        max_order, budget: the question.
        labelled: how many tasks are bought and used.
        gain, quality: means over all targets, the fully supervised ones included.
        gain_transferred, quality_transferred: means over the other targets.
    """

    max_order: int
    budget: float | int
    labelled: int
    gain: float | None
    quality: float | None
    gain_transferred: float | None
    quality_transferred: float | None


def curve(policies: Iterable[Policy]) -> list[Point]:
    """Return the means of every policy, sorted by order, then budget."""
    return [
        Point(
            max_order=policy.max_order,
            budget=policy.budget,
            labelled=len(policy.sources),
            gain=policy.mean_gain,
            quality=policy.mean_quality,
            gain_transferred=policy.mean_gain_transferred,
            quality_transferred=policy.mean_quality_transferred,
        )
        for policy in sorted(policies, key=lambda p: (p.max_order, p.budget))
    ]
