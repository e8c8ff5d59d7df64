"""A catalogue says what the layout says, of folders and URLs; a kept one is not trusted blindly."""

import os
from pathlib import Path

import fsspec
import numpy as np
import pytest

from taskonomy.data import catalogue, layout
from taskonomy.data.layout import View
from taskonomy.errors import BadInput

IMAGE = np.zeros((4, 4, 3), np.uint8)
VIEWS = [View("house_1", 2, 0), View("house_1", 10, 0), View("house_2", 0, 1)]


@pytest.fixture
def houses(tmp_path: Path) -> Path:
    """Three views, one without normals; a label without an image; things that are no buildings."""
    root = tmp_path / "houses"
    for view in VIEWS:
        layout.write(root, view, "rgb", IMAGE)
    for view in (*VIEWS[:2], View("house_2", 5, 5)):
        layout.write(root, view, "normal", IMAGE.astype(np.float32))
    (root / "house_1/normal").rename(root / "house_1/normals_of_old")
    (root / "house_1/normals_of_old").rename(root / "house_1/normal")
    (root / ".cache/rgb").mkdir(parents=True)
    (root / "notes").mkdir()
    (root / "dataset.json").write_text("{}")
    return root


def test_it_says_what_the_layout_says(houses: Path) -> None:
    found = catalogue.scan(str(houses))
    expected = layout.index(houses)
    assert found.dataset() == expected
    assert found.count == 6
    assert [str(houses / found.address(view, "rgb")) for view in VIEWS] == [
        str(layout.locate(expected, view, "rgb")) for view in VIEWS
    ]
    assert found.missing("normal") == layout.missing(expected, "normal") == [VIEWS[2]]
    assert found.alone("normal") == [View("house_2", 5, 5)]


def test_an_object_store_is_listed_alike(houses: Path) -> None:
    store = fsspec.filesystem("memory")
    store.put(str(houses), "/bucket/houses", recursive=True)
    there, here = catalogue.scan("memory://bucket/houses"), catalogue.scan(str(houses))
    assert there.views == here.views == tuple(VIEWS)
    assert there.places == here.places
    store.rm("/bucket", recursive=True)


@pytest.fixture
def kept(houses: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The same with its catalogue kept; its folders last changed an hour ago."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(houses.parent / "caches"))
    for folder in [houses, *(path for path in houses.rglob("*") if path.is_dir())]:
        hour_ago = folder.stat().st_mtime - 3600
        os.utime(folder, (hour_ago, hour_ago))
    catalogue.keep(catalogue.scan(str(houses)))
    return houses


def test_a_kept_catalogue_is_the_same_again(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = layout.index(kept)
    monkeypatch.setattr(catalogue, "scan", None)  # it must not list anew
    assert catalogue.index(kept) == expected


def test_a_new_file_is_seen_though_a_catalogue_was_kept(kept: Path) -> None:
    new = View("house_2", 7, 0)
    layout.write(kept, new, "rgb", IMAGE)
    assert new in catalogue.index(kept).views


def test_the_catalogue_of_a_folder_that_has_just_changed_is_not_kept(kept: Path) -> None:
    catalogue.place_of(str(kept)).unlink()
    layout.write(kept, View("house_2", 8, 0), "rgb", IMAGE)
    catalogue.keep(catalogue.scan(str(kept)))
    assert not catalogue.place_of(str(kept)).exists()


def test_a_small_data_set_leaves_nothing_in_the_cache(
    houses: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(houses.parent / "caches"))
    catalogue.index(houses)
    assert not (houses.parent / "caches").exists()


def test_what_is_no_data_set_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="found nothing, expected a folder of buildings"):
        catalogue.scan(str(tmp_path / "absent"))
    with pytest.raises(BadInput, match="found no rgb image"):
        catalogue.scan(str(tmp_path))
