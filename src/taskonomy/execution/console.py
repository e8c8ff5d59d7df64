"""What a person sees of a local run: progress bars, a line a stage, and a failure in one line."""

import io
import re
import shutil
import threading
import time
from contextlib import redirect_stdout, suppress
from pathlib import Path
from typing import TextIO

from taskonomy.errors import BadInput, Infeasible, StageFailed
from taskonomy.execution.overhead import Spent, Step

_LINE = re.compile(
    r"stage (?P<name>[^:]+): (?:(?P<end>bad input|infeasible|failed): )?(?P<text>.*)"
)
_BAR = re.compile(r"\d+%\|.*\[\d+:\d\d|\d+\w* \[\d+:\d\d")
# Between two lines of one bar where nothing can be redrawn.
_BAR_SECONDS = 15.0


class Log(io.TextIOBase):
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


class Console(io.TextIOBase):
    """Stands in for stdout while kfp runs: logs every line, and shows people theirs.

    kfp prints what a component's process says, line by line, from one thread a process.
    """

    def __init__(self, screen: TextIO, log: Log, start: float) -> None:
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

    def __enter__(self) -> "Console":
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
