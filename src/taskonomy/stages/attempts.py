"""The training of a shard as one step of a pipeline: tried again, within a budget, recorded.

Kubeflow retries nothing inside a loop (kubeflow/pipelines#12389), and one step that fails ends its
run (#7330). So a step repeats by itself what the machine has spoilt, takes a few failed models as a
result, and leaves a record by which the next run knows how often a shard was begun.
"""

import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TypeVar

from taskonomy.errors import StageFailed, unusable
from taskonomy.foreign import described
from taskonomy.runs.outcomes import Outcome, read, write
from taskonomy.store import Store, digest
from taskonomy.training import record
from taskonomy.training.identity import ModelRef
from taskonomy.training.model_losses import all_trained
from taskonomy.training.record import Record
from taskonomy.training.workspace import Workspace

Result = TypeVar("Result")

TRIES = 3
"""How often a step tries by itself."""
BUDGET = 0.1
"""The share of a shard's models that may fail; one may in any case."""


def train(
    workspace: Workspace,
    shard: str,
    models: Sequence[ModelRef],
    work: Callable[[], Sequence[Record]],
) -> Outcome:
    """Train those models of a shard that the store lacks, and record how that ended.

    Args:
        workspace: whose store.
        shard: the shard's address.
        models: what it holds.
        work: trains what is missing; gives the records, not saved yet, of models that crashed.

    Raises:
        StageFailed: more models failed than the budget allows.
    """
    outcome, start = _resume_outcome(workspace.store, shard, models), time.perf_counter()
    crashed: Sequence[Record] = ()
    try:
        if not all_trained(workspace, models):
            outcome = replace(outcome, status="begun", attempts=outcome.attempts + 1)
            write(workspace.store, outcome)
            crashed = retry(work)
        failed = check_failure_budget(workspace, models, crashed)
    except Exception:
        with suppress(OSError):  # a full disk, which the error tells of already
            write(workspace.store, replace(outcome, status="failed", seconds=_since(start)))
        raise
    if outcome.status != "finished":
        outcome = replace(outcome, status="finished", failed=tuple(failed), seconds=_since(start))
        write(workspace.store, outcome)
    return outcome


def retry(work: Callable[[], Result], pause: float = 2.0) -> Result:
    """Do some work, and again where the machine rather than the input spoilt it.

    Such are errors of connections and devices: an `OSError` that is not about a place that the user
    gave.

    Args:
        work: what to do; nothing may be lost by doing it twice.
        pause: seconds before the second try; before each further one it is twice as long.
    """
    for again in range(2, TRIES + 1):
        try:
            return work()
        except OSError as error:
            if unusable(error) is not None or isinstance(error, FileNotFoundError):
                raise
            print(f"taskonomy: {described(error)}; try {again} of {TRIES} follows", file=sys.stderr)
            time.sleep(pause * 2 ** (again - 2))
    return work()


def check_failure_budget(
    workspace: Workspace, models: Sequence[ModelRef], crashed: Sequence[Record]
) -> list[str]:
    """Hold a shard's failed models against its budget.

    A model that diverged is in the store. One whose training crashed is not yet: within the budget
    its failure becomes a result too, past the budget the next attempt tries it again.

    Returns:
        The failed models in words.

    Raises:
        StageFailed: more than a tenth of the models failed, and more than one.
    """
    anew = {one.model_id for one in crashed}
    stored = [ref.identity for ref in models if ref.identity not in anew]
    found = [*(record.read(workspace.store, identity) for identity in stored), *crashed]
    failed = [_words(one) for one in found if one.status != "finished"]
    allowed = max(1, int(BUDGET * len(models)))
    if len(failed) > allowed:
        raise StageFailed(
            f"{len(failed)} of {len(models)} models failed, expected at most {allowed}; "
            f"the first: {failed[0]}"
        )
    for one in crashed:
        record.save(workspace.store, one, {})
    return failed


def _resume_outcome(store: Store, shard: str, models: Sequence[ModelRef]) -> Outcome:
    """The shard's outcome so far; a fresh one where its models are others than then."""
    content = digest(models=[ref.identity for ref in models])
    before = read(store, shard)
    if before is not None and before.content == content:
        return before
    return Outcome(shard, content, len(models))


def _words(one: Record) -> str:
    sources = f"{' + '.join(one.sources)} → " if one.sources else ""
    return f"{one.kind} {sources}{one.target}: {one.status}"


def _since(start: float) -> float:
    return round(time.perf_counter() - start, 1)
