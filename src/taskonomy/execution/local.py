"""The pipeline on one machine: kfp.local runs each component as a process or container of its own.

What runs is the compiled pipeline that a cluster would be given (pipelines/taxonomy.yaml). kfp's
own words go to a log file; a person sees the progress bars, a line a stage, and a failure in one
line.
"""

import builtins
import fcntl
import logging
import os
import signal
import sys
import tempfile
import threading
import time
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from taskonomy import files, formats
from taskonomy.config import Config
from taskonomy.execution import overhead
from taskonomy.execution.console import Console, Log
from taskonomy.execution.overhead import Overhead
from taskonomy.execution.step import ALIVE, LEASE
from taskonomy.files import shipped
from taskonomy.runs.configuration import parameters
from taskonomy.runs.context import Context
from taskonomy.stages.publish import export

if TYPE_CHECKING:
    from kfp.local import DockerRunner

from taskonomy.workers import WORKERS


def run_locally(
    context: Context, source: str, out: Path, runner: "DockerRunner | None" = None
) -> None:
    """Run the whole road on this machine, and copy what it publishes into `out`.

    The last line printed says what orchestration took; `provenance.json` in `out` keeps it.

    Args:
        context: where and how to run; its store is a folder here.
        source: a data set in the Taskonomy layout; empty renders the embedded rooms.
        out: the folder for the published files.
        runner: how kfp runs a component's image; it names a `user`, as numbers, who may write to
            the store and to MLflow. None runs each component as a process of this environment.

    Raises:
        BadInput: a stage found its input wrong.
        Infeasible: no taxonomy satisfies the configuration.
        StageFailed: a stage failed otherwise.
    """
    arguments = {
        "store": context.store,
        "tracking": context.tracking,
        "source": source,
        **parameters(Config.from_json(context.config)),
    }
    key, took = execute("taxonomy", arguments, runner)
    print("\npublished:")
    for path in export(context, key, out):
        print(f"  {path}")
    mlflow = Path(sys.executable).with_name("mlflow")
    print(f"every model, in MLflow: {mlflow} ui --backend-store-uri {context.tracking}")
    _keep(took, out / "provenance.json")
    print(took)


def execute(
    name: str, arguments: Mapping[str, Any], runner: "DockerRunner | None" = None
) -> tuple[str, Overhead]:
    """Run a pipeline on this machine.

    Args:
        name: the compiled pipeline's file in pipelines/, without its suffix.
        arguments: its parameters; `store` is a folder here.
        runner: as in `run_locally`.

    Returns:
        The pipeline's output, and what orchestration took.

    Raises:
        BadInput, Infeasible, StageFailed: as in `run_locally`.
    """
    start = time.perf_counter()
    log = Path(arguments["store"]) / "logs" / f"{datetime.now():%Y%m%d-%H%M%S-%f}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with Log(log) as written:
        console = Console(sys.stderr, written, start)
        with console, _as_it_was(written):
            output = _run(shipped("pipelines", f"{name}.yaml"), arguments, console, log, runner)
    return output, overhead.measure(time.perf_counter() - start, console.steps)


def _keep(took: Overhead, provenance: Path) -> None:
    """Tell a published provenance what its latest run took: the store's copy was there before."""
    from taskonomy.publishing.artifact import canonical

    content = formats.PROVENANCE.read(provenance)
    files.write(provenance, canonical(content | {"local_run": took.as_json()}))


def _run(
    compiled: Path,
    arguments: Mapping[str, Any],
    console: "Console",
    log: Path,
    runner: "DockerRunner | None",
) -> str:
    """Execute a compiled pipeline; return its output."""
    from kfp import components, local

    # Two stages at once share the cores; a process inherits this before it imports anything.
    os.environ.setdefault("OMP_NUM_THREADS", str(max(1, len(os.sched_getaffinity(0)) // WORKERS)))
    pipeline = components.load_component_from_file(str(compiled))
    with _lease(console) as root:
        if runner is not None:
            _admit(runner, root)
        chosen = runner or local.SubprocessRunner(use_venv=False)
        local.init(chosen, pipeline_root=str(root))
        try:
            task = pipeline(**arguments)
        # A container that fails at once may be gone before kfp asks how it ended, and then counts
        # as a success; what tells is a value that it has not left, and that is a ValueError.
        except (RuntimeError, ValueError) as error:
            raise console.failure(log) from error
    output: str = task.output
    return output


def _admit(runner: "DockerRunner", root: Path) -> None:
    """Let containers write to kfp's folder, and end with their run, as processes do."""
    arguments = runner.container_run_args
    os.chown(root, *map(int, arguments["user"].split(":")))
    lease = {LEASE: str(root / "lease")}
    arguments["environment"] = {**arguments.get("environment", {}), **lease}


@contextmanager
def _lease(console: "Console") -> Iterator[Path]:
    """A folder for what kfp leaves lying about; while it is held, components' processes live.

    They wait for a lock that we hold: an interrupt frees it, and so does our death in any other
    way. The handler does it at once, for kfp waits for its processes before it lets go of us. We
    wait for them in our turn by a lock that each holds while it lives.
    """
    before = {name: os.environ.get(name) for name in (LEASE, "TMPDIR")}
    with (
        tempfile.TemporaryDirectory(prefix="taskonomy-", ignore_cleanup_errors=True) as folder,
        (path := Path(folder) / "lease").open("w") as held,
        path.with_name(ALIVE).open("w") as alive,
    ):
        fcntl.flock(held, fcntl.LOCK_EX)
        os.environ.update({LEASE: str(path), "TMPDIR": folder})

        def interrupt(*_: object) -> NoReturn:
            console.stop()
            fcntl.flock(held, fcntl.LOCK_UN)
            raise KeyboardInterrupt

        # Python takes handlers in the main thread alone, and gives signals to no other.
        main = threading.current_thread() is threading.main_thread()
        signals = (signal.SIGINT, signal.SIGTERM) if main else ()
        handlers = [(number, signal.signal(number, interrupt)) for number in signals]
        try:
            yield Path(folder)
        finally:
            fcntl.flock(held, fcntl.LOCK_UN)
            fcntl.flock(alive, fcntl.LOCK_EX)
            for number, handler in handlers:
                signal.signal(number, handler)
            for name, value in before.items():
                os.environ.pop(name)
                if value is not None:
                    os.environ[name] = value


@contextmanager
def _as_it_was(log: Log) -> Iterator[None]:
    """Undo what kfp.local leaves changed when two of its threads end in the other order.

    What it then says through the root logger goes to the log as well.
    """
    root = logging.getLogger()
    kept = logging.StreamHandler(log)
    root.addHandler(kept)
    handlers, level, printing = root.handlers[:], root.level, builtins.print
    try:
        with warnings.catch_warnings():
            # Images, requests and display names count on a cluster alone.
            warnings.filterwarnings("ignore", message=".*custom or non-Python base image")
            warnings.filterwarnings("ignore", message=".*no effect in the current local runner")
            yield
    finally:
        root.handlers[:], builtins.print = handlers, printing
        root.removeHandler(kept)
        root.setLevel(level)
