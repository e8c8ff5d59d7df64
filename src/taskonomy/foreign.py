"""Code of the user's own: whatever it raises ends in one line that names it."""

import signal
import threading
from types import FrameType, TracebackType
from typing import Any

from taskonomy.errors import BadInput, one_line


def described(error: BaseException) -> str:
    """Return what an exception says, with the name of its class, in one line."""
    kind, line = type(error).__name__, one_line(error)
    return line if line.startswith(kind) else f"{kind}: {line}"


class Foreign:
    """Around a call of the user's code: what it raises becomes bad input.

    `SystemExit` and other exceptions that are no errors become bad input too, for a file that calls
    `exit()` must not end a run in silence. An interrupt from the keyboard stays one; a
    `KeyboardInterrupt` that the code raises by itself does not. A `BadInput`, which what it called
    of this package has raised, is passed on.

    Args:
        what: the code, in words that begin the line.
        expected: what it should have done.

    Raises:
        BadInput: on leaving, if the code raised anything.
    """

    def __init__(self, what: str, expected: str) -> None:
        self._what, self._expected = what, expected
        self._before: Any = None
        self._interrupted = False

    def __enter__(self) -> None:
        # Only the main thread has handlers, and one that was not set from Python cannot be kept.
        if threading.current_thread() is threading.main_thread():
            self._before = signal.getsignal(signal.SIGINT)
            if callable(self._before):
                signal.signal(signal.SIGINT, self._interrupt)

    def _interrupt(self, number: int, frame: FrameType | None) -> None:
        self._interrupted = True
        self._before(number, frame)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if callable(self._before):
            signal.signal(signal.SIGINT, self._before)
        if error is None or isinstance(error, BadInput):
            return
        if isinstance(error, KeyboardInterrupt) and self._interrupted:
            return
        raise BadInput(f"{self._what}: {described(error)}; expected {self._expected}") from error
