"""Tournaments: which candidate has the smaller loss, image by image (paper, section 3.3)."""

import numpy as np
from jaxtyping import Bool, Float

from taskonomy.errors import BadInput


def check_losses(losses: Float[np.ndarray, "S N"]) -> None:
    """Refuse losses that cannot be compared.

    Raises:
        BadInput: a candidate has no loss at all (a failed readout: leave its row out), or there is
            no image.
    """
    if losses.shape[1] == 0:
        raise BadInput("losses: found no test image, expected at least one")
    failed = np.flatnonzero(np.isnan(losses).all(axis=1))
    if failed.size:
        raise BadInput(
            f"losses: found nothing but nan in candidate rows {failed[:5].tolist()}, expected "
            "numbers: leave failed readouts out of the tournament"
        )


def comparisons(losses: Float[np.ndarray, "S N"]) -> Float[np.ndarray, "S S"]:
    """Return on how many images each pair of candidates was compared: where neither loss is nan."""
    there = ~np.isnan(losses)
    if there.all():  # as a rule, and then counting would take as long as comparing
        return np.full((len(losses), len(losses)), float(losses.shape[1]))
    return np.stack([_counts(row & there) for row in there])


def win_rates(losses: Float[np.ndarray, "S N"]) -> Float[np.ndarray, "S S"]:
    """Return the tournament matrix of one target.

    w_ij is the share of test images on which candidate i has a smaller loss than candidate j, of
    those on which both were measured; a tie counts one half to each, so that w + w.T = 1 and the
    diagonal is 1/2. Two candidates without a common image have no win rate: nan.

    Args:
        losses: per-image test losses, one row a candidate; nan where one was not measured.

    Raises:
        BadInput: a candidate has no loss at all, or there is no image.
    """
    check_losses(losses)
    compared = comparisons(losses)
    rates = np.full(compared.shape, 0.5)
    for i in range(len(losses) - 1):
        # The other half of the matrix follows: a third of the time of comparing everything.
        rest = losses[i + 1 :]
        won = _counts(losses[i] < rest) + _counts(losses[i] == rest) / 2
        rates[i, i + 1 :] = _share(won, compared[i, i + 1 :])
        rates[i + 1 :, i] = 1 - rates[i, i + 1 :]
    return rates


def win_rate(
    losses: Float[np.ndarray, "S N"], opponent: Float[np.ndarray, " N"]
) -> Float[np.ndarray, " S"]:
    """Return every candidate's win rate against one opponent, ties half.

    Against the scratch network this is gain, against full supervision quality. As in `win_rates`,
    images count on which both were measured; nan if there is none.

    Raises:
        BadInput: a candidate or the opponent has no loss at all, or there is no image.
    """
    check_losses(losses)
    check_losses(opponent[None])
    won = _counts(losses < opponent) + _counts(losses == opponent) / 2
    return _share(won, _counts(~np.isnan(losses) & ~np.isnan(opponent)))


def _counts(images: Bool[np.ndarray, "n N"]) -> Float[np.ndarray, " n"]:
    """How many images of each row; numpy takes twice as long over an axis as row by row."""
    return np.array([np.count_nonzero(row) for row in images], np.float64)


def _share(
    won: Float[np.ndarray, " n"], compared: Float[np.ndarray, " n"]
) -> Float[np.ndarray, " n"]:
    """Won over compared; nan where nothing was."""
    with np.errstate(invalid="ignore"):
        return np.asarray(won / compared)
