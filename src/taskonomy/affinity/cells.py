"""Plain values from the cells of tables that other tools wrote."""

import json
import re
from ast import literal_eval
from collections.abc import Iterable
from decimal import Decimal
from math import isnan, nan
from typing import Any

import numpy as np

from taskonomy.errors import BadInput

_NULLS = {"", "-", "na", "n/a", "nan", "none", "null", "<na>", "nil"}
"""What stands in a text for a number that was not measured, in lower case."""
_QUOTED = re.compile(r"'([^']*)'|\"([^\"]*)\"")


def name(value: Any) -> str:
    """Return a name from a text, from its bytes or from a whole number; empty where there is none.

    Raises:
        BadInput: it is of another type.
    """
    if isinstance(value, bytes):
        try:
            value = value.decode()
        except UnicodeDecodeError as error:
            raise BadInput(f"found {value!r}, expected a name in UTF-8") from error
    if isinstance(value, str):
        return value.strip()
    if value is None or (isinstance(value, float) and isnan(value)):
        return ""
    if isinstance(value, int | float) and not isinstance(value, bool) and value == int(value):
        return str(int(value))
    raise BadInput(f"found {value!r}, expected a name")


def names(value: Any) -> tuple[str, ...]:
    """Return names from a list, or from a text: joined by `+`, or a list as JSON, Python or numpy
    writes it.

    Raises:
        BadInput: it is none of these.
    """
    if isinstance(value, list | tuple | np.ndarray):
        return tuple(map(name, value))
    text = name(value)
    if not (text.startswith("[") and text.endswith("]")):
        return tuple(part.strip() for part in text.split("+")) if text else ()
    return tuple(map(name, _listed(text)))


def number(value: Any) -> float:
    """Return a number from one of any type or from a text; nan where there is none.

    Raises:
        BadInput: it is no number.
    """
    if value is None:
        return nan
    if isinstance(value, str):
        text = value.strip()
        if text.lower() in _NULLS:
            return nan
        if "." not in text:
            text = text.replace(",", ".")  # Where a comma parts no cells, it may part decimals.
        try:
            return float(text)
        except ValueError as error:
            raise BadInput(f"found {value!r}, expected a number") from error
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        return float(value)
    raise BadInput(f"found {value!r}, expected a number")


def is_number(text: str) -> bool:
    """Whether a text is a number, or says that there is none."""
    try:
        number(text)
    except BadInput:
        return False
    return True


def _listed(text: str) -> Iterable[Any]:
    for parse in (json.loads, literal_eval):
        try:
            found = parse(text)
        except (ValueError, SyntaxError):
            continue
        # Python joins the texts of a numpy array, which has no commas, into a single one.
        if isinstance(found, list) and (len(found) != 1 or len(_QUOTED.findall(text)) == 1):
            return found
    if quoted := _QUOTED.findall(text):
        return [one or other for one, other in quoted]
    return [part.strip() for part in text[1:-1].split(",")]
