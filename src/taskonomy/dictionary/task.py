"""What a task is made of."""

from dataclasses import dataclass
from typing import Literal

Group = Literal["2D", "3D", "geometric", "semantic", "none"]
"""The groups of the paper's task tree; `none` is the random projection."""

Inputs = Literal["image", "lightness", "noisy", "masked", "tiles", "pair", "triplet"]
"""What the network looks at: one image (as it is, its L channel, with noise, with the centre
masked), 3x3 shuffled tiles of one image, or two or three images."""

Items = Literal["view", "match_pair", "fixated_pair", "nonfixated_pair", "fixated_triplet"]
"""What one example is: one view, or which pairs and triplets of views (data/items.py)."""

Loss = Literal["l1", "l2", "l2_norm", "cross_entropy", "pixel_cross_entropy", "metric", "none"]
"""`cross_entropy` takes soft labels; `l2_norm` is the unsquared norm; `metric` is the pairwise
same-segment loss on embeddings."""

Head = Literal["image", "vector", "none"]
"""`image`: a convolutional decoder; `vector`: fully connected layers on the flattened code."""

Role = Literal["both", "source-only"]


@dataclass(frozen=True, kw_only=True)
class Task:
    """One task of the dictionary.

    Attributes:
        name: the real data set's folder name where there is one (docs/contract.md).
        title: the paper's name.
        group: the branch of the paper's task tree.
        inputs: what the network looks at.
        items: what one example is.
        label: the label folder that the target is read from; `rgb` where the image itself is the
            target; empty for the random projection.
        target: the target in words, with its unit or encoding.
        channels: channels (image head) or numbers (vector head) of the output; 0 where the data
            set says how many classes there are.
        loss: the loss per example.
        head: the kind of decoder.
        role: `source-only` tasks are never a target of a transfer.
        cost: label cost in units of one labelled task.
        aliases: other names in use: the released result files' and the old code's.
    """

    name: str
    title: str
    group: Group
    inputs: Inputs
    items: Items
    label: str
    target: str
    channels: int
    loss: Loss
    head: Head
    role: Role = "both"
    cost: float = 1.0
    aliases: tuple[str, ...] = ()

    @property
    def trained(self) -> bool:
        """Whether the task has labels and thus a task-specific network."""
        return self.loss != "none"

    @property
    def images(self) -> int:
        """How many views one example takes."""
        return {"pair": 2, "triplet": 3}.get(self.inputs, 1)
