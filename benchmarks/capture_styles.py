"""Posed frames in every style that `taskonomy data annotate` reads, under any conventions."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import Float, UInt8
from scipy.spatial.transform import Rotation

from taskonomy.captures.conventions import Conventions


@dataclass(frozen=True)
class Frames:
    """A posed sequence in memory.

    Attributes:
        colors: images.
        depths: along the optical axis in metres; nan where nothing was measured.
        poses: camera to world; camera x right, y down, z forward.
        camera: intrinsics; integer coordinates are pixel centres.
    """

    colors: list[UInt8[np.ndarray, "h w 3"]]
    depths: list[Float[np.ndarray, "h w"]]
    poses: Float[np.ndarray, "n 4 4"]
    camera: Float[np.ndarray, "3 3"]


def seven_scenes(folder: Path, frames: Frames, conventions: Conventions) -> None:
    """Write frame-NNNNNN.*, a matrix a frame."""
    folder.mkdir(parents=True)
    np.savetxt(folder / "camera-intrinsics.txt", frames.camera)
    for i, pose in enumerate(conventions.raw(frames.poses)):
        name = f"frame-{i:06d}"
        _images(
            frames,
            i,
            conventions,
            folder / f"{name}.color.png",
            folder / f"{name}.depth.png",
        )
        np.savetxt(folder / f"{name}.pose.txt", pose)


def scannet(folder: Path, frames: Frames, conventions: Conventions) -> None:
    """Write color/, depth/, pose/ and intrinsic/."""
    for name in ("color", "depth", "pose", "intrinsic"):
        (folder / name).mkdir(parents=True)
    square = np.eye(4)
    square[:3, :3] = frames.camera
    for name in ("color", "depth"):
        np.savetxt(folder / "intrinsic" / f"intrinsic_{name}.txt", square)
    for i, pose in enumerate(conventions.raw(frames.poses)):
        _images(
            frames, i, conventions, folder / "color" / f"{i}.jpg", folder / "depth" / f"{i}.png"
        )
        np.savetxt(folder / "pose" / f"{i}.txt", pose)


def tum(folder: Path, frames: Frames, conventions: Conventions) -> None:
    """Write rgb/, depth/, their lists and groundtruth.txt: a frame and a pose every 30th second."""
    for name in ("rgb", "depth"):
        (folder / name).mkdir(parents=True)
    np.savetxt(folder / "camera-intrinsics.txt", frames.camera)
    # A pose before the first frame and one after the last, between which each is sought.
    poses = conventions.raw(frames.poses)
    stamps = [f"{1000 + i / 30:.6f}" for i in range(len(poses))]
    for i, stamp in enumerate(stamps):
        images = (folder / name / f"{stamp}.png" for name in ("rgb", "depth"))
        _images(frames, i, conventions, *images)
    for name in ("rgb", "depth"):
        listed = [f"{stamp} {name}/{stamp}.png" for stamp in stamps]
        (folder / f"{name}.txt").write_text("\n".join(["# timestamp filename", *listed]) + "\n")
    rows = ["# timestamp tx ty tz qx qy qz qw"]
    first, last = f"{1000 - 1 / 30:.6f}", f"{1000 + len(poses) / 30:.6f}"
    for stamp, pose in zip([first, *stamps, last], [poses[0], *poses, poses[-1]], strict=True):
        rows.append(_words(stamp, *pose[:3, 3], *_quaternion(pose, conventions)))
    (folder / "groundtruth.txt").write_text("\n".join(rows) + "\n")


def nerfstudio(folder: Path, frames: Frames, conventions: Conventions) -> None:
    """Write transforms.json, images/ and depth/."""
    for name in ("images", "depth"):
        (folder / name).mkdir(parents=True)
    listed = []
    for i, pose in enumerate(conventions.raw(frames.poses)):
        color, depth = f"images/{i:05d}.png", f"depth/{i:05d}.png"
        _images(frames, i, conventions, folder / color, folder / depth)
        listed.append(
            {"file_path": color, "depth_file_path": depth, "transform_matrix": pose.tolist()}
        )
    height, width = frames.depths[0].shape
    (fx, _, cx), (_, fy, cy), _ = frames.camera.tolist()
    record = {
        "camera_model": "OPENCV",
        **{"fl_x": fx, "fl_y": fy, "cx": cx + 0.5, "cy": cy + 0.5, "w": width, "h": height},
        "frames": listed,
    }
    (folder / "transforms.json").write_text(json.dumps(record))


def colmap(folder: Path, frames: Frames, conventions: Conventions) -> None:
    """Write sparse/0/cameras.txt and images.txt, images/ and depth/."""
    for name in ("images", "depth", "sparse/0"):
        (folder / name).mkdir(parents=True)
    height, width = frames.depths[0].shape
    (fx, _, cx), (_, fy, cy), _ = frames.camera.tolist()
    (folder / "sparse/0/cameras.txt").write_text(
        f"# CAMERA_ID, MODEL, WIDTH, HEIGHT, PARAMS[]\n"
        f"1 PINHOLE {width} {height} {fx} {fy} {cx + 0.5} {cy + 0.5}\n"
    )
    rows = ["# IMAGE_ID, QW, QX, QY, QZ, TX, TY, TZ, CAMERA_ID, NAME", "# POINTS2D[]"]
    for i, pose in enumerate(conventions.raw(frames.poses)):
        name = f"{i:05d}.jpg"
        _images(frames, i, conventions, folder / "images" / name, folder / "depth" / f"{i:05d}.png")
        numbers = (*_quaternion(pose, conventions), *pose[:3, 3])
        rows += [
            f"{_words(i + 1, *numbers)} 1 {name}",
            "10.5 20.5 -1 30.5 40.5 -1" if i % 2 else "",
        ]
    (folder / "sparse/0/images.txt").write_text("\n".join(rows) + "\n")


@dataclass(frozen=True)
class Style:
    """How a style is written, and how its files are read by default."""

    write: Callable[[Path, Frames, Conventions], None]
    conventions: Conventions


STYLES = {
    "7-Scenes": Style(seven_scenes, Conventions()),
    "ScanNet": Style(scannet, Conventions()),
    "TUM RGB-D": Style(tum, Conventions(quaternions="xyzw", depth_unit=5000.0)),
    "nerfstudio": Style(nerfstudio, Conventions(axes="opengl")),
    "COLMAP": Style(colmap, Conventions(poses="world-to-camera", quaternions="wxyz", metric=False)),
}


def _images(frames: Frames, i: int, conventions: Conventions, color: Path, depth: Path) -> None:
    cv2.imwrite(str(color), frames.colors[i][..., ::-1])
    levels = np.nan_to_num(frames.depths[i]) * conventions.depth_unit
    cv2.imwrite(str(depth), np.rint(levels).clip(0, 65535).astype(np.uint16))


def _quaternion(pose: Float[np.ndarray, "4 4"], conventions: Conventions) -> list[float]:
    xyzw = Rotation.from_matrix(pose[:3, :3]).as_quat()
    found = xyzw if conventions.quaternions == "xyzw" else xyzw[[3, 0, 1, 2]]
    return [float(each) for each in found]


def _words(*values: object) -> str:
    return " ".join(f"{v:.7f}" if isinstance(v, float) else str(v) for v in values)
