"""Frames of an empty box of a room, written in the styles that captures come in."""

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from scipy.spatial.transform import Rotation

from benchmarks.capture_styles import STYLES, Frames
from taskonomy.data.cameras import euler_to_matrix

ROOM = np.array([4.0, 5.0, 2.5])
HEIGHT, WIDTH, FOCAL = 240, 320, 292.0
FRAMES = 10
TILT = euler_to_matrix(0.4, -0.3, 1.1)
"""The capture's own world stands askew, as a real one's does."""


def frame(i: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Colour, depth in metres and pose (true world) of a camera in an empty box of a room."""
    centre = np.array([1.2 + 0.05 * i, 1.5, 1.3])
    yaw = 0.25 - 0.01 * i
    forward = np.array([np.sin(yaw) * 0.9, np.cos(yaw) * 0.9, -0.35])
    forward /= np.linalg.norm(forward)
    right = np.cross(forward, [0, 0, 1.0])
    right /= np.linalg.norm(right)
    pose = np.eye(4)
    pose[:3, :3] = np.stack([right, np.cross(forward, right), forward], 1)
    pose[:3, 3] = centre
    v, u = np.mgrid[:HEIGHT, :WIDTH]
    ray = np.stack([(u - WIDTH / 2) / FOCAL, (v - HEIGHT / 2) / FOCAL, np.ones_like(u)], -1)
    ray = ray @ pose[:3, :3].T
    with np.errstate(divide="ignore"):
        leave = np.where(ray > 0, (ROOM - centre) / ray, -centre / ray)
    depth = leave.min(-1)
    tile = np.floor((centre + ray * depth[..., None]) * 4 + 1e-6).astype(int)
    color = np.stack(
        [(tile * k).sum(-1) * 67 % 200 + 30 for k in ((1, 2, 3), (3, 1, 2), (2, 3, 1))]
    )
    return color.transpose(1, 2, 0).astype(np.uint8), depth, pose


def camera(finer: int = 1) -> np.ndarray:
    """Intrinsics of images with so many times the pixels a side; pixel centres are integers."""
    f, shift = FOCAL * finer, (finer - 1) / 2
    u, v = WIDTH / 2 * finer + shift, HEIGHT / 2 * finer + shift
    return np.array([[f, 0, u], [0, f, v], [0, 0, 1]])


def pose(i: float) -> np.ndarray:
    """The i-th frame's pose in the capture's own world."""
    found = frame(i)[2]
    found[:3] = TILT @ found[:3]
    return found


def images(unit: float) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
    """Number, image (BGR) and depth levels of every frame."""
    for i in range(FRAMES):
        color, depth, _ = frame(i)
        levels = np.rint(depth * unit).astype(np.uint16)
        levels[:6, :6] = 0
        yield i, color[..., ::-1], levels


def seven_scenes(folder: Path) -> Path:
    folder.mkdir()
    np.savetxt(folder / "camera-intrinsics.txt", camera())
    for i, color, levels in images(1000):
        cv2.imwrite(str(folder / f"frame-{i:06d}.color.png"), color)
        cv2.imwrite(str(folder / f"frame-{i:06d}.depth.png"), levels)
        np.savetxt(folder / f"frame-{i:06d}.pose.txt", pose(i))
    return folder


def tum(folder: Path) -> Path:
    """A frame a 30th of a second; colour is late, poses come at another rate."""
    for name in ("rgb", "depth"):
        (folder / name).mkdir(parents=True)
    np.savetxt(folder / "camera-intrinsics.txt", camera())
    start, listed = 1305031102.175304, {"rgb": ["# color images"], "depth": ["# depth maps"]}
    for i, color, levels in images(5000):
        for name, image, late in (("rgb", color, 0.004), ("depth", levels, 0.0)):
            stamp = f"{start + i / 30 + late:.6f}"
            cv2.imwrite(str(folder / name / f"{stamp}.png"), image)
            listed[name].append(f"{stamp} {name}/{stamp}.png")
    for name, lines in listed.items():
        (folder / f"{name}.txt").write_text("\n".join(lines) + "\n")
    lines = ["# timestamp tx ty tz qx qy qz qw"]
    for k in np.arange(-2, 32 * FRAMES / 30 * 3.7):
        at = pose(k / 3.7)
        turn = Rotation.from_matrix(at[:3, :3]).as_quat()
        lines.append(" ".join(f"{x:.7f}" for x in (start + k / 3.7 / 30, *at[:3, 3], *turn)))
    (folder / "groundtruth.txt").write_text("\n".join(lines) + "\n")
    return folder


def scannet(folder: Path, finer: int = 2) -> Path:
    """Colour with `finer` times the pixels a side; one frame more, whose pose was lost."""
    for name in ("color", "depth", "pose", "intrinsic"):
        (folder / name).mkdir(parents=True)
    for name, intrinsics in (("depth", camera()), ("color", camera(finer))):
        square = np.eye(4)
        square[:3, :3] = intrinsics
        np.savetxt(folder / "intrinsic" / f"intrinsic_{name}.txt", square)
        np.savetxt(folder / "intrinsic" / f"extrinsic_{name}.txt", np.eye(4))
    for i, color, levels in images(1000):
        large = np.repeat(np.repeat(color, finer, axis=0), finer, axis=1)
        cv2.imwrite(str(folder / "color" / f"{i}.jpg"), large, [cv2.IMWRITE_JPEG_QUALITY, 100])
        cv2.imwrite(str(folder / "depth" / f"{i}.png"), levels)
        np.savetxt(folder / "pose" / f"{i}.txt", pose(i))
    np.savetxt(folder / "pose" / f"{FRAMES}.txt", np.full((4, 4), -np.inf))
    return folder


def nerfstudio(folder: Path) -> Path:
    STYLES["nerfstudio"].write(folder, _frames(), STYLES["nerfstudio"].conventions)
    return folder


def colmap(folder: Path) -> Path:
    STYLES["COLMAP"].write(folder, _frames(), STYLES["COLMAP"].conventions)
    return folder


def compressed(color: np.ndarray) -> np.ndarray:
    """What is left of an image in a JPEG of OpenCV's usual quality."""
    _, content = cv2.imencode(".jpg", color[..., ::-1])
    return cv2.imdecode(content, cv2.IMREAD_COLOR)[..., ::-1]


def _frames() -> Frames:
    seen = [frame(i) for i in range(FRAMES)]
    for _, depth, _ in seen:
        depth[:6, :6] = np.nan
    poses = np.array([pose(i) for i in range(FRAMES)])
    return Frames([color for color, _, _ in seen], [depth for _, depth, _ in seen], poses, camera())
