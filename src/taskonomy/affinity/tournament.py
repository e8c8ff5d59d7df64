"""Tournaments: which candidate has the smaller loss, image by image (paper, section 3.3)."""

import numpy as np
from jaxtyping import Float

from taskonomy.errors import BadInput


def check_losses(losses: Float[np.ndarray, "S N"]) -> None:
    """Refuse losses that cannot be compared.

    Raises:
        BadInput: a loss is nan (a failed readout: leave its row out), or there is no image.
    """
    if losses.shape[1] == 0:
        raise BadInput("losses: found no test image, expected at least one")
    failed = np.flatnonzero(np.isnan(losses).any(axis=1))
    if failed.size:
        raise BadInput(
            f"losses: found nan in candidate rows {failed[:5].tolist()}, expected numbers: "
            "leave failed readouts out of the tournament"
        )


def win_rates(losses: Float[np.ndarray, "S N"]) -> Float[np.ndarray, "S S"]:
    """Return the tournament matrix of one target.

    w_ij is the share of test images on which candidate i has a smaller loss than candidate j; a
    tie counts one half to each, so that w + w.T = 1 and the diagonal is 1/2.

    Args:
        losses: per-image test losses, one row a candidate, all on the same images.

    Raises:
        BadInput: a loss is nan, or there is no image.
    """
    check_losses(losses)
    candidates, images = losses.shape
    rates = np.full((candidates, candidates), 0.5)
    for i in range(candidates - 1):
        # The other half of the matrix follows: a third of the time of comparing everything.
        rest = losses[i + 1 :]
        wins = np.count_nonzero(losses[i] < rest, axis=1)
        ties = np.count_nonzero(losses[i] == rest, axis=1)
        rates[i, i + 1 :] = (wins + ties / 2) / images
        rates[i + 1 :, i] = (images - wins - ties / 2) / images
    return rates


def win_rate(
    losses: Float[np.ndarray, "S N"], opponent: Float[np.ndarray, " N"]
) -> Float[np.ndarray, " S"]:
    """Return every candidate's win rate against one opponent on the same images, ties half.

    Against the scratch network this is gain, against full supervision quality.

    Raises:
        BadInput: a loss is nan, or there is no image.
    """
    check_losses(losses)
    check_losses(opponent[None])
    return np.asarray((losses < opponent).mean(axis=1) + (losses == opponent).mean(axis=1) / 2)
