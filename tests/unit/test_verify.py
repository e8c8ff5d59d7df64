"""Each kind of fault is found and named by its file; a sound data set has none."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from math import degrees
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import cv2
import numpy as np
import pytest

from taskonomy.data import layout
from taskonomy.data.content import content
from taskonomy.data.layout import View
from taskonomy.data.verify import verify
from taskonomy.errors import BadInput
from tests.unit.houses import FOV, SIZE, add


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("houses") / "clean"
    for house in range(4):
        for view in range(2):
            add(root, View(f"house_{house}", 0, view), seed=10 * house + view)
    return root


def test_a_sound_data_set_has_no_faults(clean: Path) -> None:
    report = verify(clean)
    assert report.faults == ()
    assert (report.views, report.buildings, report.files) == (8, 4, 8 * 15 + 4)
    assert report.angle < 2
    assert report.reprojected < 0.002
    assert "0 fault(s)" in report.text
    assert report.content == content(str(clean))
    assert report.content in report.text


# --- How to plant each fault, in the first view of a house or in both ----------------------------

Spoil = Callable[[Path, str], object]
"""Spoils the house of that name in a data set."""


def changed(domain: str, change: Callable[[Any], Any], views: tuple[int, ...] = (0,)) -> Spoil:
    def spoil(root: Path, house: str) -> None:
        for view in (View(house, 0, number) for number in views):
            layout.write(root, view, domain, change(layout.read(root, view, domain)))

    return spoil


def info(**values: Any) -> Spoil:
    return changed("point_info", lambda record: record | values)


def bytes_of(domain: str, change: Callable[[bytes], bytes]) -> Spoil:
    def spoil(root: Path, house: str) -> None:
        file = layout.path(root, View(house, 0, 0), domain)
        file.write_bytes(change(file.read_bytes()))

    return spoil


def flipped_bit(content: bytes) -> bytes:
    spoiled = bytearray(content)
    spoiled[len(content) // 2] ^= 0xFF
    return bytes(spoiled)


def link_to_nothing(root: Path, house: str) -> None:
    file = layout.path(root, View(house, 0, 0), "edge_texture")
    file.unlink()
    file.symlink_to("moved.png")


def link_beside_labels(*parts: str) -> Spoil:
    """A link into a cache that was not fetched, where no label of a view lies."""

    def spoil(root: Path, house: str) -> None:
        place = root.joinpath(house, *parts)
        place.parent.mkdir(exist_ok=True)
        place.symlink_to("../.dvc/cache/files/md5/ab/cdef")

    return spoil


def pipe(root: Path, house: str) -> None:
    os.mkfifo(root / house / "notes.txt")


def png(levels: np.ndarray) -> Callable[[bytes], bytes]:
    return lambda _: bytes(cv2.imencode(".png", levels)[1].data)


def turned(record: dict[str, Any]) -> dict[str, Any]:
    """The same camera, rotated by 0.1 about the vertical."""
    x, y, z = record["camera_rotation_final"]
    return record | {"camera_rotation_final": [x, y, z + 0.1]}


def moved(record: dict[str, Any]) -> dict[str, Any]:
    """Camera and point half a metre to the side."""
    for key in ("camera_location", "point_location"):
        x, y, z = record[key]
        record[key] = [x, y + 0.5, z]
    return record


BOX = "bounding_box_ranges"


def in_millimetres(record: dict[str, Any]) -> dict[str, Any]:
    lengths = {"camera_location", "point_location", "camera_distance"} & set(record)
    box = {key: [1000 * end for end in ends] for key, ends in record.get(BOX, {}).items()}
    scaled = {key: (1000 * np.array(record[key])).tolist() for key in lengths}
    return record | scaled | ({BOX: box} if box else {})


def both(*spoils: Spoil) -> Spoil:
    def spoil(root: Path, house: str) -> None:
        for one in spoils:
            one(root, house)

    return spoil


BOTH = (0, 1)
STEEP = np.broadcast_to(np.float32([-0.8, 0, 0.6]), (SIZE, SIZE, 3)).copy()
LEVELS = np.full((SIZE, SIZE), 90, np.uint8)
ELSEWHERE = {"point_location": [-9.0, 0, 1.5]}
OTHER_AXES = {"x": [1, 0, 0], "y": [0, 0.6, 0.8], "z": [0, 1, 0]}

FAULTS: dict[str, tuple[Spoil, str]] = {
    "a missing label file": (
        lambda root, house: layout.path(root, View(house, 0, 1), "reshading").unlink(),
        "point_0_view_1_domain_reshading.png: missing, expected a file for each of",
    ),
    "a link to nothing": (
        link_to_nothing,
        "edge_texture.png: found a link to nothing, expected the edge_texture of",
    ),
    "a link to nothing beside the labels": (
        link_beside_labels("rgb", "thumbnail.png"),
        "rgb/thumbnail.png: found a link to nothing (../.dvc/cache/files/md5/ab/cdef), expected a",
    ),
    "a link to nothing in a folder of no labels": (
        link_beside_labels("meshes", "mesh.ply"),
        "meshes/mesh.ply: found a link to nothing (",
    ),
    "a hidden link to nothing": (
        link_beside_labels(".cache", "mesh.ply"),
        ".cache/mesh.ply: found a link to nothing (",
    ),
    "a link to itself": (
        lambda root, house: (root / house / "again").symlink_to("again"),
        "again: found a link that cannot be followed (",
    ),
    "a pipe": (pipe, "notes.txt: found a named pipe, expected a file that can be read"),
    "a missing label folder": (
        lambda root, house: shutil.rmtree(root / house / "edge_texture"),
        "point_0_view_0_domain_edge_texture.png and 1 more: missing",
    ),
    "a label without an image": (
        lambda root, house: layout.write(root, View(house, 7, 0), "normal", STEEP),
        "point_7_view_0_domain_normal.png: found a label of a view that has no rgb image",
    ),
    "a truncated file": (
        bytes_of("depth_euclidean", lambda content: content[:-20]),
        "depth_euclidean.png: truncated PNG",
    ),
    "an empty file": (
        bytes_of("rgb", lambda _: b""),
        "rgb.png: corrupt PNG (found an empty file",
    ),
    "a flipped bit": (bytes_of("keypoints2d", flipped_bit), "keypoints2d.png: corrupt PNG"),
    "a 16-bit depth saved as 8-bit": (
        bytes_of("depth_zbuffer", png(LEVELS)),
        "depth_zbuffer.png: found a 8-bit PNG of 1 channel(s), expected 16-bit",
    ),
    "a grey image": (
        bytes_of("rgb", png(LEVELS)),
        "rgb.png: found a 8-bit PNG of 1 channel(s), expected 8-bit, 3 channel(s)",
    ),
    "a file of another size": (
        changed("edge_texture", lambda image: image[:16, :16]),
        "edge_texture.png: found size (16, 16), expected the rgb image's (32, 32)",
    ),
    "a depth without a known pixel": (
        changed("depth_zbuffer", lambda depth: np.full_like(depth, np.nan)),
        "depth_zbuffer.png: found no known pixel",
    ),
    "distances below the z-depth": (
        changed("depth_euclidean", np.ones_like),
        "depth_euclidean.png: found 100.0% of it below the z-depth",
    ),
    "distances of another view": (
        changed("depth_euclidean", lambda depth: depth[:, ::-1] * np.float32(1.8)),
        "(median) off the distance of the z-depth",
    ),
    "depths in other units": (
        both(
            changed("depth_zbuffer", lambda depth: depth * np.float32(0.512), BOTH),
            changed("depth_euclidean", lambda depth: depth * np.float32(0.512), BOTH),
        ),
        "depth_zbuffer: found depths of fixated points 4",
    ),
    "normals not of unit length": (
        changed("normal", lambda normal: normal * np.float32(0.7)),
        "normal.png: found 100% of the normals not of unit length",
    ),
    "normals with an axis flipped": (
        changed("normal", lambda _: STEEP, BOTH),
        "degrees (median) from those of the depth",
    ),
    "normals that face away": (
        changed("normal", lambda normal: -normal),
        "normal.png: found 100% of the normals facing away",
    ),
    "shading that is inverted": (
        changed("reshading", lambda shade: 1 - shade, BOTH),
        "reshading: found it darkest where surfaces face the camera",
    ),
    "a semantic class beyond the last": (
        changed("segment_semantic", lambda classes: classes + np.uint8(39)),
        "segmentsemantic.png: found label 40, expected 0..17",
    ),
    "soft labels that do not sum to one": (
        changed("class_scene", lambda soft: soft / 2),
        "class_scene.npy: found sum 0.5",
    ),
    "soft labels that are not numbers": (
        changed("class_scene", lambda soft: soft * np.float32(np.nan)),
        "class_scene.npy: found shape (3,), 3 values not finite",
    ),
    "soft labels of other classes": (
        changed("class_scene", lambda _: np.float32([0.5, 0.5])),
        "class_scene.npy: found 2 classes, expected the other views' 3",
    ),
    "a record that is no JSON": (
        bytes_of("nonfixated_matches", lambda content: content[:-1]),
        "nonfixated_matches.json: not JSON",
    ),
    "a camera that looks past its point": (
        changed("point_info", turned),
        "point_info.json: found the fixated point 5.7 degrees off the image centre",
    ),
    "a camera without its pose": (
        changed("point_info", lambda _: {"field_of_view_rads": 1.0}),
        "point_info.json: found no camera_location, camera_rotation_final",
    ),
    "a field of view in degrees": (
        info(field_of_view_rads=degrees(FOV)),
        "point_info.json: found a field of view of 60, expected radians",
    ),
    "a wrong distance": (
        info(camera_distance=3.5),
        "point_info.json: found a camera_distance of 3.5, expected",
    ),
    "vanishing points of another camera": (
        info(vanishing_points_gaussian_sphere=OTHER_AXES),
        "point_info.json: found a vanishing point",
    ),
    "poses in millimetres": (
        both(
            changed("point_info", in_millimetres, BOTH),
            changed("nonfixated_matches", in_millimetres),
        ),
        "depth_zbuffer: found depths of fixated points 100% off their cameras' distance",
    ),
    "a camera of another point": (
        changed("point_info", moved, (1,)),
        "point_info.json: found its point 0.5 m from where the point's first view has it",
    ),
    "a sighting behind the camera": (
        changed("nonfixated_matches", lambda record: record | ELSEWHERE),
        "point_0_view_0 to see the point, which it has out of sight",
    ),
    "an image that is there twice": (
        lambda root, house: layout.write(
            root, View(house, 0, 1), "rgb", layout.read(root, View(house, 0, 0), "rgb")
        ),
        "point_0_view_1_domain_rgb.png: in",
    ),
}


def furnished(root: Path, clean: Path, house: str, seed: int) -> None:
    """Add a sound house to a data set: the first one with images of its own."""
    shutil.copytree(clean / "house_0", root / house)
    rng = np.random.default_rng(seed)
    for view in range(2):
        image = rng.integers(0, 256, (SIZE, SIZE, 3), dtype=np.uint8)
        layout.write(root, View(house, 0, view), "rgb", image)


@pytest.fixture(scope="module")
def said(clean: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """What is said of each house of a data set with every fault, one in a house, and of a sound one
    among them."""
    root = tmp_path_factory.mktemp("spoiled")
    for number, fault in enumerate(["nothing", *FAULTS]):
        house = fault.replace(" ", "_")
        furnished(root, clean, house, 1000 + number)
        if fault in FAULTS:
            FAULTS[fault][0](root, house)
    found: dict[str, list[str]] = {}
    for line in verify(root).faults:
        house = Path(line.split(":")[0]).relative_to(root).parts[0]
        found.setdefault(house, []).append(line)
    return found


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_found_once(said: dict[str, list[str]], fault: str) -> None:
    lines = said.get(fault.replace(" ", "_"), [])
    assert len(lines) == 1, lines
    assert FAULTS[fault][1] in lines[0]


def test_nothing_is_said_of_a_sound_house_among_them(said: dict[str, list[str]]) -> None:
    assert len(FAULTS) > 20
    assert set(said) == {fault.replace(" ", "_") for fault in FAULTS}


@pytest.fixture
def sound(clean: Path, tmp_path: Path) -> Path:
    """A copy to spoil as a whole."""
    return Path(shutil.copytree(clean, tmp_path / "data"))


def the_fault(root: Path) -> str:
    report = verify(root)
    assert len(report.faults) == 1, report.faults
    assert report.content == ""
    return report.faults[0]


@pytest.mark.parametrize(
    ("declaration", "says"),
    [
        ('{"labels": ["class_object"]}', "class_object.npy and 7 more: missing"),
        ("[]", "expected a JSON object"),
    ],
)
def test_a_declaration_that_does_not_hold(sound: Path, declaration: str, says: str) -> None:
    (sound / "dataset.json").write_text(declaration)
    assert says in the_fault(sound)


def test_a_building_in_two_splits(sound: Path) -> None:
    (sound / "splits.csv").write_text("id,train,val,test\nhouse_0,1,0,1\n")
    assert "splits.csv:2: building house_0 is in train and test" in the_fault(sound)


def test_one_image_in_two_splits(sound: Path) -> None:
    rows = "house_0,1,0,0\nhouse_1,0,1,0\nhouse_2,0,0,1\nhouse_3,0,0,1\n"
    (sound / "splits.csv").write_text("id,train,val,test\n" + rows)
    same = layout.read(sound, View("house_0", 0, 0), "rgb")
    layout.write(sound, View("house_3", 0, 1), "rgb", same)
    found = the_fault(sound)
    assert "in test, found the same image as house_0/point_0_view_0 in train" in found


def test_no_data_set_at_all(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="found no rgb image"):
        verify(tmp_path)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be another user")
def test_what_another_user_may_not_read_is_named(clean: Path) -> None:
    """As a user to whom a file and a folder are closed; root itself may read everything."""
    with TemporaryDirectory() as folder:
        root = Path(shutil.copytree(clean, Path(folder) / "data"))
        Path(folder).chmod(0o755)
        normal = layout.path(root, View("house_0", 0, 0), "normal")
        normal.chmod(0)
        (root / "notes.txt").write_text("closed too")
        (root / "notes.txt").chmod(0)
        (root / "house_1" / "meshes").mkdir(0)
        denied, wish = "Permission denied", ", expected a file that can be read"
        assert sorted(as_nobody(root)) == [
            f"{normal}: cannot be read ({denied})",
            f"{root}/house_1/meshes: found a folder that cannot be listed ({denied}){wish}",
            f"{root}/notes.txt: found a file without permission to read it{wish}",
        ]
        (root / "house_1" / "rgb").chmod(0)
        assert as_nobody(root) == [
            f"{root}/house_1/rgb: cannot be read (Permission denied), expected a data set's folder"
        ]


def as_nobody(root: Path) -> list[str]:
    """What `verify` names, in a process that gives up root's rights once all is imported."""
    script = (
        "import os, sys\nfrom pathlib import Path\nfrom taskonomy.data.verify import verify\n"
        "from taskonomy.errors import BadInput\nos.setuid(65534)\n"
        "try:\n    print(*verify(Path(sys.argv[1])).faults, sep=chr(10))\n"
        "except BadInput as error:\n    print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(root)], capture_output=True, text=True, check=True
    )
    return done.stdout.splitlines()
