"""In which precision and memory layout a network trains, measured where there is a choice."""

from contextlib import AbstractContextManager
from copy import deepcopy
from dataclasses import dataclass
from statistics import median
from time import perf_counter

import torch
from torch import Tensor, nn

_SECONDS = 1.0
"""How long a choice is measured."""
_MARGIN = 1.25
"""How many times faster half precision must be: far more than a measurement errs by, so that equal
machines choose alike."""


@dataclass(frozen=True)
class Arithmetic:
    """How a network's operations are computed; its weights and their moments are float32 always.

    Attributes:
        dtype: of convolutions and matrix products in training: float32 or bfloat16.
        channels_last: whether images lie in memory by pixel, not by channel.
    """

    dtype: torch.dtype = torch.float32
    channels_last: bool = True

    def __str__(self) -> str:
        name = str(self.dtype).removeprefix("torch.")
        return f"{name}, {'channels last' if self.channels_last else 'channels first'}"

    def autocast(self, device: torch.device) -> AbstractContextManager[None]:
        """A context in which the operations that may be shorter than float32 are."""
        return torch.autocast(device.type, self.dtype, enabled=self.dtype != torch.float32)


FLOAT32 = Arithmetic()
BFLOAT16 = Arithmetic(torch.bfloat16)


def choose(device: torch.device, network: nn.Module, batch: Tensor) -> Arithmetic:
    """The faster arithmetic for training a network on such a batch.

    A device without instructions for bfloat16 is not measured. Neither the network nor any stream
    of random numbers is changed.

    Args:
        device: where the network and the batch are.
        network: takes the batch alone.
        batch: a batch of the shape that it is trained on.
    """
    if not _has_bfloat16(device):
        return FLOAT32
    times: dict[Arithmetic, list[float]] = {FLOAT32: [], BFLOAT16: []}
    with torch.random.fork_rng([device] if device.type == "cuda" else []):
        trial = deepcopy(network).train()
        for one in times:  # the first pass chooses algorithms and takes memory
            _pass(device, trial, batch, one)
        begin = perf_counter()
        while perf_counter() - begin < _SECONDS or len(times[BFLOAT16]) < 3:
            for one, found in times.items():
                found.append(_pass(device, trial, batch, one))
    pays = median(times[FLOAT32]) > _MARGIN * median(times[BFLOAT16])
    return BFLOAT16 if pays else FLOAT32


def _pass(device: torch.device, network: nn.Module, batch: Tensor, arithmetic: Arithmetic) -> float:
    """Seconds of one pass forward and backward."""
    _wait(device)
    begin = perf_counter()
    with arithmetic.autocast(device):
        output = network(batch)
    output.float().square().mean().backward()
    _wait(device)
    return perf_counter() - begin


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def _has_bfloat16(device: torch.device) -> bool:
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    # Of a processor's instructions only those on tiles count: in emulation it loses by far.
    return bool(torch.cpu._is_amx_tile_supported())
