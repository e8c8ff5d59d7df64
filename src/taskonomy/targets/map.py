"""Maps: a few numbers a pixel in [-1, 1], with holes; the image itself is one of them."""

from collections.abc import Callable

import cv2
import numpy as np
import torch
from jaxtyping import Bool, Float, Float32, Int, Shaped, UInt8
from torch import Tensor

from taskonomy.data import layout, pictures
from taskonomy.data.inputs import resize
from taskonomy.dictionary import Task
from taskonomy.targets.target import Target

_DEPTH_UNITS = 512.0
_DEPTH_TOP = float(np.log(2.0**16))

_CURVATURE_SCALE = 2.0
"""Curvature, 1/m, at which the compressed value is tanh(1): most surfaces of a room lie below."""


class Map(Target):
    """A map read from a label folder or by a user's function."""

    heads = ("image",)
    losses = ("l1", "l2")

    def encode(self, example: tuple[int, ...]) -> Float32[np.ndarray, "c h w"]:
        """The map at the output's size, nan where it is missing."""
        view, dataset = example[0], self._reader.dataset
        value = self.value(view)
        if self._label is not None:
            self._check(view, value)
        masked = self.task.masked and layout.DEPTH in dataset.domains
        depth = layout.read(dataset, dataset.views[view], layout.DEPTH) if masked else None
        return encode_map(self.task, value, depth, self.size)

    def batch(
        self, labels: Shaped[np.ndarray, "n c h w"], examples: Int[np.ndarray, "n k"]
    ) -> tuple[Float[Tensor, "n c h w"], Float[Tensor, "n 1 h w"]]:
        """The maps with 0 in their holes, and where there are none."""
        del examples
        maps = torch.from_numpy(labels)
        mask = torch.isfinite(maps).all(dim=1, keepdim=True)
        return torch.where(mask, maps, torch.zeros(())), mask.float()

    def guess(
        self, target: Float[Tensor, "n c h w"], mask: Float[Tensor, "n 1 h w"]
    ) -> Float[Tensor, "c h w"]:
        """The median (l1) or mean (l2) of every pixel."""
        known = torch.where(mask > 0, target, torch.nan)
        if self.task.loss == "l1":
            # On a GPU the median that says where it lies is not deterministic, and refused.
            best = known.cpu().nanmedian(dim=0).values.to(known)
        else:
            best = known.nanmean(0)
        # A pixel that no training image knows is guessed as the middle of the range.
        return best.nan_to_num(0.0)

    def drawn(
        self,
        inputs: UInt8[np.ndarray, "n k H W 3"],
        target: Float[np.ndarray, "n c h w"],
        output: Float[np.ndarray, "n c h w"],
        mask: Float[np.ndarray, "n 1 h w"],
    ) -> tuple[UInt8[np.ndarray, "n h w 3"], UInt8[np.ndarray, "n h w 3"]]:
        """Both in one scale of colours; what has no label is grey."""
        del inputs
        known: Bool[np.ndarray, "n 1 h w"] = np.asarray(mask > 0)
        target = np.where(known, target, np.nan)
        if self.task.channels == 1:
            low, high = pictures.spans(target)
            return (
                each(target, lambda one: pictures.scalar_map(one, low, high)),
                each(output, lambda one: pictures.scalar_map(one, low, high)),
            )
        several = self.task.channels > 2
        reach = 1.0 if several else max(abs(end) for end in pictures.spans(target))
        return (
            each(target, lambda one: pictures.signed(one, reach)),
            each(output, lambda one: pictures.signed(one, reach)),
        )

    def _check(self, view: int, value: Float32[np.ndarray, "*shape"]) -> None:
        plane = value[..., None] if value.ndim == 2 else value
        if plane.ndim != 3 or plane.shape[2] != self.task.channels or not plane.size:
            raise self.wrong(
                view, f"shape {value.shape}", f"a map of {self.task.channels} channels"
            )
        largest = float(np.abs(np.nan_to_num(plane)).max())
        if self.task.scale == "plain" and largest > 1 + 1e-6:
            raise self.wrong(view, f"values up to {largest:.3g}", "a map in [-1, 1]")


class Image(Map):
    """The view's own image, in [-1, 1]; kept as 8 bits."""

    def encode(self, example: tuple[int, ...]) -> UInt8[np.ndarray, "3 h w"]:
        """The image at the output's size."""
        rgb = resize(self._reader.image(example[0]), self.size, cv2.INTER_AREA)
        return rgb.transpose(2, 0, 1).copy()

    def batch(
        self, labels: Shaped[np.ndarray, "n 3 h w"], examples: Int[np.ndarray, "n k"]
    ) -> tuple[Float[Tensor, "n 3 h w"], Float[Tensor, "n 1 h w"]]:
        """The images; all pixels count."""
        del examples
        image = torch.from_numpy(labels).float().div_(127.5).sub_(1)
        return image, torch.ones(len(image), 1, *image.shape[2:])


def each(
    items: Shaped[np.ndarray, "n ..."],
    picture: Callable[..., UInt8[np.ndarray, "h w 3"]],
) -> UInt8[np.ndarray, "n h w 3"]:
    """A picture of every item."""
    return np.stack([picture(item) for item in items])


def encode_map(
    task: Task,
    value: Float32[np.ndarray, "H W *c"],
    depth: Float32[np.ndarray, "H W"] | None,
    size: int,
) -> Float32[np.ndarray, "c {size} {size}"]:
    """A continuous map as a target in [-1, 1], nan where it is missing (paper, supplement).

    Depths are log-scaled; normals stay unit; curvature is compressed by tanh. The sparse maps
    (edges and keypoints) are clipped to their nominal range, blurred, and square-root-compressed:
    as they are, nearly all of their pixels are 0 and an L1 loss is best served by a constant.

    Args:
        task: says which scale; units as in `codecs.decode`.
        value: the map.
        depth: z-depth whose holes mask the map; None where the map needs no mask.
        size: height and width of the target.
    """
    plane = value[..., None] if value.ndim == 2 else value
    if depth is not None:
        plane = np.where(np.isnan(depth)[..., None], np.float32(np.nan), plane)
    if task.scale == "sparse":
        return _sparse(task, plane, size)
    if task.scale == "tanh":
        # Compressed before averaging, so that one sharp edge does not swallow a neighbourhood.
        plane = np.tanh(plane / np.float32(_CURVATURE_SCALE))
    plane = shrink(plane, size)
    if task.scale == "log":
        plane = 2 * np.log1p(plane * _DEPTH_UNITS) / _DEPTH_TOP - 1
    elif task.scale == "unit":
        length = np.linalg.norm(plane, axis=-1, keepdims=True)
        plane = plane / np.maximum(length, 1e-6)
    elif task.scale == "shading":
        plane = 2 * plane - 1
    return np.ascontiguousarray(plane.transpose(2, 0, 1), np.float32)


def shrink(value: Float32[np.ndarray, "H W c"], size: int) -> Float32[np.ndarray, "h w c"]:
    """Area average over the pixels that are not nan; nan where fewer than half are there."""
    if value.shape[:2] == (size, size):
        return value
    there = np.isfinite(value).all(axis=-1)
    share = resize(there.astype(np.float32), size, cv2.INTER_AREA)
    filled = np.where(there[..., None], value, 0).astype(np.float32)
    total = resize(filled, size, cv2.INTER_AREA)
    return np.where(
        share[..., None] >= 0.5, total / np.maximum(share, 1e-6)[..., None], np.nan
    ).astype(np.float32)


def _sparse(
    task: Task, plane: Float32[np.ndarray, "H W 1"], size: int
) -> Float32[np.ndarray, "1 {size} {size}"]:
    hole = np.isnan(plane)
    known = np.where(hole, 0, plane) / task.top
    strength: np.ndarray = np.clip(known, 0, 1)[..., 0]
    if task.blur:
        sigma = task.blur * strength.shape[1]
        strength = cv2.GaussianBlur(strength, (0, 0), sigma, borderType=cv2.BORDER_REFLECT)
    blurred = np.where(hole, np.float32(np.nan), strength[..., None]).astype(np.float32)
    target = 2 * np.sqrt(np.clip(shrink(blurred, size), 0, 1)) - 1
    return np.ascontiguousarray(target.transpose(2, 0, 1), np.float32)
