"""The page of a run's studies, novel tasks and joined encoders; it fetches nothing."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from taskonomy.publishing.pages import environment

FULL = 72
"""Columns from which on a line of prose goes on in the next one; a shorter one ends there."""

SHOWN = 300
"""Rows of a table that the page shows; the files hold all of them."""


@dataclass(frozen=True, kw_only=True)
class Table:
    """One table of findings.

    Attributes:
        name: of its files, without their suffix.
        columns: their names.
        numeric: for each column, whether it holds numbers.
        rows: what its cells say.
    """

    name: str
    columns: tuple[str, ...]
    numeric: tuple[bool, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, kw_only=True)
class Entry:
    """What one study, novel task or joined encoder has left.

    Attributes:
        kind: the folder that its folder lies in: `studies`, `novel` or `sources`.
        name: of the study, task or source.
        asked: what it asks, in one line.
        place: its folder, as the page links to it.
        text: the result in words and figures, prose and aligned tables.
        figure: an SVG.
        tables: as Parquet and CSV in its folder too.
        affinities: whether the folder holds an affinity.parquet.
        configuration: what it was made with, as JSON.
    """

    kind: str
    name: str
    asked: str
    place: str
    text: str
    figure: bytes
    tables: tuple[Table, ...]
    affinities: bool
    configuration: str


def render_studies(entries: Sequence[Entry], others: Sequence[str], taxonomy: str) -> str:
    """Draw the page.

    Args:
        entries: in the order of the page.
        others: folders of findings that are about other taxonomies.
        taxonomy: the name of the one that the page is about.
    """
    templates = environment()
    templates.filters.update(
        titled=_titled, blocks=_blocks, base64=lambda data: base64.b64encode(data).decode()
    )
    page: str = templates.get_template("studies.html.j2").render(
        entries=entries,
        others=others,
        taxonomy=taxonomy,
        shown=SHOWN,
        full=FULL,
    )
    return page


def _titled(name: str) -> str:
    """`label-efficiency` as "Label efficiency"."""
    words = name.replace("-", " ").replace("_", " ")
    return words[0].upper() + words[1:]


def _blocks(text: str) -> list[tuple[str, list[str]]]:
    """The text's lines in runs of prose, of indented items and of a table's aligned columns."""
    return [
        (kind, list(lines))
        for block in text.split("\n\n")
        for kind, lines in groupby(block.strip("\n").split("\n"), _kind)
    ]


def _kind(line: str) -> str:
    if "  " in line.strip():
        return "table"
    return "items" if line.startswith("  ") else "prose"
