"""A faulty data set is refused in one line that names the file, and nothing is written for it."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from taskonomy.data import layout
from taskonomy.data.layout import View
from taskonomy.files import shipped

from .conftest import content, lines, refused, taskonomy

FIRST = View("room_00001", 1, 1)
DEPTH = layout.path(Path("rooms"), FIRST, "depth_zbuffer")
SCENE = layout.path(Path("rooms"), FIRST, "class_scene")
INFO = layout.path(Path("rooms"), FIRST, "point_info")


def without_a_folder(rooms: Path) -> None:
    for building in layout.index(rooms).buildings:
        shutil.rmtree(rooms / building / "normal")


def without_a_file(rooms: Path) -> None:
    layout.path(rooms, FIRST, "reshading").unlink()


def link_to_nothing(rooms: Path) -> None:
    file = rooms.parent / SCENE
    file.unlink()
    file.symlink_to("moved.npy")


def corrupt_depth(rooms: Path) -> None:
    file = rooms.parent / DEPTH
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def damaged_depth(rooms: Path) -> None:
    file = rooms.parent / DEPTH
    spoiled = bytearray(file.read_bytes())
    spoiled[len(spoiled) // 2] ^= 0xFF
    file.write_bytes(spoiled)


def depth_of_8_bits(rooms: Path) -> None:
    cv2.imwrite(str(rooms.parent / DEPTH), np.full((32, 32), 90, np.uint8))


def a_building_in_two_splits(rooms: Path) -> None:
    rows = ["id,train,val,test", "room_00000,1,0,0", "room_00001,0,1,0", "room_00002,1,0,1"]
    (rooms / "splits.csv").write_text("\n".join(rows) + "\n")


def nan_in_npy(rooms: Path) -> None:
    labels = np.load(rooms.parent / SCENE)
    labels[2] = np.nan
    np.save(rooms.parent / SCENE, labels)


def nan_in_json(rooms: Path) -> None:
    info = json.loads((rooms.parent / INFO).read_text())
    info["field_of_view_rads"] = float("nan")
    (rooms.parent / INFO).write_text(json.dumps(info))


FAULTS: dict[str, tuple[Callable[[Path], None], tuple[str, ...]]] = {
    "a missing label folder": (
        without_a_folder,
        ("/rooms: found no label folder 'normal'", "expected it in every building"),
    ),
    "a missing label file": (
        without_a_file,
        (
            *(str(layout.path(Path("rooms"), FIRST, "reshading")), "missing", "expected a file"),
            *("1 of 36 views are incomplete or damaged", "the share of 0.01"),
        ),
    ),
    "a link to nothing": (
        link_to_nothing,
        (str(SCENE), "found a link to nothing", "expected the class_scene of room_00001/point_1"),
    ),
    "a truncated depth PNG": (corrupt_depth, (str(DEPTH), "truncated PNG")),
    "a corrupt depth PNG": (damaged_depth, (str(DEPTH), "corrupt PNG")),
    "an 8-bit depth PNG": (depth_of_8_bits, (str(DEPTH), "found a 8-bit PNG", "expected 16-bit")),
    "a building in two splits": (
        a_building_in_two_splits,
        ("rooms/splits.csv:4", "building room_00002 is in train and test", "expected one split"),
    ),
    "NaN in soft labels": (nan_in_npy, (str(SCENE), "1 values not finite", "expected")),
    "NaN in a camera": (nan_in_json, (str(INFO), "found NaN", "expected finite numbers")),
}


OVERLAID = ("a truncated depth PNG", "a link to nothing")
"""Faults of files that others in the list spoil too."""


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_refused_before_anything_is_written(rooms: Path, fault: str) -> None:
    spoil, words = FAULTS[fault]
    spoil(rooms)
    folder, before = rooms.parent, content(rooms)
    done = taskonomy(folder, "stage", "version-data", "--data", "rooms", "--out", "out")
    refused(done, *words)
    assert {path.name for path in folder.iterdir()} == {"rooms", "tmp"}
    assert list((folder / "tmp").iterdir()) == []
    assert content(rooms) == before


def test_verify_names_every_fault_in_a_line_each(rooms: Path) -> None:
    spoilers = [FAULTS[name][0] for name in FAULTS if name not in OVERLAID]
    for spoil in spoilers:
        spoil(rooms)
    done = taskonomy(rooms.parent, "data", "verify", "rooms")
    assert done.returncode == 2
    said = lines(done.stderr)
    for file in ("normal", "reshading", "class_scene", "point_info", "depth_zbuffer", "splits.csv"):
        assert sum(f"/{file}" in line for line in said) == 1, file
    assert "Traceback" not in done.stderr
    assert done.stdout.splitlines()[-1] == f"{len(said)} fault(s)"


def test_few_incomplete_and_damaged_views_are_left_out_by_name(rooms: Path) -> None:
    without_a_file(rooms)
    dangling, cut = View("room_00002", 0, 0), View("room_00003", 1, 2)
    layout.path(rooms, dangling, "class_scene").unlink()
    layout.path(rooms, dangling, "class_scene").symlink_to("moved.npy")
    file = layout.path(rooms, cut, "depth_zbuffer")
    file.write_bytes(file.read_bytes()[:-20])
    folder = rooms.parent
    text = shipped("params.yaml").read_text()
    (folder / "params.yaml").write_text(text.replace("left_out: 0.01", "left_out: 0.1"))
    done = taskonomy(folder, "stage", "version-data", "--data", "rooms", "--out", "out")
    assert done.returncode == 0, done.stderr[-3000:]
    said = lines(done.stderr)
    for name, reason in (
        (FIRST, "reshading.png: missing"),
        (dangling, "found a link to nothing"),
        (cut, "truncated PNG"),
    ):
        assert sum(f"{name} is left out: " in line and reason in line for line in said) == 1, said
    assert "taskonomy: 3 of 36 views are left out as incomplete or damaged" in said
    (record,) = (folder / "out/store/version-data").glob("*/dataset.json")
    facts = json.loads(record.read_text())
    assert facts["views"] == 33
    assert len(facts["views_left_out"]) == 3
    assert sum(map(len, (facts["split"][part] for part in ("train", "val", "test")))) <= 33


def test_a_run_on_spoiled_data_says_the_same_and_leaves_its_log_alone(rooms: Path) -> None:
    without_a_folder(rooms)
    folder = rooms.parent
    done = taskonomy(folder, "run", "--data", "rooms", "--out", "out")
    refused(done, "/rooms: found no label folder 'normal'", "which the task normal needs")
    assert [path.suffix for path in (folder / "out").rglob("*") if path.is_file()] == [".log"]
    assert list((folder / "tmp").iterdir()) == []
