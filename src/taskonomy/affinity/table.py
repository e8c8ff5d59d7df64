"""`affinity.parquet`: one row a candidate (columns: see `SCHEMA`)."""

import json
import os
import tempfile
from collections.abc import Sequence
from math import isfinite, nan
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from taskonomy.affinity.candidate import Candidate
from taskonomy.dictionary import DICTIONARY, Dictionary, Task
from taskonomy.errors import BadInput

SCHEMA = pa.schema(
    [
        ("regime", pa.string()),
        ("target", pa.string()),
        ("sources", pa.list_(pa.string())),
        ("order", pa.int64()),
        ("kind", pa.string()),
        ("affinity", pa.float64()),
        ("affinity_low", pa.float64()),
        ("affinity_high", pa.float64()),
        ("win_vs_scratch", pa.float64()),
        ("win_vs_supervised", pa.float64()),
        ("n_test", pa.int64()),
    ]
)
"""Numbers that were not measured are null in the file and nan in a `Candidate`."""

_DECLARED = b"taskonomy.dictionary"
"""The key of the metadata that holds a user's declarations as JSON."""
_KINDS = ("transfer", "supervised", "own_readout")
_NUMBERS = [field.name for field in SCHEMA if field.type == pa.float64()]


def write(path: Path, candidates: Sequence[Candidate], dictionary: Dictionary = DICTIONARY) -> None:
    """Write the candidates, sorted by regime, target, order, kind and sources.

    Equal candidates give equal bytes; the file appears under its name only once it is whole. The
    tasks that a user has declared lie in the file's metadata, since readers of the table need to
    know what they are.
    """
    ordered = sorted(candidates, key=lambda c: (c.regime, c.target, c.order, c.kind, c.sources))
    columns = {field.name: [_cell(getattr(c, field.name)) for c in ordered] for field in SCHEMA}
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, partial = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    os.close(handle)
    try:
        pq.write_table(pa.table(columns, schema=_schema(dictionary)), partial)
        Path(partial).chmod(0o644)
        Path(partial).replace(path)
    except BaseException:
        Path(partial).unlink(missing_ok=True)
        raise


def read(path: Path) -> list[Candidate]:
    """Read the candidates in the file's order.

    Raises:
        BadInput: there is no such file, it is not an affinity table, or a row makes no sense.
    """
    try:
        table = pq.read_table(path, partitioning=None)
    except (OSError, pa.ArrowException) as error:
        found = "no such file" if not path.exists() else str(error).splitlines()[0]
        raise BadInput(f"{path}: {found}; expected an affinity.parquet") from error
    for field in SCHEMA:
        found_type = (
            table.schema.field(field.name).type if field.name in table.column_names else None
        )
        if found_type != field.type:
            raise BadInput(
                f"{path}: column {field.name!r} is {found_type or 'missing'}, expected {field.type}"
            )
    return [_candidate(path, i, row) for i, row in enumerate(table.to_pylist())]


def dictionary(path: Path) -> Dictionary:
    """The tasks of a table: the 26, and those that its run's files have declared.

    Raises:
        BadInput: there is no such file, or its declarations make no sense.
    """
    try:
        metadata = pq.read_schema(path).metadata or {}
        declared = json.loads(metadata.get(_DECLARED, b"[]"))
    except (OSError, pa.ArrowException, ValueError) as error:
        found = "no such file" if not path.exists() else str(error).splitlines()[0]
        raise BadInput(f"{path}: {found}; expected an affinity.parquet") from error
    return DICTIONARY.joined(map(Task.of_json, declared))


def _schema(dictionary: Dictionary) -> pa.Schema:
    if not dictionary.declared:
        return SCHEMA
    declared = json.dumps([task.as_json() for task in dictionary.declared], sort_keys=True)
    return SCHEMA.with_metadata({_DECLARED: declared})


def _cell(value: Any) -> Any:
    if isinstance(value, tuple):
        return sorted(value)
    return None if isinstance(value, float) and not isfinite(value) else value


def _candidate(path: Path, index: int, row: dict[str, Any]) -> Candidate:
    where = f"{path}: row {index} (target {row['target']!r}, sources {row['sources']})"
    if not (row["regime"] and row["target"] and row["sources"] and all(row["sources"])):
        raise BadInput(f"{where}: a name is empty, expected a regime, a target and its sources")
    if row["kind"] not in _KINDS:
        raise BadInput(f"{where}: kind is {row['kind']!r}, expected one of {', '.join(_KINDS)}")
    if row["affinity"] is None:
        raise BadInput(f"{where}: affinity is missing, expected a number in [0, 1]")
    for name in _NUMBERS:
        value = row[name]
        if value is not None and not 0 <= value <= 1 + 1e-9:
            raise BadInput(f"{where}: {name} is {value}, expected a number in [0, 1]")
    return Candidate(
        regime=row["regime"],
        target=row["target"],
        sources=tuple(sorted(row["sources"])),
        kind=row["kind"],
        n_test=row["n_test"] or 0,
        **{name: nan if row[name] is None else row[name] for name in _NUMBERS},
    )
