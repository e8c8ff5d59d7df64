"""The analytic hierarchy process beside Bradley-Terry and HodgeRank, on the same tournaments."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy.stats import spearmanr

from taskonomy.affinity.ahp import ahp
from taskonomy.affinity.alternatives import bradley_terry, hodge_rank
from taskonomy.affinity.tournament import win_rates


@dataclass(frozen=True, kw_only=True)
class Methods:
    """One target's affinities by three methods.

    Attributes:
        ahp, bradley_terry, hodge_rank: affinities, each summing to 1.
        cyclic: the share in [0, 1] of the log odds that no ranking can express.
        bradley_terry_agrees, hodge_rank_agrees: Spearman's rank correlation with AHP.
        same_best: whether all three rank the same candidate first.
    """

    ahp: Float[np.ndarray, " S"]
    bradley_terry: Float[np.ndarray, " S"]
    hodge_rank: Float[np.ndarray, " S"]
    cyclic: float
    bradley_terry_agrees: float
    hodge_rank_agrees: float
    same_best: bool


def methods(losses: Float[np.ndarray, "S N"]) -> Methods:
    """Turn one target's tournament into affinities by each method.

    Args:
        losses: per-image test losses, one row a candidate.

    Raises:
        BadInput: a candidate has no loss at all, there is no image, or two candidates have no
            common one.
    """
    rates = win_rates(losses)
    of_ahp, of_bt, hodge = ahp(rates), bradley_terry(rates), hodge_rank(rates)
    return Methods(
        ahp=of_ahp,
        bradley_terry=of_bt,
        hodge_rank=hodge.affinity,
        cyclic=hodge.cyclic,
        bradley_terry_agrees=_agreement(of_ahp, of_bt),
        hodge_rank_agrees=_agreement(of_ahp, hodge.affinity),
        same_best=len({int(found.argmax()) for found in (of_ahp, of_bt, hodge.affinity)}) == 1,
    )


def _agreement(one: Float[np.ndarray, " S"], other: Float[np.ndarray, " S"]) -> float:
    return float(spearmanr(one, other).statistic) if len(one) > 1 else 1.0
