"""What `taskonomy evaluate` leaves: tables, the page that shows them, and their configuration."""

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from taskonomy import files
from taskonomy.dictionary import DICTIONARY, Dictionary
from taskonomy.publishing import links
from taskonomy.publishing.artifact import canonical
from taskonomy.publishing.evaluation_page import render_evaluation

FOLDER = "evaluation"
PAGE = "evaluation.html"

Tables = Mapping[str, Sequence[Mapping[str, Any]]]


def write(
    out: Path,
    tables: Tables,
    configuration: Mapping[str, Any],
    dictionary: Dictionary = DICTIONARY,
) -> Path:
    """Write everything into `out/evaluation`, in the place of what is there; return that folder.

    Every table is NAME.parquet and NAME.csv; beside them lie configuration.json and
    evaluation.html. A report beside the folder leads to the page if the configuration names its
    taxonomy (`links.about`).
    """
    place = out / FOLDER
    with TemporaryDirectory(dir=out, prefix=f".{FOLDER}.") as scratch:
        folder = Path(scratch) / FOLDER
        folder.mkdir()
        for name, rows in tables.items():
            table = to_table(rows)
            sink = io.BytesIO()
            pq.write_table(table, sink, compression="zstd")
            files.write(folder / f"{name}.parquet", sink.getvalue())
            sink = io.BytesIO()
            pyarrow.csv.write_csv(table, sink)
            files.write(folder / f"{name}.csv", sink.getvalue())
        page = render_evaluation(tables, configuration, dictionary).encode()
        files.write(folder / "configuration.json", canonical(configuration))
        files.write(folder / PAGE, page)
        if place.exists():
            place.rename(Path(scratch) / "before")
        folder.rename(place)
    links.renew(out)
    return place


def to_table(rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    """The rows as a table; a column without any value holds numbers."""
    table = pa.Table.from_pylist([dict(row) for row in rows])
    for i, field in enumerate(table.schema):
        if pa.types.is_null(field.type):
            table = table.set_column(i, field.name, table.column(i).cast(pa.float64()))
    return table
