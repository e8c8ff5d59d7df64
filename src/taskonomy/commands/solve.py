"""`taskonomy solve`: a taxonomy from an affinity file (docs/contract.md)."""

import argparse
import json
import sys
import time
from collections.abc import Sequence
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, Any

from taskonomy.affinity.candidate import Candidate
from taskonomy.commands.arguments import NAMES, names, number, numbers, whole
from taskonomy.errors import BadInput, Infeasible
from taskonomy.taxonomy import affinities
from taskonomy.taxonomy.hypergraph import Question
from taskonomy.taxonomy.scales import DEFAULT, SCALES, named

if TYPE_CHECKING:
    pass

AFFINITIES = affinities.EXPECTED

_LISTS = {
    "--sources": "tasks that may be bought (default: all)",
    "--targets": "tasks that must be solved (default: all)",
    "--novel": "targets that can neither be bought nor serve as a source",
    "--must-use": "tasks that must be bought",
    "--must-not-use": "tasks that may not be bought",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `taskonomy solve`."""
    add = parser.add_argument
    add("affinities", type=Path, metavar="AFFINITIES", help=AFFINITIES)
    add("--budget", help="most that the bought tasks' labels may cost together")
    add("--max-order", required=True, help="most sources of one transfer")
    add("--scale", default=DEFAULT, help=f"{', '.join(SCALES)} (default: {DEFAULT})")
    parser.epilog = NAMES
    for option, meaning in _LISTS.items():
        add(option, action="append", metavar="TASK,...", help=meaning)
    add("--cost", action="append", metavar="TASK=X,...", help="label costs (default: 1 each)")
    add("--importance", action="append", metavar="TASK=X,...", help="weights (default: 1 each)")
    add("--with-own-readouts", action="store_true", help="own low-data readouts are edges too")
    add("--with-random", action="store_true", help="the random projection may be bought too")
    add("--must-beat-guess", action="store_true", help="bar edges that lose to the best constant")
    add_file_arguments(parser)
    add("--pareto", action="store_true", help="every budget (up to --budget) that buys more")
    add("--k-best", metavar="K", help="also the next best sets of tasks, K in all")
    add("--json", action="store_true", help="print JSON")
    parser.set_defaults(command=_solve)


def add_file_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what says how an affinity file is to be read: what `candidates` needs beside it."""
    add = parser.add_argument
    add_table_arguments(parser)
    add("--wins-vs-scratch", type=Path, metavar="FILE", help="released win rates: gain")
    add("--wins-vs-supervised", type=Path, metavar="FILE", help="released win rates: quality")


def add_table_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what says how an affinity file without win rates beside it is to be read."""
    add = parser.add_argument
    add("--regime", help="which regime of a table that holds several")
    add("--rows", choices=("targets", "sources"), help="what the rows of a matrix are")
    add(
        "--names",
        type=Path,
        metavar="FILE",
        help="names of a matrix's rows, then of its columns if they are others, one a line",
    )
    add("--drop-suspect", action="store_true", help="leave suspect entries out")


def _solve(args: argparse.Namespace) -> int:
    """Print the optimal taxonomy; return 0.

    Raises:
        BadInput: a file or an argument cannot be used.
        Infeasible: no taxonomy answers; with `--json` the reason is also printed as JSON.
    """
    if args.budget is None and not args.pareto:
        raise BadInput("--budget: found none, expected a number (or --pareto for all budgets)")
    if args.k_best is not None and args.pareto:
        raise BadInput("--k-best: found together with --pareto, expected one of them")
    started = time.perf_counter()
    answer = _front if args.pareto else _ranked
    question = _question(args)
    found, notes = candidates(args)
    try:
        content, lines = answer(args, question, found)
    except Infeasible as reason:
        tell(notes)
        if args.json:
            print(json.dumps({"status": "infeasible", "reason": str(reason)}, indent=2))
        raise
    tell(notes)
    if args.json:
        content["seconds"] = round(time.perf_counter() - started, 3)
        print(json.dumps(content, indent=2, allow_nan=False))
    else:
        print(lines)
    return 0


def _ranked(
    args: argparse.Namespace, question: Question, found: Sequence[Candidate]
) -> tuple[dict[str, Any], str]:
    # OR-Tools takes 0.1 s to import, which `taskonomy --help` need not wait for.
    from taskonomy.taxonomy.policy import find, find_ranked
    from taskonomy.taxonomy.words import ranking, text

    budget = number("--budget", args.budget)
    if args.k_best is None:
        policy = find(found, question, budget)
        return policy.as_json(), text(policy)
    count = whole("--k-best", args.k_best)
    policies = find_ranked(found, question, budget, count)
    content = {**policies[0].as_json(), "policies": [policy.as_json() for policy in policies]}
    return content, "\n".join([text(policies[0]), "", ranking(policies)])


def _front(
    args: argparse.Namespace, question: Question, found: Sequence[Candidate]
) -> tuple[dict[str, Any], str]:
    from taskonomy.taxonomy.sweep import front
    from taskonomy.taxonomy.words import budgets

    budget = inf if args.budget is None else number("--budget", args.budget)
    policies = front(found, question, budget)
    rows = [{"budget": policy.budget, **policy.as_json()} for policy in policies]
    return {"status": "optimal", "scale": question.scale, "front": rows}, budgets(policies)


def _question(args: argparse.Namespace) -> Question:
    return Question(
        max_order=whole("--max-order", args.max_order),
        scale=named(args.scale),
        sources=None if args.sources is None else names(args.sources),
        targets=None if args.targets is None else names(args.targets),
        novel=names(args.novel),
        must_use=names(args.must_use),
        must_not_use=names(args.must_not_use),
        cost=numbers("--cost", args.cost),
        importance=numbers("--importance", args.importance),
        with_own_readouts=args.with_own_readouts,
        with_random=args.with_random,
        must_beat_guess=args.must_beat_guess,
        dictionary=affinities.dictionary(args.affinities),
    )


def candidates(args: argparse.Namespace) -> tuple[list[Candidate], list[str]]:
    """Return the candidates of the file that the arguments name, as `affinities.read` does."""
    return affinities.read(
        args.affinities,
        regime=args.regime,
        wins_vs_scratch=args.wins_vs_scratch,
        wins_vs_supervised=args.wins_vs_supervised,
        drop_suspect=args.drop_suspect,
        rows=args.rows,
        names=args.names,
    )


def tell(notes: Sequence[str]) -> None:
    """Print what is odd about a file, once it is known that the arguments are sound."""
    for note in notes:
        print(note, file=sys.stderr)
