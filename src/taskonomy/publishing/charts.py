"""The geometry of the report's line chart, interval plot and dendrogram; templates draw them."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from taskonomy.affinity.candidate import Candidate
from taskonomy.dictionary import Dictionary
from taskonomy.errors import BadInput
from taskonomy.publishing.matrices import strongest


@dataclass(frozen=True, kw_only=True)
class Line:
    """One order's curve over budgets."""

    order: int
    path: str
    points: tuple[tuple[float, float, str], ...]


@dataclass(frozen=True, kw_only=True)
class Chart:
    """A rate in [0, 1] over budgets."""

    title: str
    subtitle: str
    width: float
    height: float
    plot: tuple[float, float, float, float]
    xticks: tuple[tuple[float, str], ...]
    yticks: tuple[tuple[float, str], ...]
    even: float
    lines: tuple[Line, ...]


@dataclass(frozen=True, kw_only=True)
class Whisker:
    """One source's affinity for a target with its interval, as places on the axis."""

    x: float
    low: float
    high: float
    group: str
    tip: str


@dataclass(frozen=True, kw_only=True)
class Interval:
    """One target's strongest sources."""

    title: str
    group: str
    y: float
    best: str
    apart: bool
    whiskers: tuple[Whisker, ...]


@dataclass(frozen=True, kw_only=True)
class Intervals:
    """The plot of the strongest sources of every target on one logarithmic axis."""

    width: float
    height: float
    left: float
    right: float
    ticks: tuple[tuple[float, str], ...]
    rows: tuple[Interval, ...]


@dataclass(frozen=True, kw_only=True)
class Leaf:
    """A task at the tips of the tree."""

    title: str
    group: str
    x: float
    y: float


@dataclass(frozen=True, kw_only=True)
class Tree:
    """A dendrogram: joins as paths, leaves with their places."""

    width: float
    height: float
    joins: tuple[tuple[str, str], ...]
    leaves: tuple[Leaf, ...]


def curve(policies: Sequence[Mapping[str, Any]], key: str, title: str, subtitle: str) -> Chart:
    """The chart of one mean (`mean_gain` or `mean_quality`) over budgets, a line an order."""
    width, height = 420.0, 270.0
    left, top, right, bottom = 40.0, 14.0, width - 12, height - 34
    budgets = sorted({float(policy["budget"]) for policy in policies})
    values = [float(policy[key]) for policy in policies if policy[key] is not None]
    peak = min(1.0, math.ceil(max([0.5, *values]) * 10 + 0.5) / 10)
    low = budgets[0] if budgets else 0.0
    reach = (budgets[-1] - low or 1.0) if budgets else 1.0

    def x(budget: float) -> float:
        return round(left + 8 + (budget - low) / reach * (right - left - 16), 1)

    def y(rate: float) -> float:
        return round(bottom - rate / peak * (bottom - top), 1)

    lines = []
    for order in sorted({int(policy["max_order"]) for policy in policies}):
        found = sorted(
            (float(p["budget"]), float(p[key]))
            for p in policies
            if p["max_order"] == order and p[key] is not None
        )
        points = tuple(
            (x(budget), y(rate), f"budget {budget:g}, order ≤ {order}: {rate:.3f}")
            for budget, rate in found
        )
        path = "M" + "L".join(f"{px} {py}" for px, py, _ in points) if points else ""
        lines.append(Line(order=order, path=path, points=points))
    steps = range(round(peak * 10) + 1)
    return Chart(
        title=title, subtitle=subtitle, width=width, height=height,
        plot=(left, top, right, bottom),
        xticks=tuple((x(budget), f"{budget:g}") for budget in budgets),
        yticks=tuple((y(i / 10), f"{i / 10:.1f}") for i in steps if i % 2 == 0 or i == 5),
        even=y(0.5), lines=tuple(lines),
    )  # fmt: skip


def intervals(
    pairs: Mapping[tuple[str, str], Candidate],
    targets: Sequence[str],
    dictionary: Dictionary,
    count: int = 5,
) -> Intervals:
    """The `count` strongest sources of every target with their bootstrap intervals."""
    width, left, right, pitch, top = 530.0, 190.0, 518.0, 26.0, 26.0
    rows = [(target, strongest(pairs, target, count)) for target in targets]
    ends = [v for _, best in rows for _, places in best for v in places if v > 0]
    low = math.floor(math.log2(min([0.5, *ends])))
    high = math.ceil(math.log2(max([2.0, *ends])))

    def x(times: float) -> float:
        place = (math.log2(max(times, 2.0**low)) - low) / (high - low)
        return round(left + place * (right - left), 1)

    found = tuple(
        _interval(dictionary, target, best, x, round(top + (i + 0.5) * pitch, 1))
        for i, (target, best) in enumerate(rows)
    )
    step = max(1, (high - low) // 6)
    ticks = tuple((x(2.0**p), _times(p)) for p in range(low, high + 1, step))
    height = top + pitch * len(rows) + 8
    return Intervals(width=width, height=height, left=left, right=right, ticks=ticks, rows=found)


def _times(power: int) -> str:
    """A power of two as a multiple; fractions stay short where decimals would run together."""
    return f"{2**power}×" if power >= 0 else f"1/{2**-power}"


def _interval(
    dictionary: Dictionary,
    target: str,
    best: Sequence[tuple[Candidate, Float[np.ndarray, "3"]]],
    x: Callable[[float], float],
    y: float,
) -> Interval:
    whiskers, title = [], dictionary[target].title
    for candidate, (times, low, high) in best:
        known = not math.isnan(float(low))
        source = dictionary[candidate.sources[0]]
        words = f" [{low:.2f}, {high:.2f}]" if known else ""
        whiskers.append(
            Whisker(
                x=x(times), low=x(low if known else times), high=x(high if known else times),
                group=source.group,
                tip=f"{source.title} → {title}: {times:.2f}{words} times chance",
            )
        )  # fmt: skip
    # Told apart: the winner's interval lies above the runner-up's.
    apart = len(best) > 1 and bool(best[0][1][1] > best[1][1][2])
    strongest_title = dictionary[best[0][0].sources[0]].title if best else "none"
    return Interval(
        title=title, group=dictionary[target].group, y=y, best=strongest_title, apart=apart,
        whiskers=tuple(whiskers),
    )  # fmt: skip


def tree(
    linkage: Float[np.ndarray, "joins 4"], labels: Sequence[str], dictionary: Dictionary
) -> Tree:
    """A dendrogram of scipy's linkage matrix, root at the left and leaves at the right.

    Raises:
        BadInput: the matrix does not join that many leaves.
    """
    if len(linkage) != len(labels) - 1:
        raise BadInput(
            f"task tree: {len(linkage)} joins for {len(labels)} tasks; expected one join fewer"
        )
    width, right, pitch, top = 530.0, 330.0, 22.0, 10.0
    tallest = float(linkage[:, 2].max()) or 1.0
    order = _leaves(linkage, len(labels))
    groups: list[set[str]] = [{dictionary[name].group} for name in labels]
    places = [(right, 0.0)] * len(labels)
    for row, leaf in enumerate(order):
        places[leaf] = (right, top + (row + 0.5) * pitch)
    joins = []
    for one, two, distance, _ in linkage:
        (xa, ya), (xb, yb) = places[int(one)], places[int(two)]
        x = right - (right - 16) * float(distance) / tallest
        members = groups[int(one)] | groups[int(two)]
        groups.append(members)
        places.append((x, (ya + yb) / 2))
        path = f"M{xa:.1f} {ya:.1f}H{x:.1f}V{yb:.1f}H{xb:.1f}"
        joins.append((path, next(iter(members)) if len(members) == 1 else "mixed"))
    leaves = tuple(
        Leaf(title=task.title, group=task.group, x=right, y=places[i][1])
        for i, task in ((i, dictionary[labels[i]]) for i in order)
    )
    height = 2 * top + pitch * len(labels)
    return Tree(width=width, height=height, joins=tuple(joins), leaves=leaves)


def _leaves(linkage: Float[np.ndarray, "joins 4"], count: int) -> list[int]:
    """Leaves in the order in which the joins do not cross."""
    members: list[list[int]] = [[i] for i in range(count)]
    for one, two, _, _ in linkage:
        members.append(members[int(one)] + members[int(two)])
    return members[-1]
