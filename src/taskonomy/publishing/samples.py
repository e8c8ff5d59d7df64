"""Sample predictions of the report: what a network saw, should have said, and said."""

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float, Shaped, UInt8
from PIL import Image

from taskonomy.dictionary import Task
from taskonomy.errors import BadInput, one_line

_TILE = 96  # pixels; larger images are shrunk, so that the report stays small
_GAP = 2
_QUALITY = 82
_TOP_CLASSES = 3
_CARDS = 4  # items shown of a task that predicts numbers


@dataclass(frozen=True, kw_only=True)
class Samples:
    """A few test items of one task.

    Attributes:
        inputs: the k images of each item as the network sees them: one, two or three, or nine
            tiles; lightness is the same in all three channels.
        target: the truth as people see it: pictures of 8 bits, or numbers.
        output: what the network says, likewise.
    """

    inputs: UInt8[np.ndarray, "n k H W 3"]
    target: Shaped[np.ndarray, "n ..."]
    output: Shaped[np.ndarray, "n ..."]


@dataclass(frozen=True, kw_only=True)
class Strip:
    """One row of pictures, as one image."""

    label: str
    uri: str
    width: int
    height: int


@dataclass(frozen=True, kw_only=True)
class Number:
    """One component of a vector. Places are in [0, 100] on the component's axis."""

    label: str
    target: float
    output: float
    tip: str


@dataclass(frozen=True, kw_only=True)
class Card:
    """One item of a task that predicts numbers: its images and the numbers."""

    picture: Strip
    numbers: tuple[Number, ...]


@dataclass(frozen=True, kw_only=True)
class Example:
    """One task's samples: strips of pictures, or cards of numbers (`bars`: probabilities)."""

    name: str
    title: str
    group: str
    predicts: str
    strips: tuple[Strip, ...] = ()
    cards: tuple[Card, ...] = ()
    bars: bool = False


def read(path: Path) -> Samples:
    """Read the samples that training left (`samples/<model id>.npz`).

    Raises:
        BadInput: no such file, or not the three arrays.
    """
    try:
        with np.load(path, allow_pickle=False) as arrays:
            return Samples(
                inputs=arrays["inputs"], target=arrays["target"], output=arrays["output"]
            )
    except (OSError, KeyError, ValueError) as error:
        raise BadInput(
            f"{path}: {one_line(error)}; expected the arrays inputs, target and output"
        ) from error


def example(task: Task, samples: Samples, classes: Sequence[str] = ()) -> Example:
    """The pictures or cards of one task's samples.

    Args:
        task: the task.
        samples: some test items.
        classes: names of the classes, where the task predicts classes and the names are known.
    """
    images = _mosaics(samples.inputs) if task.inputs == "tiles" else samples.inputs
    width = min(_TILE, images.shape[3])
    if task.head == "image":
        strips = (
            _strip("input", _stacked(images), width),
            _strip("target", samples.target, width),
            _strip("prediction", samples.output, width),
        )
        return Example(
            name=task.name, title=task.title, group=task.group, predicts=task.target,
            strips=strips,
        )  # fmt: skip
    bars = task.loss == "cross_entropy"
    numbers = _shares if bars else _vector
    found = numbers(samples.target[:_CARDS], samples.output[:_CARDS], classes or task.components)
    cards = tuple(
        Card(picture=_strip("input", views, width), numbers=row)
        for views, row in zip(images[:_CARDS], found, strict=True)
    )
    return Example(
        name=task.name, title=task.title, group=task.group, predicts=task.target,
        cards=cards, bars=bars,
    )  # fmt: skip


def _vector(
    target: Float[np.ndarray, "n d"], output: Float[np.ndarray, "n d"], names: Sequence[str]
) -> list[tuple[Number, ...]]:
    """Components on one axis that reaches as far as the largest value of these items."""
    reach = max(float(np.abs(target).max()), float(np.abs(output).max()), 1e-9)
    return [
        tuple(
            Number(
                label=names[i] if i < len(names) else str(i + 1),
                target=round(50 + 50 * float(t) / reach, 1),
                output=round(50 + 50 * float(o) / reach, 1),
                tip=f"{names[i] if i < len(names) else i + 1}: target {t:.2f}, predicted {o:.2f}",
            )
            for i, (t, o) in enumerate(zip(truth, said, strict=True))
        )
        for truth, said in zip(target, output, strict=True)
    ]


def _shares(
    target: Float[np.ndarray, "n d"], output: Float[np.ndarray, "n d"], names: Sequence[str]
) -> list[tuple[Number, ...]]:
    """The likeliest classes of target and output, as percentages."""
    cards = []
    for t, o in zip(target, output, strict=True):
        top = np.argsort(-np.maximum(t, o), kind="stable")[:_TOP_CLASSES]
        cards.append(
            tuple(
                Number(
                    label=names[i] if i < len(names) else f"class {i + 1}",
                    target=round(100 * float(t[i]), 1),
                    output=round(100 * float(o[i]), 1),
                    tip=f"target {t[i]:.0%}, predicted {o[i]:.0%}",
                )
                for i in top
            )
        )
    return cards


def _mosaics(tiles: UInt8[np.ndarray, "n 9 H W 3"]) -> UInt8[np.ndarray, "n 1 3*H 3*W 3"]:
    """The nine shuffled tiles of each item as one picture."""
    n, _, h, w, _ = tiles.shape
    grid = tiles.reshape(n, 3, 3, h, w, 3).transpose(0, 1, 3, 2, 4, 5)
    return grid.reshape(n, 1, 3 * h, 3 * w, 3)


def _stacked(images: UInt8[np.ndarray, "n k H W 3"]) -> UInt8[np.ndarray, "n k*H W 3"]:
    """The images of one item below one another."""
    n, k, h, w, _ = images.shape
    return images.reshape(n, k * h, w, 3)


def _strip(label: str, tiles: UInt8[np.ndarray, "n h w 3"], width: int) -> Strip:
    """Tiles side by side, each `width` pixels wide, with a grey gap, as a JPEG data URI."""
    n, h, w, _ = tiles.shape
    size = (width, round(width * h / w))
    canvas = Image.new("RGB", (n * (width + _GAP) - _GAP, size[1]), (128, 128, 128))
    # Shrinking averages; enlarging keeps the pixels of a small target visible.
    how = Image.Resampling.BOX if width < w else Image.Resampling.NEAREST
    for i, tile in enumerate(tiles):
        canvas.paste(Image.fromarray(tile).resize(size, how), (i * (width + _GAP), 0))
    sink = io.BytesIO()
    canvas.save(sink, "JPEG", quality=_QUALITY, subsampling=0)
    uri = "data:image/jpeg;base64," + base64.b64encode(sink.getvalue()).decode()
    return Strip(label=label, uri=uri, width=canvas.width, height=canvas.height)
