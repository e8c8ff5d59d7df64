"""Files of networks that segment: untrained ones, and ones that see the same everywhere."""

from pathlib import Path

import torch
from torchvision.models import get_model, get_model_weights

NETWORK = "lraspp_mobilenet_v3_large"
CATEGORIES = get_model_weights(NETWORK).DEFAULT.meta["categories"]


def untrained(file: Path) -> Path:
    """Write an untrained network's weights, as torchvision publishes trained ones."""
    torch.manual_seed(0)
    torch.save(get_model(NETWORK, weights=None, weights_backbone=None).state_dict(), file)
    return file


def sure_of(weights: Path, **odds: float) -> Path:
    """Write those weights, but that every pixel has these log-odds of categories."""
    state = torch.load(weights, weights_only=True)
    for part in ("low", "high"):
        state[f"classifier.{part}_classifier.weight"].zero_()
        state[f"classifier.{part}_classifier.bias"].zero_()
    for name, odd in odds.items():
        state["classifier.low_classifier.bias"][CATEGORIES.index(name)] = odd
    file = weights.parent / f"{'-'.join(odds)}.pth"
    torch.save(state, file)
    return file
