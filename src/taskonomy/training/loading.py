"""Batches of a task: what its network sees, what it should say, and where that counts.

Each file is decoded once and kept in its small encoded form while it fits; what does not fit is
decoded again for every batch, by threads. So rooms stay in memory and millions of images stream
(`training.example_loader` prepares a bounded number of batches ahead).
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Lock
from typing import Any, NamedTuple

import cv2
import numpy as np
import torch
from jaxtyping import Float, Int, Shaped, UInt8
from torch import Tensor

from taskonomy.config import NetworkConfig
from taskonomy.data.inputs import encode_input, resize
from taskonomy.data.layout import Dataset, read
from taskonomy.dictionary import Inputs, Task
from taskonomy.networks.encoder import tile_size
from taskonomy.targets import Target

CACHE_BYTES = 2 << 30
"""Most bytes that one table of encoded views holds."""
_THREADS = 4


class Batch(NamedTuple):
    """Examples of one task.

    Attributes:
        inputs: images in [-1, 1]: one, two or three an example, or nine tiles.
        target: [n, c, h, w] maps, one-hot or soft classes; [n, c] numbers or soft classes; or
            [n, 2, p] sampled pixels and their segments.
        mask: weights of the target's pixels: [n, 1, h, w], [n, 1] or [n, p].
    """

    inputs: Float[Tensor, "n k c H W"]
    target: Float[Tensor, "n ..."]
    mask: Float[Tensor, "n ..."]


class Table:
    """One encoded array per view, made on demand by threads and kept while it fits.

    Args:
        views: how many views the data set has.
        make: encodes the view of that index.
    """

    def __init__(self, views: int, make: Callable[[int], Shaped[np.ndarray, "..."]]) -> None:
        self._make = make
        self._row = np.full(views, -1, np.int64)
        self._rows: Shaped[np.ndarray, "rows ..."] | None = None
        self._used = 0
        self._lock = Lock()

    def get(self, views: Int[np.ndarray, "n"]) -> Shaped[np.ndarray, "n ..."]:
        """The arrays of these views, in that order."""
        absent = np.unique(views[self._row[views] < 0])
        fresh = dict(zip(absent.tolist(), self._decode(absent), strict=True))
        with self._lock:
            self._keep(fresh)
            rows = self._row[views]
            if self._rows is not None and (rows >= 0).all():
                return np.asarray(self._rows[rows])
            return np.stack(
                [
                    fresh[int(view)] if row < 0 or self._rows is None else self._rows[row]
                    for view, row in zip(views, rows, strict=True)
                ]
            )

    def _decode(self, views: Int[np.ndarray, "n"]) -> list[Shaped[np.ndarray, "..."]]:
        if len(views) < 2 * _THREADS:
            return [self._make(int(view)) for view in views]
        with ThreadPoolExecutor(_THREADS) as threads:
            return list(threads.map(self._make, views.tolist()))

    def _keep(self, fresh: dict[int, Shaped[np.ndarray, "..."]]) -> None:
        """Store what is new, while it fits."""
        for view, array in fresh.items():
            capacity = max(1, CACHE_BYTES // max(array.nbytes, 1))
            if self._row[view] < 0 and self._used < capacity:
                self._grow(min(capacity, len(self._row)), array)
                assert self._rows is not None
                self._rows[self._used] = array
                self._row[view] = self._used
                self._used += 1

    def _grow(self, most: int, like: Shaped[np.ndarray, "..."]) -> None:
        if self._rows is not None and self._used < len(self._rows):
            return
        grown = np.empty((min(most, max(64, 2 * self._used)), *like.shape), like.dtype)
        if self._rows is not None:
            grown[: self._used] = self._rows[: self._used]
        self._rows = grown


class Source:
    """A data set at a network's image size; what tasks share is decoded once.

    Args:
        dataset: an indexed data set.
        network: image and target sizes.
        seed: the run's seed: noise, jitter, permutations and sampled pixels follow from it.
    """

    def __init__(self, dataset: Dataset, network: NetworkConfig, seed: int) -> None:
        self.dataset = dataset
        self.network = network
        self.seed = seed
        count = len(dataset.views)
        self._plain = Table(count, self._read)
        self._altered: dict[str, Table] = {}
        self._infos: dict[int, dict[str, Any]] = {}

    def _read(self, view: int) -> UInt8[np.ndarray, "1 3 H W"]:
        rgb = read(self.dataset, self.dataset.views[view], "rgb")
        small = resize(rgb, self.network.image_size, cv2.INTER_AREA)
        return small.transpose(2, 0, 1)[None].copy()

    def image(self, view: int) -> UInt8[np.ndarray, "H W 3"]:
        """One image at the network's size."""
        channels = self._plain.get(np.array([view]))[0, 0]
        return np.ascontiguousarray(channels.transpose(1, 2, 0))

    def info(self, view: int) -> dict[str, Any]:
        """The `point_info` of a view."""
        if view not in self._infos:
            self._infos[view] = read(self.dataset, self.dataset.views[view], "point_info")
        return self._infos[view]

    def images(self, inputs: Inputs, views: Int[np.ndarray, "n"]) -> Float[Tensor, "n k c H W"]:
        """What a network with such inputs sees of each view, in [-1, 1]: an image or nine tiles."""
        rows = torch.from_numpy(self._table(inputs).get(views))
        return rows.float().div_(127.5).sub_(1)

    def _table(self, inputs: Inputs) -> Table:
        if inputs in ("image", "pair", "triplet"):
            return self._plain
        if inputs not in self._altered:
            tile = tile_size(self.network)

            def make(view: int) -> UInt8[np.ndarray, "k c H W"]:
                whose = self.dataset.views[view]
                return encode_input(inputs, self.image(view), whose, self.seed, tile)

            self._altered[inputs] = Table(len(self.dataset.views), make)
        return self._altered[inputs]


class TaskData:
    """The examples of one task.

    Args:
        source: the data set at the network's size.
        target: the task's kind of target.
        train: examples of the train split, from which statistics are taken.

    Raises:
        BadInput: a label is missing or faulty; the line names the file.
    """

    def __init__(self, source: Source, target: Target, train: Int[np.ndarray, "n k"]) -> None:
        self.target = target
        self._source = source
        self._labels = Table(len(source.dataset.views), lambda view: target.encode((view,)))
        if target.sample:
            target.fit(self._encoded(train[:: max(1, -(-len(train) // target.sample))]))

    @property
    def task(self) -> Task:
        """The task."""
        return self.target.task

    @property
    def outputs(self) -> int:
        """Channels or numbers of the network's output."""
        return self.target.outputs

    def batch(self, examples: Int[np.ndarray, "n k"]) -> Batch:
        """The batch of these examples (rows of indices into the data set's views)."""
        images = self._source.images(self.task.inputs, examples.ravel())
        # [n x k, towers, ...] to [n, k x towers, ...]: tiles are towers of one view.
        inputs = images.reshape(len(examples), -1, *images.shape[2:])
        return Batch(inputs, *self.targets(examples))

    def targets(
        self, examples: Int[np.ndarray, "n k"]
    ) -> tuple[Float[Tensor, "n ..."], Float[Tensor, "n ..."]]:
        """Target and mask of these examples, as in `Batch`."""
        return self.target.batch(self._encoded(examples), examples)

    def _encoded(self, examples: Int[np.ndarray, "n k"]) -> Shaped[np.ndarray, "n ..."]:
        if examples.shape[1] == 1:
            return self._labels.get(examples[:, 0])
        # What several views are to each other is as many numbers as there are examples.
        return np.stack([self.target.encode(tuple(map(int, row))) for row in examples])
