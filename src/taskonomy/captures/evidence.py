"""How well frames agree with each other under some reading of their poses: points of one frame are
taken into the world and from there into another."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Float64, Int64

from taskonomy.captures.frames import Capture
from taskonomy.captures.matching import Matches, match, pairs

PIXELS = 0.01
"""A point that falls this part of the frame's width from its match counts half."""
DEPTH = 0.05
"""And one whose depth differs by this part."""
DENSE = 0.02
"""As DEPTH, where colour shows nothing and depth alone is compared."""
POINTS = 2000
"""Points that are looked at, evenly over all that there are."""
ENOUGH = 60
"""Matches without which depth alone is asked."""
_NEAR = 1e-6

Poses = Float64[np.ndarray, "n 4 4"]
"""Camera to world; camera x right, y down, z forward."""
Camera = Float64[np.ndarray, "3 3"]
"""The intrinsics of the depth images."""
Scales = Float64[np.ndarray, " k"]
"""What translations are multiplied by."""


class Evidence(ABC):
    """Points that are to agree."""

    @property
    @abstractmethod
    def count(self) -> int:
        """How many there are."""

    @abstractmethod
    def errors(
        self,
        poses: Poses,
        camera: Camera,
        scales: Scales,
        every: int = 1,
    ) -> Float64[np.ndarray, "k m"]:
        """Squared errors of all points, 1 where a point counts half, inf where it is not seen.

        Args:
            poses, camera, scales: what their types say.
            every: look at every so many points alone.
        """

    def agreement(
        self,
        poses: Poses,
        camera: Camera,
        scales: Scales,
        every: int = 1,
    ) -> Float64[np.ndarray, " k"]:
        """How well points agree at each scale, from 0 to 1."""
        return np.asarray((1 / (1 + self.errors(poses, camera, scales, every))).mean(1))

    def share(self, poses: Poses, camera: Camera, scale: float) -> float:
        """The share of points within twice the error at which one counts half."""
        return float((self.errors(poses, camera, np.array([scale])) < 4).mean())


@dataclass(frozen=True)
class Matched(Evidence):
    """Points that two colour images show: each falls on its match, and is as far as that is."""

    matches: Matches
    width: int

    @property
    def count(self) -> int:
        """See `Evidence`."""
        return len(self.matches.first)

    def errors(
        self,
        poses: Poses,
        camera: Camera,
        scales: Scales,
        every: int = 1,
    ) -> Float64[np.ndarray, "k m"]:
        found = Matches(*(values[::every] for values in self.matches))
        turned, moved = _carried(
            poses, camera, found.first, found.second, found.pixel_first, found.depth_first
        )
        errors = np.empty((len(scales), len(found.first)))
        for k, scale in enumerate(scales):
            pixel, z = _projected(turned + scale * moved, camera)
            off = ((pixel - found.pixel_second) ** 2).sum(1) / (PIXELS * self.width) ** 2
            far = (np.log(z / found.depth_second) / DEPTH) ** 2
            errors[k] = np.where(z > _NEAR, off + far, np.inf)
        return errors


@dataclass(frozen=True)
class Dense(Evidence):
    """Points of depth images alone: each is as far as the other frame sees something there.

    Attributes:
        first, second: the frames.
        pixel, metres: where the first sees a point, and how far.
        depths: depth images in metres, every `stride`-th pixel.
        image: which of them is the second frame's.
    """

    first: Int64[np.ndarray, " m"]
    second: Int64[np.ndarray, " m"]
    pixel: Float64[np.ndarray, "m 2"]
    metres: Float64[np.ndarray, " m"]
    depths: Float32[np.ndarray, "f h w"]
    image: Int64[np.ndarray, " m"]
    stride: int

    @property
    def count(self) -> int:
        """See `Evidence`."""
        return len(self.first)

    def errors(
        self,
        poses: Poses,
        camera: Camera,
        scales: Scales,
        every: int = 1,
    ) -> Float64[np.ndarray, "k m"]:
        first, second = self.first[::every], self.second[::every]
        points = self.pixel[::every], self.metres[::every]
        turned, moved = _carried(poses, camera, first, second, *points)
        height, width = self.depths.shape[1:]
        errors = np.full((len(scales), len(first)), np.inf)
        for k, scale in enumerate(scales):
            pixel, z = _projected(turned + scale * moved, camera)
            bounded = np.clip(pixel / self.stride, -1, [width, height])
            column, row = np.rint(bounded).astype(int).T
            seen = (z > _NEAR) & (column >= 0) & (row >= 0) & (column < width) & (row < height)
            there = self.depths[self.image[::every][seen], row[seen], column[seen]]
            errors[k, seen] = np.nan_to_num((np.log(z[seen] / there) / DENSE) ** 2, nan=np.inf)
        return errors


def gather(capture: Capture, depths: list[Float32[np.ndarray, "h w"]], stride: int) -> Evidence:
    """Return what there is to go by: matched colour, or depth where colour has nothing to match.

    Args:
        capture: the frames.
        depths: every frame's depth in metres, every `stride`-th pixel.
        stride: of those depths.
    """
    found = match(capture)
    if len(found.first) >= ENOUGH:
        some = np.unique(np.linspace(0, len(found.first) - 1, POINTS).astype(int))
        return Matched(Matches(*(values[some] for values in found)), depths[0].shape[1] * stride)
    return dense(depths, stride)


def dense(depths: list[Float32[np.ndarray, "h w"]], stride: int) -> Dense:
    """Return points of all pairs' first frames, in pixels of the whole depth image."""
    rng = np.random.default_rng(0)
    chosen = pairs(len(depths))
    used = np.unique(chosen)
    images = np.stack([depths[i] for i in used])
    rows = []
    for first, second in chosen:
        known = np.argwhere(np.isfinite(depths[first]))
        if len(known):
            some = known[rng.integers(len(known), size=POINTS // len(chosen) + 1)]
            ends = np.tile([first, second], (len(some), 1))
            rows.append(np.column_stack([ends, some]))
    table = np.concatenate(rows) if rows else np.empty((0, 4), int)
    first, second, row, column = table.astype(np.int64).T
    image = np.searchsorted(used, second)
    metres = images[np.searchsorted(used, first), row, column].astype(np.float64)
    pixel = stride * np.column_stack([column, row]).astype(np.float64)
    return Dense(first, second, pixel, metres, images, image, stride)


def _carried(
    poses: Poses,
    camera: Camera,
    first: Int64[np.ndarray, " m"],
    second: Int64[np.ndarray, " m"],
    pixel: Float64[np.ndarray, "m 2"],
    metres: Float64[np.ndarray, " m"],
) -> tuple[Float64[np.ndarray, "m 3"], Float64[np.ndarray, "m 3"]]:
    """Points of the first frame in the second's axes, seen from the first's place; and the step
    from place to place."""
    rotation, place = poses[:, :3, :3], poses[:, :3, 3]
    ray = np.column_stack([pixel, np.ones(len(pixel))]) @ np.linalg.inv(camera).T
    back = np.swapaxes(rotation, 1, 2)[second]
    turn = back @ rotation[first]
    turned = np.einsum("mij,mj->mi", turn, ray * metres[:, None])
    moved = np.einsum("mij,mj->mi", back, place[first] - place[second])
    return turned, moved


def _projected(
    points: Float64[np.ndarray, "m 3"], camera: Camera
) -> tuple[Float64[np.ndarray, "m 2"], Float64[np.ndarray, " m"]]:
    z = np.maximum(points[:, 2], _NEAR)
    return points @ camera[:2].T / z[:, None], z
