"""The figures of studies, as small SVGs that are equal for equal numbers."""

import io
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

_STYLE: Any = {
    "svg.fonttype": "none",
    "svg.hashsalt": "taskonomy",
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
}
_COLOURS = ("#2a5d8f", "#c2571a", "#3f7f4c", "#8a4a8f", "#666666", "#a8862a")


def lines(
    series: Mapping[str, Sequence[tuple[float, float]]],
    x: str,
    y: str,
    *,
    even: float | None = None,
    logarithmic: bool = False,
) -> bytes:
    """A line a series, over the points (x, y) that it has; `even` marks a level."""

    def draw(axes: Axes) -> None:
        for (label, points), colour in zip(series.items(), _repeated(len(series)), strict=True):
            where = np.array(points, np.float64).reshape(-1, 2)
            axes.plot(where[:, 0], where[:, 1], marker="o", ms=3, color=colour, label=label)
        if logarithmic:
            axes.set_xscale("log")
            ticks = sorted({x for points in series.values() for x, _ in points})
            axes.set_xticks(ticks, [f"{x:g}" for x in ticks])
            axes.minorticks_off()
        if even is not None:
            axes.axhline(even, color="#999999", lw=0.8, ls="--")
        axes.set_xlabel(x)
        axes.set_ylabel(y)
        _name(axes, len(series))

    return _drawn(draw, (5.2, 3.4))


def bars(
    names: Sequence[str],
    values: Mapping[str, Sequence[float]],
    x: str,
    *,
    even: float | None = None,
    intervals: Mapping[str, Sequence[tuple[float, float]]] | None = None,
) -> bytes:
    """Horizontal bars: a group a name, a bar a series; nan leaves a gap.

    Args:
        names: of the groups.
        values: the lengths of the bars, group by group, by series.
        x: what they measure.
        even: marks a level.
        intervals: lower and upper ends, group by group, of the series that have them.
    """

    def draw(axes: Axes) -> None:
        height = 0.8 / len(values)
        places = np.arange(len(names))
        for i, (label, found) in enumerate(values.items()):
            at = places + (i - (len(values) - 1) / 2) * height
            axes.barh(at, found, height, color=_COLOURS[i % len(_COLOURS)], label=label)
            if intervals and label in intervals:
                low, high = zip(*intervals[label], strict=True)
                axes.hlines(at, low, high, color="#222222", lw=1)
        if even is not None:
            axes.axvline(even, color="#999999", lw=0.8, ls="--")
        axes.set_yticks(places, names)
        axes.invert_yaxis()
        axes.set_xlabel(x)
        if len(values) > 1:
            _name(axes, len(values))

    return _drawn(draw, (5.6, 1.0 + 0.24 * len(names) * max(1, len(values) * 0.6)))


def _name(axes: Axes, count: int) -> None:
    """The names of so many series, above the drawing, where they cover none of it."""
    axes.figure.legend(loc="outside upper left", ncols=min(count, 3), frameon=False, fontsize=8)


def _repeated(count: int) -> list[str]:
    return [_COLOURS[i % len(_COLOURS)] for i in range(count)]


def _drawn(draw: Callable[[Axes], None], size: tuple[float, float]) -> bytes:
    with rc_context(_STYLE):
        figure = Figure(figsize=size, layout="constrained")
        draw(figure.add_subplot())
        buffer = io.BytesIO()
        figure.savefig(buffer, format="svg", metadata={"Date": None})
    return buffer.getvalue()
