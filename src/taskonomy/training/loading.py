"""Batches of a task: what its network sees, what it should say, and where that counts.

Each file is decoded once and kept in its small encoded form while it fits; what does not fit is
decoded again for every batch, by threads. So rooms stay in memory and millions of images stream
(`training.feed` prepares a bounded number of batches ahead).
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import combinations
from threading import Lock
from typing import Any, NamedTuple

import cv2
import numpy as np
import torch
from jaxtyping import Float, Float32, Int, Shaped, UInt8
from torch import Tensor

from taskonomy.config import NetworkConfig
from taskonomy.data import items
from taskonomy.data.layout import Dataset, read
from taskonomy.dictionary import Inputs, Task
from taskonomy.networks.encoder import tile_size
from taskonomy.networks.heads import output_size
from taskonomy.targets import colour, jigsaw
from taskonomy.targets.encodings import (
    encode_input,
    encode_map,
    permutation,
    resize,
    sampled_pixels,
    seed_of,
)

CACHE_BYTES = 2 << 30
"""Most bytes that one table of encoded views holds."""
_THREADS = 4
_STATISTICS = 2000
"""Most training examples that statistics (z-scores, class priors) are taken over."""

_DEPTH_MASKED = frozenset(
    {"depth_euclidean", "normal", "reshading", "edge_occlusion", "keypoints3d"}
)


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

    Attributes:
        task: the task.
        classes: channels or numbers of its output; the data set says how many classes it has.

    Args:
        source: the data set at the network's size.
        task: the task.
        train: examples of the train split, from which z-scores and class priors are taken
            (at most 2,000 of them).

    Raises:
        BadInput: a label is missing or faulty; the line names the file.
    """

    def __init__(self, source: Source, task: Task, train: Int[np.ndarray, "n k"]) -> None:
        self.task = task
        self._source = source
        self._size = output_size(task, source.network)
        self._labels = Table(len(source.dataset.views), self._label)
        self._mean, self._deviation = np.float32(0), np.float32(1)
        self._weights = torch.ones(1)
        sample = train[:: max(1, -(-len(train) // _STATISTICS))]
        if task.name in ("room_layout", "fixated_pose", "nonfixated_pose", "egomotion"):
            values = self._numbers(sample)
            self._mean = values.mean(axis=0)
            self._deviation = np.maximum(values.std(axis=0), 1e-3)
        elif task.loss == "pixel_cross_entropy":
            self._weights = torch.from_numpy(colour.rebalance(self._counts(sample[:, 0])))
        self.classes = task.channels or self._count_classes(sample)

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
        task, views = self.task, examples[:, 0]
        ones = torch.ones(len(examples), 1)
        if task.name == "point_matching":
            return _one_hot(torch.from_numpy(self._matches(examples)), 2), ones
        if task.label == "point_info":
            scored = (self._numbers(examples) - self._mean) / self._deviation
            return torch.from_numpy(scored.astype(np.float32)), ones
        if task.name == "jigsaw":
            of = [permutation(self._source.dataset.views[v], self._source.seed) for v in views]
            return _one_hot(torch.tensor(of), jigsaw.PERMUTATIONS), ones
        labels = torch.from_numpy(self._labels.get(views))
        if task.loss == "cross_entropy":
            return labels, ones
        if task.loss == "metric":
            return self._samples(views, labels)
        if task.name == "colorization":
            return self._colours(labels)
        if task.name == "segment_semantic":
            known = labels > 0
            classes = labels.long().sub(1).clamp_min(0)
            weight = self._weights[classes] * known
            return _one_hot(classes, self.classes).movedim(-1, 1), weight[:, None]
        if labels.dtype == torch.uint8:
            image = labels.float().div_(127.5).sub_(1)
            return image, torch.ones(len(image), 1, *image.shape[2:])
        mask = torch.isfinite(labels).all(dim=1, keepdim=True)
        return torch.where(mask, labels, torch.zeros(())), mask.float()

    def _label(self, view: int) -> Shaped[np.ndarray, "..."]:
        """The small encoded form of one view's label."""
        task, dataset, size = self.task, self._source.dataset, self._size
        whose = dataset.views[view]
        if task.name == "colorization":
            rgb = resize(self._source.image(view), size, cv2.INTER_AREA)
            return colour.lab(rgb)[:, :, 1:].transpose(2, 0, 1).copy()
        if task.label == "rgb":
            rgb = resize(self._source.image(view), size, cv2.INTER_AREA)
            return rgb.transpose(2, 0, 1).copy()
        value = read(dataset, whose, task.label)
        if task.loss in ("metric", "pixel_cross_entropy"):
            return resize(value, size, cv2.INTER_NEAREST)
        if task.loss == "cross_entropy":
            return np.asarray(value, np.float32)
        masked = task.label in _DEPTH_MASKED and "depth_zbuffer" in dataset.domains
        depth = read(dataset, whose, "depth_zbuffer") if masked else None
        return encode_map(task.label, value, depth, size)

    def _samples(
        self, views: Int[np.ndarray, "n"], labels: Shaped[Tensor, "n h w"]
    ) -> tuple[Float[Tensor, "n 2 p"], Float[Tensor, "n p"]]:
        dataset, seed = self._source.dataset, self._source.seed
        seeds = np.array([seed_of(dataset.views[v], seed) for v in views], np.int64)
        where = sampled_pixels(seeds, self._source.network.segment_pixels, self._size)
        indices = torch.from_numpy(where)
        segments = labels.flatten(1).float().gather(1, indices)
        return torch.stack([indices.float(), segments], dim=1), torch.ones(indices.shape)

    def _colours(
        self, ab: Shaped[Tensor, "n 2 h w"]
    ) -> tuple[Float[Tensor, "n 313 h w"], Float[Tensor, "n 1 h w"]]:
        where, weights = (torch.from_numpy(array) for array in colour.soft_bins())
        value = ab[:, 0].long() * 256 + ab[:, 1]
        near, share = where[value], weights[value]
        target = torch.zeros(*value.shape, colour.BINS).scatter_(-1, near, share)
        return target.movedim(-1, 1), self._weights[near[..., 0]][:, None]

    def _counts(self, views: Int[np.ndarray, "n"]) -> Float[np.ndarray, "classes"]:
        """How often each class occurs among pixels."""
        labels = self._labels.get(views)
        if self.task.name == "segment_semantic":
            counts = np.bincount(labels.ravel(), minlength=self.task.channels + 1)
            return counts[1:].astype(np.float64)
        where, weights = colour.soft_bins()
        occurring = np.bincount(
            (labels[:, 0].astype(np.int64) * 256 + labels[:, 1]).ravel(), minlength=1 << 16
        )
        return np.bincount(
            where.ravel(), (weights * occurring[:, None]).ravel(), minlength=colour.BINS
        )

    def _count_classes(self, sample: Int[np.ndarray, "n k"]) -> int:
        if self.task.name == "colorization":
            return colour.BINS
        return int(self._labels.get(sample[:1, 0]).shape[1])

    def _matches(self, examples: Int[np.ndarray, "n 2"]) -> Int[np.ndarray, "n"]:
        views = self._source.dataset.views
        return np.array([views[a][:2] == views[b][:2] for a, b in examples], np.int64)

    def _numbers(self, examples: Int[np.ndarray, "n k"]) -> Float32[np.ndarray, "n numbers"]:
        """The geometric numbers of each example, before they are z-scored."""
        info = self._source.info
        if self.task.name == "vanishing_point":
            rows = [items.vanishing_points(info(int(view))) for view in examples[:, 0]]
        elif self.task.name == "room_layout":
            rows = [items.room_layout(info(int(view))) for view in examples[:, 0]]
        else:
            rows = [
                np.concatenate(
                    [
                        items.relative_pose(info(int(a)), info(int(b)))
                        for a, b in combinations(example, 2)
                    ]
                )
                for example in examples
            ]
        return np.asarray(rows, np.float32)


def _one_hot(classes: Int[Tensor, "*shape"], count: int) -> Float[Tensor, "*shape {count}"]:
    return torch.nn.functional.one_hot(classes, count).float()
