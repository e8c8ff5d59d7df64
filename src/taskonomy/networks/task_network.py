"""An encoder and a head: the network of one task, and the scratch network of a target."""

from typing import cast

from jaxtyping import Float
from torch import Tensor, nn

from taskonomy.config import NetworkConfig
from taskonomy.dictionary import Task
from taskonomy.networks.encoder import Encoder
from taskonomy.networks.heads import build_head

TILES = 9


def towers(task: Task) -> int:
    """How many images the encoder sees for one example."""
    return TILES if task.inputs == "tiles" else task.images


def input_channels(task: Task) -> int:
    """Channels of an input image: lightness has one."""
    return 1 if task.inputs == "lightness" else 3


class TaskNetwork(nn.Module):
    """A task's network: one encoder for all images of an example, then the head.

    Shape:
        [b, k, channels, H, W] to the head's output.
    """

    def __init__(self, task: Task, network: NetworkConfig, classes: int) -> None:
        super().__init__()
        self.encoder = Encoder(network, input_channels(task))
        self.head = build_head(task, network, network.code_channels, classes, towers(task))

    def forward(self, images: Float[Tensor, "b k channels H W"]) -> Float[Tensor, "b ..."]:
        """Encode each image with the same weights, then decode them together."""
        codes = self.encoder(images.flatten(0, 1))
        return cast(Tensor, self.head(codes.unflatten(0, images.shape[:2])))
