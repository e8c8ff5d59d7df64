"""Recompute a model's test losses from its file: the data set, and its sources' files."""

import numpy as np
import torch
from jaxtyping import Float32
from torch import nn

from taskonomy.errors import BadInput
from taskonomy.training import record
from taskonomy.training.baselines import Constant, guess_losses
from taskonomy.training.encoders import kept
from taskonomy.training.fit import test_losses
from taskonomy.training.record import Record
from taskonomy.training.representations import codes_of
from taskonomy.training.session import Session
from taskonomy.training.stacks import Examples, stack_losses
from taskonomy.training.task_network import build, loader_of, restore
from taskonomy.training.transfers import build_readouts, coded, target_loaders
from taskonomy.training.workspace import Workspace


def reproduce(workspace: Workspace, identity: str) -> Float32[np.ndarray, "n"]:
    """The test losses of a saved model, computed anew from its weights.

    Nothing but the model's file, its sources' files and the data set is used; representations are
    computed again.

    Raises:
        BadInput: the model is not in the store, failed, or is the random encoder or one of
            the user's own, which have none.
    """
    found = record.read(workspace.store, identity)
    if found.status != "finished" or found.kind in ("random", "encoder"):
        raise BadInput(
            f"model {identity}: {found.kind}, {found.status}; expected a finished model that "
            "solves a task"
        )
    session, task = Session(workspace), workspace.dictionary[found.target]
    weights = record.weights(workspace.store, identity)
    if found.kind == "transfer":
        return _readout_losses(session, found, weights)
    test = loader_of(session, task, session.examples(task).test)
    if found.kind == "informed_guess":
        constant = Constant(torch.from_numpy(weights["guess"]))
        return guess_losses(constant, session.data(task).target, test)
    network: nn.Module = build(session, task)
    restore(network, weights)
    return test_losses(network, task, test)


def _readout_losses(
    session: Session, found: Record, weights: dict[str, np.ndarray]
) -> Float32[np.ndarray, "n"]:
    task = session.workspace.dictionary[found.target]
    codes = [kept(codes_of(session, source, session.represented)) for source in found.sources]
    network = build_readouts(session, task, [codes], found.regime)[0]
    restore(network, weights)
    targets = target_loaders(session, task, found.regime)
    test = Examples(coded(session, [codes], session.examples(task).test), targets.test)
    return np.asarray(stack_losses([network], task.loss, test)[0])
