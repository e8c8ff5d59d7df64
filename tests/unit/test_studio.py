"""The second family of rooms: the same places and classes, other shapes and materials."""

import json
from pathlib import Path

import numpy as np
import pytest

from taskonomy.data.verify import verify
from taskonomy.errors import BadInput
from taskonomy.rooms.dataset import render_dataset
from taskonomy.rooms.plan import plan
from taskonomy.rooms.rooms import SCENE_CLASSES, build_room


@pytest.mark.parametrize("kind", SCENE_CLASSES)
def test_the_same_things_stand_there_made_of_other_shapes_and_materials(kind: str) -> None:
    home, studio = build_room(7, kind), build_room(7, kind, "studio")
    assert studio.objects == home.objects
    assert studio.size == home.size
    np.testing.assert_array_equal(studio.semantic, home.semantic)
    assert np.unique(studio.instance).tolist() == np.unique(home.instance).tolist()
    shown = {m for m in home.materials if not m.glow and m.mirror <= 0.4}
    assert shown.isdisjoint(studio.materials)
    assert not np.array_equal(studio.primitives.half, home.primitives.half)


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("dining room", "dining table"),
        ("office", "desk"),
        ("kitchen", "refrigerator"),
        ("bedroom", "nightstand"),
    ],
)
def test_what_stood_on_a_thing_still_stands(kind: str, name: str) -> None:
    """The upper surface of the new shape is where the old one's was, to six centimetres."""
    rooms = build_room(0, kind), build_room(0, kind, "studio")
    instances = [i for i, each in enumerate(rooms[0].objects) if each == name]
    assert instances
    for instance in instances:
        tops = []
        for room in rooms:
            p, rows = room.primitives, room.instance == instance
            reach = np.abs(p.rotation[rows, 2]) * p.half[rows]
            tops.append((p.centre[rows, 2] + reach.sum(1)).max())
        assert abs(tops[0] - tops[1]) < 0.06


def test_a_studio_data_set_is_sound_and_says_what_it_is(tmp_path: Path) -> None:
    render_dataset(tmp_path / "rooms", 6, 16, seed=5, workers=1, family="studio")
    declared = json.loads((tmp_path / "rooms/dataset.json").read_text())
    assert declared["family"] == "studio"
    assert verify(tmp_path / "rooms").faults == ()
    with pytest.raises(BadInput, match="'barn', expected home or studio"):
        render_dataset(tmp_path / "barns", 6, 32, seed=5, workers=1, family="barn")


def test_a_plan_says_what_a_rendering_then_takes(tmp_path: Path) -> None:
    arguments = (tmp_path / "rooms", 6, 16, 3)
    found = plan(*arguments, workers=1, family="home")
    assert list(tmp_path.iterdir()) == []
    render_dataset(*arguments, workers=1)
    sizes = [file.stat().st_size for file in (tmp_path / "rooms").glob("room_*/*/*")]
    assert found.files == len(sizes)
    assert found.bytes == sum(-(-size // 4096) * 4096 for size in sizes)
    assert found.seconds > 0
    assert found.text.startswith("6 images: 98 files, 0.00 GB")
