"""Captures are read as 7-Scenes, TUM and ScanNet publish them, and as anybody else does."""

import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

from taskonomy.captures import Capture, Frame, annotate, posed
from taskonomy.captures.styles import load
from taskonomy.data import layout
from taskonomy.errors import BadInput
from tests.unit import captures

STYLES = {
    "7-Scenes": captures.seven_scenes,
    "TUM": captures.tum,
    "ScanNet": captures.scannet,
    "nerfstudio": captures.nerfstudio,
    "COLMAP": captures.colmap,
}
Written = dict[str, Path]


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Written:
    root = tmp_path_factory.mktemp("captures")
    for name in STYLES:
        (root / name).mkdir()
    return {name: write(root / name / "box") for name, write in STYLES.items()}


@pytest.fixture(scope="module")
def labelled(written: Written, tmp_path_factory: pytest.TempPathFactory) -> dict[str, np.ndarray]:
    return labels(written["7-Scenes"], tmp_path_factory.mktemp("labels") / "out")


@pytest.mark.parametrize("style", STYLES)
def test_every_style_gives_the_same_frames(written: Written, style: str) -> None:
    found = load(written[style])
    assert found.numbers == tuple(range(captures.FRAMES))
    np.testing.assert_array_equal(found.intrinsics, captures.camera())
    for i in found.numbers:
        color, depth, _ = captures.frame(i)
        pose = captures.pose(i)
        np.testing.assert_allclose(found.rotations[i], pose[:3, :3], atol=2e-5)
        np.testing.assert_allclose(found.locations[i], pose[:3, 3], atol=2e-5)
        known = np.isfinite(found.depth(i))
        assert not known[:6, :6].any()
        assert known.sum() == depth.size - 36
        np.testing.assert_allclose(found.depth(i)[known], depth[known], atol=6e-4)
        small = cv2.resize(found.color(i), depth.shape[::-1], interpolation=cv2.INTER_AREA)
        written_color = captures.compressed(color) if style == "COLMAP" else color
        assert np.abs(small - written_color.astype(float)).mean() < 3


def labels(capture: Path | Capture, out: Path) -> dict[str, np.ndarray]:
    annotate(capture, out, size=32)
    dataset = layout.index(out)
    return {
        domain: np.array([layout.read(dataset, view, domain) for view in dataset.views])
        for domain in ("rgb", "depth_zbuffer", "normal")
    }


def test_colour_of_a_finer_camera_lies_where_depth_does(
    written: Written, labelled: dict[str, np.ndarray], tmp_path: Path
) -> None:
    found = labels(written["ScanNet"], tmp_path / "out")
    for domain in ("depth_zbuffer", "normal"):
        np.testing.assert_array_equal(found[domain], labelled[domain])
    assert np.abs(found["rgb"].astype(float) - labelled["rgb"]).mean() < 6


def test_another_style_is_a_list_of_frames(
    written: Written, labelled: dict[str, np.ndarray], tmp_path: Path
) -> None:
    own = load(written["7-Scenes"])
    files = zip(own.numbers, own.colors, own.depths, strict=True)
    frames = [Frame(i, color, depth, captures.pose(i)) for i, color, depth in files]
    found = labels(posed(own.folder, frames, captures.camera()), tmp_path / "out")
    for domain, values in labelled.items():
        np.testing.assert_array_equal(found[domain], values)


def test_images_without_a_partner_or_poses_around_them_are_left_out(
    written: Written, tmp_path: Path
) -> None:
    folder = shutil.copytree(written["TUM"], tmp_path / "box")
    depths = (folder / "depth.txt").read_text().splitlines()
    (folder / "depth.txt").write_text("\n".join(depths[:4] + depths[5:]) + "\n")  # not frame 3
    poses = (folder / "groundtruth.txt").read_text().splitlines()
    time = float(depths[8].split()[0])  # of frame 7
    near = [line for line in poses[1:] if abs(float(line.split()[0]) - time) > 0.06]
    (folder / "groundtruth.txt").write_text("\n".join(near) + "\n")
    assert load(folder).numbers == (0, 1, 2, 4, 5, 9)


FAULTS = {
    "no intrinsics": ("TUM", "camera-intrinsics.txt", "", "expected the camera's intrinsics"),
    "a word": ("TUM", "groundtruth.txt", "0 1 2 3 0 0 0 one", "line 1: could not convert"),
    "no quaternion": ("TUM", "groundtruth.txt", "0 1 2 3", "line 1: found '0 1 2 3'"),
    "no turn": ("TUM", "groundtruth.txt", "0 1 2 3 0 0 0 0", "expected timestamp tx ty"),
    "another time": ("TUM", "groundtruth.txt", "0 1 2 3 0 0 0 1\n9 1 2 3 0 0 0 1", "found 0 col"),
    "a list of two": ("TUM", "rgb.txt", "1305031102.1", "line 1: found 1 words"),
    "an empty list": ("TUM", "depth.txt", "# nothing", "found no line"),
    "a place": (
        "ScanNet",
        "intrinsic/extrinsic_color.txt",
        "1 0 0 0.05 0 1 0 0 0 0 1 0 0 0 0 1",
        "found another place than the depth camera's",
    ),
    "a name": ("ScanNet", "pose/last.txt", "1", "last.txt: found a name that is no number"),
    "a mirror": (
        "ScanNet",
        "pose/3.txt",
        "-1 0 0 0 0 1 0 0 0 0 1 0 0 0 0 1",
        "3.txt: found a matrix 0 away from a rigid pose",
    ),
    "a short pose": ("7-Scenes", "frame-000003.pose.txt", "inf " * 12, "expected 4x4 finite ones"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_is_wrong_is_named(written: Written, fault: str, tmp_path: Path) -> None:
    style, name, content, says = FAULTS[fault]
    folder = shutil.copytree(written[style], tmp_path / "box")
    if content:
        (folder / name).write_text(content)
    else:
        (folder / name).unlink()
    with pytest.raises(BadInput, match=says):
        load(folder)


def test_a_folder_of_something_else_is_told_what_was_expected(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"\(7-Scenes\), groundtruth.txt \(TUM RGB-D\) or a folder"):
        load(tmp_path)
