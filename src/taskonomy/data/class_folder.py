"""A folder of images by class, as a data set in the layout: images and classes alone.

`<root>/<class>/<image>.jpg|png`, or the same below `train` and `val`, as torchvision's ImageFolder
reads it and Places and ImageNet lie. What is written is small: square images of a network's size.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import UInt8
from PIL import Image, ImageOps
from tqdm import tqdm

from taskonomy import files, formats
from taskonomy.data import layout
from taskonomy.data.availability import DECLARATION
from taskonomy.data.layout import View
from taskonomy.data.splits import NAMES, PROPORTIONS, TABLES
from taskonomy.errors import BadInput

LABEL = "class_scene"
"""The label folder that the classes are written to, whatever they are classes of."""
LEAST = 10
"""Images of a class from which on each split has some."""

_SUFFIXES = (".jpg", ".jpeg", ".png")
_SPLITS = {1: ((0, 1, 2),), 2: ((0, 1), (2,)), 3: ((0,), (1,), (2,))}
"""Which splits the images of each part are dealt to, by how many parts there are."""


class Photograph(NamedTuple):
    """An image file, the number of its class, and its split (an index into `splits.NAMES`)."""

    file: Path
    label: int
    split: int


@dataclass(frozen=True)
class ClassFolder:
    """Images by class.

    Attributes:
        root: the folder.
        classes: the classes' names, sorted.
        photographs: the images taken, split by split; each class has some in every split.
    """

    root: Path
    classes: tuple[str, ...]
    photographs: tuple[Photograph, ...]

    def state(self) -> list[tuple[str, int, int, int, int]]:
        """What tells that an image or its use has changed: name, size, time, class, split."""
        stats = ((photograph, photograph.file.stat()) for photograph in self.photographs)
        return [
            (str(file.relative_to(self.root)), stat.st_size, stat.st_mtime_ns, label, split)
            for (file, label, split), stat in stats
        ]


def is_one(root: Path) -> bool:
    """Whether folders hold images as they are, rather than buildings in the layout."""
    if not root.is_dir():
        return False
    folders = _folders(root)
    if any((folder / "rgb").is_dir() for folder in folders):
        return False
    below = [inner for folder in folders if folder.name in NAMES for inner in _folders(folder)]
    return any(_is_photograph(entry) for folder in [*folders, *below] for entry in folder.iterdir())


def find(root: Path, most: int) -> ClassFolder:
    """Choose a class folder's images by a hash of their names, evenly over its classes.

    Without `train` and `val` above the classes, a class's images are dealt to the three splits by
    `splits.PROPORTIONS`. `val` or `test` alone beside `train` is the test split; all three are what
    they say.

    Args:
        root: the folder.
        most: images in all, as far as each class keeps `LEAST`.

    Raises:
        BadInput: it holds one class or none, a class with too few images, or other things beside
            classes and images.
    """
    parts = _parts(root)
    by_part = [_classes(folder) for folder in parts]
    names = sorted(by_part[0])
    for folder, found in zip(parts[1:], by_part[1:], strict=True):
        if odd := sorted(found.keys() ^ set(names)):
            raise BadInput(
                f"{folder}: found other classes than in {parts[0].name}, such as {odd[0]!r}; "
                "expected the same in each"
            )
    if len(names) < 2:
        raise BadInput(
            f"{root}: found {len(names)} class(es){': ' if names else ''}{', '.join(names)}; "
            "expected folders of images of two classes or more"
        )
    share = max(LEAST, most // len(names))
    photographs = [
        photograph
        for part, found, splits in zip(parts, by_part, _SPLITS[len(parts)], strict=True)
        for label, name in enumerate(names)
        for photograph in _dealt(part / name, found[name], label, splits, share)
    ]
    return ClassFolder(root, tuple(names), tuple(sorted(photographs, key=lambda p: p.split)))


def write(found: ClassFolder, out: Path, size: int) -> int:
    """Write the images' centre squares and their classes as a data set of three buildings.

    Args:
        found: the images.
        out: an empty folder, hidden until it is whole.
        size: pixels of an image's side.

    Returns:
        How many images were left out because an equal one was there already.

    Raises:
        BadInput: an image cannot be read.
    """
    seen: set[bytes] = set()
    labels = np.eye(len(found.classes), dtype=np.float32)
    bar = tqdm(found.photographs, desc="images by class", unit="image", mininterval=1)
    for number, photograph in enumerate(bar):
        pixels = _square(photograph.file, size)
        content = sha256(pixels.tobytes()).digest()
        if content not in seen:
            seen.add(content)
            view = View(NAMES[photograph.split], number, 0)
            layout.write(out, view, "rgb", pixels)
            layout.write(out, view, LABEL, labels[photograph.label])
    facts = {
        "source": "images by class",
        "size": size,
        "images": len(seen),
        "labels": sorted(("rgb", LABEL)),
        "classes": {"scene": found.classes},
    }
    declaration = formats.DATASET.stamped(facts)
    files.fill(out / DECLARATION, (json.dumps(declaration, indent=1) + "\n").encode())
    rows = [f"{name},{','.join(str(int(name == other)) for other in NAMES)}" for name in NAMES]
    files.fill(out / TABLES[0], "\n".join([f"id,{','.join(NAMES)}", *rows, ""]).encode())
    return len(found.photographs) - len(seen)


def _parts(root: Path) -> list[Path]:
    """The folders that hold the classes: `root`, or `train` and what is beside it."""
    folders = _folders(root)
    parts = [root / name for name in NAMES if root / name in folders]
    if not parts:
        return [root]
    if len(parts) < len(folders):
        odd = next(folder.name for folder in folders if folder.name not in NAMES)
        raise BadInput(
            f"{root}: found {parts[0].name!r} beside {odd!r}; expected classes of images alone, or "
            f"folders of them named {', '.join(NAMES)}"
        )
    if parts[0].name != NAMES[0] or len(parts) == 1:
        raise BadInput(
            f"{root}: found {' and '.join(folder.name for folder in parts)} alone; expected train "
            "with val, test or both"
        )
    return parts


def _classes(folder: Path) -> dict[str, list[Path]]:
    """A part's images by class, sorted."""
    for entry in folder.iterdir():
        if _is_photograph(entry):
            raise BadInput(f"{entry}: found an image beside classes, expected it in one of them")
    found: dict[str, list[Path]] = {}
    for inner in _folders(folder):
        found[inner.name] = sorted(e for e in inner.iterdir() if not e.name.startswith("."))
        for entry in found[inner.name]:
            if not _is_photograph(entry):
                raise BadInput(
                    f"{entry}: found it among images of a class, expected {', '.join(_SUFFIXES)} "
                    "files alone"
                )
    return found


def _dealt(
    folder: Path, images: list[Path], label: int, splits: tuple[int, ...], share: int
) -> Iterator[Photograph]:
    """A class's share of one part's images, each with its split."""
    weights = np.array([PROPORTIONS[split] for split in splits])
    least, most = (max(1, round(count * weights.sum())) for count in (LEAST, share))
    if len(images) < least:
        raise BadInput(
            f"{folder}: found {len(images)} image(s), expected {least} or more of each class"
        )
    chosen = sorted(images, key=lambda file: sha256(file.name.encode()).digest())[:most]
    ends = np.rint(np.cumsum(weights) / weights.sum() * len(chosen)).astype(int)
    for place, file in enumerate(chosen):
        yield Photograph(file, label, splits[int(np.searchsorted(ends, place, side="right"))])


def _square(file: Path, size: int) -> UInt8[np.ndarray, "{size} {size} 3"]:
    """The centre square of an image, upright."""
    try:
        with Image.open(file, formats=("JPEG", "PNG")) as image:
            upright = ImageOps.exif_transpose(image).convert("RGB")
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        reason = " ".join(str(error).split())
        raise BadInput(f"{file}: not a whole JPEG or PNG image ({reason})") from error
    return np.asarray(ImageOps.fit(upright, (size, size)))


def _folders(folder: Path) -> list[Path]:
    entries = (entry for entry in folder.iterdir() if not entry.name.startswith("."))
    return sorted(entry for entry in entries if entry.is_dir())


def _is_photograph(entry: Path) -> bool:
    return entry.suffix.lower() in _SUFFIXES and not entry.name.startswith(".")
