"""What a network must beat: the best constant guess, and a readout of an untrained encoder."""

from time import perf_counter

import numpy as np
import torch
from jaxtyping import Float, Float32
from torch import Tensor, nn

from taskonomy.dictionary import Task
from taskonomy.networks.encoder import Encoder
from taskonomy.targets import Target
from taskonomy.training.example_loader import ExampleLoader, in_order
from taskonomy.training.guesses import guess
from taskonomy.training.identity import model_ref
from taskonomy.training.record import Record
from taskonomy.training.schedule import Outcome
from taskonomy.training.session import Session, seeded
from taskonomy.training.task_network import finish, loader_of

_SAMPLE = 2000
"""Most training examples that a guess is made from."""


class Constant(nn.Module):
    """Says the same of every image."""

    def __init__(self, guess: Float[Tensor, "..."]) -> None:
        super().__init__()
        self.register_buffer("guess", guess)


def informed_guess(session: Session, task: Task) -> Record:
    """Find the constant that serves a task's loss best on the train split, and save it.

    Per-pixel medians for L1 and means for L2 (of numbers and maps), the geometric median for the
    unsquared norm, the (rebalanced) class prior for the cross entropies, and for the metric loss
    the rate at which two pixels are of one segment.
    """
    chosen = session.examples(task)
    begin = perf_counter()
    rows = chosen.train[:_SAMPLE]
    target = session.data(task).target
    constant = Constant(guess(target, loader_of(session, task, rows)))
    choice, test = (
        guess_losses(constant, target, loader_of(session, task, held))
        for held in (chosen.choice, chosen.test)
    )
    outcome = Outcome("finished", 0, choice, test, np.zeros((0, 2), np.float32))
    ref = model_ref(session.workspace, "informed_guess", task.name)
    return finish(session, ref, constant, outcome, rows, perf_counter() - begin)


def random_encoder(session: Session, task: Task) -> Record:
    """Save an untrained encoder, a source without labels."""
    begin = perf_counter()
    config = session.workspace.config
    with seeded(config.seed, "random"):
        network = nn.ModuleDict({"encoder": Encoder(config.network)})
    losses = np.zeros(0, np.float32)
    nothing = Outcome("finished", 0, losses, losses, np.zeros((0, 2), np.float32))
    none = np.zeros((0, 1), np.int64)
    ref = model_ref(session.workspace, "random", task.name)
    return finish(session, ref, network, nothing, none, perf_counter() - begin)


@torch.no_grad()
def guess_losses(
    constant: nn.Module, target: Target, loader: ExampleLoader
) -> Float32[np.ndarray, "n"]:
    """The loss of every example under a constant."""
    if not loader.count:
        return np.zeros(0, np.float32)
    value = constant.get_buffer("guess")
    losses = [
        target.guess_losses(value, truth, mask)
        for _, truth, mask in loader.batches(in_order(loader.count))
    ]
    return torch.cat(losses).cpu().numpy()
