"""Which validation images train readouts, and which ones choose among them."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from taskonomy.config import Config
from taskonomy.data.layout import Dataset, View
from taskonomy.data.splits import Splits
from taskonomy.dictionary import DICTIONARY
from taskonomy.store import Store
from taskonomy.training.examples import Examples, examples, images_of
from taskonomy.training.workspace import Workspace

POINT = 4
"""Views of every point."""
VIEW, PAIR = "normal", "fixated_pose"


def houses(folder: Path, small: Config, val: int, points: int, regimes: tuple[int, ...]):
    """A workspace of so many validation buildings, each of so many points; nothing is read."""
    counts = {"train": 10, "val": val, "test": 2}
    views = tuple(
        View(f"{split}{building}", point, view)
        for split, count in counts.items()
        for building in range(count)
        for point in range(200 if split == "train" else points)
        for view in range(POINT)
    )
    parts = (
        np.array([i for i, view in enumerate(views) if view.building.startswith(split)])
        for split in counts
    )
    config = small.updated(regimes=regimes, transfer={"test_images": 50}, tasks=(VIEW, PAIR))
    dataset = Dataset(folder, views, frozenset({"rgb"}), {})
    return Workspace(
        Store(str(folder)), config, dataset, "x", "x", Splits(*parts, "building", "")
    )  # fmt: skip


def buildings(workspace: Workspace, rows: np.ndarray) -> set[str]:
    return {workspace.dataset.views[i].building for i in rows.ravel()}


def points(workspace: Workspace, rows: np.ndarray) -> set[tuple[str, int]]:
    return {workspace.dataset.views[i][:2] for i in rows.ravel()}


def chosen(workspace: Workspace, task: str = VIEW, regime: int | None = None) -> Examples:
    return examples(workspace, DICTIONARY[task], regime)


@pytest.mark.parametrize("task", [VIEW, PAIR])
def test_readouts_and_choices_see_other_buildings_and_the_regime_is_whole(
    tmp_path: Path, small: Config, task: str
) -> None:
    workspace = houses(tmp_path, small, val=10, points=3, regimes=(60, 24))
    found = chosen(workspace, task)

    assert found.apart == "building"
    assert images_of(found.transfer) == 60  # five buildings of twelve views
    assert len(buildings(workspace, found.transfer)) == 5
    assert len(found.choice) == 50  # as many as test examples, of at most 60 views and 90 pairs
    assert len(buildings(workspace, found.choice)) == 5
    assert not buildings(workspace, found.choice) & buildings(workspace, found.transfer)
    assert buildings(workspace, found.choice) | buildings(workspace, found.transfer) <= {
        f"val{i}" for i in range(10)
    }


def test_a_smaller_regime_is_a_subset_and_is_chosen_by_the_same_images(
    tmp_path: Path, small: Config
) -> None:
    workspace = houses(tmp_path, small, val=10, points=3, regimes=(60, 24))
    large, less = chosen(workspace), chosen(workspace, regime=24)

    assert images_of(less.transfer) == 24
    assert set(less.transfer.ravel()) < set(large.transfer.ravel())
    assert less.choice.tolist() == large.choice.tolist()


def test_the_buildings_follow_from_the_seed(tmp_path: Path, small: Config) -> None:
    workspace = houses(tmp_path, small, val=10, points=3, regimes=(60,))
    other = replace(workspace, config=workspace.config.updated(seed=1))

    assert chosen(workspace).choice.tolist() == chosen(workspace).choice.tolist()
    assert buildings(workspace, chosen(workspace).choice) != buildings(other, chosen(other).choice)


def test_of_few_large_buildings_one_may_be_enough_for_the_readouts(
    tmp_path: Path, small: Config
) -> None:
    """As in the real data set's smallest split: five validation buildings, each of thousands."""
    workspace = houses(tmp_path, small, val=5, points=100, regimes=(300,))
    found = chosen(workspace)
    assert (images_of(found.transfer), len(buildings(workspace, found.transfer))) == (300, 1)
    assert len(buildings(workspace, found.choice)) == 4


@pytest.mark.parametrize(("val", "regime"), [(1, 100), (2, 300)])
@pytest.mark.parametrize("task", [VIEW, PAIR])
def test_where_no_building_is_left_the_cut_lies_between_points(
    tmp_path: Path, small: Config, val: int, regime: int, task: str
) -> None:
    workspace = houses(tmp_path, small, val=val, points=40, regimes=(regime,))
    found = chosen(workspace, task)
    assert found.apart == "point"
    assert images_of(found.transfer) == regime
    assert len(found.choice) > 10
    assert not points(workspace, found.choice) & points(workspace, found.transfer)


def test_a_regime_that_takes_all_leaves_no_choice(tmp_path: Path, small: Config) -> None:
    workspace = houses(tmp_path, small, val=10, points=3, regimes=(120,))
    found = chosen(workspace)
    assert found.apart == "nothing"
    assert (images_of(found.transfer), found.choice.shape) == (120, (0, 1))


@pytest.mark.parametrize("regime", [1000, 5000])
def test_of_fewer_images_than_the_regime_asks_for_a_fifth_is_for_choosing(
    tmp_path: Path, small: Config, regime: int
) -> None:
    """There are 120; a readout may see 1,600, a fifth of the training images."""
    workspace = houses(tmp_path, small, val=10, points=3, regimes=(regime,))
    found = chosen(workspace)
    assert found.apart == "building"
    assert (images_of(found.transfer), len(found.choice)) == (96, 24)
