"""`studies/studies.html`: what studies, novel tasks and joined encoders have left of a run."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq

from taskonomy import files
from taskonomy.config import Config
from taskonomy.publishing import links
from taskonomy.publishing.artifact import canonical
from taskonomy.publishing.studies_page import Entry, Table, render_studies
from taskonomy.store import code_version
from taskonomy.studies.catalogue import STUDIES
from taskonomy.studies.findings import cell

_PAGE = "studies/studies.html"
_CONFIGURATION = "configuration.json"
_OTHERS = {
    "novel": "a task of your own, solved from the run's representations",
    "sources": "an encoder of your own, as a source among the run's",
}
"""Folders beside `studies` that hold findings, with what each asks."""


def keep(out: Path, folder: Path, config: Config) -> None:
    """Leave what findings were made with beside them, and draw the page anew.

    Args:
        out: the run's folder; its report gets a link to the page.
        folder: of the findings' files, within `out`.
        config: what the run was made with.
    """
    content = {
        "taxonomy": links.about(out),
        "run": config.model_dump(),
        "code": code_version("studies"),
    }
    files.write(folder / _CONFIGURATION, canonical(content))
    renew(out)


def renew(out: Path) -> None:
    """Draw the page of all findings about the run's taxonomy, and lead to it from the report.

    Findings of another taxonomy, as of a run with another seed into the same folder, are named and
    left out, and so are those that do not say of which they are.
    """
    taxonomy = links.about(out)
    entries, others = [], []
    for kind, name, asked in _folders(out):
        folder = out / kind / name
        if _about(folder) == taxonomy:
            entries.append(_entry(folder, kind, asked))
        else:
            others.append(f"{kind}/{name}")
    page = render_studies(entries, others, taxonomy)
    files.write(out / _PAGE, page.encode())
    links.renew(out)


def _folders(out: Path) -> Iterator[tuple[str, str, str]]:
    """Every folder of findings, with what it asks: studies as the catalogue has them, first.

    A study on another data set than its own has a folder beside its own, `<study>-<data set>`.
    """
    for study, asked in STUDIES.items():
        for folder in sorted((out / "studies").glob(f"{study}*")):
            if folder.is_dir() and (folder.name == study or folder.name.startswith(f"{study}-")):
                yield "studies", folder.name, asked
    for kind, asked in _OTHERS.items():
        for text in sorted((out / kind).glob("*/*.txt")):
            if text.stem == text.parent.name:
                yield kind, text.stem, asked


def _about(folder: Path) -> str | None:
    """The taxonomy that findings are about; None where they do not say."""
    file = folder / _CONFIGURATION
    return json.loads(file.read_bytes())["taxonomy"] if file.is_file() else None


def _entry(folder: Path, kind: str, asked: str) -> Entry:
    name = folder.name
    place = os.path.relpath(folder, folder.parents[1] / Path(_PAGE).parent)
    return Entry(
        kind=kind,
        name=name,
        asked=asked,
        place=Path(place).as_posix(),
        text=(folder / f"{name}.txt").read_text(encoding="utf-8"),
        figure=(folder / f"{name}.svg").read_bytes(),
        tables=tuple(_table(file) for file in sorted(folder.glob("*.csv"))),
        affinities=(folder / "affinity.parquet").is_file(),
        configuration=(folder / _CONFIGURATION).read_text(encoding="utf-8"),
    )


def _table(csv: Path) -> Table:
    table = pq.read_table(csv.with_suffix(".parquet"), partitioning=None)
    columns = [column.to_pylist() for column in table.columns]
    return Table(
        name=csv.stem,
        columns=tuple(table.column_names),
        numeric=tuple(not any(isinstance(value, str) for value in column) for column in columns),
        rows=tuple(tuple(map(cell, row)) for row in zip(*columns, strict=True)),
    )
