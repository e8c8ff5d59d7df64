"""How much memory a stack of readouts takes, computed before it is trained."""

import ctypes
import os
import weakref
from collections.abc import Iterable
from copy import deepcopy
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from taskonomy.dictionary import Loss
from taskonomy.networks.readout import Readout
from taskonomy.training.stacks import Stack, member_losses

Batch = tuple[Tensor, Tensor, Tensor]
"""One member's codes [b, k, C, h, w], with target and mask."""

_COPIES = 5
"""Weights, gradients, Adam's two moments, and the best weights so far, each of their size."""
_SHARE = 0.4
"""Of the memory that is free: two processes train side by side on a small machine."""


class Allocations(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Counts what tensors take while it is entered, on any device, also on the one without data.

    Attributes:
        peak: most bytes that were alive at once, of tensors made since it was entered.
        moved: bytes that operations have read and written.
    """

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.peak = self.moved = self._alive = 0
        self._known: set[int] = set()

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Run an operation and count its tensors."""
        given = _storages((args, kwargs))
        result = func(*args, **(kwargs or {}))
        made = _storages(result)
        if not func.is_view:
            self.moved += sum(storage.nbytes() for storage in (*given, *made))
        inputs = {storage._cdata for storage in given}
        for storage in made:
            if storage._cdata not in inputs and storage._cdata not in self._known:
                self._known.add(storage._cdata)
                self._alive += storage.nbytes()
                weakref.finalize(storage, self._freed, storage._cdata, storage.nbytes())
        self.peak = max(self.peak, self._alive)
        return result

    def _freed(self, key: int, size: int) -> None:
        self._known.discard(key)
        self._alive -= size


def stack_bytes(
    readout: Readout, loss: Loss, members: int, batch: Batch, tested: int, stacked: bool
) -> int:
    """Bytes that training takes beside its examples: weights, Adam, and what a step or test keeps.

    Args:
        readout: one member.
        loss: which loss.
        members: how many are trained side by side.
        batch: a batch of training, on any device, also on the one without data.
        tested: examples that are tested at once.
        stacked: whether they are one network (`stacks.train_stack`).
    """
    # One after another they take turns: what one keeps for its gradient, the next one keeps later.
    together = members if stacked else 1
    stack = Stack([deepcopy(readout).to("meta") for _ in range(together)], loss, stacked)
    weights = sum(p.nbytes for network in stack.networks for p in network.parameters())
    for network in stack.networks:
        network.train()
    train = _batch(batch, together, len(batch[0]))
    with Allocations() as step:
        stack.gradients(*train)
    test = _batch(batch, together, tested)
    with Allocations() as forward, torch.no_grad():
        member_losses(stack.networks[0].eval(), test[0], loss, *test[1:])
    # Gradients are none of a step's own in training: they lie in one tensor beside the weights.
    kept = [
        (found.peak - own) + members * codes[0].nbytes + target.nbytes + mask.nbytes
        for found, own, (codes, target, mask) in ((step, weights, train), (forward, 0, test))
    ]
    return int(max(kept) + _COPIES * (members // together) * weights)


def _batch(batch: Batch, members: int, examples: int) -> Batch:
    """A batch without data, of so many members and examples."""
    codes, target, mask = (
        torch.empty(examples, *part.shape[1:], device="meta", dtype=part.dtype) for part in batch
    )
    return codes.expand(members, *codes.shape), target, mask


def most_members(
    readout: Readout,
    loss: Loss,
    batch: Batch,
    tested: int,
    held: int,
    device: torch.device,
    stacked: bool,
) -> int:
    """How many readouts can be trained side by side in the memory that there is; at least one.

    Args:
        readout: one of them.
        loss: which loss.
        batch: as for `stack_bytes`.
        tested: as for `stack_bytes`.
        held: bytes of one member's examples.
        device: where they are trained.
        stacked: whether they are one network.
    """
    free = free_bytes(device)
    if not stacked:
        # What a step of one takes, no split can spare.
        each = _COPIES * sum(p.nbytes for p in readout.parameters())
        return max(1, free // (each + held))
    one, two = (stack_bytes(readout, loss, n, batch, tested, stacked) for n in (1, 2))
    return max(1, (free - one + two - one) // (two - one + held))


def free_bytes(device: torch.device) -> int:
    """What a stack may take of a device's memory, or of this machine's or container's."""
    if device.type == "cuda":
        return int(_SHARE * torch.cuda.mem_get_info(device)[1])
    free = os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return int(_SHARE * min(free, *_limits()))


def keep_freed_memory() -> None:
    """Let the C library keep what tensors give back.

    It returns large blocks to the system, which clears every page before it gives them again: a
    tenth of a readout's time. Has no effect with another C library than glibc.
    """
    library = ctypes.CDLL(None)
    if hasattr(library, "mallopt"):
        for parameter in (_M_MMAP_THRESHOLD, _M_TRIM_THRESHOLD):
            library.mallopt(parameter, (1 << 31) - 1)


_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3


def _limits() -> Iterable[int]:
    """What a container may take, where there is such a limit."""
    for name in ("memory.max", "memory/memory.limit_in_bytes"):
        file = Path("/sys/fs/cgroup") / name
        if file.is_file() and (text := file.read_text().strip()).isdigit():
            yield int(text)


def _storages(value: Any) -> list[torch.UntypedStorage]:
    """The different storages of the tensors in a nested value."""
    tensors = [leaf for leaf in tree_leaves(value) if isinstance(leaf, Tensor)]
    return [*{s._cdata: s for s in (tensor.untyped_storage() for tensor in tensors)}.values()]
