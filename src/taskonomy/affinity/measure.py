"""From the per-image test losses of one target's models to its rows of the affinity table."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from taskonomy.affinity.bootstrap import bootstrap
from taskonomy.affinity.candidate import Candidate, Kind
from taskonomy.affinity.tournament import win_rate

LEVEL = 0.95
"""Coverage of the bootstrap intervals."""


def measure(
    *,
    regime: str,
    target: str,
    entries: Sequence[tuple[Kind, tuple[str, ...]]],
    losses: Float[np.ndarray, "S N"],
    scratch: Float[np.ndarray, " N"],
    replicates: int,
    seed: int,
) -> list[Candidate]:
    """Hold one target's tournament, all orders together, and return its candidates.

    Args:
        regime: the data regime of the readouts.
        target: the task solved.
        entries: kind and sources of every row of `losses`; one of them is the supervised network.
        losses: per-image test losses of every candidate, all on the same images.
        scratch: the losses of the scratch network on those images (gain).
        replicates: bootstrap replicates over the images.
        seed: of the bootstrap.

    Raises:
        BadInput: a loss is nan, or there is no image.
        ValueError: no candidate is the supervised network.
    """
    kinds = [kind for kind, _ in entries]
    supervised = losses[kinds.index("supervised")]
    estimates = bootstrap(losses, replicates, LEVEL, np.random.default_rng(seed))
    gain = win_rate(losses, scratch)
    quality = win_rate(losses, supervised)
    return [
        Candidate(
            regime=regime,
            target=target,
            sources=tuple(sorted(sources)),
            kind=kind,
            affinity=float(estimates.affinity[row]),
            affinity_low=float(estimates.affinity_low[row]),
            affinity_high=float(estimates.affinity_high[row]),
            win_vs_scratch=float(gain[row]),
            win_vs_supervised=float(quality[row]),
            n_test=losses.shape[1],
        )
        for row, (kind, sources) in enumerate(entries)
    ]
