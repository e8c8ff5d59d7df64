"""Rows of text files whose cells are parted by commas, semicolons, tabs or blanks."""

import csv
import io
from pathlib import Path

from taskonomy.errors import BadInput, one_line

_DELIMITERS = "\t;,"
"""The first of these in the first line parts the cells; where none is there, blanks do."""


def rows(text: str, where: Path | str) -> list[list[str]]:
    """Return the cells of every line that is neither empty nor a comment (`#`).

    Raises:
        BadInput: there is no such line, or quotes do not match.
    """
    lines = [line for line in text.split("\n") if line.strip() and not line.startswith("#")]
    if not lines:
        raise BadInput(f"{where}: found no line with content, expected a table")
    delimiter = _delimiter(lines[0])
    if delimiter is None:
        return [line.split() for line in lines]
    try:
        found = list(csv.reader(io.StringIO("\n".join(lines)), delimiter=delimiter, strict=True))
    except csv.Error as error:
        raise BadInput(f"{where}: {one_line(error)}; expected a table") from error
    return [[cell.strip() for cell in row] for row in found]


def _delimiter(line: str) -> str | None:
    outside = "".join(line.split('"')[::2])
    return next((mark for mark in _DELIMITERS if mark in outside), None)
