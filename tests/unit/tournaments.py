"""Tournaments whose truth is known."""

import numpy as np
from jaxtyping import Float


def bradley_terry_losses(
    strengths: Float[np.ndarray, " S"], images: int, rng: np.random.Generator
) -> Float[np.ndarray, "S N"]:
    """Losses with which i wins an image against j with probability s_i / (s_i + s_j).

    The difference of two Gumbel variables is logistic; an image's difficulty shifts all its losses.
    """
    luck = rng.gumbel(size=(len(strengths), images))
    return rng.normal(size=images) - np.log(strengths)[:, None] - luck


def true_win_rates(strengths: Float[np.ndarray, " S"]) -> Float[np.ndarray, "S S"]:
    """Of a Bradley-Terry tournament."""
    return strengths[:, None] / (strengths[:, None] + strengths)
