"""What a task's declaration says. Plain data: it is read where neither torch nor OpenCV is."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

from taskonomy.errors import BadInput

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

ENCODER = "encoder"
"""The kind of what is declared for an encoder of the user's own."""

Scale = Literal["plain", "log", "unit", "tanh", "shading", "sparse"]
"""How a map's values become targets in [-1, 1]: as they are; depths by their logarithm; vectors of
unit length; curvatures compressed by tanh; shading from [0, 1]; or maps that are near zero almost
everywhere, by the square root of their share of `top`."""


@dataclass(frozen=True, kw_only=True)
class Task:
    """One task of a dictionary.

    Attributes:
        name: the real data set's folder name where there is one (docs/contract.md).
        title: the paper's name.
        group: the branch of the paper's task tree.
        inputs: what the network looks at.
        items: what one example is.
        kind: the kind of target (`taskonomy.targets`): how a label becomes what the loss compares,
            which constant guesses it best, and how it is drawn.
        label: the label folder that the target is read from; `rgb` where the image itself is the
            target; empty for the random projection, and where a function reads the label.
        keys: the keys of a label's record that are read, where the label is one.
        target: the target in words, with its unit or encoding.
        channels: channels (image head) or numbers (vector head) of the output; 0 where the data
            set says how many classes there are.
        loss: the loss per example.
        head: the kind of decoder.
        layers: fully connected layers of a vector head.
        width: their width as a share of the profile's `hidden`.
        reduction: an image head's output is the image's size over this; 0 takes the size that the
            profile names.
        scale: how a map's values become targets.
        top: the nominal largest value of a sparse map.
        blur: sigma of a sparse map's blur, as a share of its width.
        masked: whether a map has no value where depth is missing.
        components: what the numbers of a vector mean; empty where only the data set knows.
        role: `source-only` tasks are never a target of a transfer.
        cost: label cost in units of one labelled task.
        aliases: other names in use: the released result files' and the old code's.
        code: a hash of the file that declares the task; empty for the 26.
    """

    name: str
    title: str
    group: Group
    inputs: Inputs = "image"
    items: Items = "view"
    kind: str
    label: str = ""
    keys: tuple[str, ...] = ()
    target: str
    channels: int
    loss: Loss
    head: Head
    layers: int = 2
    width: float = 1.0
    reduction: int = 0
    scale: Scale = "plain"
    top: float = 1.0
    blur: float = 0.0
    masked: bool = False
    components: tuple[str, ...] = ()
    role: Role = "both"
    cost: float = 1.0
    aliases: tuple[str, ...] = ()
    code: str = ""

    @property
    def trained(self) -> bool:
        """Whether the task has labels and thus a task-specific network."""
        return self.loss != "none"

    @property
    def pretrained(self) -> bool:
        """Whether it is no task of the data set but an encoder of the user's own, a source."""
        return self.kind == ENCODER

    @property
    def images(self) -> int:
        """How many views one example takes."""
        return {"pair": 2, "triplet": 3}.get(self.inputs, 1)

    @property
    def training(self) -> dict[str, Any]:
        """What decides its models: all but what people read and what its labels cost."""
        words = ("title", "group", "target", "components", "role", "cost", "aliases", "keys")
        return {name: value for name, value in asdict(self).items() if name not in words}

    def as_json(self) -> dict[str, Any]:
        """The declaration as plain data."""
        return asdict(self)

    @staticmethod
    def of_json(content: Mapping[str, Any]) -> "Task":
        """The inverse of `as_json`.

        Raises:
            BadInput: a field is missing or unknown.
        """
        lists = ("components", "aliases")
        try:
            tuples = {name: tuple(content[name]) for name in lists}
            # Declarations were written before they had keys.
            return Task(**{**content, **tuples, "keys": tuple(content.get("keys", ()))})
        except (KeyError, TypeError) as error:
            raise BadInput(
                f"task {content.get('name', '?')}: {error}; expected the fields of a declaration"
            ) from error


def check(task: Task) -> None:
    """Check a declaration by itself; its kind of target is checked where that is made.

    Raises:
        BadInput: a field holds what it may not hold; the line says which.
    """
    if not task.name.isidentifier():
        raise BadInput(f"name {task.name!r}: expected a name of letters, digits and _")
    hints = {"group": Group, "inputs": Inputs, "items": Items, "loss": Loss, "head": Head}
    for name, hint in {**hints, "role": Role, "scale": Scale}.items():
        value, allowed = getattr(task, name), get_args(hint)
        if value not in allowed:
            raise BadInput(f"{name} {value!r}: expected one of {', '.join(allowed)}")
    images = {"match_pair": 2, "fixated_pair": 2, "nonfixated_pair": 2, "fixated_triplet": 3}
    if images.get(task.items, 1) != task.images:
        raise BadInput(
            f"inputs {task.inputs!r} with items {task.items!r}: expected as many images as views"
        )
    fields_by_head = {
        "image": ("l1", "l2", "pixel_cross_entropy", "metric"),
        "vector": ("l2", "l2_norm", "cross_entropy"),
        "none": ("none",),
    }
    if task.loss not in fields_by_head[task.head]:
        raise BadInput(
            f"head {task.head!r} with loss {task.loss!r}: expected one of "
            f"{', '.join(fields_by_head[task.head])}"
        )
    if task.channels < 0 or task.layers < 1 or task.reduction < 0:
        raise BadInput("channels, layers or reduction: expected no negative number")
    if not task.cost >= 0:
        raise BadInput(f"cost {task.cost}: expected a number from 0")
