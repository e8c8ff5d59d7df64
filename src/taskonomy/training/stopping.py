"""Where training stops: at the step whose weights serve held-out examples best.

Readouts and scratch networks see few images, and how many steps serve best differs between them by
a factor of ten. So a fifth of their images, which count as labelled like the others, trains
nothing: it says after which of a few steps each network was best, and those weights are kept. A
network that learns its few images by heart is then not measured at its worst, and more steps than
it needs do it no harm.
"""

import numpy as np
from jaxtyping import Bool, Int64

from taskonomy.data.layout import Dataset

HELD = 0.2
"""Share of the transfer examples that is held out."""


def held_out(dataset: Dataset, examples: Int64[np.ndarray, "n k"]) -> Bool[np.ndarray, " n"]:
    """Return which transfer examples are held out: whole buildings that together have a fifth.

    Where buildings cannot be told apart so that less than half of the examples is held out, the
    last fifth of the examples is.

    Args:
        dataset: knows the building of each view.
        examples: rows of indices into its views, in random order; at least two.
    """
    names = np.array([dataset.views[int(row[0])].building for row in examples])
    wanted = max(1, round(HELD * len(examples)))
    held = np.zeros(len(examples), bool)
    for name in dict.fromkeys(names[::-1].tolist()):
        held |= names == name
        if held.sum() >= wanted:
            break
    if 2 * held.sum() > len(examples):
        held = np.arange(len(examples)) >= len(examples) - wanted
    return held
