"""`python -m components` writes the README of every component, from its code and its metadata."""

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import yaml
from google.protobuf import json_format

from components.descriptions import parse

FOLDERS = sorted(path.parent for path in Path(__file__).parent.glob("*/component.py"))


def readme(folder: Path) -> str:
    """The README of the component in a folder."""
    made = getattr(import_module(f"components.{folder.name}.component"), folder.name)
    said, inputs, outputs = parse(made.python_func.__doc__)
    (component,) = json_format.MessageToDict(made.pipeline_spec)["components"].values()
    metadata = yaml.safe_load((folder / "metadata.yaml").read_text())
    lines = [f"# {metadata['stage']}", "", " ".join(said.split())]
    # kfp hands a function the artifacts that it is to write: they are among the docstring's inputs.
    for title, meant in (("Input", inputs), ("Output", inputs | outputs)):
        rows = _rows(component[f"{title.lower()}Definitions"], meant)
        lines += ["", f"| {title} | |", "|---|---|", *rows]
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
        yield f"| `{name}` | {_inline(meant[name])} |"
    for name, entry in sorted(definitions.get("artifacts", {}).items()):
        kind = entry["artifactType"]["schemaTitle"].removeprefix("system.")
        yield f"| `{name}` ({kind}) | {_inline(meant[name])} |"


def _inline(text: str) -> str:
    return (text[0].lower() + text[1:] if text[1].islower() else text).rstrip(".")


if __name__ == "__main__":
    for found in FOLDERS:
        (found / "README.md").write_text(readme(found), encoding="utf-8")
