"""Which room of the code imports which, as the figure of docs/architecture.md.

    python -m benchmarks.architecture > docs/architecture.svg

The floors are those of `[tool.importlinter]` in pyproject.toml, from the top down; the imports are
the code's own. A row's dots are what its room imports, a column's dots who imports that room.
"""

import sys
import tomllib
from pathlib import Path
from typing import NamedTuple

import grimp

ROOT = Path(__file__).parents[1]
PACKAGES = ("pipelines", "components", "taskonomy")
LIBRARIES = ("torch", "mlflow", "kfp", "ortools", "cv2")

CELL, LEFT, TOP, GAP, BOTTOM = 26, 96, 92, 34, 14


class Imports(NamedTuple):
    """The code's rooms and what they import.

    Attributes:
        floors: the rooms of each floor, from the top down.
        pairs: importing room, and the room or library that it imports.
    """

    floors: list[list[str]]
    pairs: set[tuple[str, str]]


def read() -> Imports:
    """The imports of the code as it stands.

    Raises:
        LookupError: a module lies in no room of pyproject.toml.
    """
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    (layers,) = (one["layers"] for one in declared["contracts"] if one["type"] == "layers")
    floors = [layer.replace("|", ":").replace(" ", "").split(":") for layer in layers]
    rooms = [room for floor in floors for room in floor]
    graph = grimp.build_graph(*PACKAGES, include_external_packages=True, cache_dir=None)
    pairs = set()
    for module in graph.modules:
        if module in PACKAGES or graph.is_module_squashed(module):
            continue
        for imported in graph.find_modules_directly_imported_by(module):
            if imported in LIBRARIES:
                pairs.add((_room(module, rooms), imported))
            elif imported not in PACKAGES and not graph.is_module_squashed(imported):
                pairs.add((_room(module, rooms), _room(imported, rooms)))
    return Imports(floors, {(one, other) for one, other in pairs if one != other})


def draw(imports: Imports) -> str:
    """The figure, as the text of an SVG file; equal imports give equal text."""
    rooms = [room for floor in imports.floors for room in floor]
    x = {room: LEFT + CELL * (i + 0.5) for i, room in enumerate(rooms)}
    y = {room: TOP + CELL * (i + 0.5) for i, room in enumerate(rooms)}
    right = LEFT + CELL * len(rooms) + GAP
    x |= {library: right + CELL * (i + 0.5) for i, library in enumerate(LIBRARIES)}
    width, foot = right + CELL * len(LIBRARIES) + 12, TOP + CELL * len(rooms)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {foot + BOTTOM}" '
        f'width="{width}" height="{foot + BOTTOM}" font-family="sans-serif" font-size="13">',
        f'<rect width="{width}" height="{foot + BOTTOM}" fill="#fff"/>',
    ]
    for i, floor in enumerate(imports.floors):
        above, high = y[floor[0]] - CELL / 2, CELL * len(floor)
        shade = "#eef1f5" if i % 2 else "#f8f9fb"
        parts.append(f'<path fill="{shade}" d="M8 {above:g}H{width - 8}v{high}H8z"/>')
    for name, middle in x.items():
        place = f"translate({middle + 4:g} {TOP - 8}) rotate(-90)"
        parts += [
            f'<path stroke="#d5dae1" d="M{middle:g} {TOP - 4}V{y.get(name, foot):g}"/>',
            f'<text transform="{place}">{_name(name)}</text>',
        ]
    for room in rooms:
        left, middle = x[room] - 8, y[room]
        parts += [
            f'<rect x="{left:g}" y="{middle - 8:g}" width="16" height="16" fill="#3a4048"/>',
            f'<text x="{left - 6:g}" y="{middle + 4:g}" text-anchor="end">{_name(room)}</text>',
        ]
    for one, other in sorted(imports.pairs):
        colour = "#c8541a" if other in LIBRARIES else "#185ca8"
        parts.append(
            f'<circle cx="{x[other]:g}" cy="{y[one]:g}" r="5" fill="{colour}">'
            f"<title>{_name(one)} imports {_name(other)}</title></circle>"
        )
    return "\n".join([*parts, "</svg>"]) + "\n"


def _room(module: str, rooms: list[str]) -> str:
    for room in rooms:
        if module == room or module.startswith(f"{room}."):
            return room
    raise LookupError(f"{module} lies on no floor of [tool.importlinter] in pyproject.toml")


def _name(room: str) -> str:
    return room.removeprefix("taskonomy.")


def main() -> int:
    """Print the figure."""
    print(draw(read()), end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
