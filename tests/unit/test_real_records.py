"""Numbers of real records (../shared/data/real-conventions.json) hold; what breaks them is named.

The real files may not be passed on, so around each record a view is made that is consistent with
it: the plane that its fixated point and normal say, seen by its camera.
"""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from taskonomy.data import camera_records, cameras, codecs, labels, layout
from taskonomy.data.codecs import DOMAINS
from taskonomy.data.layout import ALL, View
from taskonomy.data.verify import verify

SIZE = 64
Record = dict[str, Any]


@pytest.fixture
def numbers(shared: Path) -> Record:
    content: Record = json.loads((shared / "data" / "real-conventions.json").read_text())
    return content


def view_of(record: Record) -> View:
    return View("building", int(record["point_uuid"]), record["view_id"])


def add(root: Path, record: Record) -> None:
    """A view of the plane that a record's camera fixates, with normals as real files hold them."""
    view, fov = view_of(record), record["field_of_view_rads"]
    R = camera_records.rotation(record)
    normal = R.T @ np.array(record["point_normal"])
    normal *= -np.sign(normal @ [0, 0, -1])
    normal /= np.linalg.norm(normal)
    facing = labels.rays(SIZE, SIZE, fov) @ normal
    depth = np.where(facing < -0.05, -record["camera_distance"] * normal[2] / facing, np.nan)
    seen = np.isfinite(depth) & (depth < 100)
    levels = np.full((SIZE, SIZE, 3), 128, np.uint8)
    levels[seen] = np.rint(127.5 + 127.5 * normal * [1, -1, -1]).clip(0, 255)
    rng = np.random.default_rng(view.point)
    layout.write(root, view, "rgb", rng.integers(0, 256, (SIZE, SIZE, 3), dtype=np.uint8))
    masked = np.where(seen, depth, np.nan).astype(np.float32)
    layout.write(root, view, "depth_zbuffer", masked)
    file = layout.path(root, view, "normal")
    file.parent.mkdir(exist_ok=True)
    assert cv2.imwrite(str(file), levels[..., ::-1])
    layout.write(root, view, "point_info", record)


@pytest.fixture
def building(numbers: Record, tmp_path: Path) -> Path:
    root = tmp_path / "real"
    for record in numbers["point_info"]:
        add(root, record)
    matches = numbers["nonfixated_matches"]
    matches = {key: value for key, value in matches.items() if key != "file_name"}
    layout.write(root, View("building", 0, ALL), "nonfixated_matches", matches)
    for point in (26, 50, 1000):
        content = {"point_uuid": str(point), "point_location": [0.0, 0, 0], "views": []}
        layout.write(root, View("building", point, ALL), "nonfixated_matches", content)
    return root


def test_real_records_are_sound(building: Path) -> None:
    report = verify(building)
    assert report.faults == ()
    assert report.angle < 2


def test_vanishing_points_are_those_of_the_records(numbers: Record) -> None:
    for record in numbers["point_info"]:
        R, fov = camera_records.rotation(record), record["field_of_view_rads"]
        sphere, image = cameras.vanishing_points(R, fov, record["resolution"])
        for axis in "xyz":
            stated = record["vanishing_points_gaussian_sphere"][axis]
            np.testing.assert_allclose(sphere[axis], stated, rtol=0, atol=1e-9)
            stated = record["vanishing_points_image"][axis]
            np.testing.assert_allclose(image[axis], stated, rtol=0, atol=1e-6)


def test_real_normals_face_the_camera(numbers: Record) -> None:
    samples = numbers["normal_samples"]
    levels = np.array([[each["normal_rgb"] for each in samples]], np.uint8)
    content = bytes(cv2.imencode(".png", levels[..., ::-1])[1].data)
    decoded = codecs.decode(DOMAINS["normal"], content, "normal")[0]
    rays = labels.rays(512, 512, 1.180512)
    for sample, normal in zip(samples, decoded, strict=True):
        ray = rays[sample["v"], sample["u"]]
        assert normal @ ray / np.linalg.norm(ray) < -0.3
    assert codecs.encode(DOMAINS["normal"], decoded[None]) is not None
    again = codecs.pixels(codecs.encode(DOMAINS["normal"], decoded[None]), "normal", (8,), (3,))
    assert np.abs(again.astype(int) - levels.astype(int)).max() <= 1


def test_the_box_holds_the_world_s_y_in_x_and_the_camera(numbers: Record) -> None:
    for record in numbers["point_info"]:
        R, location = camera_records.rotation(record), np.array(record["camera_location"])
        fov, box = record["field_of_view_rads"], record["bounding_box_ranges"]
        # The content that the box is around, but for the camera, which is a corner of it here.
        corners = np.array([box["y"], box["x"], box["z"]]).T
        made = cameras.point_info(
            location=location, rotation=R, fov=fov, size=512,
            point=np.array(record["point_location"]), normal=np.array(record["point_normal"]),
            point_id=int(record["point_uuid"]), view_id=record["view_id"], camera="", room="",
            content=corners, points_in_view=[26],
        )  # fmt: skip
        assert made["bounding_box_ranges"] == box
        assert made["point_uuid"] == record["point_uuid"]
        assert made["nonfixated_points_in_view"] == ["26"]
        inner = corners.mean(0)[None]
        around = cameras.point_info(
            location=location, rotation=R, fov=fov, size=512, point=np.zeros(3),
            normal=np.ones(3), point_id=0, view_id=0, camera="", room="", content=inner,
            points_in_view=[],
        )["bounding_box_ranges"]  # fmt: skip
        for axis, i in (("y", 0), ("x", 1), ("z", 2)):
            assert around[axis][0] <= location[i] <= around[axis][1]


def info(**values: Any) -> Callable[[Path, View], None]:
    def spoil(root: Path, view: View) -> None:
        layout.write(root, view, "point_info", layout.read(root, view, "point_info") | values)

    return spoil


def blue_flipped(root: Path, view: View) -> None:
    file = str(layout.path(root, view, "normal"))
    image = cv2.imread(file, cv2.IMREAD_UNCHANGED)
    assert image is not None
    image[..., 0] = 255 - image[..., 0]
    assert cv2.imwrite(file, image)


def quarters(count: int) -> Callable[[Path, View], None]:
    """Vanishing points of the same camera with its walls taken for others."""

    def spoil(root: Path, view: View) -> None:
        record = layout.read(root, view, "point_info")
        stated = record["vanishing_points_gaussian_sphere"]
        for _ in range(count):
            stated = {"x": stated["y"], "y": [-c for c in stated["x"]], "z": stated["z"]}
        fov, size = record["field_of_view_rads"], record["resolution"]
        image = {axis: cameras.image_of(stated[axis], fov, size) for axis in "xyz"}
        values = {"vanishing_points_gaussian_sphere": stated, "vanishing_points_image": image}
        info(**values)(root, view)

    return spoil


def a_box_beside_the_camera(root: Path, view: View) -> None:
    record = layout.read(root, view, "point_info")
    low, high = record["bounding_box_ranges"]["z"]
    moved = record["bounding_box_ranges"] | {"z": [low + 3, high + 3]}
    info(bounding_box_ranges=moved)(root, view)


def a_box_with_its_axes_swapped(root: Path, view: View) -> None:
    box = layout.read(root, view, "point_info")["bounding_box_ranges"]
    info(bounding_box_ranges=box | {"x": box["y"], "y": box["x"]})(root, view)


def pinhole(root: Path, view: View) -> None:
    """The vanishing points as a camera would project them."""
    record = layout.read(root, view, "point_info")
    focal = cameras.focal_length(record["field_of_view_rads"], 512)
    image = {
        axis: [256 - focal * x / z, 256 + focal * y / z]
        for axis, (x, y, z) in record["vanishing_points_gaussian_sphere"].items()
    }
    info(vanishing_points_image=image)(root, view)


def an_integer_id(root: Path, view: View) -> None:
    info(point_uuid=view.point)(root, view)


MUTATIONS = {
    "blue flipped": (blue_flipped, "facing away from the camera"),
    "vanishing points a quarter on": (quarters(1), "found a vanishing point 90 degrees off"),
    "vanishing points half a turn on": (quarters(2), "found a vanishing point 180 degrees off"),
    "vanishing points three quarters on": (quarters(3), "found a vanishing point 90 degrees off"),
    "vanishing points of a pinhole": (pinhole, "found vanishing_points_image"),
    "a box beside the camera": (a_box_beside_the_camera, "outside of bounding_box_ranges"),
    "a box with its axes swapped": (a_box_with_its_axes_swapped, "outside of bounding_box_ranges"),
    "an integer id": (an_integer_id, "expected text"),
}


@pytest.mark.parametrize("which", range(4))
@pytest.mark.parametrize("mutation", MUTATIONS)
def test_a_real_record_that_is_changed_is_named(
    building: Path, numbers: Record, mutation: str, which: int
) -> None:
    spoil, words = MUTATIONS[mutation]
    view = view_of(numbers["point_info"][which])
    spoil(building, view)
    faults = verify(building).faults
    assert len(faults) == 1, faults
    assert f"point_{view.point}_view_{view.view}_" in faults[0]
    assert words in faults[0]


def changed(record: Record, **values: Any) -> Record:
    first, *others = record["views"]
    return record | {"views": [first | values, *others]}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda record: record | {"point_uuid": 0}, "found the point_uuid 0, expected text"),
        (lambda record: changed(record, point_uuid=26), "found the point_uuid 26, expected text"),
        (
            lambda record: changed(record, nonfixated_pixel_x=437.5),
            "found the nonfixated_pixel_x 437.5, expected an integer",
        ),
        (lambda record: changed(record, nonfixated_pixel_x=9), "pixels off the stated one"),
    ],
)
def test_sightings_that_are_changed_are_named(
    building: Path, change: Callable[[Record], Record], words: str
) -> None:
    view = View("building", 0, ALL)
    layout.write(
        building,
        view,
        "nonfixated_matches",
        change(layout.read(building, view, "nonfixated_matches")),
    )
    faults = verify(building).faults
    assert len(faults) == 1, faults
    assert "point_0_view_all_domain_nonfixated_matches.json" in faults[0]
    assert words in faults[0]


def test_depths_in_another_unit_are_named_without_a_pose(building: Path) -> None:
    shutil.rmtree(building / "building" / "point_info")
    assert verify(building).faults == ()
    for file in (building / "building" / "depth_zbuffer").iterdir():
        levels = cv2.imread(str(file), cv2.IMREAD_UNCHANGED)
        assert levels is not None
        cv2.imwrite(str(file), np.where(levels < 8000, levels * 8, levels).astype(np.uint16))
    (fault,) = verify(building).faults
    assert "depth_zbuffer: found a median depth of" in fault
    assert "another unit than 1/512 m" in fault
