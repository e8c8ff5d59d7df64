"""A data card: what a data set holds, in numbers counted from its files."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float
from tqdm import tqdm

from taskonomy.data import availability, catalogue, layout, splits
from taskonomy.data.catalogue import Catalogue
from taskonomy.data.classes import SEMANTIC_CLASSES
from taskonomy.data.codecs import DOMAINS
from taskonomy.data.layout import View
from taskonomy.dictionary import DICTIONARY
from taskonomy.errors import BadInput

SAMPLE = 300
"""Views whose images are read, evenly apart; cameras are read of all up to `CAMERAS`."""
CAMERAS = 20_000
_BAR = 30


class Quantity(NamedTuple):
    """A property of cameras: its key in point_info, its unit, the histogram's range, and the mean
    that the real data set's authors publish."""

    name: str
    key: str
    unit: str
    factor: float
    low: float
    high: float
    real: float


QUANTITIES = (
    Quantity("pitch", "point_pitch", "degrees", 180 / np.pi, -60, 60, 0.0),
    Quantity("field of view", "field_of_view_rads", "degrees", 180 / np.pi, 20, 120, 61.0),
    Quantity("distance", "camera_distance", "m", 1.0, 0, 12, 5.3),
    Quantity("obliqueness", "obliqueness_angle", "degrees", 180 / np.pi, 0, 90, 53.0),
)
_UNITS = {
    "depth_zbuffer": "m",
    "depth_euclidean": "m",
    "normal": "cosine",
    "principal_curvature": "1/m",
}


def card(root: Path) -> str:
    """Return a data set's card in Markdown.

    Raises:
        BadInput: there is no data set, or a file that is read is faulty.
    """
    found = catalogue.catalogue(str(root))
    dataset = found.dataset()
    views = dataset.views
    lines = [
        f"# {root.resolve().name}",
        "",
        *_counts(found),
        "",
        *_gaps(found),
        "",
        *_splits(dataset),
        "",
    ]
    if "point_info" in dataset.domains:
        lines += [*_cameras(dataset, _some(views, CAMERAS)), ""]
    lines += _labels(dataset, _some(views, SAMPLE))
    return "\n".join(lines) + "\n"


def _some(views: Sequence[View], most: int) -> list[View]:
    chosen = np.unique(np.linspace(0, len(views) - 1, min(most, len(views))).round().astype(int))
    return [views[i] for i in chosen]


def _counts(found: Catalogue) -> list[str]:
    views = found.views
    points = {view[:2] for view in views}
    buildings = {view.building for view in views}
    return [
        f"{len(views)} views of {len(points)} points in {len(buildings)} building(s), "
        f"{found.count} files; {len(views) / len(points):.1f} views a point, "
        f"{len(views) / len(buildings):.1f} a building.",
    ]


def _gaps(found: Catalogue) -> list[str]:
    """What views lack, and tasks; of names alone, so that damage within a file is not seen."""
    lines = ["## Missing", ""]
    for domain in sorted(found.domains):
        if absent := found.missing(domain):
            share = len(absent) / len(found.views)
            lines.append(f"- {domain}: of {len(absent)} views ({share:.2%}), as {absent[0]}")
    if found.others:
        lines.append(f"- {len(found.others)} file(s) named otherwise, as {found.others[0]}")
    for name, reason in availability.lacking(found.dataset(), list(DICTIONARY)).items():
        lines.append(f"- labels for {name}: {reason}")
    return lines if len(lines) > 2 else [*lines, "Nothing."]


def _splits(dataset: layout.Dataset) -> list[str]:
    try:
        parts = splits.split(dataset)
    except BadInput as error:
        return ["## Splits", "", f"None: {error}."]
    rows = ["| split | views | buildings |", "|---|---|---|"]
    for name in splits.NAMES:
        inside = [dataset.views[i] for i in getattr(parts, name)]
        rows.append(f"| {name} | {len(inside)} | {len({view.building for view in inside})} |")
    return ["## Splits", "", f"Made {parts.note}.", "", *rows]


def _cameras(dataset: layout.Dataset, views: Sequence[View]) -> list[str]:
    bar = tqdm(_having(dataset, views, "point_info"), desc="cameras", unit="view", mininterval=1)
    infos = [layout.read(dataset, view, "point_info") for view in bar]
    lines = ["## Cameras", "", f"Of {len(infos)} views; beside each mean the real data set's.", ""]
    for each in QUANTITIES:
        values = np.array([_number(info.get(each.key)) for info in infos]) * each.factor
        values = values[np.isfinite(values)]
        if len(values):
            lines += [*_histogram(each, values), ""]
    return lines[:-1]


def _having(dataset: layout.Dataset, views: Iterable[View], domain: str) -> list[View]:
    """Those views that have a file of a domain."""
    return [
        view
        for view in views
        if (view.building, domain) in dataset.places
        and layout.locate(dataset, view, domain).exists()
    ]


def _number(value: Any) -> float:
    return float(value) if isinstance(value, int | float) else float("nan")


def _histogram(of: Quantity, values: Float[np.ndarray, " n"]) -> list[str]:
    edges = np.linspace(of.low, of.high, 13)
    counts, _ = np.histogram(np.clip(values, of.low, of.high), edges)
    title = (
        f"**{of.name}**: mean {values.mean():.1f}, deviation {values.std():.1f} {of.unit} "
        f"(real data: mean {of.real:g})"
    )
    rows = [
        f"{low:>7.4g} to {high:<7.4g} {'#' * round(_BAR * count / max(counts.max(), 1)):<{_BAR}} "
        f"{count / len(values):.1%}"
        for low, high, count in zip(edges, edges[1:], counts, strict=False)
    ]
    return [title, "", "```", *rows, "```"]


def _labels(dataset: layout.Dataset, views: Sequence[View]) -> list[str]:
    lines = ["## Labels", "", f"Ranges over the pixels of {len(views)} views.", ""]
    lines += ["| label | unit | 1 % | median | 99 % | missing |", "|---|---|---|---|---|---|"]
    shares: list[str] = []
    bar = tqdm(sorted(dataset.domains), desc="labels", unit="label", mininterval=1)
    for domain in bar:
        kind = DOMAINS[domain].kind
        have = _having(dataset, views, domain)
        if kind == "json" or not have:
            continue
        values = [layout.read(dataset, view, domain) for view in have]
        if kind == "soft":
            names = availability.classes(dataset.root).get(domain, [])
            shares += ["", *_classes(domain, np.mean(values, axis=0), names)]
        elif kind == "semantic":
            counts = np.sum([np.bincount(v.ravel(), minlength=18) for v in values], axis=0)
            shares += ["", *_classes(domain, counts / counts.sum(), SEMANTIC_CLASSES)]
        elif kind == "ids":
            many = [len(np.unique(value)) for value in values]
            low, middle, high = np.percentile(many, [1, 50, 99])
            lines.append(f"| {domain} | segments a view | {low:g} | {middle:g} | {high:g} | |")
        else:
            lines.append(_range(domain, values))
    return lines + shares


def _range(domain: str, values: list[np.ndarray]) -> str:
    kind = DOMAINS[domain].kind
    flat = np.concatenate([value[::4, ::4].ravel() for value in values]).astype(float)
    missing = float(np.isnan(flat).mean())
    known = flat[np.isfinite(flat)]
    low, middle, high = np.percentile(known, [1, 50, 99]) if len(known) else [float("nan")] * 3
    unit = _UNITS.get(domain, "8 bits" if kind == "rgb" else "of 1")
    return f"| {domain} | {unit} | {low:.3g} | {middle:.3g} | {high:.3g} | {missing:.1%} |"


def _classes(domain: str, share: Float[np.ndarray, " K"], names: Sequence[str]) -> list[str]:
    """The classes of a label by their share, largest first."""
    order = np.argsort(-share, kind="stable")[:20]
    said = [f"{names[i] if i < len(names) else i + 1} {share[i]:.1%}" for i in order]
    more = f" and {len(share) - len(order)} more" if len(share) > len(order) else ""
    return [f"**{domain}** ({len(share)} classes): {', '.join(said)}{more}."]
