"""Codes and labels as rows of numbers, for estimators that train nothing."""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int
from torch.nn.functional import adaptive_avg_pool2d

from taskonomy.dictionary import Task
from taskonomy.networks.encoder import code_size
from taskonomy.training.representations import represent
from taskonomy.training.session import Session

EXAMPLES = 1000
"""Estimators look at no more than so many transfer examples: two compare all pairs of them."""
POSITIONS = 8
"""Positions of a code that are looked at in each image, for maps."""


@dataclass(frozen=True, kw_only=True)
class Labels:
    """A target's labels: of examples, or of some positions of each.

    Attributes:
        values: a row a label.
        example: the example of every row.
        position: its position in the code; None for labels of whole examples.
    """

    values: Float[np.ndarray, "n c"]
    example: Int[np.ndarray, " n"]
    position: Int[np.ndarray, " n"] | None

    @property
    def rows(self) -> bytes:
        """Equal for targets that ask for the same rows of features, items being equal."""
        return self.example.tobytes() + (b"" if self.position is None else self.position.tobytes())


def labels_of(session: Session, task: Task) -> Labels | None:
    """The labels of the transfer examples as rows of numbers; None for the metric loss."""
    if task.loss == "metric":
        return None
    target, mask = session.data(task).targets(session.examples(task).transfer[:EXAMPLES])
    if target.ndim == 2:
        return Labels(values=target.double().numpy(), example=np.arange(len(target)), position=None)
    network = session.workspace.config.network
    size = code_size(network, network.image_size)
    known = (mask > 0).float()
    weight = adaptive_avg_pool2d(known, size)
    mean = adaptive_avg_pool2d(torch.where(known > 0, target, 0.0), size) / weight.clamp_min(1e-6)
    rng = np.random.default_rng(0)
    at = np.stack([rng.permutation(size * size)[:POSITIONS] for _ in range(len(target))])
    example = np.repeat(np.arange(len(target)), at.shape[1])
    there = weight.flatten(1).numpy()[example, at.ravel()] >= 0.5
    values = mean.flatten(2).double().numpy()[example, :, at.ravel()]
    return Labels(values=values[there], example=example[there], position=at.ravel()[there])


def image_codes(session: Session, task: Task, source: str) -> Float[np.ndarray, "images d"]:
    """A source's code of every image of the target's transfer examples, a row an image."""
    views = np.unique(session.examples(task).transfer[:EXAMPLES])
    codes = represent(session, source)[np.searchsorted(session.represented, views)]
    return np.asarray(codes.reshape(len(views), -1), np.float64)


def features_of(
    session: Session, task: Task, source: str, labels: Labels
) -> Float[np.ndarray, "n f"]:
    """What a source's code says where the target's labels are: a row a label.

    For labels of positions, the 3x3 neighbourhood that a readout's first convolution sees.
    """
    examples = session.examples(task).transfer[:EXAMPLES]
    codes, places = represent(session, source), np.searchsorted(session.represented, examples)
    if labels.position is None:
        return np.asarray(codes[places].reshape(len(examples), -1), np.float64)
    windows = neighbourhoods(codes[places[:, 0]])
    return np.asarray(windows[labels.example, labels.position], np.float64)


def neighbourhoods(codes: Float[np.ndarray, "n C h w"]) -> Float[np.ndarray, "n p f"]:
    """The 3x3 neighbourhood of every position, as a readout's first convolution sees it."""
    padded = np.pad(codes, ((0, 0), (0, 0), (1, 1), (1, 1)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(2, 3))
    n, channels, height, width = codes.shape
    return windows.transpose(0, 2, 3, 1, 4, 5).reshape(n, height * width, channels * 9)
