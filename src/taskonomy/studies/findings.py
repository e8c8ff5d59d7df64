"""What a study found: a text, tables, a figure; and how they become files."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from taskonomy.affinity import table as affinity
from taskonomy.affinity.candidate import Candidate

Row = Mapping[str, Any]
"""A row of a table: words and numbers by column; None where there is none."""


@dataclass(frozen=True, kw_only=True)
class Findings:
    """What a study found.

    Attributes:
        text: the result in words and figures.
        tables: rows of equal columns by the table's name.
        figure: an SVG.
        candidates: an affinity table of its own, for `taskonomy solve`; none if empty.
    """

    text: str
    tables: Mapping[str, Sequence[Row]]
    figure: bytes
    candidates: Sequence[Candidate] = ()


def write(folder: Path, name: str, found: Findings) -> None:
    """Write `<name>.txt`, `<name>.svg`, and `<table>.parquet` and `.csv` of every table."""
    (folder / f"{name}.txt").write_text(found.text, encoding="utf-8")
    (folder / f"{name}.svg").write_bytes(found.figure)
    for title, rows in found.tables.items():
        table = _table(rows)
        pa.parquet.write_table(table, folder / f"{title}.parquet")
        pa.csv.write_csv(table, folder / f"{title}.csv")
    if found.candidates:
        affinity.write(folder / "affinity.parquet", found.candidates)


def _table(rows: Sequence[Row]) -> pa.Table:
    """A column of nothing is one of unknown numbers: CSV has no other."""
    table = pa.Table.from_pylist([dict(row) for row in rows])
    fields = [f.with_type(pa.float64()) if f.type == pa.null() else f for f in table.schema]
    return table.cast(pa.schema(fields))


def as_text(rows: Sequence[Row], digits: int = 3) -> str:
    """Rows as an aligned table to read; numbers to the right, with so many digits."""
    if not rows:
        return ""
    cells = [list(rows[0]), *([cell(value, digits) for value in row.values()] for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(cells[0]))]
    numeric = [isinstance(value, int | float) or value is None for value in rows[0].values()]
    lines = [
        "  ".join(
            text.rjust(width) if right else text.ljust(width)
            for text, width, right in zip(line, widths, numeric, strict=True)
        ).rstrip()
        for line in cells
    ]
    return "\n".join(lines) + "\n"


def cell(value: Any, digits: int = 3) -> str:
    """A value as tables to read show it."""
    if value is None:
        return "-"
    return f"{value:.{digits}f}" if isinstance(value, float) else str(value)
