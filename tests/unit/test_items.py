"""Pairs and triplets stay inside the given views and mean what they say; poses by hand."""

from math import pi
from pathlib import Path

import numpy as np
import pytest

from taskonomy.data import cameras, layout
from taskonomy.data.camera_records import relative_pose, room_layout, vanishing_points
from taskonomy.data.items import IMAGES, items
from taskonomy.data.layout import Dataset, View


@pytest.fixture
def dataset(tmp_path: Path) -> Dataset:
    """Two houses, six points each, four views a point; view v of point p also sees point p+1."""
    for house in ("a", "b"):
        for point in range(6):
            for view in range(4):
                where = View(house, point, view)
                seen = [point + 1] if point < 5 else []
                info = {"point_uuid": point, "nonfixated_points_in_view": seen}
                layout.write(tmp_path, where, "rgb", np.zeros((1, 1, 3), np.uint8))
                layout.write(tmp_path, where, "point_info", info)
    return layout.index(tmp_path)


HALF = np.arange(24)


@pytest.mark.parametrize("kind", list(IMAGES))
def test_examples_use_the_given_views_alone_and_none_twice(dataset: Dataset, kind: str) -> None:
    found = items(dataset, HALF, kind, 20, seed=1)
    assert found.shape == (20, IMAGES[kind])
    assert set(found.ravel().tolist()) <= set(HALF.tolist())
    assert len({frozenset(row) for row in found.tolist()}) == 20
    np.testing.assert_array_equal(found, items(dataset, HALF, kind, 20, seed=1))
    assert (found != items(dataset, HALF, kind, 20, seed=2)).any()


def test_fixated_examples_are_different_views_of_one_point(dataset: Dataset) -> None:
    for kind, size in (("fixated_pair", 2), ("fixated_triplet", 3)):
        for row in items(dataset, np.arange(48), kind, 12, seed=0).tolist():
            views = [dataset.views[i] for i in row]
            assert len({view[:2] for view in views}) == 1
            assert len(set(views)) == size


def test_pairs_are_drawn_evenly_over_points(dataset: Dataset) -> None:
    found = items(dataset, np.arange(48), "fixated_pair", 12, seed=0)
    assert len({dataset.views[i][:2] for i in found[:, 0]}) == 12
    everything = items(dataset, np.arange(48), "fixated_pair", 10_000, seed=0)
    assert len(everything) == 12 * 6


def test_nonfixated_pairs_share_a_point_that_one_fixates_and_the_other_sees(
    dataset: Dataset,
) -> None:
    for i, j in items(dataset, np.arange(48), "nonfixated_pair", 40, seed=0).tolist():
        a, b = dataset.views[i], dataset.views[j]
        assert a.building == b.building
        assert abs(a.point - b.point) == 1
    everything = items(dataset, np.arange(48), "nonfixated_pair", 10_000, seed=0)
    assert len(everything) == 2 * 5 * 4 * 4


def test_half_of_the_match_pairs_match(dataset: Dataset) -> None:
    found = items(dataset, np.arange(48), "match_pair", 30, seed=0)
    same = [dataset.views[i].point == dataset.views[j].point for i, j in found]
    assert same == [True, False] * 15
    assert all(dataset.views[i].building == dataset.views[j].building for i, j in found)


def test_what_does_not_exist_is_not_returned(dataset: Dataset) -> None:
    one_view_a_point = np.arange(0, 48, 4)
    assert items(dataset, one_view_a_point, "fixated_triplet", 5, seed=0).shape == (0, 3)
    assert items(dataset, np.array([], np.int64), "match_pair", 5, seed=0).shape == (0, 2)
    assert items(dataset, HALF, "view", 1000, seed=0).shape == (24, 1)


def info(location: tuple[float, ...], euler: tuple[float, ...]) -> dict[str, object]:
    return {
        "camera_location": list(location),
        "camera_rotation_final": list(euler),
        "bounding_box_ranges": {"x": [0.0, 4.0], "y": [1.0, 3.0], "z": [0.0, 2.5]},
    }


FACING_X = (pi / 2, 0, -pi / 2)
FACING_Y = (pi / 2, 0, 0)


def test_relative_pose_is_the_first_camera_seen_from_the_second() -> None:
    """B faces +X from the origin; A stands 1 m ahead of it and 2 m to its right, turned left."""
    a, b = info((1, -2, 0), FACING_Y), info((0, 0, 0), FACING_X)
    np.testing.assert_allclose(relative_pose(a, b), [0, pi / 2, 0, 2, 0, -1], atol=1e-12)
    np.testing.assert_allclose(relative_pose(a, a), np.zeros(6), atol=1e-12)


def directions(azimuth: float) -> np.ndarray:
    """The vanishing points of the record of a level camera."""
    sphere, _ = cameras.vanishing_points(cameras.euler_to_matrix(pi / 2, 0.0, azimuth), 1.0, 64)
    return vanishing_points({"vanishing_points_gaussian_sphere": sphere})


def test_vanishing_points_do_not_tell_one_wall_from_the_next() -> None:
    """Facing a wall: the first is backward (z), the second to the right, the third up."""
    expected = [0, 0, 1, 1, 0, 0, 0, 1, 0]
    for quarter in range(-3, 4):
        made = directions(-pi / 2 + quarter * pi / 2)
        np.testing.assert_allclose(made, expected, atol=1e-12)
    turned = directions(-pi / 2 + 0.3)
    np.testing.assert_allclose(turned[3:6], [np.cos(0.3), 0, np.sin(0.3)], atol=1e-12)
    with pytest.raises(KeyError, match="vanishing_points_gaussian_sphere"):
        vanishing_points(info((0, 0, 0), FACING_X))


def test_the_room_is_a_box_in_the_camera_frame() -> None:
    """The box spans X 1..3, Y 0..4 and Z 0..2.5 (the files swap x and y)."""
    ahead = room_layout(info((0, 2, 1.25), FACING_X))
    np.testing.assert_allclose(ahead, [0, 0, -2, pi / 2, 0, -pi / 2, 2, 4, 2.5], atol=1e-12)
    sideways = room_layout(info((0, 2, 1.25), FACING_Y))
    np.testing.assert_allclose(sideways, [2, 0, 0, pi / 2, 0, -pi / 2, 4, 2, 2.5], atol=1e-12)
