"""`taskonomy evaluate`: error bars and baselines of a run, of affinities, or of several seeds."""

import argparse
from pathlib import Path

from taskonomy.commands import solve
from taskonomy.commands.arguments import add_profile, positive
from taskonomy.errors import BadInput
from taskonomy.taxonomy import affinities


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `taskonomy evaluate`."""
    add_profile(parser)
    parser.add_argument(
        "affinities",
        type=Path,
        nargs="?",
        metavar="AFFINITIES",
        help=f"instead of a run: {solve.AFFINITIES}, by the profile's budgets and orders",
    )
    solve.add_file_arguments(parser)
    parser.add_argument(
        "--seeds", type=positive, metavar="N", help="run seeds 0 to N-1, compare structures"
    )
    parser.set_defaults(command=_evaluate)


_OF_FILES = ("regime", "rows", "names", "wins_vs_scratch", "wins_vs_supervised", "drop_suspect")
"""What only an affinity file needs."""


def _evaluate(options: argparse.Namespace) -> int:
    if options.affinities is not None:
        return _evaluate_affinities(options)
    for name in _OF_FILES:
        if getattr(options, name):
            option = f"--{name.replace('_', '-')}"
            raise BadInput(f"{option}: found it without AFFINITIES, expected it with them")
    if options.seeds is not None:
        from taskonomy.execution import seeds

        return seeds.run(options.params, options.profile, options.out, options.seeds)
    from taskonomy.config import load
    from taskonomy.runs.evaluation import evaluate

    folder = evaluate(options.out, load(options.params, options.profile))
    print(f"tables and evaluation.html in {folder}")
    return 0


def _evaluate_affinities(options: argparse.Namespace) -> int:
    if options.seeds is not None:
        raise BadInput("--seeds: found together with AFFINITIES, expected one of them")
    from taskonomy.config import load
    from taskonomy.runs.affinity_evaluation import evaluate

    found, notes = solve.candidates(options)
    solve.tell(notes)
    given = (options.affinities, options.wins_vs_scratch, options.wins_vs_supervised)
    folder = evaluate(
        options.out,
        load(options.params, options.profile),
        found,
        [path for path in given if path is not None],
        notes,
        affinities.dictionary(options.affinities),
    )
    print(f"tables and evaluation.html in {folder}")
    return 0
