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
    from taskonomy.config import load
    from taskonomy.execution.local import run_locally
    from taskonomy.runs.context import Context

    config = load(options.params, options.profile)
    files = (*config.dictionary, *map(_place, options.dictionary))
    config = config.updated(dictionary=files)
    run_locally(Context.at(options.out, config), str(options.data or ""), options.out)
    return 0


def _place(file: str) -> str:
    """A file as every step finds it, wherever it works; an address stays what it is."""
    return file if "://" in file else str(Path(file).resolve())
