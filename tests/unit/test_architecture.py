"""The figure and the table of docs/architecture.md are of the code as it stands."""

from pathlib import Path

import pytest

from benchmarks import architecture

DOCS = Path(__file__).resolve().parents[2] / "docs"


@pytest.fixture(scope="module")
def imports() -> architecture.Imports:
    return architecture.read()


def test_the_committed_figure_is_drawn_from_the_code(imports: architecture.Imports) -> None:
    assert (DOCS / "architecture.svg").read_text() == architecture.draw(imports), (
        "run `python -m benchmarks.architecture > docs/architecture.svg`"
    )


def test_every_room_has_its_line(imports: architecture.Imports) -> None:
    table = [
        line for line in (DOCS / "architecture.md").read_text().splitlines() if line[:1] == "|"
    ]
    named = {name for line in table for name in line.split("|")[1].replace(",", " ").split()}
    rooms = {room.removeprefix("taskonomy.") for floor in imports.floors for room in floor}
    assert {room for room in rooms if not {f"`{room}/`", f"`{room}.py`"} & named} == set()
