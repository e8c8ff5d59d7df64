"""How the shards of a run ended, kept in the store: what was tried, what failed, how often."""

from dataclasses import asdict, dataclass
from typing import Literal

from taskonomy import formats
from taskonomy.store import Store


@dataclass(frozen=True)
class Outcome:
    """One shard of a run.

    Attributes:
        shard: its address, `<key>/<shard id>`.
        content: a hash of the identities of its models; with other models it is another shard.
        models: how many they are.
        status: `begun` while a process is at it, and from then on if that process was killed.
        attempts: processes that began it.
        failed: the models that failed, each in words.
        seconds: wall-clock time of the last attempt.
    """

    shard: str
    content: str
    models: int
    status: Literal["begun", "finished", "failed"] = "begun"
    attempts: int = 0
    failed: tuple[str, ...] = ()
    seconds: float = 0.0


def read(store: Store, shard: str) -> Outcome | None:
    """The outcome of a shard; None where nobody has begun it.

    Raises:
        BadInput: a newer version has kept it.
    """
    if not store.exists(*_place(shard)):
        return None
    content = store.read_format(formats.OUTCOME, *_place(shard))
    content.pop(formats.JSON_KEY, None)
    return Outcome(**{**content, "failed": tuple(content["failed"])})


def write(store: Store, outcome: Outcome) -> None:
    """Keep the outcome of a shard in place of the one before."""
    store.write_json(formats.OUTCOME.stamped(asdict(outcome)), *_place(outcome.shard))


def _place(shard: str) -> tuple[str, str, str]:
    key, _, name = shard.partition("/")
    return ("outcomes", key, f"{name}.json")
