"""Losses of stored models, who beats whom, and which is chosen."""

from collections.abc import Iterable, Sequence

import numpy as np
from jaxtyping import Float

from taskonomy.affinity.ahp import ahp
from taskonomy.affinity.tournament import win_rate, win_rates
from taskonomy.training import record
from taskonomy.training.identity import ModelRef, model_id
from taskonomy.training.model_losses import Losses as HeldOut
from taskonomy.training.model_losses import losses_of
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
) -> dict[str, dict[tuple[str, ...], HeldOut]]:
    """Losses of transfers by target and sources, of the choice and of the test examples.

    Own readouts, those of untrained encoders and failed ones are left out.
    """
    found: dict[str, dict[tuple[str, ...], HeldOut]] = {}
    for ref in refs:
        untrained = any(map(workspace.dictionary.untrained, ref.sources))
        if ref.kind == "transfer" and not untrained and ref.target not in ref.sources:
            row = losses_of(workspace.store, ref)
            if row is not None:
                found.setdefault(ref.target, {})[ref.sources] = row
    return found


def ranking(candidates: Iterable[HeldOut]) -> Float[np.ndarray, " S"]:
    """The affinities that candidates are chosen by: those on the examples to choose by.

    So a large set of candidates, which has more to choose from, gains nothing by chance. Where a
    run has no such examples, the test images choose themselves.
    """
    held = [*candidates]
    rows = [one.choice if has_choice(held) else one.test for one in held]
    return ahp(win_rates(np.stack(rows)))


def best(candidates: Sequence[HeldOut]) -> Losses:
    """Test losses of the candidate that is chosen."""
    return candidates[int(np.argmax(ranking(candidates)))].test


def has_choice(candidates: Iterable[HeldOut]) -> bool:
    """Whether all of these models were measured on examples to choose by."""
    return all(len(one.choice) for one in candidates)


def chosen_on(candidates: Iterable[HeldOut]) -> str:
    """On which images the best of these is chosen, in words."""
    if has_choice(candidates):
        return "chosen on validation images, measured on the test images"
    return "chosen on the test images themselves, since no validation image is left to choose by"


def wins(mine: Losses, theirs: Losses) -> float:
    """Share of test images on which `mine` is smaller, ties half."""
    return float(win_rate(mine[None], theirs)[0])
