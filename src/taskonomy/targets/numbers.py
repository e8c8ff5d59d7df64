"""Numbers: a few numbers an example, of a camera's record or of a user's function."""

from collections.abc import Callable
from itertools import combinations
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Float32, Float64, Int, Shaped, UInt8
from torch import Tensor

from taskonomy.data import camera_records
from taskonomy.targets.target import STATISTICS, TINY, Target, ones

_WEISZFELD = 50


class Numbers(Target):
    """Numbers that a user's function gives, as they are."""

    heads = ("vector",)
    losses = ("l2", "l2_norm")

    _mean, _deviation = np.float32(0), np.float32(1)

    def encode(self, example: tuple[int, ...]) -> Float32[np.ndarray, " c"]:
        """The numbers."""
        view = example[0]
        value = np.asarray(self.value(view), np.float32)
        if value.shape != (self.task.channels,) or not np.isfinite(value).all():
            raise self.wrong(
                view,
                f"shape {value.shape}, {int((~np.isfinite(value)).sum())} values not finite",
                f"{self.task.channels} finite numbers",
            )
        return value

    def batch(
        self, labels: Shaped[np.ndarray, "n c"], examples: Int[np.ndarray, "n k"]
    ) -> tuple[Float[Tensor, "n c"], Float[Tensor, "n 1"]]:
        """The numbers, z-scored where statistics were taken; every example counts."""
        scored = (labels - self._mean) / self._deviation
        return torch.from_numpy(scored.astype(np.float32)), ones(examples)

    def guess(
        self, target: Float[Tensor, "n c"], mask: Float[Tensor, "n 1"]
    ) -> Float[Tensor, " c"]:
        """The mean, or for the unsquared norm the geometric median."""
        del mask
        if self.task.loss == "l2_norm":
            return _geometric_median(target)
        return target.mean(dim=0)

    def drawn(
        self,
        inputs: UInt8[np.ndarray, "n k H W 3"],
        target: Float[np.ndarray, "n c"],
        output: Float[np.ndarray, "n c"],
        mask: Float[np.ndarray, "n 1"],
    ) -> tuple[Float[np.ndarray, "n c"], Float[np.ndarray, "n c"]]:
        """The numbers as they are."""
        del inputs, mask
        return target, output

    def _of_records(
        self, example: tuple[int, ...], numbers: Callable[..., Float64[np.ndarray, " c"]]
    ) -> Float32[np.ndarray, " c"]:
        """The numbers that follow from the records of the example's cameras.

        Raises:
            BadInput: a record lacks a key that the task reads, or holds no numbers there.
        """
        infos = [self._reader.info(view) for view in example]
        try:
            return np.asarray(numbers(*infos), np.float32)
        except (IndexError, KeyError, TypeError, ValueError) as error:
            reason = " ".join(f"{type(error).__name__}: {error}".split())
            raise self.wrong(
                example[0], f"other records of its cameras ({reason})", ", ".join(self.task.keys)
            ) from error


class Directions(Numbers):
    """The three Manhattan directions as unit vectors in the camera's frame."""

    def encode(self, example: tuple[int, ...]) -> Float32[np.ndarray, " 9"]:
        """The directions of one camera's record."""
        return self._of_records(example, camera_records.vanishing_points)


class ScoredNumbers(Numbers):
    """Numbers of different units, z-scored by training examples."""

    sample = STATISTICS

    def fit(self, labels: Shaped[np.ndarray, "n c"]) -> None:
        """Take mean and deviation of every number."""
        self._mean = labels.mean(axis=0)
        self._deviation = np.maximum(labels.std(axis=0), 1e-3)


class Box(ScoredNumbers):
    """The box of the visible content: centre, turn and size."""

    def encode(self, example: tuple[int, ...]) -> Float32[np.ndarray, " 9"]:
        """The box of one camera's record."""
        return self._of_records(example, camera_records.room_layout)


class Pose(ScoredNumbers):
    """The relative pose of every pair among an example's views."""

    def encode(self, example: tuple[int, ...]) -> Float32[np.ndarray, " c"]:
        """Six numbers a pair."""
        return self._of_records(example, _poses)


def _poses(*infos: dict[str, Any]) -> Float64[np.ndarray, " c"]:
    return np.concatenate([camera_records.relative_pose(a, b) for a, b in combinations(infos, 2)])


def _geometric_median(points: Float[Tensor, "n c"]) -> Float[Tensor, " c"]:
    centre = points.mean(dim=0)
    for _ in range(_WEISZFELD):
        weight = 1 / torch.linalg.vector_norm(points - centre, dim=1).clamp_min(TINY)
        centre = (points * weight[:, None]).sum(dim=0) / weight.sum()
    return centre
