"""A furnished room as a depth camera would capture it: posed frames with a Kinect's errors."""

from collections.abc import Sequence
from math import atan
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import Float, UInt16

from taskonomy.data.cameras import look_at, pixel_rays
from taskonomy.rooms.render import Camera, render_view
from taskonomy.rooms.shading import Stage
from taskonomy.rooms.viewpoints import Fixation, clearance

MODEL = """the sensor measures disparity in steps of 1/8 pixel with a standard deviation
of half a step (Khoshelham and Oude Elberink, 2012), looks beside where it says by a standard
deviation of half a pixel, has its projector 7.5 cm to the side, and sees nothing in that one's
shadow, at grazing angles, nearer than 0.4 m, farther than 6 m and at one pixel of a hundred. Noise
is independent from pixel to pixel, and poses are exact."""
SIZE, FOCAL, BASELINE = 480, 585.0, 0.075
"""Pixels of a (square) frame, focal length in pixels, metres between camera and projector."""
FOV = 2 * atan(SIZE / 2 / FOCAL)
STEP = 1 / (8 * FOCAL * BASELINE)
"""A step of disparity, as inverse depth in 1/m."""
FRAMES, APART = 12, 0.035
"""Frames of a track, and metres between them."""
NEAR = 2.0
"""Metres from which things are captured, at most: the sensor's error grows with their square."""
GRAZING = np.radians(80)


def track(stage: Stage, fixation: Fixation) -> list[Camera]:
    """Return cameras on a line past the fixated point, where it is freest, looking near it."""
    camera = fixation.cameras[0]
    away = camera.location - fixation.point
    start = fixation.point + away * min(1, NEAR / np.linalg.norm(away))
    right, up = camera.rotation[:, 0], camera.rotation[:, 1]
    steps = APART * np.arange(FRAMES)[:, None]
    lines = [start + steps * way for way in (right, -right, up, -up)]
    free = [clearance(stage.room.primitives, line).min() for line in lines]
    aims = fixation.point + np.linspace(-0.15, 0.15, FRAMES)[:, None] * right
    line = lines[int(np.argmax(free))]
    return [Camera(place, look_at(place, aim), FOV) for place, aim in zip(line, aims, strict=True)]


def capture(stage: Stage, cameras: Sequence[Camera], folder: Path, seed: int) -> None:
    """Write what the sensor gives: frames in the layout that `taskonomy data annotate` takes."""
    folder.mkdir(parents=True)
    centre = (SIZE - 1) / 2  # integer coordinates are pixel centres
    intrinsics = np.array([[FOCAL, 0, centre], [0, FOCAL, centre], [0, 0, 1]])
    np.savetxt(folder / "camera-intrinsics.txt", intrinsics)
    rng = np.random.default_rng(seed)
    for i, camera in enumerate(cameras):
        seen = render_view(stage, camera, SIZE)
        pose = np.eye(4)
        pose[:3, :3] = camera.rotation * np.array([1, -1, -1])  # y down, z forward
        pose[:3, 3] = camera.location
        name = f"frame-{i:06d}"
        np.savetxt(folder / f"{name}.pose.txt", pose)
        cv2.imwrite(str(folder / f"{name}.color.png"), seen.rgb[..., ::-1])
        cv2.imwrite(str(folder / f"{name}.depth.png"), measure(seen.depth_z, seen.normal, rng))


def measure(
    depth_z: Float[np.ndarray, "H H"], normal: Float[np.ndarray, "H H 3"], rng: np.random.Generator
) -> UInt16[np.ndarray, "H H"]:
    """Return depth in millimetres as the sensor would say it, 0 where it says nothing.

    Args:
        depth_z: the exact depth of SIZE x SIZE pixels in metres.
        normal: of the surfaces, camera frame (x right, y up, z towards the camera).
        rng: decides the errors.
    """
    z = depth_z.astype(float)
    beside = np.indices(z.shape) + np.rint(rng.normal(0, 0.5, (2, *z.shape)))
    row, column = np.clip(beside, 0, SIZE - 1).astype(int)
    steps = np.rint(1 / z[row, column] / STEP + rng.normal(0, 0.5, z.shape))
    depth = 1 / (np.maximum(steps, 1) * STEP)
    # Which of the projector's rays lights each pixel: what a nearer surface overtakes is dark.
    lit_by = np.arange(SIZE) + FOCAL * BASELINE / z
    blind = lit_by < np.maximum.accumulate(lit_by, axis=1) - 1
    blind |= (_obliqueness(normal) > GRAZING) | (rng.random(z.shape) < 0.01)
    blind |= (depth < 0.4) | (depth > 6)
    return np.where(blind, 0, np.rint(1000 * depth)).astype(np.uint16)


def _obliqueness(normal: Float[np.ndarray, "H H 3"]) -> Float[np.ndarray, "H H"]:
    """The angle between each pixel's ray and the surface's normal, radians."""
    ray = pixel_rays(SIZE, FOV)
    cosine = -(normal * ray).sum(-1) / np.linalg.norm(ray, axis=-1)
    return np.asarray(np.arccos(np.clip(cosine, -1, 1)))
