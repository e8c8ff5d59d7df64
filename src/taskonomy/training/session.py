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

from taskonomy.dictionary import Task
from taskonomy.foreign import Foreign
from taskonomy.targets import Target, kind_of
from taskonomy.targets.guarded import guarded
from taskonomy.training.declarations import declaration
from taskonomy.training.examples import Examples, examples
from taskonomy.training.identity import main_regime
from taskonomy.training.loading import Source, TaskData
from taskonomy.training.workspace import Workspace

Network = TypeVar("Network", bound=nn.Module)


class Session:
    """A workspace with its data loaded once.

    Args:
        workspace: data set, splits, configuration and store.
        device: where networks are, such as `cuda:1`; the first of `devices` if absent.

    Deterministic: on one machine equal identities give equal bytes. One thread a process, since
    many small networks are trained and shards run side by side.
    """

    def __init__(self, workspace: Workspace, device: str | None = None) -> None:
        self.workspace = workspace
        # cuBLAS is deterministic only with a workspace of fixed size.
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
        torch.set_num_threads(1)
        torch.use_deterministic_algorithms(True)
        # Filling uninitialised memory takes a sixth of the time, and nothing here reads it.
        torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
        torch.backends.cudnn.benchmark = False
        self.device = torch.device(device or devices()[0])
        if self.device.type == "cuda":
            torch.cuda.set_device(self.device)
        config = workspace.config
        self.source = Source(workspace.dataset, config.network, config.seed)
        self._examples: dict[tuple[str, int], Examples] = {}
        self._data: dict[str, TaskData] = {}

    def examples(self, task: Task, regime: int | None = None) -> Examples:
        """The examples of a task in a regime; tasks with the same kind of item share theirs."""
        asked = main_regime(self.workspace) if regime is None else regime
        if (task.items, asked) not in self._examples:
            self._examples[task.items, asked] = examples(self.workspace, task, asked)
        return self._examples[task.items, asked]

    def data(self, task: Task) -> TaskData:
        """The batches of a task."""
        if task.name not in self._data:
            train = self.examples(task).train
            self._data[task.name] = TaskData(self.source, self._target(task), train)
        return self._data[task.name]

    def try_label(self, task: Task) -> None:
        """Read one label of a declared task, and hold the best constant against it.

        Raises:
            BadInput: the task's code fails, or gives what its loss cannot compare.
        """
        data = self.data(task)
        target, mask = data.targets(self.examples(task).train[:1])
        with Foreign(f"{task.name}: targets {tuple(target.shape)}", f"those of {task.loss}"):
            data.target.guess_losses(data.target.guess(target, mask), target, mask)

    def _target(self, task: Task) -> Target:
        workspace = self.workspace
        if not task.code:
            return kind_of(task)(task, workspace.config.network, self.source)
        file = declaration(workspace.store, task)
        # A label folder that the declaration names is read before any function.
        label = None if task.label else file.label
        kind = kind_of(task, file.kinds)
        with Foreign(f"{task.name}: its kind of target {task.kind!r}", "it to be made"):
            return guarded(kind(task, workspace.config.network, self.source, label))

    def place(self, network: Network) -> Network:
        """The network on this session's device, in the memory layout that is fastest there."""
        network.to(memory_format=torch.channels_last)
        return network.to(self.device)

    @cached_property
    def represented(self) -> Int64[np.ndarray, "v"]:
        """The views that readouts of any target look at, ascending: transfer, choice and test."""
        workspace = self.workspace
        targets = [workspace.dictionary[name] for name in workspace.config.tasks]
        rows = [
            part.ravel()
            for task in targets
            if task.trained and task.role == "both"
            for regime in workspace.config.regimes
            for part in self.examples(task, regime)[1:4]
        ]
        return np.unique(np.concatenate(rows))


def devices() -> list[str]:
    """Where this machine trains: each of its GPUs, else its processor."""
    return [f"cuda:{i}" for i in range(torch.cuda.device_count())] or ["cpu"]


@contextmanager
def seeded(seed: int, *names: str) -> Iterator[np.random.Generator]:
    """Randomness that follows from a model's identity alone: a numpy generator for the order of
    the data, and torch's own for weights and dropout, restored afterwards."""
    number = zlib.crc32(":".join((str(seed), *names)).encode())
    used = [torch.cuda.current_device()] if torch.cuda.is_available() else []
    with torch.random.fork_rng(used):
        torch.manual_seed(number)
        yield np.random.default_rng(number)
