"""`taskonomy study`, `join` and `novel`: their arguments, and what they print."""

import argparse
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from taskonomy.commands.arguments import add_profile
from taskonomy.errors import BadInput

if TYPE_CHECKING:
    from taskonomy.runs.run import Run


def add_study(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `taskonomy study`."""
    add_profile(parser)
    parser.add_argument(
        "name", nargs="?", metavar="NAME", help="which; without it, the studies are listed"
    )
    parser.add_argument(
        "--data",
        type=Path,
        metavar="DIR",
        help="generalisation: to this data set, or to DIR/<class>/<image>.jpg|png",
    )
    parser.set_defaults(command=_study)


def add_join(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `taskonomy join`."""
    add_profile(parser)
    parser.add_argument("name", metavar="NAME", help="the new source's name")
    parser.add_argument(
        "--encoder",
        required=True,
        metavar="WHERE",
        help="module:attribute that makes a torch module, or models:/NAME/VERSION of MLflow",
    )
    parser.add_argument(
        "--weights", type=Path, metavar="FILE", help="safetensors, or a torch file of tensors"
    )
    parser.add_argument(
        "--cost", type=float, default=1.0, metavar="C", help="of its labels, a task being 1 [1]"
    )
    parser.add_argument(
        "--trust-pickle",
        action="store_true",
        help="load a models:/ encoder, which runs whatever code its author put in",
    )
    parser.set_defaults(command=_join)


def add_novel(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `taskonomy novel`."""
    add_profile(parser)
    parser.add_argument("task", type=Path, metavar="TASK", help="a file that declares the task")
    parser.set_defaults(command=_novel)


def _study(options: argparse.Namespace) -> int:
    from taskonomy.studies import catalogue

    if options.name is None:
        width = max(map(len, catalogue.STUDIES))
        for name, line in catalogue.STUDIES.items():
            print(f"{name.ljust(width)}  {line}")
        return 0
    study = catalogue.find(options.name)
    if options.data and options.name != "generalisation":
        raise BadInput(f"--data: found it with {options.name}, expected it with generalisation")

    from taskonomy.studies.frame import execute

    run = replace(_run(options), other=options.data)
    return _show(execute(options.name, study, run))


def _join(options: argparse.Namespace) -> int:
    from taskonomy.studies.join import join, own_source

    run = _run(options)
    given = (options.encoder, options.weights, options.cost, options.trust_pickle)
    own = own_source(run, options.name, *given)
    return _show(join(run, own))


def _novel(options: argparse.Namespace) -> int:
    from taskonomy.studies.novel_task import novel, solve
    from taskonomy.targets.declared import read

    declared = read(str(options.task))
    try:
        task = novel(_run(options), declared)
    except BadInput as error:
        raise BadInput(f"{options.task}: {error}") from error
    return _show(solve(task))


def _run(options: argparse.Namespace) -> "Run":
    from taskonomy.config import load
    from taskonomy.runs.run import open_run

    return open_run(options.out, load(options.params, options.profile))


def _show(folder: Path) -> int:
    print((folder / f"{folder.name}.txt").read_text(), end="")
    print(f"\ntables and figure: {folder}")
    return 0
