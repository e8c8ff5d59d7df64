"""Gradients of a readout that is not trained: what its first weights say of a transfer."""

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float, Int64
from torch import Tensor

from taskonomy.dictionary import Task
from taskonomy.networks.losses import example_losses
from taskonomy.training.example_loader import ExampleLoader, Tensors
from taskonomy.training.fit import recalibrate_batch_norm
from taskonomy.training.guesses import first_level
from taskonomy.training.identity import main_regime
from taskonomy.training.session import Session, seeded
from taskonomy.training.stopping import held_out
from taskonomy.training.transfers import Codes, build_readouts, coded

GROUPS = 8
SIZE = 4
"""So many groups of so many examples, a backward pass each. Of the demo's readouts, four times as
many groups rank the sources no better."""
WIDTH = 64
"""Of the random projection; inner products keep to about 1 / sqrt(WIDTH) of the norms (Johnson and
Lindenstrauss)."""


def projected_gradients(
    session: Session, task: Task, codes: Codes, targets: ExampleLoader
) -> tuple[Float[np.ndarray, " groups"], Float[np.ndarray, "groups d"]]:
    """Losses of a target's untrained readout of a source, and their gradients, by group.

    The first weights are those that the readout is trained from, equal for all sources of a target,
    and the batch norms hold the statistics of these examples. The gradient with respect to all
    weights, g, becomes P g / sqrt(d), where P is Gaussian and the same for all sources.

    Args:
        session: data set and configuration.
        task: the target.
        codes: the source's representation of `session.represented`.
        targets: targets and masks of what readouts are trained on (`target_loaders`).

    Returns:
        The mean loss of every group, and its projected gradient.
    """
    transfer = session.examples(task).transfer
    examples = transfer[~held_out(session.workspace.dataset, transfer)][: GROUPS * SIZE]
    table = coded(session, [[codes]], examples)

    def make(at: Int64[np.ndarray, "n"]) -> Tensors:
        rows = torch.from_numpy(at).to(session.device)
        return table.batch(rows)[0], *targets.batch(at)

    loader = ExampleLoader(make, len(examples), session.device)
    with seeded(session.workspace.config.seed, "transfer", task.name):
        network = build_readouts(session, task, [[codes]], main_regime(session.workspace))[0]
    level = first_level(session.data(task).target, loader)
    if level is not None:
        network.head.start_at(level)
    recalibrate_batch_norm(network, loader)
    network.eval()
    parameters = list(network.parameters())
    projection = _projection(sum(p.numel() for p in parameters), session.device)
    losses, gradients = [], []
    for rows in np.array_split(np.arange(len(examples)), min(GROUPS, len(examples))):
        inputs, target, mask = loader.batch(rows)
        loss = example_losses(task.loss, network(inputs), target, mask).mean()
        whole = torch.cat([g.flatten() for g in torch.autograd.grad(loss, parameters)])
        losses.append(loss.detach())
        gradients.append(projection @ whole)
    return _array(losses), _array(gradients)


def _projection(weights: int, device: torch.device) -> Float[Tensor, "d p"]:
    drawn = torch.randn(WIDTH, weights, generator=torch.Generator().manual_seed(0))
    projection: Tensor = drawn / WIDTH**0.5
    return projection.to(device)


def _array(rows: Sequence[Tensor]) -> Float[np.ndarray, "groups *d"]:
    return np.asarray(torch.stack([*rows]).double().cpu().numpy())
