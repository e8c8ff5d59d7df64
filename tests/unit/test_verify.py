"""Each kind of fault is found and named by its file; a sound data set has none."""

from math import radians
from pathlib import Path

import numpy as np
import pytest

from taskonomy.data import cameras, labels, layout
from taskonomy.data.layout import View
from taskonomy.data.verify import verify
from taskonomy.errors import BadInput

FOV, SIZE = radians(60), 32
FIRST = View("house_0", 0, 0)


def add(root: Path, view: View, seed: int) -> None:
    """A camera before a slanted wall of noise, with every label."""
    rgb = np.random.default_rng(seed).integers(0, 256, (SIZE, SIZE, 3), dtype=np.uint8)
    unit = np.array([0.3, 0.2, 1]) / np.linalg.norm([0.3, 0.2, 1])
    depth = (-2 / (labels.rays(SIZE, SIZE, FOV) @ unit)).astype(np.float32)
    normal = np.broadcast_to(unit.astype(np.float32), (SIZE, SIZE, 3)).copy()
    location, target = np.array([0.0, 0, 1.5]), np.array([2 / unit[2], 0, 1.5])
    rotation = cameras.look_at(location, target)
    info = cameras.point_info(
        location=location,
        rotation=rotation,
        fov=FOV,
        size=SIZE,
        point=target,
        normal=rotation @ unit,
        point_id=view.point,
        view_id=view.view,
        camera="c",
        room="r",
        content=np.array([[0.0, -1, 0], [2, 1, 2]]),
        points_in_view=[],
    )
    values = {"rgb": rgb, "depth_zbuffer": depth, "normal": normal, "point_info": info}
    for domain, value in (values | labels.derive(rgb, depth, normal, FOV)).items():
        layout.write(root, view, domain, value)


@pytest.fixture
def sound(tmp_path: Path) -> Path:
    for house in range(4):
        for view in range(2):
            add(tmp_path, View(f"house_{house}", 0, view), seed=10 * house + view)
    return tmp_path


def test_a_sound_data_set_has_no_faults(sound: Path) -> None:
    report = verify(sound)
    assert report.faults == ()
    assert (report.views, report.buildings, report.files) == (8, 4, 8 * 13)
    assert report.angle < 2
    assert "0 fault(s)" in report.text


def faults(root: Path, *words: str) -> None:
    """There is just one fault, and its line says all these words."""
    found = verify(root).faults
    assert len(found) == 1, found
    assert all(word in found[0] for word in words), found


def test_a_missing_label_file(sound: Path) -> None:
    layout.path(sound, FIRST, "reshading").unlink()
    faults(sound, "house_0/reshading/point_0_view_0_domain_reshading.png", "missing")


def test_a_declared_label_that_is_absent(sound: Path) -> None:
    (sound / "dataset.json").write_text('{"labels": ["segment_semantic"]}')
    faults(sound, "segmentsemantic.png and 7 more", "missing")


def test_a_truncated_file(sound: Path) -> None:
    file = layout.path(sound, FIRST, "depth_euclidean")
    file.write_bytes(file.read_bytes()[:-20])
    faults(sound, str(file), "truncated PNG")


def test_a_file_of_another_size(sound: Path) -> None:
    layout.write(sound, FIRST, "edge_texture", np.zeros((16, 16), np.float32))
    faults(sound, "edge_texture", "found size (16, 16), expected the rgb image's (32, 32)")


def test_distances_below_the_z_depth(sound: Path) -> None:
    layout.write(sound, FIRST, "depth_euclidean", np.ones((SIZE, SIZE), np.float32))
    faults(sound, "depth_euclidean", "below the z-depth")


def test_normals_not_of_unit_length(sound: Path) -> None:
    half = layout.read(sound, FIRST, "normal") * np.float32(0.7)
    layout.write(sound, FIRST, "normal", half)
    faults(sound, "normal", "100% of the normals not of unit length")


def test_normals_with_an_axis_flipped(sound: Path) -> None:
    for view in range(2):
        where = View("house_2", 0, view)
        flipped = layout.read(sound, where, "normal") * np.float32([-1, -1, 1])
        layout.write(sound, where, "normal", flipped)
    report = verify(sound)
    assert not report.faults or "house_2/normal" in report.faults[0]
    steep = np.broadcast_to(np.float32([-0.8, 0, 0.6]), (SIZE, SIZE, 3)).copy()
    for view in range(2):
        layout.write(sound, View("house_2", 0, view), "normal", steep)
    faults(sound, "house_2/normal", "degrees (median) from those of the depth")


def test_a_camera_that_does_not_look_at_its_point(sound: Path) -> None:
    info = layout.read(sound, FIRST, "point_info")
    info["camera_rotation_final"][2] += 0.1
    layout.write(sound, FIRST, "point_info", info)
    faults(sound, "point_info", "5.7 degrees off the image centre")


def test_a_camera_without_its_pose(sound: Path) -> None:
    layout.write(sound, FIRST, "point_info", {"field_of_view_rads": 1.0})
    faults(sound, "point_info", "found no bounding_box_ranges, camera_location")


def test_a_building_in_two_splits(sound: Path) -> None:
    (sound / "splits.csv").write_text("id,train,val,test\nhouse_0,1,0,1\n")
    faults(sound, "splits.csv:2: building house_0 is in train and test")


def test_one_image_in_two_splits(sound: Path) -> None:
    rows = "house_0,1,0,0\nhouse_1,0,1,0\nhouse_2,0,0,1\nhouse_3,0,0,1\n"
    (sound / "splits.csv").write_text("id,train,val,test\n" + rows)
    same = layout.read(sound, FIRST, "rgb")
    layout.write(sound, View("house_3", 0, 1), "rgb", same)
    faults(sound, "in test", "same image as house_0/point_0_view_0 in train")


def test_no_data_set_at_all(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="found no rgb image"):
        verify(tmp_path)
