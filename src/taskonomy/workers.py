"""Worker processes, which end with the process that started them."""

import os
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context, parent_process
from threading import Thread
from typing import NoReturn, TypeVar

WORKERS = 2
"""Processes side by side where the work is dealt out; kfp.local runs no more iterations at once."""


Unit = TypeVar("Unit")
Result = TypeVar("Result")


def cores() -> int:
    """Return how many processor cores this process may use."""
    return len(os.sched_getaffinity(0))


def each(
    function: Callable[[Unit], Result], units: Sequence[Unit], processes: int
) -> Iterator[Result]:
    """Return what a function gives for each unit, in order, by so many processes; 1 is this one.

    Nothing more is begun once a unit has failed or the caller has stopped.
    """
    if processes == 1:
        yield from map(function, units)
        return
    with pool(processes) as executor:
        try:
            yield from executor.map(function, units)
        except BaseException:
            executor.shutdown(cancel_futures=True)
            raise


def pool(workers: int, prepare: Callable[[], None] | None = None) -> ProcessPoolExecutor:
    """Return a pool of that many processes.

    They are spawned, not forked: torch's threads do not survive a fork. An interrupt ends them
    without a word, after the cleaning up of what they were at; so does their parent's death, which
    would otherwise leave them waiting for work for ever.

    Args:
        workers: how many processes.
        prepare: what each does before its first work.
    """
    return ProcessPoolExecutor(
        workers, get_context("spawn"), initializer=_begin, initargs=(prepare,)
    )


def _begin(prepare: Callable[[], None] | None) -> None:
    signal.signal(signal.SIGINT, _leave)
    Thread(target=_follow_parent, daemon=True).start()
    if prepare is not None:
        prepare()


def _leave(*_: object) -> NoReturn:
    raise SystemExit(130)


def _follow_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(130)
