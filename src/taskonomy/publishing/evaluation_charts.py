"""The geometry of the evaluation page's own figures: bands, the tree with shares, the map."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from taskonomy.dictionary import DICTIONARY, Dictionary
from taskonomy.publishing.charts import Chart, Leaf

Row = Mapping[str, Any]

_SECONDS = 0.6
"""How long the map takes from one frame to the next."""
_DOT, _GAP = 5.0, 8.0
"""A dot's radius on the map, as the template draws it, and from its centre to its title."""
_LETTER, _LINE = 6.5, 14.0
"""About the width of a letter and the height of a line there."""
_ROWS = (4.0, -7.0, 15.0, -18.0, 26.0)
"""Where the title's foot may stand, below the dot; best first."""

Box = tuple[float, float, float, float]
"""Left, top, right, bottom."""


@dataclass(frozen=True, kw_only=True)
class Join:
    """Where two branches of the tree meet, and the share of replicates with this join, if known."""

    path: str
    group: str
    x: float
    y: float
    share: str
    tip: str


@dataclass(frozen=True, kw_only=True)
class Tree:
    """A dendrogram with the share of replicates at each join."""

    width: float
    height: float
    joins: tuple[Join, ...]
    leaves: tuple[Leaf, ...]


@dataclass(frozen=True, kw_only=True)
class Dot:
    """A task on the map: where it comes to rest, and its way there as an animation's values.

    Attributes:
        anchor, dx, dy: which end of its title stands beside the dot, and where.
    """

    title: str
    group: str
    x: float
    y: float
    way: str
    anchor: str
    dx: float
    dy: float


@dataclass(frozen=True, kw_only=True)
class Map:
    """The map of tasks."""

    width: float
    height: float
    seconds: float
    dots: tuple[Dot, ...]


def band(chart: Chart, rows: Sequence[Row], name: str) -> str:
    """The path of a band from `<name>_low` to `<name>_high` over a chart's budgets, highest order.

    Empty where the rates are unknown.
    """
    highest = max(row["max_order"] for row in rows)
    bottom = chart.plot[3]

    def y(rate: float) -> float:
        return round(bottom - rate * (bottom - chart.even) / 0.5, 1)

    places = {words: x for x, words in chart.xticks}
    ends = [
        (places[f"{row['budget']:g}"], y(row[f"{name}_low"]), y(row[f"{name}_high"]))
        for row in sorted(rows, key=lambda row: row["budget"])
        if row["max_order"] == highest and row[f"{name}_low"] is not None
    ]
    if not ends:
        return ""
    there = "L".join(f"{x} {high}" for x, _, high in ends)
    back = "L".join(f"{x} {low}" for x, low, _ in reversed(ends))
    return f"M{there}L{back}Z"


def tree(rows: Sequence[Row], dictionary: Dictionary = DICTIONARY) -> Tree:
    """The dendrogram of the joins, lowest first; root at the left and leaves at the right."""
    width, right, pitch, top = 560.0, 360.0, 22.0, 10.0
    tallest = max(row["height"] for row in rows) or 1.0
    below: dict[str, tuple[str, ...]] = {}
    places: dict[str, tuple[float, float]] = {}
    order = _leaves(rows)
    for i, name in enumerate(order):
        below[name], places[name] = (name,), (right, top + (i + 0.5) * pitch)
    joins = []
    for row in rows:
        members = set(row["members"].split("+"))
        one, other = (key for key, leaves in below.items() if members.issuperset(leaves))
        (xa, ya), (xb, yb) = places[one], places[other]
        x = right - (right - 16) * row["height"] / tallest
        groups = {dictionary.group(name) for name in members}
        merged = below.pop(one) + below.pop(other)
        below[row["members"]], places[row["members"]] = merged, (x, (ya + yb) / 2)
        joins.append(
            Join(
                path=f"M{xa:.1f} {ya:.1f}H{x:.1f}V{yb:.1f}H{xb:.1f}",
                group=groups.pop() if len(groups) == 1 else "mixed",
                x=round(x, 1), y=round((ya + yb) / 2, 1),
                share="" if row["share"] is None else f"{100 * row['share']:.0f}",
                tip=("" if row["share"] is None else f"{row['share']:.1%} of the replicates join ")
                + "just " + ", ".join(dictionary.title(name) for name in order if name in members),
            )
        )  # fmt: skip
    leaves = tuple(
        Leaf(title=dictionary.title(name), group=dictionary.group(name), x=right, y=places[name][1])
        for name in order
    )
    height = 2 * top + pitch * len(order)
    return Tree(width=width, height=height, joins=tuple(joins), leaves=leaves)


def task_map(rows: Sequence[Row], dictionary: Dictionary = DICTIONARY) -> Map:
    """The map with its frames, scaled so that all of them fit."""
    width, height, margin = 620.0, 600.0, 40.0
    frames = max(row["frame"] for row in rows) + 1
    tasks = list(dict.fromkeys(row["task"] for row in rows))
    at = np.zeros((frames, len(tasks), 2))
    for row in rows:
        at[row["frame"], tasks.index(row["task"])] = row["x"], row["y"]
    low, high = at.min(axis=(0, 1)), at.max(axis=(0, 1))
    room = np.array([width - 3.5 * margin, height - 2 * margin])
    at = margin + (at - low) * float((room / np.maximum(high - low, 1e-9)).min())
    titles = _beside(at[-1], [dictionary.title(name) for name in tasks], width)
    dots = tuple(
        Dot(
            title=dictionary.title(name), group=dictionary.group(name),
            x=round(float(at[-1, i, 0]), 1), y=round(float(at[-1, i, 1]), 1),
            way=";".join(f"{x:.1f} {y:.1f}" for x, y in at[:, i]),
            anchor=anchor, dx=dx, dy=dy,
        )
        for i, (name, (anchor, dx, dy)) in enumerate(zip(tasks, titles, strict=True))
    )  # fmt: skip
    height = float(at[..., 1].max()) + margin
    return Map(width=width, height=height, seconds=_SECONDS * (frames - 1), dots=dots)


def _beside(
    at: Float[np.ndarray, "T 2"], titles: Sequence[str], width: float
) -> list[tuple[str, float, float]]:
    """Which end of each title stands beside its dot, and where, covering as little as can be."""
    boxes = [(x - _DOT, y - _DOT, x + _DOT, y + _DOT) for x, y in at.tolist()]
    found = []
    for (x, y), title in zip(at.tolist(), titles, strict=True):
        long, ways = _LETTER * len(title), []
        for dy in _ROWS:
            for anchor, dx, left in (("start", _GAP, x + _GAP), ("end", -_GAP, x - _GAP - long)):
                box = (left, y + dy - 0.8 * _LINE, left + long, y + dy + 0.2 * _LINE)
                outside = (left < 0) + (left + long > width)
                hidden = sum(_common(box, other) for other in boxes)
                ways.append((hidden + outside * long * _LINE, (anchor, dx, dy), box))
        _, place, box = min(ways, key=lambda way: way[0])
        found.append(place)
        boxes.append(box)
    return found


def _common(a: Box, b: Box) -> float:
    """The area of two boxes' overlap."""
    wide, high = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    return max(wide, 0.0) * max(high, 0.0)


def _leaves(rows: Sequence[Row]) -> list[str]:
    """Leaves in an order in which the joins do not cross."""
    below: dict[frozenset[str], list[str]] = {
        frozenset((name,)): [name] for row in rows for name in row["members"].split("+")
    }
    for row in rows:
        members = frozenset(row["members"].split("+"))
        one, other = (below.pop(key) for key in list(below) if key < members)
        below[members] = one + other
    (found,) = below.values()
    return found
