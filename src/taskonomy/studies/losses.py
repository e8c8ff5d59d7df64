"""Test losses of stored models, and who beats whom."""

from collections.abc import Iterable

import numpy as np
from jaxtyping import Float

from taskonomy.affinity.tournament import win_rate
from taskonomy.training import record
from taskonomy.training.identity import ModelRef, model_id
from taskonomy.training.workspace import Kind, Workspace

Losses = Float[np.ndarray, " N"]


def of(workspace: Workspace, identity: str) -> Losses | None:
    """Per-image test losses of a model, as float64; None if it failed."""
    found = record.read(workspace.store, identity)
    return None if found.test_loss is None else found.test_losses.astype(np.float64)


def of_model(
    workspace: Workspace, kind: Kind, target: str, sources: Iterable[str] = ()
) -> Losses | None:
    """The same, of one of a run's own models."""
    return of(workspace, model_id(workspace, kind, target, tuple(sources)))


def transfers(
    workspace: Workspace, refs: Iterable[ModelRef]
) -> dict[str, dict[tuple[str, ...], Losses]]:
    """Losses of transfers by target and sources.

    Own readouts, those of untrained encoders and failed ones are left out.
    """
    found: dict[str, dict[tuple[str, ...], Losses]] = {}
    for ref in refs:
        untrained = any(map(workspace.dictionary.untrained, ref.sources))
        if ref.kind == "transfer" and not untrained and ref.target not in ref.sources:
            row = of(workspace, ref.identity)
            if row is not None:
                found.setdefault(ref.target, {})[ref.sources] = row
    return found


def wins(mine: Losses, theirs: Losses) -> float:
    """Share of test images on which `mine` is smaller, ties half."""
    return float(win_rate(mine[None], theirs)[0])
