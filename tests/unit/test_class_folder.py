"""Images by class, as torchvision's ImageFolder, Places and ImageNet lie."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from taskonomy.data import availability, class_folder, layout, splits, verify
from taskonomy.errors import BadInput

COLOURS = {"green": (20, 200, 40), "red": (210, 30, 20)}


def fill(folder: Path, colour: tuple[int, int, int], count: int = 10) -> None:
    """Wide images, of any number of pixels, whose centre square has a colour of its own."""
    folder.mkdir(parents=True)
    for i in range(count):
        side = 40 + i
        pixels = np.zeros((side, 3 * side, 3), np.uint8)
        pixels[:, side : 2 * side] = np.array(colour) + i
        suffix = (".png", ".JPEG", ".jpg")[i % 3]
        Image.fromarray(pixels).save(folder / f"{i}{suffix}", quality=95)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name, colour in COLOURS.items():
        fill(tmp_path / "any" / name, colour)
    return tmp_path / "any"


def test_centre_squares_and_classes_become_a_sound_data_set(root: Path, tmp_path: Path) -> None:
    (root / "README.txt").write_text("beside the classes")
    found = class_folder.find(root, 3000)
    class_folder.write(found, tmp_path / "out", 32)

    assert verify.verify(tmp_path / "out").faults == ()
    dataset = layout.index(tmp_path / "out")
    assert availability.classes(tmp_path / "out") == {"class_scene": ["green", "red"]}
    assert len(dataset.views) == 20
    for view in dataset.views:
        colour = np.median(layout.read(dataset, view, "rgb"), axis=(0, 1))
        name = list(COLOURS)[int(layout.read(dataset, view, "class_scene").argmax())]
        assert np.abs(colour - COLOURS[name]).max() < 14
    parts = splits.split(dataset)
    assert [len(parts.train), len(parts.val), len(parts.test)] == [14, 2, 4]


def test_splits_that_are_there_are_kept(tmp_path: Path) -> None:
    for number, (name, colour) in enumerate(COLOURS.items()):
        fill(tmp_path / "split" / "train" / name, colour)
        fill(tmp_path / "split" / "val" / name, colour, 4 + number)
    found = class_folder.find(tmp_path / "split", 3000)
    for photograph in found.photographs:
        assert (photograph.file.parts[-3] == "val") == (splits.NAMES[photograph.split] == "test")
    assert set(Counter(p.split for p in found.photographs)) == {0, 1, 2}


def test_classes_share_the_images_that_a_run_takes(root: Path) -> None:
    fill(root / "blue", (0, 0, 90), 30)
    taken = class_folder.find(root, 36)
    assert Counter(taken.classes[p.label] for p in taken.photographs) == {
        "blue": 12,
        "green": 10,
        "red": 10,
    }
    assert class_folder.find(root, 36).state() == taken.state()


def test_an_image_that_is_there_twice_is_in_one_split_alone(root: Path, tmp_path: Path) -> None:
    first = next((root / "red").iterdir())
    for i in range(10):
        (root / "red" / f"again{i}{first.suffix}").write_bytes(first.read_bytes())
    assert class_folder.write(class_folder.find(root, 3000), tmp_path / "out", 32) == 10
    assert verify.verify(tmp_path / "out").faults == ()


def remove(folder: Path) -> None:
    for file in folder.iterdir():
        file.unlink()
    folder.rmdir()


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda root: remove(root / "red"), r"any: found 1 class\(es\): green; expected .* two"),
        (
            lambda root: next((root / "red").iterdir()).unlink(),
            r"red: found 9 image\(s\)",
        ),
        (lambda root: (root / "blue").mkdir(), r"blue: found 0 image\(s\), expected 10 or more"),
        (lambda root: (root / "red" / "more").mkdir(), "red/more: found it among images"),
        (lambda root: (root / "red" / "a.webp").touch(), r"a\.webp: .* expected \.jpg, \.jpeg"),
        (lambda root: (root / "a.png").touch(), r"a\.png: found an image beside classes"),
        (lambda root: (root / "train").mkdir(), "any: found 'train' beside 'green'"),
    ],
)
def test_a_folder_that_cannot_be_told_apart_is_named(
    root: Path, spoil: Callable[[Path], None], message: str
) -> None:
    spoil(root)
    assert class_folder.is_one(root)
    with pytest.raises(BadInput, match=message):
        class_folder.find(root, 3000)


def test_splits_that_do_not_fit_are_named(tmp_path: Path) -> None:
    fill(tmp_path / "train" / "red", (200, 0, 0))
    with pytest.raises(BadInput, match="found train alone; expected train with val"):
        class_folder.find(tmp_path, 3000)
    fill(tmp_path / "val" / "green", (0, 200, 0))
    with pytest.raises(BadInput, match="val: found other classes than in train, such as 'green'"):
        class_folder.find(tmp_path, 3000)


@pytest.mark.parametrize("suffix", [".jpg", ".png"])
def test_an_unreadable_image_is_named(root: Path, tmp_path: Path, suffix: str) -> None:
    file = next(f for f in (root / "red").iterdir() if f.suffix == suffix)
    file.write_bytes(file.read_bytes()[:-40])
    with pytest.raises(BadInput, match=rf"{file.name}: not a whole JPEG or PNG image"):
        class_folder.write(class_folder.find(root, 3000), tmp_path / "out", 32)


def test_a_data_set_in_the_layout_is_no_class_folder(rooms: Path, tmp_path: Path) -> None:
    assert not class_folder.is_one(rooms)
    assert not class_folder.is_one(tmp_path)
    assert not class_folder.is_one(tmp_path / "absent")
