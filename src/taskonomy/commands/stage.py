"""`taskonomy stage`: one stage of the road, as dvc.yaml runs them."""

import argparse
from pathlib import Path

from taskonomy.commands.arguments import add_profile


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `taskonomy stage`."""
    add_profile(parser)
    parser.add_argument("name", metavar="STAGE", help="a stage of docs/architecture.md")
    parser.add_argument("--data", type=Path, metavar="DIR")
    parser.set_defaults(command=_stage)


def _stage(options: argparse.Namespace) -> int:
    from taskonomy.config import load
    from taskonomy.execution.dvc import run_stage

    run_stage(options.name, options.out, load(options.params, options.profile), options.data)
    return 0
