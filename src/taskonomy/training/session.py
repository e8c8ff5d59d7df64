"""What one process keeps while it trains: the decoded data set, its tasks' examples, the device."""

import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import TypeVar

import numpy as np
import torch
from jaxtyping import Int64
from torch import nn

from taskonomy.dictionary import Task, task
from taskonomy.training.examples import Examples, examples
from taskonomy.training.loading import Source, TaskData
from taskonomy.training.workspace import Workspace

Network = TypeVar("Network", bound=nn.Module)


class Session:
    """A workspace with its data loaded once.

    Deterministic: on one machine equal identities give equal bytes. One thread a process, since
    many small networks are trained and shards run side by side.
    """

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        # cuBLAS is deterministic only with a workspace of fixed size.
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
        torch.set_num_threads(1)
        torch.use_deterministic_algorithms(True)
        # It would fill every new tensor first, a sixth of the time; no operation here reads what it
        # has not written.
        torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
        torch.backends.cudnn.benchmark = False
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        config = workspace.config
        self.source = Source(workspace.dataset, config.network, config.seed)
        self._examples: dict[str, Examples] = {}
        self._data: dict[str, TaskData] = {}

    def examples(self, of: Task) -> Examples:
        """The examples of a task; tasks with the same kind of item share theirs."""
        if of.items not in self._examples:
            self._examples[of.items] = examples(self.workspace, of)
        return self._examples[of.items]

    def data(self, of: Task) -> TaskData:
        """The batches of a task."""
        if of.name not in self._data:
            self._data[of.name] = TaskData(self.source, of, self.examples(of).train)
        return self._data[of.name]

    def place(self, network: Network) -> Network:
        """The network on this session's device, in the memory layout that is fastest there."""
        network.to(memory_format=torch.channels_last)
        return network.to(self.device)

    @cached_property
    def represented(self) -> Int64[np.ndarray, "v"]:
        """The views that readouts of any target look at, ascending: transfer and test images."""
        targets = [task(name) for name in self.workspace.config.tasks]
        rows = [
            part.ravel()
            for of in targets
            if of.trained and of.role == "both"
            for part in self.examples(of)[1:3]
        ]
        return np.unique(np.concatenate(rows))


@contextmanager
def seeded(seed: int, *names: str) -> Iterator[np.random.Generator]:
    """Randomness that follows from a model's identity alone: a numpy generator for the order of
    the data, and torch's own for weights and dropout, restored afterwards."""
    number = zlib.crc32(":".join((str(seed), *names)).encode())
    with torch.random.fork_rng():
        torch.manual_seed(number)
        yield np.random.default_rng(number)
