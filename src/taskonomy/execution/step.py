"""One step of a pipeline: what stands around the body of a component, whoever runs it."""

import fcntl
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from taskonomy.errors import BadInput, Infeasible, unusable
from taskonomy.execution import overhead
from taskonomy.foreign import described

LEASE = "TASKONOMY_LEASE"
"""Names the file that a component's process shares its run's fate by."""
ALIVE = "alive"
"""The file beside it that every such process locks while it lives."""


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
            if LEASE in os.environ:
                _join(Path(os.environ[LEASE]))
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
            _say(label, f"failed: {described(error)}")
            raise
        _say(label, str(spent()))


def _join(lease: Path) -> None:
    """Let this process be interrupted once its run has let go of the lease."""
    try:
        held, alive = lease.open(), lease.with_name(ALIVE).open()
    except FileNotFoundError:  # the run is over
        raise KeyboardInterrupt from None
    fcntl.flock(alive, fcntl.LOCK_SH)
    threading.Thread(target=_follow, args=((held, alive),), daemon=True).start()


def _follow(locks: tuple[TextIO, TextIO]) -> None:
    fcntl.flock(locks[0], fcntl.LOCK_SH)
    os.kill(os.getpid(), signal.SIGINT)
    threading.Event().wait()  # closing the files now would say that this process has ended


def _say(label: str, text: str) -> None:
    print(f"{label}: {' '.join(text.split())}", file=sys.stderr, flush=True)
