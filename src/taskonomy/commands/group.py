"""`taskonomy group`: which tasks to train together, with the evidence."""

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from taskonomy.commands.arguments import whole
from taskonomy.commands.solve import AFFINITIES, add_table_arguments, candidates, tell

if TYPE_CHECKING:
    from taskonomy.taxonomy.grouping import Grouping, Pull

_SHOWN = 3
"""How many of a network's strongest and weakest pairs are told."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `taskonomy group`."""
    add = parser.add_argument
    add("affinities", type=Path, metavar="AFFINITIES", help=AFFINITIES)
    add("--networks", required=True, metavar="K", help="most networks to train")
    add_table_arguments(parser)
    add("--json", action="store_true", help="print JSON")
    parser.set_defaults(command=_group, wins_vs_scratch=None, wins_vs_supervised=None)


def _group(args: argparse.Namespace) -> int:
    """Print the best partition of the tasks into networks; return 0.

    Raises:
        BadInput: the file or an argument cannot be used.
    """
    # OR-Tools takes 0.1 s to import, which `taskonomy --help` need not wait for.
    from taskonomy.taxonomy.grouping import group

    rows, notes = candidates(args)
    found = group(rows, whole("--networks", args.networks))
    tell([*notes, *_left_out(found)])
    print(json.dumps(as_json(found), indent=2) if args.json else text(found))
    return 0


def _left_out(found: "Grouping") -> list[str]:
    """One line that names the tasks in no network, by what is missing."""
    tasks: dict[str, list[str]] = {}
    for name, reason in found.left_out.items():
        tasks.setdefault(reason, []).append(name)
    told = "; ".join(f"{', '.join(names)} ({reason})" for reason, names in tasks.items())
    return [f"left out: {told}"] if told else []


def text(found: "Grouping") -> str:
    """Return the networks with what speaks for and against each, to read."""
    lines = [
        f"{len(found.groups)} networks (at most {found.networks} asked for); numbers are multiples",
        "of chance: how much better than the target's mean source each serves the other.",
    ]
    for number, members in enumerate(found.groups, start=1):
        lines += ["", f"{number}. {', '.join(members)}"]
        pairs = found.within(members)
        if not pairs:
            lines.append("   alone: every network that it could join would lose by it")
            continue
        for_it, against = (sum(pull.sure == sign for pull in pairs) for sign in (1, -1))
        lines.append(
            f"   {len(pairs)} pairs: {for_it} above chance in both directions beyond their "
            f"intervals, {against} below"
        )
        lines += [f"   {_pair(pull)}" for pull in pairs[:_SHOWN]]
        if len(pairs) > 2 * _SHOWN:
            lines.append("   ...")
        lines += [f"   {_pair(pull)}" for pull in pairs[_SHOWN:][-_SHOWN:]]
    lines += ["", f"{'task':26} {'own network':>11} {'next best':>10}"]
    for row in _fits(found):
        other = "-" if row["next_best"] is None else f"{row['next_best']:+10.2f}"
        lines.append(f"{row['task']:26} {row['own']:+11.2f} {other:>10}")
    lines += [
        "",
        "Fit: sum over the other members of log2 of the multiple of chance, mean of both",
        f"directions. Proven best: {found.worth:.4f} over all pairs that share a network.",
        "Affinities measure frozen features; that training together gains where they are high",
        "is a guess that only training together can confirm.",
    ]
    return "\n".join(lines)


def as_json(found: "Grouping") -> dict[str, Any]:
    """Return the partition and its evidence as plain data."""
    return {
        "networks": found.networks,
        "worth": found.worth,
        "left_out": dict(found.left_out),
        "groups": [
            {
                "tasks": list(members),
                "pairs": [
                    {
                        "one": pull.one,
                        "other": pull.other,
                        "forth": pull.forth,
                        "back": pull.back,
                        "worth": pull.worth,
                        "sure": pull.sure,
                    }
                    for pull in found.within(members)
                ],
            }
            for members in found.groups
        ],
        "tasks": _fits(found),
    }


def _pair(pull: "Pull") -> str:
    mark = {1: "surely above", -1: "surely below", 0: ""}[pull.sure]
    return f"{pull.one} → {pull.other} {pull.forth:.2f}, back {pull.back:.2f}  {mark}".rstrip()


def _fits(found: "Grouping") -> list[dict[str, Any]]:
    """How well every task fits its own network and the best of the others."""
    rows = []
    for members in found.groups:
        for name in members:
            others = [found.fit(name, other) for other in found.groups if other != members]
            rows.append(
                {
                    "task": name,
                    "own": found.fit(name, members),
                    "next_best": max(others, default=None),
                }
            )
    return rows
