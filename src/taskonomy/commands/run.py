"""`taskonomy run`: the whole road on this machine."""

import argparse
from pathlib import Path

from taskonomy.commands.arguments import add_profile


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `taskonomy run`."""
    add_profile(parser)
    parser.add_argument(
        "--data", type=Path, metavar="DIR", help="a data set in the Taskonomy layout [rooms]"
    )
    parser.add_argument(
        "--dictionary",
        action="append",
        default=[],
        metavar="FILE",
        help="a file that declares tasks of your own; may be given several times",
    )
    parser.set_defaults(command=_run)


def _run(options: argparse.Namespace) -> int:
    from taskonomy.api import run

    run(options.profile, options.out, options.data, options.params, options.dictionary)
    return 0
