"""Batches in the order that training asks for: from memory where they fit, else prepared ahead."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
import torch
from jaxtyping import Int64
from torch import Tensor

from taskonomy.workers import cores

Tensors = tuple[Tensor, ...]

HELD_BYTES = 256 << 20
"""Most bytes of encoded examples that a loader keeps in memory."""
THREADS = max(2, min(8, cores() // 2))
"""Batches prepared at once where they come from disk; each decodes with threads of its own."""
_CHUNK = 256
EVALUATED = 128
"""Examples evaluated at once."""


class ExampleLoader:
    """Examples as tensors, by row.

    Args:
        make: the tensors of some rows (first dimension: the rows).
        count: how many rows there are.
        device: where the tensors go.
    """

    def __init__(
        self,
        make: Callable[[Int64[np.ndarray, "n"]], Tensors],
        count: int,
        device: torch.device,
    ) -> None:
        self._make = make
        self._device = device
        self.count = count
        self._whole: Tensors | None = None
        if not count:
            self._whole = ()
            return
        probe = make(np.arange(1))
        if count * sum(t.element_size() * t.numel() for t in probe) <= HELD_BYTES:
            chunks = [
                make(np.arange(start, min(start + _CHUNK, count)))
                for start in range(0, count, _CHUNK)
            ]
            self._whole = tuple(torch.cat(parts).to(device) for parts in zip(*chunks, strict=True))

    def batch(self, rows: Int64[np.ndarray, "n"]) -> Tensors:
        """The tensors of these rows."""
        if self._whole is None:
            return tuple(self._sent(tensor) for tensor in self._make(rows))
        index = torch.from_numpy(rows).to(self._device)
        return tuple(tensor.index_select(0, index) for tensor in self._whole)

    def _sent(self, tensor: Tensor) -> Tensor:
        """The tensor on the device; to a GPU it is copied while the GPU computes."""
        if self._device.type != "cuda":
            return tensor.to(self._device)
        return tensor.pin_memory().to(self._device, non_blocking=True)

    def batches(self, orders: Sequence[Int64[np.ndarray, "n"]]) -> Iterator[Tensors]:
        """One batch for each order; from disk, several are prepared ahead."""
        if self._whole is not None:
            yield from map(self.batch, orders)
            return
        with ThreadPoolExecutor(THREADS) as threads:
            ahead: deque[Future[Tensors]] = deque()
            try:
                for rows in orders:
                    ahead.append(threads.submit(self.batch, rows))
                    if len(ahead) > THREADS:
                        yield ahead.popleft().result()
                while ahead:
                    yield ahead.popleft().result()
            finally:  # who stops early does not wait for batches that nobody takes
                threads.shutdown(wait=True, cancel_futures=True)


def epochs(
    count: int, batch: int, steps: int, rng: np.random.Generator
) -> list[Int64[np.ndarray, "n"]]:
    """The rows of each step: every row once an epoch in a fresh order, whole batches only."""
    size = min(batch, count)
    orders: list[Int64[np.ndarray, n]] = []
    while len(orders) < steps:
        order = rng.permutation(count)
        orders += [order[i * size : (i + 1) * size] for i in range(count // size)]
    return orders[:steps]


def in_order(count: int) -> list[Int64[np.ndarray, "n"]]:
    """The rows of each evaluation batch."""
    return [np.arange(i, min(i + EVALUATED, count)) for i in range(0, count, EVALUATED)]
