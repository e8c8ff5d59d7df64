"""The command line: one of the three thin doors onto the stages.

Exit codes: 0 done; 1 a stage failed; 2 bad input, one line on stderr; 3 no taxonomy is feasible.
"""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

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
    _add_run(commands.add_parser("run", help="the whole road: from rooms to a published taxonomy"))
    _add_solve(commands.add_parser("solve", help="solve a taxonomy from affinities"))
    _add_study(commands.add_parser("study", help="measure what needs new training"))
    _add_novel(commands.add_parser("novel", help="solve a task of your own from a run's sources"))
    _add_join(commands.add_parser("join", help="let an encoder of your own join a run as a source"))
    _add_evaluate(commands.add_parser("evaluate", help="error bars and baselines of a run"))
    _add_group(commands.add_parser("group", help="which tasks to train together in one network"))
    _add_data(commands.add_parser("data", help="render, annotate and verify data sets"))
    _add_submit(commands.add_parser("submit", help="run a pipeline on a cluster with Kubeflow"))
    _add_cluster(commands.add_parser("cluster", help="check a cluster; measure unit costs"))
    _add_stage(commands.add_parser("stage", help="run one stage of the road (dvc.yaml does)"))
    return parser


def _add_run(parser: argparse.ArgumentParser) -> None:
    _add_profile(parser)
    parser.add_argument(
        "--data", type=Path, metavar="DIR", help="a data set in the Taskonomy layout [rooms]"
    )

    def run(options: argparse.Namespace) -> int:
        from taskonomy import orchestration, stages
        from taskonomy.config import load

        config = load(options.params, options.profile)
        context = stages.Context.at(options.out, config)
        orchestration.run_locally(context, str(options.data or ""), options.out)
        return 0

    parser.set_defaults(command=run)


def _add_solve(parser: argparse.ArgumentParser) -> None:
    from taskonomy.taxonomy import command

    command.add_arguments(parser)
    parser.set_defaults(command=command.run)


def _add_evaluate(parser: argparse.ArgumentParser) -> None:
    from taskonomy.taxonomy import command

    _add_profile(parser)
    parser.add_argument(
        "affinities",
        type=Path,
        nargs="?",
        metavar="AFFINITIES",
        help=f"instead of a run: {command.AFFINITIES}, by the profile's budgets and orders",
    )
    command.add_file_arguments(parser)
    parser.add_argument(
        "--seeds",
        type=_positive,
        metavar="N",
        help="run seeds 0 to N-1, compare structures",
    )

    def evaluate(options: argparse.Namespace) -> int:
        if options.affinities is not None:
            return _evaluate_affinities(options)
        for name in ("regime", "wins_vs_scratch", "wins_vs_supervised", "drop_suspect"):
            if getattr(options, name):
                option = f"--{name.replace('_', '-')}"
                raise BadInput(f"{option}: found it without AFFINITIES, expected it with them")
        if options.seeds is not None:
            from taskonomy import seeds

            return seeds.run(options.params, options.profile, options.out, options.seeds)
        from taskonomy import appraisal
        from taskonomy.config import load

        folder = appraisal.appraise(options.out, load(options.params, options.profile))
        print(f"tables and evaluation.html in {folder}")
        return 0

    parser.set_defaults(command=evaluate)


def _evaluate_affinities(options: argparse.Namespace) -> int:
    if options.seeds is not None:
        raise BadInput("--seeds: found together with AFFINITIES, expected one of them")
    from taskonomy import affinity_appraisal
    from taskonomy.config import load
    from taskonomy.taxonomy import command

    found, notes = command.candidates(options)
    command.tell(notes)
    given = (options.affinities, options.wins_vs_scratch, options.wins_vs_supervised)
    folder = affinity_appraisal.appraise(
        options.out,
        load(options.params, options.profile),
        found,
        [path for path in given if path is not None],
        notes,
    )
    print(f"tables and evaluation.html in {folder}")
    return 0


def _add_study(parser: argparse.ArgumentParser) -> None:
    from taskonomy.studies import command

    _add_profile(parser)
    command.add_study(parser)


def _add_novel(parser: argparse.ArgumentParser) -> None:
    from taskonomy.studies import command

    _add_profile(parser)
    command.add_novel(parser)


def _add_join(parser: argparse.ArgumentParser) -> None:
    from taskonomy.studies import command

    _add_profile(parser)
    command.add_join(parser)


def _add_group(parser: argparse.ArgumentParser) -> None:
    from taskonomy.taxonomy import group_command

    group_command.add_arguments(parser)
    parser.set_defaults(command=group_command.run)


def _add_data(parser: argparse.ArgumentParser) -> None:
    from taskonomy import data_command

    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    render = commands.add_parser("render", help="render rooms with labels for every task")
    render.add_argument("--out", type=Path, required=True, metavar="DIR")
    render.add_argument("--images", type=_positive, required=True, metavar="N")
    render.add_argument("--size", type=_positive, required=True, metavar="PX")
    render.add_argument("--seed", type=int, required=True, metavar="S")
    render.add_argument(
        "--family", choices=("home", "studio"), default="home", help="their look and objects [home]"
    )
    render.add_argument(
        "--device", metavar="cuda|cpu", help="trace rays on this torch device [by Embree]"
    )
    render.add_argument("--plan", action="store_true", help="say what it takes, and end")

    def render_rooms(options: argparse.Namespace) -> int:
        from taskonomy.data.scenes.dataset import render_dataset
        from taskonomy.data.scenes.plan import plan

        workers = len(os.sched_getaffinity(0))
        numbers = options.images, options.size, options.seed
        arguments = (options.out, *numbers, workers, options.family, options.device)
        if options.plan:
            print(plan(*arguments).text)
            return 0
        render_dataset(*arguments)
        print(f"{options.images} images in {options.out}")
        return 0

    render.set_defaults(command=render_rooms)

    annotate = commands.add_parser("annotate", help="annotate posed RGB-D frames")
    annotate.add_argument(
        "capture", type=Path, metavar="CAPTURE", help="a folder as 7-Scenes, TUM or ScanNet has it"
    )
    annotate.add_argument("--out", type=Path, required=True, metavar="DIR")
    annotate.add_argument(
        "--teacher",
        type=Path,
        metavar="WEIGHTS",
        help="semantic labels by a segmentation network of torchvision's [none]",
    )

    def annotate_capture(options: argparse.Namespace) -> int:
        from taskonomy.data.capture import annotate as annotate_frames

        teacher = None
        if options.teacher is not None:
            from taskonomy.data.capture.teacher import Teacher

            teacher = Teacher(options.teacher)
            print(f"{teacher.name} knows no {', '.join(teacher.unknown)}: there it sees background")
        annotate_frames(options.capture, options.out, teacher=teacher)
        print(f"annotated views in {options.out}")
        return 0

    annotate.set_defaults(command=annotate_capture)

    verify = commands.add_parser("verify", help="check every file of a data set")
    verify.add_argument("data", type=Path, metavar="DIR")

    def verify_data(options: argparse.Namespace) -> int:
        from taskonomy.data.verify import verify as verify_files

        report = verify_files(options.data)
        print(report.text)
        for fault in report.faults:
            print(fault, file=sys.stderr)
        return 2 if report.faults else 0

    verify.set_defaults(command=verify_data)
    data_command.add_commands(commands)


def _add_submit(parser: argparse.ArgumentParser) -> None:
    from taskonomy.cluster import command

    command.add_submit(parser)
    parser.set_defaults(params=_params())


def _add_cluster(parser: argparse.ArgumentParser) -> None:
    from taskonomy.cluster import command

    command.add_cluster(parser)
    parser.set_defaults(params=_params())


def _add_stage(parser: argparse.ArgumentParser) -> None:
    _add_profile(parser)
    parser.add_argument("name", metavar="STAGE", help="a stage of docs/architecture.md")
    parser.add_argument("--data", type=Path, metavar="DIR")

    def stage(options: argparse.Namespace) -> int:
        from taskonomy import road
        from taskonomy.config import load

        road.run_stage(
            options.name, options.out, load(options.params, options.profile), options.data
        )
        return 0

    parser.set_defaults(command=stage)


def _add_profile(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--profile", default="demo", help="a profile of params.yaml [demo]")
    parser.add_argument("--out", type=Path, default=Path("out"), metavar="DIR", help="[out]")
    parser.set_defaults(params=_params())


def _params() -> Path:
    """params.yaml of the working directory, else the checkout's."""
    here = Path("params.yaml")
    return here if here.is_file() else Path(__file__).resolve().parents[2] / "params.yaml"


def _positive(text: str) -> int:
    if not text.strip().isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"found {text}, expected a whole number from 1")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
