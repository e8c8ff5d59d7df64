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
        (str(layout.path(Path("rooms"), FIRST, "reshading")), "found no such file", "expected one"),
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


def test_a_run_on_spoiled_data_says_the_same_and_leaves_its_log_alone(rooms: Path) -> None:
    without_a_folder(rooms)
    folder = rooms.parent
    done = taskonomy(folder, "run", "--data", "rooms", "--out", "out")
    refused(done, "/rooms: found no label folder 'normal'", "which the task normal needs")
    assert [path.suffix for path in (folder / "out").rglob("*") if path.is_file()] == [".log"]
    assert list((folder / "tmp").iterdir()) == []
