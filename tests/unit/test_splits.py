"""No building is on two sides; a single building is cut in time, with gaps."""

from pathlib import Path

import numpy as np
import pytest

from taskonomy.data import layout, splits
from taskonomy.data.layout import Dataset, View
from taskonomy.errors import BadInput


def dataset(root: Path, views: list[View], domains: frozenset[str] = frozenset()) -> Dataset:
    return Dataset(root, tuple(sorted(views)), domains, {})


def buildings(root: Path, count: int, views: int = 12) -> Dataset:
    return dataset(root, [View(f"room_{b:05d}", 0, v) for b in range(count) for v in range(views)])


def parts(found: splits.Splits) -> list[set[int]]:
    return [set(part.tolist()) for part in (found.train, found.val, found.test)]


@pytest.mark.parametrize("count", [3, 10, 60])
def test_buildings_are_dealt_whole_and_in_proportion(tmp_path: Path, count: int) -> None:
    data = buildings(tmp_path, count)
    found = splits.split(data)
    assert found.kind == "building"
    sides = [{data.views[i].building for i in part} for part in parts(found)]
    assert sum(map(len, sides)) == count == len(set.union(*sides))
    assert all(sides)
    assert sum(map(len, parts(found))) == len(data.views)
    if count == 60:
        assert [len(side) for side in sides] == [41, 9, 10]


def test_the_deal_depends_on_names_alone(tmp_path: Path) -> None:
    one, two = (splits.split(buildings(tmp_path / name, 20)) for name in ("a", "b"))
    np.testing.assert_array_equal(one.test, two.test)


def test_a_split_table_decides(tmp_path: Path) -> None:
    table = "id,train,val,test\nroom_00000,0,0,1\nroom_00001,1,0,0\nroom_00002,0,1,0\n"
    (tmp_path / "splits.csv").write_text(table)
    found = splits.split(buildings(tmp_path, 4, views=1))
    assert parts(found) == [{1}, {2}, {0}]
    assert "1 building(s) that it does not list" in found.note


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ("id,train,val,test\nroom_00000,1,0,1\n", "2: building room_00000 is in train and test"),
        (
            "id,train,val,test\nroom_00000,1,0,0\nroom_00000,0,1,0\n",
            "3: building room_00000 is in train and val",
        ),
        ("id,train,test\nroom_00000,1,0\n", "expected id,train,val,test"),
        ("id,train,val,test\nroom_00000,yes,0,0\n", "found yes,0,0, expected 0 or 1"),
        ("id,train,val,test\nroom_00000,1,0,0\n", "no view of this data set is in val"),
    ],
)
def test_a_faulty_split_table_is_refused(tmp_path: Path, table: str, says: str) -> None:
    (tmp_path / "splits.csv").write_text(table)
    with pytest.raises(BadInput, match=f"splits.csv.*{says}"):
        splits.split(buildings(tmp_path, 3))


def test_one_building_is_cut_in_time_with_gaps(tmp_path: Path) -> None:
    """100 frames, of which 4 are dropped at each border: 63 + 13 + 16 remain."""
    rng = np.random.default_rng(0)
    frame_of = {View("house", p, v): int(rng.integers(100)) for p in range(200) for v in range(3)}
    frame_of.update({View("house", 200, frame): frame for frame in range(100)})
    for view, frame in frame_of.items():
        layout.write(tmp_path, view, "point_info", {"frame": frame})
        layout.write(tmp_path, view, "rgb", np.zeros((1, 1, 3), np.uint8))
    data = layout.index(tmp_path)
    found = splits.split(data)
    assert found.kind == "stretch"
    assert "same place" in found.note
    frames = [{frame_of[data.views[i]] for i in part} for part in parts(found)]
    assert frames == [set(range(63)), set(range(67, 80)), set(range(84, 100))]
    assert found.gap == sum(63 <= f < 67 or 80 <= f < 84 for f in frame_of.values())


def test_one_building_without_frames_is_cut_between_points(tmp_path: Path) -> None:
    data = dataset(tmp_path, [View("house", p, v) for p in range(30) for v in range(3)])
    points = [{data.views[i].point for i in part} for part in parts(splits.split(data))]
    assert [len(each) for each in points] == [19, 4, 5]
    assert max(points[0]) + 1 < min(points[1])
    assert max(points[1]) + 1 < min(points[2])


def test_what_cannot_be_split_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="found two buildings"):
        splits.split(buildings(tmp_path, 2))
    with pytest.raises(BadInput, match="too few to cut"):
        splits.split(dataset(tmp_path, [View("house", p, 0) for p in range(4)]))
