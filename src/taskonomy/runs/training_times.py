"""How long the models of a run took to train, and what further ones will take."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from math import fsum
from typing import Any

from taskonomy.training.identity import ModelRef


@dataclass(frozen=True)
class Seconds:
    """Mean seconds of training by kind and target, and by kind alone."""

    by_target: Mapping[tuple[str, str], float]
    by_kind: Mapping[str, float]

    @staticmethod
    def of(rows: Iterable[Mapping[str, Any]]) -> "Seconds":
        """From the rows of a models.parquet."""
        by_target: dict[tuple[str, str], list[float]] = {}
        by_kind: dict[str, list[float]] = {}
        for row in rows:
            by_target.setdefault((row["kind"], row["target"]), []).append(row["seconds"])
            by_kind.setdefault(row["kind"], []).append(row["seconds"])
        return Seconds(_means(by_target), _means(by_kind))

    def model(self, ref: ModelRef) -> float:
        """What such a model took; 0 for a kind that the run has none of."""
        return self.by_target.get((ref.kind, ref.target), self.by_kind.get(ref.kind, 0.0))


def estimate(
    name: str,
    seconds: Callable[[ModelRef], float],
    missing: Iterable[ModelRef],
    held: int,
    workers: int,
) -> str:
    """Say how many models are to be trained, and for how long.

    Args:
        name: what for.
        seconds: what each takes.
        missing: the models that the store does not hold.
        held: how many it holds already.
        workers: processes that train side by side.
    """
    wanted = list(missing)
    if not wanted:
        return f"{name}: nothing to train ({held} models are there)"
    minutes = fsum(map(seconds, wanted)) / 60
    return (
        f"{name}: {len(wanted)} models to train ({held} are there), about {minutes / workers:.1f} "
        f"minutes in {workers} processes by the times of the run's own ({minutes:.1f} of processor "
        "time), and their start beside that"
    )


def _means(values: Mapping[Any, list[float]]) -> dict[Any, float]:
    return {key: fsum(found) / len(found) for key, found in values.items()}
