"""Semantic labels of photographs by a network that others have trained.

The user's file holds the weights of one of torchvision's segmentation networks as torchvision
publishes them; which one, the file's parameters say. What the network is unsure of stays uncertain.
"""

from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor, nn
from torch.nn.functional import interpolate
from torchvision.models import get_model, get_model_weights, list_models, segmentation

from taskonomy.data.classes import SEMANTIC_CLASSES
from taskonomy.errors import BadInput
from taskonomy.networks.weights import read

SURE = 0.5
"""Probability from which on a pixel is given a class."""

_UNCERTAIN, _BACKGROUND = 0, 1
_SAME = {
    "sofa": "couch",
    "pottedplant": "potted plant",
    "diningtable": "dining table",
    "tvmonitor": "tv",
}
"""Categories of PASCAL VOC under their names in SEMANTIC_CLASSES, where these differ."""
_AUXILIARY, _BATCHES = "aux_classifier.", "num_batches_tracked"
"""Parts of the names of what matters in training alone: files hold it or do not."""


class Teacher:
    """A network that says what every pixel of a photograph shows.

    Attributes:
        name: torchvision's name of the network.
        unknown: the classes of segment_semantic for which it has no category: where they are seen
            they are background, or whatever it takes them for.
    """

    def __init__(self, weights: Path) -> None:
        """Read a file of weights.

        Raises:
            BadInput: the file is missing, no file of weights, or not of a network that segments.
        """
        self.name, self._model = _network(weights, read(weights, "--teacher"))
        published = get_model_weights(self.name).DEFAULT
        categories = [_SAME.get(name, name) for name in published.meta["categories"]]
        self.unknown = tuple(c for c in SEMANTIC_CLASSES[2:] if c not in categories)
        self._device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self._prepare = published.transforms()
        self._model.eval().requires_grad_(False).to(self._device)
        known = SEMANTIC_CLASSES[2:]
        self._classes = torch.tensor(
            [SEMANTIC_CLASSES.index(c) if c in known else _BACKGROUND for c in categories],
            device=self._device,
        )

    def probabilities(self, rgb: UInt8[np.ndarray, "H W 3"]) -> Float[Tensor, "18 H W"]:
        """How probable each value of segment_semantic is at each pixel; `uncertain` never is."""
        image = torch.tensor(rgb, device=self._device).permute(2, 0, 1)
        share = self._model(self._prepare(image)[None])["out"][0].softmax(0)
        grouped = share.new_zeros(len(SEMANTIC_CLASSES), *share.shape[1:])
        grouped.index_add_(0, self._classes, share)
        return interpolate(grouped[None], size=rgb.shape[:2], mode="bilinear")[0]

    def label(self, rgb: UInt8[np.ndarray, "H W 3"]) -> UInt8[np.ndarray, "H W"]:
        """The value of segment_semantic at each pixel: `uncertain` where none reaches SURE."""
        share, value = self.probabilities(rgb).max(0)
        return value.masked_fill(share < SURE, _UNCERTAIN).to(torch.uint8).cpu().numpy()


def _network(weights: Path, state: dict[str, Tensor]) -> tuple[str, nn.Module]:
    """The network whose parameters these are, by torchvision's name, with them."""
    state = {name: v for name, v in state.items() if not name.startswith(_AUXILIARY)}
    names = list_models(module=segmentation)
    for name in names:
        # Without memory: most of these are not the one.
        with torch.device("meta"):
            model = get_model(name, weights=None, weights_backbone=None)
        wanted = model.state_dict()
        if _shapes(wanted) == _shapes(state):
            rest = {k: torch.zeros(()) for k in wanted if k not in state}
            model.load_state_dict(state | rest, assign=True)
            return name, model
    raise BadInput(
        f"--teacher {weights}: found {len(state)} tensors of another network, expected those of "
        f"torchvision's {', '.join(names)}"
    )


def _shapes(state: dict[str, Tensor]) -> dict[str, torch.Size]:
    return {name: values.shape for name, values in state.items() if _BATCHES not in name}
