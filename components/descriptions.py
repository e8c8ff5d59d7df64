"""The docstrings that kfp reads descriptions from, taken apart and put together."""

import re
from collections.abc import Iterable, Mapping
from inspect import cleandoc
from typing import NamedTuple


class Description(NamedTuple):
    """A docstring, taken apart.

    Attributes:
        said: what stands before the sections.
        inputs: what `Args` or `Attributes` says, by name.
        outputs: what `Returns` says, by name; a lone output is called `Output`.
    """

    said: str
    inputs: dict[str, str]
    outputs: dict[str, str]


def parse(docstring: str) -> Description:
    """A docstring in its parts."""
    said, *rest = re.split(r"\n\n(Args|Attributes|Returns):\n", cleandoc(docstring))
    sections = {title: _entries(text) for title, text in zip(rest[::2], rest[1::2], strict=True)}
    inputs = sections.get("Args", {}) | sections.get("Attributes", {})
    return Description(said, inputs, sections.get("Returns", {}))


def complete(
    docstring: str,
    inputs: Iterable[str],
    outputs: Iterable[str],
    common_inputs: Mapping[str, str],
    common_outputs: Mapping[str, str],
) -> str:
    """A docstring that describes every input and output, from one that describes its own.

    Args:
        docstring: the one that describes its own; where both say something, this holds.
        inputs: names of all inputs, in their order.
        outputs: names of all outputs, in their order.
        common_inputs: what is said of inputs elsewhere, by name.
        common_outputs: what is said of outputs elsewhere, by name.

    Raises:
        KeyError: an input or an output is described nowhere.
    """
    own = parse(docstring)
    sections = [
        ("Args", inputs, {**common_inputs, **own.inputs}),
        ("Returns", outputs, {**common_outputs, **own.outputs}),
    ]
    return "\n\n".join([own.said, *(_section(*section) for section in sections)])


def _entries(section: str) -> dict[str, str]:
    found: dict[str, str] = {}
    name = "Output"
    for line in section.splitlines():
        entry = re.fullmatch(r" {4}(\w+): (.*)", line)
        name, text = entry.groups() if entry else (name, line.strip())
        found[name] = f"{found.get(name, '')} {text}".strip()
    return found


def _section(title: str, names: Iterable[str], meant: Mapping[str, str]) -> str:
    return "\n".join([f"{title}:", *(f"    {name}: {meant[name]}" for name in names)])
