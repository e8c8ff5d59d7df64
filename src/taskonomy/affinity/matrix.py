"""Affinities as a matrix: one cell a pair of a source and a target, as other projects publish them.

A cell is the affinity of a transfer from one source, on the diagonal that of full supervision. What
is nan or empty was not measured. The rows are targets or sources, which the file cannot say.
"""

import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from math import isnan
from pathlib import Path
from typing import Literal, get_args

import numpy as np
from jaxtyping import Float64

from taskonomy.affinity import cells
from taskonomy.affinity.candidate import Candidate
from taskonomy.errors import BadInput, one_line
from taskonomy.text import read_text

Rows = Literal["targets", "sources"]
REGIME = "matrix"
"""The regime of a matrix's candidates: it names none."""


@dataclass(frozen=True)
class Matrix:
    """A matrix as its file holds it.

    Attributes:
        values: nan where nothing was measured.
        rows, columns: their names in the file; empty where it has none.
    """

    values: Float64[np.ndarray, "rows columns"]
    rows: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()


def from_npy(content: bytes, where: Path) -> Matrix:
    """Return the matrix of a `.npy` file.

    Raises:
        BadInput: it holds no two-dimensional array of numbers.
    """
    try:
        found = np.load(io.BytesIO(content), allow_pickle=False)
    except (ValueError, EOFError, OSError) as error:
        raise BadInput(f"{where}: {one_line(error)}; expected a plain .npy array") from error
    if found.ndim != 2 or found.dtype.kind not in "fiu" or not found.size:
        raise BadInput(
            f"{where}: found an array of shape {found.shape} and type {found.dtype}, expected a "
            "matrix of numbers"
        )
    return Matrix(found.astype(np.float64))


def from_rows(lines: Sequence[Sequence[str]], where: Path) -> Matrix:
    """Return the matrix of a text file's cells, with the names in its first line and column if any.

    Raises:
        BadInput: lines differ in length, or a cell is no number.
    """
    body = [list(line) for line in lines]
    columns = rows = None
    shorter = len(body) > 1 and len(body[0]) == len(body[1]) - 1  # as R writes the names of columns
    if shorter or _is_header(body[0]):
        columns = body.pop(0)
    if shorter or (columns is not None and not columns[0]) or _named(body):
        rows = [line.pop(0) for line in body if line]
        columns = columns if columns is None or shorter else columns[1:]
    for number, line in enumerate(body, start=1):
        if len(line) != len(body[0]) or not line:
            raise BadInput(
                f"{where}: row {number} has {len(line)} numbers, expected {len(body[0])} as row 1"
            )
    if not body or (columns is not None and len(columns) != len(body[0])):
        raise BadInput(f"{where}: found names without their numbers, expected a matrix")
    values = np.empty((len(body), len(body[0])))
    for i, line in enumerate(body):
        for j, cell in enumerate(line):
            try:
                values[i, j] = cells.number(cell)
            except BadInput as error:
                raise BadInput(f"{where}: row {i + 1}, column {j + 1}: {error}") from error
    return Matrix(values, _labels(rows), _labels(columns))


def candidates(
    matrix: Matrix, rows: str | None, names: Path | None, where: Path
) -> list[Candidate]:
    """Return a matrix's candidates: full supervision on the diagonal, elsewhere transfers.

    Args:
        matrix: what the file holds.
        rows: what its rows are, one of `Rows`.
        names: a file with the names of rows and columns, as `read_names` takes it.
        where: the matrix's file, as an error names it.

    Raises:
        BadInput: it is not said what the rows are, a name is missing, or a cell is no affinity.
    """
    if rows not in get_args(Rows):
        raise BadInput(
            f"{where}: a matrix does not say what its rows are; expected --rows targets or --rows "
            "sources"
        )
    by_target = rows == "targets"
    try:
        down, across = _names(matrix, names, where)
    except BadInput:
        _check(matrix, where)  # A cell that can mean nothing is the first thing to say.
        raise
    _check(matrix, where, (down, across), by_target=by_target)
    found = []
    for i, row in enumerate(down):
        for j, column in enumerate(across):
            if isnan(value := float(matrix.values[i, j])):
                continue
            target, source = (row, column) if by_target else (column, row)
            found.append(
                Candidate(
                    regime=REGIME,
                    target=target,
                    sources=(source,),
                    kind="supervised" if source == target else "transfer",
                    affinity=value,
                )
            )
    return sorted(found, key=lambda c: (c.target, c.kind, c.sources))


def read_names(path: Path, text: str, rows: int, columns: int) -> tuple[list[str], list[str]]:
    """Return the names of a matrix's rows and of its columns.

    Args:
        path: the file with the names, as an error names it.
        text: its text: one name a line or a JSON list, first of all rows, then of all columns. A
            square matrix whose columns are the same tasks in the same order names them once. A line
            may also hold several names, parted by commas.
        rows, columns: how many there are.

    Raises:
        BadInput: there are fewer or more names, or one stands twice.
    """
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    ways = [_json_names(path, text)] if text.lstrip().startswith("[") else []
    ways += [lines, [cell for line in lines for cell in line.split(",")]]
    wanted = {rows + columns} | ({rows} if rows == columns else set())
    for way in ways:
        if len(way) in wanted:
            found = [name.strip() for name in way]
            down, across = found[:rows], found[rows:] or found
            _check_names(path, down, across)
            return down, across
    once = f"{rows} names, of rows and columns alike" if rows == columns else ""
    both = f"{rows + columns}, of the {rows} rows and then of the {columns} columns"
    raise BadInput(
        f"--names {path}: found {len(ways[0])} names, expected {once or both}"
        f"{f' (or {both})' if once else ''}"
    )


def _json_names(path: Path, text: str) -> list[str]:
    try:
        found = json.loads(text)
    except ValueError as error:
        raise BadInput(f"--names {path}: {one_line(error)}; expected a JSON list") from error
    parts = [part for one in found for part in (one if isinstance(one, list) else [one])]
    return [cells.name(part) for part in parts]


def _check_names(path: Path, *each: Sequence[str]) -> None:
    for found in each:
        for name in found:
            if not name:
                raise BadInput(f"{path}: a name is empty, expected one a row and a column")
            if found.count(name) > 1:
                raise BadInput(f"{path}: {name!r} names two rows or columns, expected one")


def _names(matrix: Matrix, path: Path | None, where: Path) -> tuple[Sequence[str], Sequence[str]]:
    rows, columns = matrix.values.shape
    if path is None:
        down, across = matrix.rows, matrix.columns
        if rows == columns:
            down, across = down or across, across or down
        if not (down and across):
            raise BadInput(
                f"{where}: a matrix of {rows} rows and {columns} columns without names; expected "
                "--names FILE"
            )
        _check_names(where, down, across)
        return down, across
    try:
        text = read_text(path)
    except OSError as error:
        raise BadInput(f"--names {path}: {error.strerror}; expected one name a line") from error
    first, second = read_names(path, text, rows, columns)
    for own, given, kind in ((matrix.rows, first, "row"), (matrix.columns, second, "column")):
        for number, (one, other) in enumerate(zip(own, given, strict=False), start=1):
            if one != other:
                raise BadInput(
                    f"--names {path}: {kind} {number} is {other!r}, but {where} calls it {one!r}; "
                    "expected the same names, or none"
                )
    return first, second


def _check(
    matrix: Matrix,
    where: Path,
    names: tuple[Sequence[str], Sequence[str]] | None = None,
    *,
    by_target: bool = True,
) -> None:
    for i, j in np.argwhere(~np.isnan(matrix.values)):
        value = matrix.values[i, j]
        if 0 <= value <= 1 + 1e-9:
            continue
        place = f"row {i + 1}, column {j + 1}"
        if names is not None:
            row, column = names[0][i], names[1][j]
            target, source = (row, column) if by_target else (column, row)
            place += f" (source {source!r}, target {target!r})"
        why = ""
        if value < 0:
            why = ": a gain below 0 has no place on that scale"
        raise BadInput(f"{where}: {place} is {value:g}, expected an affinity in [0, 1]{why}")


def _is_header(line: Sequence[str]) -> bool:
    """Whether a line names columns, by words or, as pandas does, by counting from 0."""
    counts = [str(number) for number in range(len(line))]
    if list(line) == ["", *counts[:-1]] or (len(line) > 2 and list(line) == counts):
        return True
    return not all(map(cells.is_number, line[1:] or line))


def _named(body: Sequence[Sequence[str]]) -> bool:
    """Whether the first column holds names: none of its cells is a number."""
    return bool(body) and all(line and not cells.is_number(line[0]) for line in body)


def _labels(found: Sequence[str] | None) -> tuple[str, ...]:
    """The names of rows or columns; none where they only count, as pandas lets them."""
    if found is None or all(label.isdecimal() for label in found):
        return ()
    return tuple(found)
