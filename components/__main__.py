"""`python -m components` writes the README of every component, from its code and its metadata."""

import re
from collections.abc import Iterator
from importlib import import_module
from inspect import getdoc
from pathlib import Path
from typing import Any

import yaml
from google.protobuf import json_format

FOLDERS = sorted(path.parent for path in Path(__file__).parent.glob("*/component.py"))


def readme(folder: Path) -> str:
    """The README of the component in a folder."""
    made = getattr(import_module(f"components.{folder.name}.component"), folder.name)
    said, _, sections = str(getdoc(made.python_func)).partition("\n\n")
    meant = _meanings(sections)
    (component,) = json_format.MessageToDict(made.pipeline_spec)["components"].values()
    metadata = yaml.safe_load((folder / "metadata.yaml").read_text())
    lines = [f"# {metadata['stage']}", "", " ".join(said.split())]
    for title, part in (("Input", "inputDefinitions"), ("Output", "outputDefinitions")):
        lines += ["", f"| {title} | |", "|---|---|", *_rows(component[part], meant)]
    lines += [
        "",
        f"The work is `{metadata['work']}`; `component.py` only calls it. "
        f"It runs in the image `{metadata['image']}`. What is finished in the store is skipped.",
        "",
        "`make pipeline` has written this file.",
    ]
    return "\n".join(lines) + "\n"


def _rows(definitions: dict[str, Any], meant: dict[str, str]) -> Iterator[str]:
    # In the docstring's order: protobuf's maps have none.
    parameters = definitions.get("parameters", {})
    for name in (name for name in meant if name in parameters):
        yield f"| `{name}` | {meant[name]} |"
    for name, entry in sorted(definitions.get("artifacts", {}).items()):
        kind = entry["artifactType"]["schemaTitle"].removeprefix("system.")
        yield f"| `{name}` ({kind}) | {meant[name]} |"


def _meanings(sections: str) -> dict[str, str]:
    """What a docstring says of each argument and output; a lone output has the name `Output`."""
    found: dict[str, str] = {}
    name = "Output"
    for line in sections.splitlines():
        entry = re.fullmatch(r"    (\w+): (.*)", line)
        if entry:
            name, text = entry.groups()
            found[name] = text
        elif line in ("Args:", "Returns:"):
            name = "Output"
        elif line.startswith("    "):
            found[name] = f"{found.get(name, '')} {line.strip()}".strip()
    return {name: _inline(text) for name, text in found.items()}


def _inline(text: str) -> str:
    return (text[0].lower() + text[1:] if text[1].islower() else text).rstrip(".")


if __name__ == "__main__":
    for found in FOLDERS:
        (found / "README.md").write_text(readme(found), encoding="utf-8")
