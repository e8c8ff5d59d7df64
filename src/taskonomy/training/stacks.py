"""Readouts of one target trained side by side: every batch is drawn once for all of them.

Members are independent: each has its own loss, gradient, Adam, batch norms and end, so that none
of them changes when another diverges. They are trained one after another within a step, or, on an
accelerator, as one stacked network.
"""

from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Float32, Int64, Shaped
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from taskonomy.dictionary import Loss
from taskonomy.networks.losses import example_losses
from taskonomy.networks.readout import Readout
from taskonomy.networks.stacked import StackedReadout
from taskonomy.training.example_loader import ExampleLoader, epochs, in_order
from taskonomy.training.schedule import POINTS, SETTLING, Outcome, Schedule, diverged

_ALIGNMENT = 64 // 4
"""Numbers of a cache line: equal places in it let processors round equally."""


class CodeTable:
    """The representations of some examples, for each member of a stack.

    Args:
        members: each member's representations, one array a source; members that share one share its
            copy here.
        rows: where the views of each example lie in them.
        device: where the examples are kept.
    """

    def __init__(
        self,
        members: Sequence[Sequence[Shaped[np.ndarray, "v _ h w"]]],
        rows: Int64[np.ndarray, "n k"],
        device: torch.device,
    ) -> None:
        self.members = len(members)
        self._parts: list[tuple[Tensor, Tensor]] = []
        for sources in zip(*members, strict=True):
            distinct = {id(codes): codes for codes in sources}
            held = torch.from_numpy(np.stack([codes[rows] for codes in distinct.values()]))
            places = [[*distinct].index(id(codes)) * len(rows) for codes in sources]
            self._parts.append((held.flatten(0, 1).to(device), torch.tensor(places, device=device)))

    def batch(self, at: Int64[Tensor, "b"]) -> Float[Tensor, "R b k C h w"]:
        """The codes of these examples; several sources are concatenated as channels."""
        parts = []
        for held, places in self._parts:
            chosen = held.index_select(0, (places[:, None] + at).flatten())
            parts.append(chosen.reshape(self.members, len(at), *held.shape[1:]).float())
        return parts[0] if len(parts) == 1 else torch.cat(parts, dim=3)


class Examples(NamedTuple):
    """What a stack is trained or tested on: codes by member, and targets and masks for all."""

    codes: CodeTable
    targets: ExampleLoader

    def batches(
        self, orders: Sequence[Int64[np.ndarray, "_"]]
    ) -> Iterator[tuple[Float[Tensor, "R b k C h w"], Tensor, Tensor]]:
        """Codes, targets and masks of these rows."""
        for rows, (target, mask) in zip(orders, self.targets.batches(orders), strict=True):
            yield self.codes.batch(torch.from_numpy(rows).to(target.device)), target, mask


def train_stack(
    readouts: Sequence[Readout],
    loss: Loss,
    training: Examples,
    choice: Examples,
    test: Examples,
    schedule: Schedule,
    rng: np.random.Generator,
    *,
    stacked: bool,
    stopping: Examples | None = None,
    precision: torch.dtype = torch.float32,
) -> list[Outcome]:
    """Train readouts on the same batches in the same order, and test them.

    Args:
        readouts: the members, of equal shapes, with their first weights; trained in place.
        loss: which loss.
        training: the training examples.
        choice: the examples to choose by.
        test: the test examples.
        schedule: how to optimise.
        rng: the order of the examples.
        stacked: as one network, in which rounding differs from that of one member after another.
        stopping: held-out examples; where there are any, each member ends with the weights that
            serve them best at one of the schedule's checks.
        precision: of products; weights, statistics and losses are of single precision.

    Returns:
        what each member came to; one that diverges leaves the others as they would be without it.
    """
    stack = Stack(readouts, loss, stacked, precision)
    failed: dict[int, str] = {}
    curves, best_steps = _fit(stack, training, stopping, schedule, rng, failed)
    _recalibrate(stack, training)
    of_choice, of_test = (
        stack_losses(stack.networks, loss, held, precision) for held in (choice, test)
    )
    stack.unstack()
    outcomes = []
    for index, losses in enumerate(zip(of_choice, of_test, strict=True)):
        found = np.concatenate(losses)
        wrong = int((~np.isfinite(found)).sum())
        reason = failed.get(index) or f"{wrong} of {len(found)} losses not finite"
        if index in failed or wrong:
            outcomes.append(diverged(reason, schedule.steps, *map(len, losses)))
        else:
            rest = (curves[index], best_steps[index] if stopping else None)
            outcomes.append(Outcome("finished", schedule.steps, *losses, *rest))
    return outcomes


class Stack:
    """The members as networks: each its own, or one for all."""

    def __init__(
        self,
        readouts: Sequence[Readout],
        loss: Loss,
        stacked: bool,
        precision: torch.dtype = torch.float32,
    ) -> None:
        self.networks: list[nn.Module] = [StackedReadout(readouts)] if stacked else [*readouts]
        self.loss = loss
        self.precision = precision
        # Members draw the same units, as each would alone: its turn must not move the next one's.
        self._random = len(self.networks) > 1 and any(
            isinstance(layer, nn.Dropout) and layer.p > 0 for layer in readouts[0].modules()
        )

    def gradients(
        self, codes: Float[Tensor, "R b k C h w"], target: Tensor, mask: Tensor
    ) -> Float[Tensor, "R"]:
        """Add each member's gradient of its mean loss, which is returned."""
        found = []
        for network, own in zip(self.networks, codes.chunk(len(self.networks)), strict=True):
            last = network is self.networks[-1]
            with torch.random.fork_rng() if self._random and not last else nullcontext():
                losses = member_losses(network, own, self.loss, target, mask, self.precision)
                means = losses.mean(dim=1)
                means.sum().backward()  # type: ignore[no-untyped-call]
            found.append(means.detach())
        return torch.cat(found)

    def unstack(self) -> None:
        for network in self.networks:
            if isinstance(network, StackedReadout):
                network.unstack()


class Best:
    """Each member's weights at the check at which they served held-out examples best."""

    def __init__(self, stack: Stack, members: int) -> None:
        self._each = members // len(stack.networks)
        self._networks = [[*network.parameters()] for network in stack.networks]
        self._kept = [[p.detach().clone() for p in network] for network in self._networks]
        self._losses = np.full(members, np.inf)
        self.steps = np.zeros(members, np.int64)

    def look(self, step: int, losses: Float[np.ndarray, "R"]) -> None:
        """Keep the weights of the members that had less loss than ever before."""
        better = losses < self._losses
        self._losses[better], self.steps[better] = losses[better], step
        for chosen, network, kept in zip(
            better.reshape(-1, self._each), self._networks, self._kept, strict=True
        ):
            for parameter, best in zip(network, kept, strict=True):
                if self._each == 1 and chosen[0]:
                    best.copy_(parameter.detach())
                elif self._each > 1:
                    rows = torch.from_numpy(np.flatnonzero(chosen)).to(best.device)
                    # Every weight and statistic of a stack lies member by member.
                    of_each = best.reshape(self._each, -1)
                    of_each[rows] = parameter.detach().reshape(self._each, -1)[rows]

    @torch.no_grad()
    def restore(self) -> None:
        """Give every member its best weights."""
        for network, kept in zip(self._networks, self._kept, strict=True):
            for parameter, best in zip(network, kept, strict=True):
                parameter.copy_(best)


def _fit(
    stack: Stack,
    training: Examples,
    stopping: Examples | None,
    schedule: Schedule,
    rng: np.random.Generator,
    failed: dict[int, str],
) -> tuple[list[Float32[np.ndarray, "points 2"]], list[int]]:
    """Train every member; say why which one failed.

    Returns:
        The members' loss curves, and how many steps the weights of each have seen.
    """
    for network in stack.networks:
        network.train()
    weights = _one_tensor([p for network in stack.networks for p in network.parameters()])
    optimiser = torch.optim.Adam(
        [weights], lr=schedule.learning_rate, weight_decay=schedule.weight_decay, fused=True
    )
    best = Best(stack, training.codes.members) if stopping else None
    every = max(1, schedule.steps // POINTS)
    curve: list[list[tuple[float, float]]] = [[] for _ in range(training.codes.members)]
    total, counted = torch.zeros(len(curve), device=weights.device), 0
    orders = epochs(training.targets.count, schedule.batch, schedule.steps, rng)
    for step, (codes, target, mask) in enumerate(training.batches(orders)):
        optimiser.param_groups[0]["lr"] = schedule.rate(step)
        total, counted = total + stack.gradients(codes, target, mask), counted + 1
        optimiser.step()
        optimiser.zero_grad(set_to_none=False)
        if (step + 1) % every == 0 or step + 1 == schedule.steps:
            for index, mean in enumerate(t / counted for t in total.tolist()):
                curve[index].append((step + 1, mean))
                if not np.isfinite(mean):
                    at = f"step {step + 1} of {schedule.steps}"
                    failed.setdefault(index, f"loss {mean} at {at}")
            if len(failed) == len(curve):
                break
            total, counted = torch.zeros_like(total), 0
        if stopping and best and step + 1 in schedule.checks:
            _recalibrate(stack, training)
            losses = stack_losses(stack.networks, stack.loss, stopping, stack.precision)
            best.look(step + 1, losses.mean(axis=1, dtype=np.float64))
            for network in stack.networks:
                network.train()
    if best:
        best.restore()
    steps = best.steps.tolist() if best else [schedule.steps] * len(curve)
    return [np.array(points, np.float32) for points in curve], steps


def _one_tensor(parameters: Sequence[nn.Parameter]) -> nn.Parameter:
    """One parameter that holds all of these, and their gradients: Adam takes one call for it.

    Each begins at a cache line, so that its numbers are rounded the same in any company.
    """
    lengths = [-(-p.numel() // _ALIGNMENT) * _ALIGNMENT for p in parameters]
    whole = nn.Parameter(parameters[0].new_zeros(sum(lengths)))
    whole.grad = torch.zeros_like(whole)
    begins = np.cumsum([0, *lengths]).tolist()
    for parameter, begin in zip(parameters, begins, strict=False):
        shape, stride = parameter.shape, parameter.stride()
        view = whole.detach().as_strided(shape, stride, begin)
        parameter.data = view.copy_(parameter.detach())
        parameter.grad = whole.grad.as_strided(shape, stride, begin)
    return whole


@torch.no_grad()
def _recalibrate(stack: Stack, training: Examples) -> None:
    """Give the batch norms the statistics of training examples under the final weights, as
    `fit.recalibrate_batch_norm` does and for its reason."""
    norms = [
        layer
        for network in stack.networks
        for layer in network.eval().modules()
        if isinstance(layer, _BatchNorm)
    ]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None
        norm.train()
    rows = in_order(min(training.targets.count, SETTLING))
    device = next(stack.networks[0].parameters()).device
    for at in rows:
        if len(at) > 1:
            codes = training.codes.batch(torch.from_numpy(at).to(device)).chunk(len(stack.networks))
            for network, own in zip(stack.networks, codes, strict=True):
                _output(network, own, stack.precision)
    for norm in norms:
        norm.momentum = 0.1
        norm.eval()


@torch.no_grad()
def stack_losses(
    networks: Sequence[nn.Module],
    loss: Loss,
    examples: Examples,
    precision: torch.dtype = torch.float32,
) -> Float32[np.ndarray, "R n"]:
    """The loss of every example for each member.

    Args:
        networks: a readout for each member, or one stack of them.
        loss: which loss.
        examples: the examples, in the order of the result.
        precision: of products.
    """
    if not examples.targets.count:
        return np.zeros((examples.codes.members, 0), np.float32)
    found = []
    for codes, target, mask in examples.batches(in_order(examples.targets.count)):
        members = zip(networks, codes.chunk(len(networks)), strict=True)
        found.append(
            torch.cat(
                [
                    member_losses(net.eval(), own, loss, target, mask, precision)
                    for net, own in members
                ]
            )
        )
    return torch.cat(found, dim=1).cpu().numpy()


def member_losses(
    network: nn.Module,
    codes: Float[Tensor, "R b k C h w"],
    loss: Loss,
    target: Float[Tensor, "b ..."],
    mask: Float[Tensor, "b ..."],
    precision: torch.dtype = torch.float32,
) -> Float[Tensor, "R b"]:
    """The loss of each example for the members of a stack, or for the one readout with R = 1."""
    output = _output(network, codes, precision)
    members = len(output)
    if members == 1:
        return example_losses(loss, output[0], target, mask)[None]
    targets, masks = (t.expand(members, *t.shape).flatten(0, 1) for t in (target, mask))
    losses = example_losses(loss, output.flatten(0, 1), targets, masks)
    return losses.reshape(members, -1)


def _output(
    network: nn.Module, codes: Float[Tensor, "R b k C h w"], precision: torch.dtype
) -> Float[Tensor, "R b ..."]:
    """What a stack, or the one readout that these codes are of, says of them."""
    single = precision == torch.float32
    with nullcontext() if single else torch.autocast(codes.device.type, precision):
        if isinstance(network, StackedReadout):
            output: Tensor = network(codes)
        else:
            output = network(codes[0])[None]
    return output.float()
