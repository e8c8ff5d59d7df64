"""A data set to look at: the sheet of all its labels, and its card in numbers."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from taskonomy.data import layout, sheet
from taskonomy.data.codecs import DOMAINS
from taskonomy.data.layout import View
from taskonomy.data.statistics import card
from taskonomy.errors import BadInput
from tests.unit.houses import add


@pytest.fixture(scope="module")
def houses(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("houses")
    for house in range(4):
        for view in range(2):
            add(root, View(f"house_{house}", 0, view), seed=10 * house + view)
    (root / "dataset.json").write_text('{"labels": [], "classes": {"scene": ["attic", "barn"]}}')
    return root


def test_a_sheet_shows_six_views_with_a_row_for_every_label(houses: Path, tmp_path: Path) -> None:
    assert sheet.show(houses, tmp_path / "sheet.png") == 6
    dataset = layout.index(houses)
    with Image.open(tmp_path / "sheet.png") as picture:
        step, rows = sheet.TILE + sheet.GAP, len(dataset.domains) + 1
        assert picture.size == (sheet.MARGIN + 6 * step, 30 + rows * step)
        shown = np.asarray(picture.convert("RGB"))
    first = shown[30 : 30 + sheet.TILE, sheet.MARGIN : sheet.MARGIN + sheet.TILE]
    image = layout.read(dataset, dataset.views[0], "rgb").repeat(4, 0).repeat(4, 1)
    np.testing.assert_array_equal(first, image)


def test_a_view_without_a_label_is_grey(houses: Path, tmp_path: Path) -> None:
    few = Path(shutil.copytree(houses, tmp_path / "few"))
    layout.path(few, layout.index(few).views[0], "normal").unlink()
    sheet.show(few, tmp_path / "sheet.png")
    row = 1 + [domain for domain in DOMAINS if domain in layout.index(few).domains].index("normal")
    top = 30 + row * (sheet.TILE + sheet.GAP)
    with Image.open(tmp_path / "sheet.png") as picture:
        shown = np.asarray(picture.convert("RGB"))
    tile = shown[top : top + sheet.TILE, sheet.MARGIN : sheet.MARGIN + sheet.TILE]
    assert (tile == 128).all()


def test_a_sheet_is_a_png_of_a_data_set(houses: Path, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"found the suffix '\.jpg', expected \.png"):
        sheet.show(houses, tmp_path / "sheet.jpg")
    with pytest.raises(BadInput, match="found nothing"):
        sheet.show(tmp_path / "absent", tmp_path / "sheet.png")
    assert list(tmp_path.iterdir()) == []


def test_a_card_counts_what_is_there(houses: Path) -> None:
    text = card(houses)
    assert "8 views of 4 points in 4 building(s), 124 files; 2.0 views a point" in text
    assert "**field of view**: mean 60.0, deviation 0.0 degrees (real data: mean 61)" in text
    assert "**distance**: mean 2.1, deviation 0.0 m (real data: mean 5.3)" in text
    assert "**class_scene** (3 classes): attic 50.0%, barn 25.0%, 3 25.0%." in text
    assert "**segment_semantic** (18 classes): background 100.0%" in text
    rows = [line for line in text.splitlines() if line.startswith("| depth_zbuffer")]
    low, middle, high = (float(cell) for cell in rows[0].split("|")[3:6])
    assert 1 < low < middle < high < 6


def test_a_card_of_labels_that_are_few(tmp_path: Path) -> None:
    """Without cameras, and with one building, which cannot be split."""
    depth = np.full((8, 8), 2.0, np.float32)
    depth[:2] = np.nan
    view = layout.View("house", 0, 0)
    layout.write(tmp_path, view, "rgb", np.zeros((8, 8, 3), np.uint8))
    layout.write(tmp_path, view, "depth_zbuffer", depth)
    text = card(tmp_path)
    assert "| depth_zbuffer | m | 2 | 2 | 2 | 50.0% |" in text
    assert "Cameras" not in text
    assert "None: " in text
