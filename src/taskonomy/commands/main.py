"""The command line: one of the three thin doors onto the stages.

Exit codes: 0 done; 1 a stage failed; 2 bad input, one line on stderr; 3 no taxonomy is feasible.
"""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from typing import NoReturn

from taskonomy.commands import cluster, data, evaluate, export, group, run, solve, stage, study
from taskonomy.errors import BadInput, Infeasible, StageFailed, unusable


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; bad input ends in one line on stderr and exit code 2."""
    options = build_parser().parse_args(arguments)
    command: Callable[[argparse.Namespace], int] = options.command
    try:
        code = command(options)
        sys.stdout.flush()
        return code
    except BadInput as error:
        print(f"taskonomy: {error}", file=sys.stderr)
        return 2
    except Infeasible as error:
        print(f"taskonomy: infeasible: {error}", file=sys.stderr)
        return 3
    except StageFailed as error:
        print(f"taskonomy: {error}", file=sys.stderr)
        return 1
    except ModuleNotFoundError as error:
        return _not_installed(error)
    except BrokenPipeError:
        # The reader of our output has left (`| head`): nothing to say, and nowhere to say it.
        _drop_output()
        return 0
    except OSError as error:
        line = unusable(error)
        if line is None:
            raise
        print(f"taskonomy: {line}", file=sys.stderr)
        try:
            sys.stdout.flush()
        except OSError:
            _drop_output()
        return 2
    except KeyboardInterrupt:
        print(
            "taskonomy: interrupted; finished work is kept and skipped next time", file=sys.stderr
        )
        return 130


def _not_installed(error: ModuleNotFoundError) -> int:
    """Say in one line which library is missing: the package alone brings few."""
    if (error.name or "").partition(".")[0] == "taskonomy":
        raise error
    print(
        f"taskonomy: found no module {error.name!r}; expected the extra that the command needs: "
        "pip install 'taskonomy[train]', or [solve], [onnx], [cluster] (docs/api.md)",
        file=sys.stderr,
    )
    return 2


def _drop_output() -> None:
    """What stdout still holds cannot be written: Python shall not try again on leaving."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


class _Parser(argparse.ArgumentParser):
    """A parser whose errors are one line, without the usage."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message} ({self.prog} --help)\n")


def build_parser() -> argparse.ArgumentParser:
    """The parser of the whole command line; a parsed `command` takes the options and runs."""
    parser = _Parser(
        prog="taskonomy",
        description="Which visual tasks transfer to which, and which ones to label.",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, add_arguments, words in COMMANDS:
        add_arguments(commands.add_parser(name, help=words))
    return parser


COMMANDS: tuple[tuple[str, Callable[[argparse.ArgumentParser], None], str], ...] = (
    ("run", run.add_arguments, "the whole road: from rooms to a published taxonomy"),
    ("solve", solve.add_arguments, "solve a taxonomy from affinities"),
    ("study", study.add_study, "measure what needs new training"),
    ("novel", study.add_novel, "solve a task of your own from a run's sources"),
    ("join", study.add_join, "let an encoder of your own join a run as a source"),
    ("export", export.add_arguments, "a network or a transfer of a run as one file"),
    ("evaluate", evaluate.add_arguments, "error bars and baselines of a run"),
    ("group", group.add_arguments, "which tasks to train together in one network"),
    ("data", data.add_arguments, "render, annotate and verify data sets"),
    ("submit", cluster.add_submit, "run a pipeline on a cluster with Kubeflow"),
    ("cluster", cluster.add_cluster, "check a cluster; measure unit costs"),
    ("stage", stage.add_arguments, "run one stage of the road (dvc.yaml does)"),
)
"""Every command: its name, what declares its arguments, and what it is for."""


if __name__ == "__main__":
    sys.exit(main())
