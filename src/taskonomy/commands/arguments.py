"""Arguments that several commands take."""

import argparse
import re
from collections.abc import Sequence
from pathlib import Path

from taskonomy.errors import BadInput
from taskonomy.files import params

NAMES = (
    "Commas part the tasks of a list, and its option may be given several times. In the name of a "
    r"task write \, for a comma, \= for an equals sign, and \\ for a backslash before one of them: "
    r"--targets 'depth\,near' --cost 'a\=b=2'."
)
"""How tasks are named in options, for their help."""

_PART = re.compile(r"(?:\\[,=\\]|[^,])+")
_ESCAPED = re.compile(r"\\([,=\\])")
_EQUALS = re.compile(r"(?<!\\)((?:\\\\)*)=")


def add_profile(parser: argparse.ArgumentParser) -> None:
    """Declare which profile, and where its files go."""
    parser.add_argument("--profile", default="demo", help="a profile of params.yaml [demo]")
    parser.add_argument("--out", type=Path, default=Path("out"), metavar="DIR", help="[out]")
    parser.set_defaults(params=params())


def positive(text: str) -> int:
    """A whole number from 1.

    Raises:
        argparse.ArgumentTypeError: the text is none.
    """
    if not text.strip().isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"found {text}, expected a whole number from 1")
    return int(text)


def names(values: Sequence[str] | None) -> tuple[str, ...]:
    """The tasks that an option names, as `NAMES` says."""
    return tuple(map(_plain, _parts(values)))


def numbers(option: str, values: Sequence[str] | None) -> dict[str, float]:
    """The numbers that an option gives to tasks, `TASK=NUMBER` each, as `NAMES` says.

    Raises:
        BadInput: one is no such pair, or a task stands twice.
    """
    found: dict[str, float] = {}
    for part in _parts(values):
        signs = list(_EQUALS.finditer(part))
        name = _plain(part[: signs[-1].end() - 1]) if signs else ""
        if not name:
            raise BadInput(f"{option}: found {part!r}, expected TASK=NUMBER")
        value = number(f"{option} {name}", part[signs[-1].end() :])
        if name in found and found[name] != value:
            raise BadInput(f"{option}: found {name!r} twice, expected one number")
        found[name] = value
    return found


def number(option: str, value: str) -> float:
    """The number that an option gives.

    Raises:
        BadInput: it is none.
    """
    try:
        return float(value)
    except ValueError as error:
        raise BadInput(f"{option}: found {value!r}, expected a number") from error


def whole(option: str, value: str) -> int:
    """The whole number that an option gives.

    Raises:
        BadInput: it is none.
    """
    found = number(option, value)
    if not found.is_integer():
        raise BadInput(f"{option}: found {value}, expected a whole number")
    return int(found)


def _parts(values: Sequence[str] | None) -> list[str]:
    parts = [part.strip() for value in values or () for part in _PART.findall(value)]
    return [part for part in parts if part]


def _plain(name: str) -> str:
    return _ESCAPED.sub(r"\1", name).strip()


def share(text: str) -> float:
    """A number from 0 to 1.

    Raises:
        argparse.ArgumentTypeError: the text is none.
    """
    try:
        found = float(text)
    except ValueError:
        found = -1.0
    if not 0 <= found <= 1:
        raise argparse.ArgumentTypeError(f"found {text}, expected a share from 0 to 1")
    return found
