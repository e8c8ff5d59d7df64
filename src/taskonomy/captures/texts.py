"""Numbers in the text files of captures, with one line of BadInput for whatever is none."""

import re
from pathlib import Path

import numpy as np
from jaxtyping import Float64

from taskonomy.errors import BadInput
from taskonomy.text import read_text

_NOT_FINITE = re.compile(r"[+-]?(1\.#\w+|nan\([^)]*\))", re.IGNORECASE)
"""What C libraries print for numbers that are none: 1.#QNAN, -1.#IND, -nan(ind)."""
_UNIT = 0.01
"""How far a quaternion's length may be from 1: printed digits."""


def text(file: Path, what: str) -> str:
    """Return a text file's content."""
    try:
        return read_text(file)
    except FileNotFoundError as error:
        raise BadInput(f"{file}: found no such file, expected {what}") from error


def numbers(words: list[str], where: str, what: str) -> list[float]:
    """Return the words as numbers; whatever says that it is none is nan."""
    try:
        return [float("nan" if _NOT_FINITE.fullmatch(word) else word) for word in words]
    except ValueError as error:
        raise BadInput(f"{where}: {error}, expected {what}") from error


def matrix(
    file: Path, size: int, what: str, *, finite: bool = True
) -> Float64[np.ndarray, "size size"]:
    """Return a square matrix of white-space separated numbers."""
    values = numbers(text(file, what).split(), str(file), f"{size}x{size} numbers")
    if len(values) != size * size or (finite and not np.isfinite(values).all()):
        raise BadInput(f"{file}: found {len(values)} numbers, expected {size}x{size} finite ones")
    return np.array(values).reshape(size, size)


def lines(file: Path, what: str) -> list[tuple[str, list[str]]]:
    """Return the words of every line but comments, each with where it stands."""
    words = [
        (f"{file}: line {number}", line.split())
        for number, line in enumerate(text(file, what).splitlines(), 1)
    ]
    return [(where, found) for where, found in words if found and not found[0].startswith("#")]


def check_unit(quaternion: Float64[np.ndarray, "4"], where: str) -> None:
    """Refuse a quaternion that is no rotation: its numbers are others, or in other columns."""
    length = float(np.linalg.norm(quaternion))
    if abs(length - 1) > _UNIT:
        raise BadInput(
            f"{where}: found a quaternion of length {length:.4g}, expected one of length 1"
        )
