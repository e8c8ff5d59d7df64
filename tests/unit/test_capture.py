"""A capture of a known room gives that room's labels; the real kitchen gives a sound data set."""

import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

from taskonomy.captures import annotate
from taskonomy.captures.teacher import Teacher
from taskonomy.data import layout, verify
from taskonomy.data.camera_records import rotation
from taskonomy.data.classes import OBJECT_CLASSES, SEMANTIC_CLASSES
from taskonomy.data.items import IMAGES, items
from taskonomy.errors import BadInput
from tests.unit import captures
from tests.unit.teachers import sure_of, untrained


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return captures.seven_scenes(tmp_path_factory.mktemp("captures") / "box")


@pytest.fixture(scope="module")
def annotated(box: Path) -> Path:
    out = box.parent / "annotated"
    annotate(box, out, size=64)
    return out


def test_a_capture_becomes_one_sound_building(annotated: Path) -> None:
    report = verify.verify(annotated)
    assert report.faults == ()
    assert report.buildings == 1
    assert report.angle < 3
    declared = json.loads((annotated / "dataset.json").read_text())
    assert declared["source"] == "capture"
    assert declared["labels"] == sorted(layout.index(annotated).domains)


def test_the_world_is_set_upright_along_the_walls(annotated: Path) -> None:
    """Three quarters of the normals (not those at creases) are the axes of the data set's world."""
    dataset = layout.index(annotated)
    for view in dataset.views[::5]:
        info = layout.read(dataset, view, "point_info")
        normal = layout.read(dataset, view, "normal").reshape(-1, 3).astype(float)
        world = normal[np.isfinite(normal[:, 0])] @ rotation(info).T
        assert np.percentile(np.degrees(np.arccos(np.abs(world).max(1).clip(0, 1))), 75) < 2
        floor = world[world[:, 2] > 0.9]
        assert len(floor) > 0


def test_views_fixate_surface_points_and_hold_their_depth(annotated: Path) -> None:
    """To a sensor's noise: a fitted plane rounds off the room's corners by a few centimetres."""
    dataset = layout.index(annotated)
    off = []
    for view in dataset.views:
        info = layout.read(dataset, view, "point_info")
        depth = layout.read(dataset, view, "depth_zbuffer")[31:33, 31:33]
        off.append(abs(float(np.nanmean(depth)) - info["camera_distance"]))
        assert info["frame"] == int(info["camera_uuid"].removeprefix("frame-"))
    assert np.median(off) < 0.02
    assert max(off) < 0.1


def test_every_kind_of_pair_and_triplet_exists(annotated: Path) -> None:
    dataset = layout.index(annotated)
    every = np.arange(len(dataset.views))
    assert all(len(items(dataset, every, kind, 6, seed=0)) == 6 for kind in IMAGES)


def test_a_listed_sighting_is_where_the_other_view_sees_the_point(annotated: Path) -> None:
    dataset = layout.index(annotated)
    record = layout.read(dataset, dataset.views[0], "nonfixated_matches")
    assert record["views"]
    for seen in record["views"]:
        other = layout.View("box", int(seen["point_uuid"]), seen["view_id"])
        info = layout.read(dataset, other, "point_info")
        step = np.array(record["point_location"]) - np.array(info["camera_location"])
        local = rotation(info).T @ step
        focal = 32 / np.tan(info["field_of_view_rads"] / 2)
        assert seen["nonfixated_pixel_x"] == pytest.approx(32 - focal * local[0] / local[2], abs=1)
        assert seen["nonfixated_pixel_y"] == pytest.approx(32 + focal * local[1] / local[2], abs=1)


def test_a_teacher_adds_semantics_as_far_as_its_frames_reach(box: Path, tmp_path: Path) -> None:
    weights = sure_of(untrained(tmp_path / "untrained.pth"), chair=9.0)
    out = tmp_path / "taught"
    few = shutil.copytree(box, tmp_path / "few", ignore=shutil.ignore_patterns("frame-*[1-4678].*"))
    annotate(few, out, size=32, teacher=Teacher(weights))
    declared = json.loads((out / "dataset.json").read_text())
    assert {"segment_semantic", "class_object"} < set(declared["labels"])
    assert declared["classes"] == {"object": list(OBJECT_CLASSES)}
    assert "bed" in declared["teacher"]["unknown"]
    beyond = 0
    for view in layout.index(out).views:
        value = layout.read(out, view, "segment_semantic")
        seen = np.isfinite(layout.read(out, view, "depth_zbuffer"))
        assert (value[seen] == SEMANTIC_CLASSES.index("chair")).mean() > 0.99
        assert set(np.unique(value)) <= {0, SEMANTIC_CLASSES.index("chair")}
        beyond += int((value == 0).sum())
        assert OBJECT_CLASSES[layout.read(out, view, "class_object").argmax()] == "chair"
    assert beyond > 0


def spoil(folder: Path, what: str) -> None:
    if what == "intrinsics":
        (folder / "camera-intrinsics.txt").unlink()
    elif what == "no frames":
        for file in folder.glob("*.pose.txt"):
            file.unlink()
    elif what == "scaled pose":
        pose = np.loadtxt(folder / "frame-000002.pose.txt")
        pose[:3, :3] *= 1.1
        np.savetxt(folder / "frame-000002.pose.txt", pose)
    elif what == "8-bit depth":
        for file in folder.glob("*.depth.png"):
            cv2.imwrite(str(file), np.full((240, 320), 200, np.uint8))


@pytest.mark.parametrize(
    ("what", "says"),
    [
        ("intrinsics", "camera-intrinsics.txt: found no such file"),
        ("no frames", "found no posed frames, expected frame-NNNNNN.pose.txt"),
        ("scaled pose", "frame-000002.pose.txt: found a matrix 0.21 away from a rigid pose"),
        ("8-bit depth", "frame-000000.depth.png: found a 8-bit PNG"),
    ],
)
def test_a_faulty_capture_is_refused_and_nothing_is_left(
    box: Path, tmp_path: Path, what: str, says: str
) -> None:
    folder = tmp_path / "faulty"
    shutil.copytree(box, folder)
    spoil(folder, what)
    with pytest.raises(BadInput, match=says):
        annotate(folder, tmp_path / "out", size=32)
    assert [entry.name for entry in tmp_path.iterdir()] == ["faulty"]


def test_what_is_there_is_not_overwritten(box: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("")
    with pytest.raises(BadInput, match="expected an absent or empty folder"):
        annotate(box, tmp_path)


def test_a_real_kitchen_gives_a_sound_data_set(shared: Path, tmp_path: Path) -> None:
    kitchen = tmp_path / "kitchen"
    kitchen.mkdir()
    source = shared / "data" / "rgbd-kitchen"
    shutil.copy(source / "camera-intrinsics.txt", kitchen)
    for number in range(200, 240, 4):
        for file in source.glob(f"frame-{number:06d}.*"):
            shutil.copy(file, kitchen)
    annotate(kitchen, tmp_path / "out", size=64)
    report = verify.verify(tmp_path / "out")
    assert report.faults == ()
    assert report.views > 20
    assert report.angle < 12
