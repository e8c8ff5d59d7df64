"""`report.html`: one page, one file, nothing fetched; every figure comes from the run's tables."""

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from jaxtyping import Float

from taskonomy.affinity.candidate import Candidate
from taskonomy.dictionary import Dictionary
from taskonomy.errors import BadInput
from taskonomy.evaluation.sanity import Sanity
from taskonomy.publishing import charts, matrices
from taskonomy.publishing.pages import environment, groups, solved
from taskonomy.publishing.samples import Samples, example

LIMIT = 8 * 2**20
_KINDS = {
    "task": ("task-specific network", "task-specific networks"),
    "transfer": ("readout", "readouts"),
    "scratch": ("scratch network", "scratch networks"),
    "random": ("untrained encoder", "untrained encoders"),
    "informed_guess": ("informed guess", "informed guesses"),
    "encoder": ("encoder of your own", "encoders of your own"),
}
"""The kinds of models in words: one of them, several of them."""


@dataclass(frozen=True, kw_only=True)
class DatasetFacts:
    """What the run was made of.

    Attributes:
        source: where the images come from, in words or as the folder's name.
        version: the hash of the data set's content.
        views: number of views.
        buildings: number of buildings.
        size: height and width of an image as the networks see it, in pixels.
        split_kind: how it was split.
        split_note: what a reader must know of that (one building in stretches); may be empty.
        counts: views per split.
        left_out: views that are not among these because they are incomplete or damaged.
        roles: a sentence or two on the images that readouts are trained on, chosen by and tested
            on.
    """

    source: str
    version: str
    views: int
    buildings: int
    size: int
    split_kind: str
    split_note: str
    counts: Mapping[str, int]
    left_out: int = 0
    roles: str = ""


@dataclass(frozen=True, kw_only=True)
class ReportData:
    """All that the report shows.

    Attributes:
        profile: the profile's name.
        regime: which regime of the tables is shown.
        seeds: the seeds of the runs behind the numbers.
        seconds: wall-clock time of the run.
        dataset: what was trained on.
        affinity: the rows of affinity.parquet.
        models: the table of models.parquet.
        taxonomy: the content of taxonomy.json.
        sanity: rows of the sanity table; may be empty.
        samples: test items by task.
        classes: class names by label folder, where they are known.
        linkage: the task tree as scipy's linkage matrix; None with fewer than two sources.
        tree_labels: the leaves of the linkage.
        dictionary: the tasks that the run knows.
        structure: the structure's findings in words (evaluation/structure.py); may be empty.
    """

    profile: str
    regime: str
    seeds: tuple[int, ...]
    seconds: float
    dataset: DatasetFacts
    affinity: Sequence[Candidate]
    models: pa.Table
    taxonomy: Mapping[str, Any]
    sanity: Sequence[Sanity]
    samples: Mapping[str, Samples]
    classes: Mapping[str, Sequence[str]]
    linkage: Float[np.ndarray, "joins 4"] | None
    tree_labels: Sequence[str]
    dictionary: Dictionary
    structure: str


def render_report(data: ReportData) -> str:
    """Draw the report as one HTML page.

    The same data gives the same text. The page needs no network, no storage and no script: with
    scripts off it shows every policy at full length.

    Raises:
        BadInput: the page would be larger than 8 MiB, or the regime has no affinities.
    """
    page = environment(data.dictionary).get_template("report.html.j2").render(**_context(data))
    if len(page.encode()) > LIMIT:
        raise BadInput(
            f"report: {len(page.encode())} bytes; expected at most {LIMIT}: pass fewer samples"
        )
    return page


def _context(data: ReportData) -> dict[str, Any]:
    rows = [row for row in data.affinity if row.regime == data.regime]
    if not rows:
        found = ", ".join(sorted({row.regime for row in data.affinity})) or "none"
        raise BadInput(f"report: no affinities of regime {data.regime!r}; found: {found}")
    pairs, dictionary = matrices.first_order(rows), data.dictionary
    after = matrices.after_ahp(pairs, dictionary)
    policies = [p for p in data.taxonomy["policies"] if p["regime"] == data.regime]
    linkage, labels = data.linkage, data.tree_labels
    return {
        **solved(policies, dictionary),
        "data": data,
        "groups": groups(after.sources, dictionary),
        "kinds": _kinds(data.models),
        "failed": _failed(data.models),
        "before": matrices.before_ahp(_losses(data), dictionary),
        "after": after,
        "blocks": matrices.blocks(pairs, dictionary),
        "intervals": charts.intervals(pairs, after.targets, dictionary),
        "tree": None if linkage is None else charts.tree(linkage, labels, dictionary),
        "sanity": _sanity(data.sanity, dictionary),
        "examples": [
            example(
                dictionary[name], data.samples[name], data.classes.get(dictionary[name].label, ())
            )
            for name in _ordered(data.samples, dictionary)
        ],
        "targets": list(after.targets),
    }


def _ordered(found: Container[str], dictionary: Dictionary) -> tuple[str, ...]:
    """The tasks that are among these, in the order of the groups."""
    return matrices.by_group([s for s in dictionary.names if s in found], dictionary)


def _losses(data: ReportData) -> dict[tuple[str, str], float]:
    """Mean test loss of the first-order readouts; of several seeds, their mean."""
    found: dict[tuple[str, str], list[float]] = {}
    for row in data.models.to_pylist():
        first = row["kind"] == "transfer" and row["order"] == 1 and row["regime"] == data.regime
        if first and row["test_loss"] is not None:
            found.setdefault((row["target"], row["sources"][0]), []).append(row["test_loss"])
    return {key: float(np.mean(values)) for key, values in found.items()}


def _kinds(models: pa.Table) -> list[tuple[str, int]]:
    kinds = models.column("kind").to_pylist()
    counts = {kind: kinds.count(kind) for kind in _KINDS}
    return [
        (one if counts[kind] == 1 else several, counts[kind])
        for kind, (one, several) in _KINDS.items()
        if counts[kind]
    ]


def _failed(models: pa.Table) -> list[dict[str, Any]]:
    return [row for row in models.to_pylist() if row["status"] != "finished"]


def _sanity(rows: Sequence[Sanity], dictionary: Dictionary) -> dict[str, Any] | None:
    """The table's rows in the order of the groups, with the means over tasks."""
    if not rows:
        return None
    found = {row.task: row for row in rows}
    guess = [row.vs_guess for row in rows if row.vs_guess is not None]
    random = [row.vs_random for row in rows if row.vs_random is not None]
    return {
        "rows": [found[name] for name in _ordered(found, dictionary)],
        "guess": float(np.mean(guess)) if guess else None,
        "random": float(np.mean(random)) if random else None,
        "beaten": sum(rate > 0.5 for rate in guess),
        "judged": len(guess),
    }
