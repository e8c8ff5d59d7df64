"""What models cost in arithmetic and bytes: counted on networks without memory, nothing measured.

torch is imported inside, so that only who asks for a cost waits for it.
"""

from collections.abc import Iterable
from functools import cache
from typing import Any, NamedTuple

from taskonomy.config import Config
from taskonomy.dictionary import Task

# The bins of colours, and about as many classes as any data set of the field has; a head's last
# layer matters little beside the rest.
_BINS, _CLASSES = 313, 100
_BACKWARD = 2
"""A backward pass is two products for each one forward: by the weights, and by the inputs."""


class Load(NamedTuple):
    """One model, or many on average.

    Attributes:
        test: floating-point operations of its convolutions and products on one example, forward.
        size: bytes of its weights.
    """

    test: float
    size: float

    @property
    def train(self) -> float:
        """Operations on a training example, forward and backward."""
        return (1 + _BACKWARD) * self.test


class Loads:
    """The models of a profile."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self.network = cache(self._network)
        self._two = cache(self._readout)

    def networks(self, tasks: Iterable[Task]) -> Load:
        """The task networks of these tasks, on average; scratch networks have the same shape."""
        return _mean(self.network(task) for task in tasks)

    def readouts(self, targets: Iterable[Task], order: int) -> Load:
        """The readouts of that many sources to these targets, on average."""
        return _mean(self.readout(task, order) for task in targets)

    def readout(self, target: Task, order: int) -> Load:
        """A readout: each source adds as much as the second does, channels of the first layer."""
        first, second = self._two(target, 1), self._two(target, 2)
        return Load(*(a + (order - 1) * (b - a) for a, b in zip(first, second, strict=True)))

    @property
    def positions(self) -> int:
        """Positions of an image's code."""
        from taskonomy.networks.encoder import code_size

        return code_size(self._config.network, self._config.network.image_size) ** 2

    def _network(self, task: Task) -> Load:
        import torch

        from taskonomy.networks.encoder import tile_size
        from taskonomy.networks.task_network import TaskNetwork, input_channels, towers

        network = self._config.network
        size = tile_size(network) if task.inputs == "tiles" else network.image_size
        with torch.device("meta"):
            made = TaskNetwork(task, network, _outputs(task))
        return _count(made, (1, towers(task), input_channels(task), size, size))

    def _readout(self, task: Task, order: int) -> Load:
        import torch

        from taskonomy.networks.encoder import code_size
        from taskonomy.networks.readout import Readout

        channels = order * self._config.network.code_channels
        size = code_size(self._config.network, self._config.network.image_size)
        with torch.device("meta"):
            moments = torch.zeros(channels)
            made = Readout(task, self._config, moments, moments, _outputs(task))
        return _count(made, (1, task.images, channels, size, size))


def _outputs(task: Task) -> int:
    return task.channels or (_BINS if task.kind == "colour_bins" else _CLASSES)


def _count(network: Any, shape: tuple[int, ...]) -> Load:
    """Run one example without memory, and count what each layer multiplies and adds."""
    import torch
    from torch import Tensor, nn

    counted = 0

    def count(layer: nn.Conv2d | nn.Linear, _: object, output: Tensor) -> None:
        nonlocal counted
        counted += 2 * output.numel() * layer.weight[0].numel()

    for layer in network.modules():
        if isinstance(layer, nn.Conv2d | nn.Linear):
            layer.register_forward_hook(count)
    with torch.no_grad():
        network.eval()(torch.empty(shape, device="meta"))
    size = sum(entry.numel() * entry.element_size() for entry in network.state_dict().values())
    return Load(counted, size)


def _mean(loads: Iterable[Load]) -> Load:
    columns = list(zip(*loads, strict=True))
    return Load(*(sum(column) / len(column) for column in columns))
