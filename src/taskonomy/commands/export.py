"""`taskonomy export`: a network or a transfer of a finished run as one file."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from taskonomy.commands.arguments import add_profile
from taskonomy.errors import BadInput

if TYPE_CHECKING:
    from taskonomy.runs.run import Run
    from taskonomy.training.identity import ModelRef


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `taskonomy export`."""
    add_profile(parser)
    add = parser.add_argument
    add("target", metavar="TARGET", help="the task to solve")
    add(
        "--source",
        action="append",
        default=[],
        metavar="TASK",
        help="of a transfer to it; may be given several times [its own network]",
    )
    add(
        "--file",
        type=Path,
        metavar="FILE",
        help="FILE.pt2 for torch.export, FILE.onnx for ONNX [OUT/export/NAME.pt2]",
    )
    parser.set_defaults(command=_export)


def _export(options: argparse.Namespace) -> int:
    from taskonomy.config import load
    from taskonomy.runs.run import open_run

    run = open_run(options.out, load(options.params, options.profile))
    ref = _find(run, options.target, options.source)
    from taskonomy.training.export import export
    from taskonomy.training.session import Session

    name = "__".join((*ref.sources, ref.target))
    file = options.file or options.out / "export" / f"{name}.pt2"
    print(export(Session(run.workspace), ref, file).text)
    return 0


def _find(run: "Run", target: str, sources: list[str]) -> "ModelRef":
    """The task network of a target, or its readout of these sources.

    Raises:
        BadInput: the run has trained none.
    """
    known = run.dictionary
    task, wanted = known[target], tuple(sorted(known[source].name for source in sources))
    kind = "transfer" if wanted else "task"
    found = [
        ref
        for ref in run.refs()
        if (ref.kind, ref.target, ref.sources) == (kind, task.name, wanted)
        and ref.regime in (0, run.regime)
    ]
    if found:
        return found[0]
    if not wanted:
        trained = sorted({ref.target for ref in run.refs() if ref.kind == "task"})
        raise BadInput(
            f"export {target}: found no network of it in {run.out}; expected one of "
            f"{', '.join(trained)}"
        )
    alone = sorted(
        ref.sources[0]
        for ref in run.refs()
        if ref.kind == "transfer" and ref.target == task.name and len(ref.sources) == 1
    )
    raise BadInput(
        f"export {target}: found no readout of {' and '.join(wanted)} in {run.out}; expected one "
        f"of {', '.join(dict.fromkeys(alone)) or 'those of another target'}, or a set that the run "
        "has tried (models.parquet)"
    )
