"""Worker processes, which end with the process that started them."""

import os
import signal
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context, parent_process
from threading import Thread
from typing import NoReturn

WORKERS = 2
"""Processes side by side where the work is dealt out; kfp.local runs no more iterations at once."""


def pool(workers: int) -> ProcessPoolExecutor:
    """Return a pool of that many processes.

    They are spawned, not forked: torch's threads do not survive a fork. An interrupt ends them
    without a word, after the cleaning up of what they were at; so does their parent's death, which
    would otherwise leave them waiting for work for ever.
    """
    return ProcessPoolExecutor(workers, get_context("spawn"), initializer=_begin)


def _begin() -> None:
    signal.signal(signal.SIGINT, _leave)
    Thread(target=_follow_parent, daemon=True).start()


def _leave(*_: object) -> NoReturn:
    raise SystemExit(130)


def _follow_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(130)
