"""Sample predictions of the report: what a network saw, should have said, and said."""

import base64
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Float, UInt8
from PIL import Image

from taskonomy.data import pictures
from taskonomy.dictionary import Task, task
from taskonomy.errors import BadInput

_TILE = 96  # pixels; larger images are shrunk, so that the report stays small
_GAP = 2
_QUALITY = 82
_TOP_CLASSES = 3
_CARDS = 4  # items shown of a task that predicts numbers
_ANNEALING = 0.38  # temperature at which colour probabilities are averaged (Zhang et al., 2016)


@dataclass(frozen=True, kw_only=True)
class Samples:
    """A few test items of one task.

    Attributes:
        inputs: the k images of each item as the network sees them: one, two or three, or nine
            tiles; lightness is the same in all three channels.
        target: encoded targets, as the loss takes them.
        output: the network's outputs.
        mask: weights of the target's pixels, [n, 1, h, w] for maps; 0 where there is no label.
            None where all pixels have one.
    """

    inputs: UInt8[np.ndarray, "n k H W 3"]
    target: Float[np.ndarray, "n ..."]
    output: Float[np.ndarray, "n ..."]
    mask: Float[np.ndarray, "n ..."] | None = None


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
                inputs=arrays["inputs"],
                target=arrays["target"],
                output=arrays["output"],
                mask=arrays.get("mask"),
            )
    except (OSError, KeyError, ValueError) as error:
        raise BadInput(f"{path}: {error}; expected the arrays inputs, target and output") from error


def example(name: str, samples: Samples, classes: Sequence[str] = ()) -> Example:
    """The pictures or cards of one task's samples.

    Args:
        name: the task.
        samples: some test items.
        classes: names of the classes, where the task predicts classes and the names are known.
    """
    entry = task(name)
    images = _mosaics(samples.inputs) if entry.inputs == "tiles" else samples.inputs
    width = min(_TILE, images.shape[3])
    if entry.head == "image":
        target, output = _pictures(entry, samples)
        strips = (
            _strip("input", _stacked(images), width),
            _strip("target", target, width),
            _strip("prediction", output, width),
        )
        return Example(
            name=entry.name, title=entry.title, group=entry.group, predicts=entry.target,
            strips=strips,
        )  # fmt: skip
    numbers = _classes if entry.loss == "cross_entropy" else _vector
    names = classes or _component_names(entry)
    found = numbers(samples.target[:_CARDS], samples.output[:_CARDS], names)
    cards = tuple(
        Card(picture=_strip("input", views, width), numbers=row)
        for views, row in zip(images[:_CARDS], found, strict=True)
    )
    return Example(
        name=entry.name, title=entry.title, group=entry.group, predicts=entry.target,
        cards=cards, bars=entry.loss == "cross_entropy",
    )  # fmt: skip


def _pictures(
    entry: Task, samples: Samples
) -> tuple[UInt8[np.ndarray, "n h w 3"], UInt8[np.ndarray, "n h w 3"]]:
    """Targets and outputs of a task with an image head, in one common scale."""
    target, output, known = samples.target, samples.output, _known(entry, samples)
    if entry.name == "colorization":
        truth = target / np.maximum(target.sum(axis=1, keepdims=True), 1e-9)
        return _recoloured(samples, truth), _recoloured(samples, _shares(output, _ANNEALING))
    if entry.loss == "metric":
        size = (output.shape[2], output.shape[3])
        ids = np.stack([pictures.nearest_segments(points, size) for points in target])
        return _each(ids, pictures.categories), pictures.embeddings(output)
    if entry.loss == "pixel_cross_entropy":
        truth = np.where(known[:, 0], target.argmax(axis=1), -1)
        return _each(truth, pictures.categories), _each(output.argmax(axis=1), pictures.categories)
    target = np.where(known, target, np.nan)
    if entry.channels == 1:
        low, high = pictures.spans(target)
        return (
            np.stack([pictures.scalar_map(one, low, high) for one in target]),
            np.stack([pictures.scalar_map(one, low, high) for one in output]),
        )
    reach = 1.0 if entry.channels > 2 else max(abs(end) for end in pictures.spans(target))
    return (
        np.stack([pictures.signed(one, reach) for one in target]),
        np.stack([pictures.signed(one, reach) for one in output]),
    )


def _known(entry: Task, samples: Samples) -> Bool[np.ndarray, "n 1 h w"]:
    """Where a map has a label."""
    n, _, h, w = samples.output.shape
    if samples.mask is None or entry.loss == "metric":
        return np.ones((n, 1, h, w), dtype=bool)
    return np.asarray(samples.mask > 0).reshape(n, 1, h, w)


def _recoloured(
    samples: Samples, bins: Float[np.ndarray, "n bins h w"]
) -> UInt8[np.ndarray, "n h w 3"]:
    """The input's lightness with the mean colour of the bins' probabilities."""
    # Imported here: the solver's image carries no OpenCV, and other tasks need none.
    from taskonomy.targets import colour

    ab = np.einsum("nbhw,bc->nhwc", bins, colour.bins())
    h, w = ab.shape[1:3]
    recoloured = []
    for image, chroma in zip(samples.inputs[:, 0], ab, strict=True):
        small = np.asarray(Image.fromarray(image).resize((w, h), Image.Resampling.BOX))
        light = small[..., 0] / 2.55  # the network sees L of L*a*b*, scaled to 8 bits
        recoloured.append(pictures.lab_to_rgb(np.concatenate([light[..., None], chroma], axis=-1)))
    return np.stack(recoloured)


def _shares(
    logits: Float[np.ndarray, "n c *rest"], temperature: float = 1.0
) -> Float[np.ndarray, "n c *rest"]:
    """Softmax over the second axis; a low temperature sharpens it."""
    scaled = (logits - logits.max(axis=1, keepdims=True)) / temperature
    weights = np.exp(scaled)
    shares: Float[np.ndarray, "n c *rest"] = weights / weights.sum(axis=1, keepdims=True)
    return shares


def _each(
    items: np.ndarray, picture: Callable[..., UInt8[np.ndarray, "h w 3"]]
) -> UInt8[np.ndarray, "n h w 3"]:
    return np.stack([picture(item) for item in items])


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


def _classes(
    target: Float[np.ndarray, "n d"], output: Float[np.ndarray, "n d"], names: Sequence[str]
) -> list[tuple[Number, ...]]:
    """The likeliest classes of target and output, as percentages."""
    cards = []
    for t, o in zip(target, _shares(output), strict=True):
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


def _component_names(entry: Task) -> tuple[str, ...]:
    """What the numbers of a vector mean; empty where only the data set knows."""
    pose = ("turn x", "turn y", "turn z", "shift x", "shift y", "shift z")
    return {
        "room_layout": tuple(f"{w} {axis}" for w in ("centre", "turn", "size") for axis in "xyz"),
        "vanishing_point": tuple(f"line {i} {axis}" for i in (1, 2, 3) for axis in "xyz"),
        "point_matching": ("different", "same"),
        "fixated_pose": pose,
        "nonfixated_pose": pose,
        "egomotion": tuple(f"{pair} {part}" for pair in ("1–2", "1–3", "2–3") for part in pose),
        "jigsaw": tuple(f"order {i + 1}" for i in range(entry.channels)),
    }.get(entry.name, ())


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
