"""`affinity.parquet`: one row a candidate (columns: see `SCHEMA`).

Other tools keep a column's values and change its type: texts become large texts, views or
categories, null becomes nan, a column without values loses its type. So columns are read by name
and cells by value, in any order and beside any others.
"""

import json
import os
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from math import isfinite, isnan
from pathlib import Path
from typing import Any, TypeVar

import pyarrow as pa
import pyarrow.parquet as pq

from taskonomy import formats
from taskonomy.affinity import cells
from taskonomy.affinity.candidate import Candidate
from taskonomy.dictionary import DICTIONARY, Dictionary, Task
from taskonomy.errors import BadInput, one_line

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
        ("win_vs_guess", pa.float64()),
        ("win_vs_guess_low", pa.float64()),
        ("win_vs_guess_high", pa.float64()),
        ("affinity_choice", pa.float64()),
        ("n_choice", pa.int64()),
    ]
)
"""Numbers that were not measured are null in the file and nan in a `Candidate`."""

T = TypeVar("T")

_DECLARED = "taskonomy.dictionary"
"""The key of the metadata that holds a user's declarations as JSON."""
_KINDS = ("transfer", "supervised", "own_readout")
_NUMBERS = [field.name for field in SCHEMA if field.type == pa.float64()]
_OPTIONAL = {*_NUMBERS[1:], "n_choice"}
"""The columns whose absence tells nothing: they were not measured."""
_NEEDED = {"target", "sources", "affinity"}
"""The columns without which a row means nothing."""
REGIME = "table"
"""The regime of candidates whose table names none."""


def write(path: Path, candidates: Sequence[Candidate], dictionary: Dictionary = DICTIONARY) -> None:
    """Write the candidates, sorted by regime, target, order, kind and sources.

    Equal candidates give equal bytes; the file appears under its name only once it is whole. The
    tasks that a user has declared lie in the file's metadata, since readers of the table need to
    know what they are.
    """
    ordered = sorted(candidates, key=lambda c: (c.regime, c.target, c.order, c.kind, c.sources))
    columns = {field.name: [_cell(getattr(c, field.name)) for c in ordered] for field in SCHEMA}
    columns["n_choice"] = [count or None for count in columns["n_choice"]]
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
    """Read the candidates in the file's order; a folder of Parquet files, as Spark writes, is one.

    Raises:
        BadInput: there is no such file, it is not an affinity table or that of a newer version, or
            a row makes no sense.
    """
    # The folders above a file may look like partitions (`a=b`); those in a folder of files are.
    table = _parquet(
        path, lambda: pq.read_table(path, partitioning="hive" if path.is_dir() else None)
    )
    formats.AFFINITY.check_metadata(path, table.schema.metadata)
    check_columns(path, table.column_names)
    known = [name for name in SCHEMA.names if name in table.column_names]
    return candidates(path, table.select(known).to_pylist())


def dictionary(path: Path) -> Dictionary:
    """The tasks of a table: the 26, and those that its run's files have declared.

    Raises:
        BadInput: there is no such file, or its declarations make no sense.
    """
    if path.is_dir():  # Other tools keep no metadata of ours.
        return DICTIONARY
    metadata = _parquet(path, lambda: pq.read_schema(path)).metadata or {}
    try:
        declared = json.loads(metadata.get(_DECLARED.encode(), b"[]"))
    except ValueError as error:
        raise BadInput(f"{path}: {one_line(error)}; expected an affinity.parquet") from error
    return DICTIONARY.joined(map(Task.of_json, declared))


def check_columns(where: Path, found: Sequence[str]) -> None:
    """Hold the names of a table's columns against `SCHEMA`.

    Raises:
        BadInput: a column is missing that a candidate needs, or stands twice.
    """
    twice = [name for name in SCHEMA.names if found.count(name) > 1]
    if twice:
        raise BadInput(f"{where}: column {twice[0]!r} stands there twice, expected it once")
    missing = [name for name in SCHEMA.names if name not in found and name not in _OPTIONAL]
    if _NEEDED & set(missing):
        others = f", and so are {', '.join(missing[1:])}" if missing[1:] else ""
        raise BadInput(
            f"{where}: column {missing[0]!r} is missing{others}; expected the columns of an "
            "affinity.parquet, at least target, sources and affinity"
        )


def candidates(where: Path, rows: Iterable[Mapping[str, Any]]) -> list[Candidate]:
    """Return the candidates of a table's rows.

    Args:
        where: the file, as an error names it.
        rows: cells by column, of any type that `cells` reads. What is absent beside target, sources
            and affinity follows from these: a task that serves itself is fully supervised.

    Raises:
        BadInput: a row makes no sense; the line names it, counting from 0.
    """
    return [_candidate(where, index, row) for index, row in enumerate(rows)]


def _parquet(path: Path, load: Callable[[], T]) -> T:
    try:
        return load()
    except (OSError, pa.ArrowException) as error:
        found = one_line(error) if path.exists() else "no such file"
        raise BadInput(f"{path}: {found}; expected an affinity.parquet") from error


def _schema(dictionary: Dictionary) -> pa.Schema:
    metadata = formats.AFFINITY.metadata
    if dictionary.declared:
        declared = [task.as_json() for task in dictionary.declared]
        metadata[_DECLARED] = json.dumps(declared, sort_keys=True)
    return SCHEMA.with_metadata(metadata)


def _cell(value: Any) -> Any:
    if isinstance(value, tuple):
        return sorted(value)
    return None if isinstance(value, float) and not isfinite(value) else value


def _candidate(path: Path, index: int, row: Mapping[str, Any]) -> Candidate:
    where = f"{path}: row {index}"
    regime = _read(where, "regime", cells.name, row.get("regime", REGIME))
    target = _read(where, "target", cells.name, row["target"])
    sources = _read(where, "sources", cells.names, row["sources"])
    where += f" (target {target!r}, sources {list(sources)})"
    if not (regime and target and sources and all(sources)):
        raise BadInput(f"{where}: a name is empty, expected a regime, a target and its sources")
    if len(set(sources)) < len(sources):
        raise BadInput(f"{where}: a source stands there twice, expected it once")
    usual = "supervised" if sources == (target,) else "transfer"
    kind: Any = _read(where, "kind", cells.name, row.get("kind", usual))
    if kind not in _KINDS:
        raise BadInput(f"{where}: kind is {kind!r}, expected one of {', '.join(_KINDS)}")
    order = _read(where, "order", cells.number, row.get("order"))
    if not isnan(order) and order != len(sources):
        raise BadInput(
            f"{where}: order is {order:g}, expected {len(sources)}, the number of its sources"
        )
    numbers = {name: _read(where, name, cells.number, row.get(name)) for name in _NUMBERS}
    if isnan(numbers["affinity"]):
        raise BadInput(f"{where}: affinity is missing, expected a number in [0, 1]")
    for name, value in numbers.items():
        if not (isnan(value) or 0 <= value <= 1 + 1e-9):
            raise BadInput(f"{where}: {name} is {value}, expected a number in [0, 1]")
    return Candidate(
        regime=regime,
        target=target,
        sources=tuple(sorted(sources)),
        kind=kind,
        n_test=_count(where, "n_test", row),
        n_choice=_count(where, "n_choice", row),
        **numbers,
    )


def _count(where: str, column: str, row: Mapping[str, Any]) -> int:
    count = _read(where, column, cells.number, row.get(column))
    if not (isnan(count) or (count >= 0 and count.is_integer())):
        raise BadInput(f"{where}: {column} is {count:g}, expected a whole number from 0")
    return 0 if isnan(count) else int(count)


def _read(where: str, column: str, read: Callable[[Any], T], value: Any) -> T:
    try:
        return read(value)
    except BadInput as error:
        raise BadInput(f"{where}: {column}: {error}") from error
