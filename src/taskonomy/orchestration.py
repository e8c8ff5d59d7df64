"""The pipeline on one machine: kfp.local runs each component as a process or container of its own.

What runs is the compiled pipeline that a cluster would be given (pipelines/taxonomy.yaml). kfp's
own words go to a log file; a person sees the progress bars, a line a stage, and a failure in one
line.
"""

import builtins
import fcntl
import io
import json
import logging
import os
import re
import shutil
import signal
import sys
import tempfile
import threading
import time
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stdout, suppress
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, TextIO

from taskonomy import files, overhead
from taskonomy.cluster.site import shipped
from taskonomy.errors import BadInput, Infeasible, StageFailed, unusable
from taskonomy.overhead import Overhead, Spent, Step
from taskonomy.stages import Context, export

if TYPE_CHECKING:
    from kfp.local import DockerRunner

# kfp.local runs at most so many iterations of a loop at once.
WORKERS = 2

# Names the file that a component's process shares its run's fate by.
_LEASE = "TASKONOMY_LEASE"
_ALIVE = "alive"
_LINE = re.compile(
    r"stage (?P<name>[^:]+): (?:(?P<end>bad input|infeasible|failed): )?(?P<text>.*)"
)
_BAR = re.compile(r"\d+%\|.*\[\d+:\d\d|\d+\w* \[\d+:\d\d")
# Between two lines of one bar where nothing can be redrawn.
_BAR_SECONDS = 15.0


@contextmanager
def stage(name: str, shard: str = "") -> Iterator[None]:
    """Around the body of a component: say in one line how its stage ended, and how long it took.

    Bad input and a full disk end the process with code 2, an infeasible taxonomy with code 3, an
    interrupt or the end of the run that started it with 130, each without a traceback; any other
    error is passed on after its line.

    Args:
        name: the stage.
        shard: the shard's address or id, in a loop.
    """
    label = f"stage {name} {shard.rpartition('/')[2]}".rstrip()
    with overhead.timed() as spent:
        try:
            if _LEASE in os.environ:
                _join(Path(os.environ[_LEASE]))
            yield
        except KeyboardInterrupt:
            _say(label, "interrupted")
            raise SystemExit(130) from None
        except (BadInput, Infeasible) as error:
            bad = isinstance(error, BadInput)
            _say(label, f"{'bad input' if bad else 'infeasible'}: {error}")
            raise SystemExit(2 if bad else 3) from None
        except Exception as error:
            if isinstance(error, OSError) and (line := unusable(error)):
                _say(label, f"bad input: {line}")
                raise SystemExit(2) from None
            _say(label, f"failed: {type(error).__name__}: {error}")
            raise
        _say(label, str(spent()))


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
        "config": context.config,
        "tracking": context.tracking,
        "source": source,
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
    name: str, arguments: Mapping[str, str], runner: "DockerRunner | None" = None
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
    with _Log(log) as written:
        console = _Console(sys.stderr, written, start)
        with console, _as_it_was(written):
            output = _run(shipped("pipelines", f"{name}.yaml"), arguments, console, log, runner)
    return output, overhead.measure(time.perf_counter() - start, console.steps)


def _keep(took: Overhead, provenance: Path) -> None:
    """Tell a published provenance what its latest run took: the store's copy was there before."""
    from taskonomy.publishing.artifact import canonical

    content = json.loads(provenance.read_bytes())
    files.write(provenance, canonical(content | {"local_run": took.as_json()}))


def _run(
    compiled: Path,
    arguments: Mapping[str, str],
    console: "_Console",
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
    lease = {_LEASE: str(root / "lease")}
    arguments["environment"] = {**arguments.get("environment", {}), **lease}


@contextmanager
def _lease(console: "_Console") -> Iterator[Path]:
    """A folder for what kfp leaves lying about; while it is held, components' processes live.

    They wait for a lock that we hold: an interrupt frees it, and so does our death in any other
    way. The handler does it at once, for kfp waits for its processes before it lets go of us. We
    wait for them in our turn by a lock that each holds while it lives.
    """
    before = {name: os.environ.get(name) for name in (_LEASE, "TMPDIR")}
    with (
        tempfile.TemporaryDirectory(prefix="taskonomy-", ignore_cleanup_errors=True) as folder,
        (path := Path(folder) / "lease").open("w") as held,
        path.with_name(_ALIVE).open("w") as alive,
    ):
        fcntl.flock(held, fcntl.LOCK_EX)
        os.environ.update({_LEASE: str(path), "TMPDIR": folder})

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


def _join(lease: Path) -> None:
    """Let this process be interrupted once its run has let go of the lease."""
    try:
        held, alive = lease.open(), lease.with_name(_ALIVE).open()
    except FileNotFoundError:  # the run is over
        raise KeyboardInterrupt from None
    fcntl.flock(alive, fcntl.LOCK_SH)
    threading.Thread(target=_follow, args=((held, alive),), daemon=True).start()


def _follow(locks: tuple[TextIO, TextIO]) -> None:
    fcntl.flock(locks[0], fcntl.LOCK_SH)
    os.kill(os.getpid(), signal.SIGINT)
    threading.Event().wait()  # closing the files now would say that this process has ended


class _Log(io.TextIOBase):
    """A log file that a full disk cuts short, without ending the run that it is about."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("w", buffering=1)

    def writable(self) -> bool:
        """As any stream that is written to."""
        return True

    def write(self, text: str) -> int:
        """Write as much as there is room for."""
        with suppress(OSError):
            self._file.write(text)
        return len(text)

    def close(self) -> None:
        """Close the file."""
        with suppress(OSError):
            self._file.close()
        super().close()


class _Console(io.TextIOBase):
    """Stands in for stdout while kfp runs: logs every line, and shows people theirs.

    kfp prints what a component's process says, line by line, from one thread a process.
    """

    def __init__(self, screen: TextIO, log: _Log, start: float) -> None:
        self.steps: list[Step] = []
        self._screen = screen
        self._log = log
        self._start = start
        self._redraws = screen.isatty()
        self._lock = threading.Lock()
        self._stopped = False
        self._partial = threading.local()
        self._bars: dict[int, str] = {}
        self._shown: dict[int, float] = {}
        self._ends: list[tuple[str, str, str]] = []
        self._stdout = redirect_stdout(self)

    def __enter__(self) -> "_Console":
        self._stdout.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self._stdout.__exit__(None, None, None)
        self._bars.clear()
        self._redraw()

    def writable(self) -> bool:
        """As any stream that is written to."""
        return True

    def write(self, text: str) -> int:
        """Take a piece of text; whole lines are logged and shown."""
        if self._stopped and threading.current_thread() is not threading.main_thread():
            raise SystemExit(130)  # ends this thread's step: kfp has no other way to be told
        # A container's log keeps the returns with which a bar is drawn anew.
        *lines, rest = (getattr(self._partial, "text", "") + text.replace("\r", "\n")).split("\n")
        self._partial.text = rest
        with self._lock:
            for line in lines:
                self._take(line)
        return len(text)

    def stop(self) -> None:
        """Let kfp's threads start nothing more."""
        self._stopped = True

    def failure(self, log: Path) -> Exception:
        """What to raise when the pipeline has failed: bad input counts before anything else."""
        log_at = f"the log is {log}"
        for kind, make in (("bad input", BadInput), ("infeasible", Infeasible)):
            for _, end, text in self._ends:
                if end == kind:
                    return make(text)
        for name, end, text in self._ends:
            if end == "failed":
                return StageFailed(f"stage {name}: {text}; {log_at}")
        return StageFailed(f"a stage ended without a word, as when memory runs out; {log_at}")

    def _take(self, line: str) -> None:
        thread, text = threading.get_ident(), line.strip()
        if _BAR.search(text):
            self._bars[thread] = text
            self._show_bar(thread)
            return
        self._log.write(line + "\n")
        found = _LINE.fullmatch(text)
        if found:
            self._ends.append((found["name"], found["end"] or "", found["text"]))
            if spent := Spent.find(found["text"]):
                self.steps.append(Step(time.perf_counter() - self._start, spent))
            self._bars.pop(thread, None)
        # A failure is said at once: the loop's other shards may run for long before the run ends.
        if (found and found["end"] in (None, "failed")) or text.startswith("taskonomy: "):
            self._clear()
            self._screen.write(text + "\n")
            self._redraw()

    def _show_bar(self, thread: int) -> None:
        if self._redraws:
            self._redraw()
        elif time.monotonic() - self._shown.get(thread, -_BAR_SECONDS) >= _BAR_SECONDS:
            self._shown[thread] = time.monotonic()
            self._screen.write(self._bars[thread] + "\n")
            self._screen.flush()

    def _clear(self) -> None:
        if self._redraws:
            self._screen.write("\r\x1b[2K")

    def _redraw(self) -> None:
        self._clear()
        if self._redraws and self._bars:
            room = shutil.get_terminal_size().columns // len(self._bars) - 2
            self._screen.write("  ".join(bar[:room].ljust(room) for bar in self._bars.values()))
        self._screen.flush()


@contextmanager
def _as_it_was(log: _Log) -> Iterator[None]:
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


def _say(label: str, text: str) -> None:
    print(f"{label}: {' '.join(text.split())}", file=sys.stderr, flush=True)
