"""A run's taxonomy, as the figure of the README: what is labelled, and what that is transferred to.

    python -m benchmarks.taxonomy_figure out > docs/taxonomy.svg

The drawing is the report's own, on a ground and with colours of its own, so that it reads alike on
light and dark pages.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from taskonomy import formats
from taskonomy.affinity import table
from taskonomy.dictionary import Dictionary
from taskonomy.errors import BadInput
from taskonomy.publishing import graph
from taskonomy.publishing.pages import environment, groups

COLOURS = {
    "2D": "#2f74c0",
    "3D": "#c8541a",
    "geometric": "#178a68",
    "semantic": "#a8488f",
    "none": "#80858c",
}
"""The colours of the report's light page."""

STYLE = """
svg { font-family: sans-serif; } text { fill: #1d2126; font-size: 12px; }
.head { fill: #5d646d; font-size: 11px; }
.edge { fill: none; stroke-width: 1.5; stroke-opacity: .62; }
.stem { stroke: #5d646d; stroke-width: 1.5; } .joint { fill: #5d646d; }
.ring { fill: none; stroke-width: 1.3; } .wanted { fill: #fff; stroke-width: 1.8; }
"""


def draw(policy: dict[str, Any], dictionary: Dictionary) -> str:
    """The drawing of a policy, as the text of an SVG file; equal policies give equal text."""
    drawn = graph.layout(policy, dictionary)
    figures: Any = environment(dictionary).get_template("figures.html.j2").module
    _, opening, body = str(figures.policy_graph(drawn)).strip().partition("<svg")
    colours = "".join(
        f".g-{group} .bought {{ fill: {colour}; }} "
        f".g-{group} .ring, .g-{group} .wanted, .edge.g-{group} {{ stroke: {colour}; }}\n"
        for group, colour in COLOURS.items()
    )
    tasks = {name for edge in policy["edges"] for name in (edge["target"], *edge["sources"])}
    height = drawn.height + 24
    legend = _legend(groups(sorted(tasks), dictionary), height)
    tag, _, inside = body.partition(">")
    tag = tag.replace(f'{drawn.width} {drawn.height}"', f'{drawn.width:g} {height:g}"')
    return (
        f'{opening} xmlns="http://www.w3.org/2000/svg" width="{drawn.width:g}" '
        f'height="{height:g}"{tag}>\n<style>{STYLE}{colours}</style>\n'
        f'<rect width="{drawn.width:g}" height="{height:g}" rx="6" fill="#fff"/>\n'
        f"{inside.removesuffix('</svg>')}{legend}</svg>\n"
    )


def _legend(found: Sequence[str], height: float) -> str:
    """Groups by colour; a ring around a labelled task that is also a target, solved by itself."""
    entries = [
        f'<circle cx="{24 + 100 * i}" cy="{height - 20:g}" r="5" fill="{COLOURS[group]}"/>'
        f'<text x="{34 + 100 * i}" y="{height - 16:g}">{group}</text>'
        for i, group in enumerate(found)
    ]
    x = 24 + 100 * len(found)
    return "\n".join(
        [
            *entries,
            f'<circle cx="{x}" cy="{height - 20:g}" r="4" fill="#5d646d"/>'
            f'<circle cx="{x}" cy="{height - 20:g}" r="7" fill="none" stroke="#5d646d"/>'
            f'<text x="{x + 14}" y="{height - 16:g}">solved by its labels</text>',
        ]
    )


def main() -> int:
    """Draw one policy of a finished run."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.taxonomy_figure")
    parser.add_argument("out", type=Path, help="the folder of a finished run")
    parser.add_argument("--budget", type=float, default=4, help="[4]")
    parser.add_argument("--max-order", type=int, default=2, help="[2]")
    options = parser.parse_args()
    try:
        policies = formats.TAXONOMY.read(options.out / "taxonomy.json")["policies"]
        dictionary = table.dictionary(options.out / "affinity.parquet")
    except BadInput as error:
        parser.exit(2, f"{parser.prog}: {error}\n")
    by_question = {(policy["budget"], policy["max_order"]): policy for policy in policies}
    asked = (options.budget, options.max_order)
    if asked not in by_question:
        known = ", ".join(f"{budget:g} and {order}" for budget, order in sorted(by_question))
        parser.exit(
            2,
            f"{parser.prog}: no policy of budget {asked[0]:g} and order {asked[1]}; "
            f"expected one of {known}\n",
        )
    sys.stdout.write(draw(by_question[asked], dictionary))
    return 0


if __name__ == "__main__":
    sys.exit(main())
