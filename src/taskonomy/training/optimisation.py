"""A network under optimisation: its steps, and everything that they carry to the next."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from taskonomy.dictionary import Task
from taskonomy.networks import gan
from taskonomy.networks.losses import example_losses
from taskonomy.training.arithmetic import Arithmetic
from taskonomy.training.checkpoints import Checkpoint
from taskonomy.training.example_loader import ExampleLoader
from taskonomy.training.schedule import Schedule

_GENERATOR_ALONE = 0.22
"""Share of the steps before the discriminator is listened to (the reference: 25k of 112k)."""


class Diverged(Exception):
    """The loss was no longer finite; says at which step."""


class Best(NamedTuple):
    """The weights that served held-out examples best so far.

    Attributes:
        loss: mean loss of the held-out examples.
        step: steps that the weights have seen.
        weights: the network's state.
    """

    loss: float
    step: int
    weights: Mapping[str, Tensor]


class Training:
    """A network in training.

    Args:
        network: inputs to outputs.
        task: says which loss.
        schedule: how to optimise.
        arithmetic: what to compute in.

    Attributes:
        steps: steps that were taken.
        curve: rows of (step, mean loss since the row before).
        waited: seconds that the caller waited for batches.
        best: the best weights that `keep` has seen.
    """

    def __init__(
        self, network: nn.Module, task: Task, schedule: Schedule, arithmetic: Arithmetic
    ) -> None:
        self.arithmetic = arithmetic
        self.steps = 0
        self.curve: list[tuple[float, float]] = []
        self.waited = 0.0
        self.best: Best | None = None
        self._network, self._task, self._schedule = network, task, schedule
        self._device = next(network.parameters()).device
        self._optimiser = torch.optim.Adam(
            network.parameters(),
            lr=schedule.learning_rate,
            weight_decay=schedule.weight_decay,
            fused=True,
        )
        self._adversary: Adversary | None = None
        self._total, self._counted = torch.zeros((), device=self._device), 0

    def step(
        self,
        inputs: Float[Tensor, "n ..."],
        target: Float[Tensor, "n ..."],
        mask: Float[Tensor, "n ..."],
    ) -> None:
        """Optimise once."""
        for group in self._optimiser.param_groups:
            group["lr"] = self._schedule.rate(self.steps)
        with self.arithmetic.autocast(self._device):
            output = self._network(inputs)
        output = output.float()
        task = self._task
        loss = example_losses(task.loss, output, target, mask).mean()
        self._total, self._counted = self._total + loss.detach(), self._counted + 1
        if self._schedule.gan and task.head == "image" and task.loss != "metric":
            self._adversary = self._adversary or Adversary(inputs, target, self._schedule)
            with self.arithmetic.autocast(self._device):
                loss = self._adversary.step(loss, inputs, output, target, task)
        self._optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        self._optimiser.step()
        self.steps += 1

    def point(self) -> float:
        """Add the mean loss since the last point to the curve, and return it.

        Raises:
            Diverged: it is not finite.
        """
        mean = float(self._total) / self._counted
        if not np.isfinite(mean):
            raise Diverged(f"loss {mean} at step {self.steps} of {self._schedule.steps}")
        self.curve.append((self.steps, mean))
        self._total, self._counted = torch.zeros_like(self._total), 0
        return mean

    def keep(self, loss: float) -> None:
        """Keep the weights as they are now if no others had less loss on held-out examples."""
        if self.best is None or loss < self.best.loss:
            state = {name: tensor.clone() for name, tensor in self._network.state_dict().items()}
            self.best = Best(loss, self.steps, state)

    def checkpoint(self) -> Checkpoint:
        """Everything that the next steps follow from, but the order of the examples, which the
        model's seed determines."""
        tensors = _named("network", self._network.state_dict())
        for name, parameter in self._network.named_parameters():
            tensors |= _named(f"adam.{name}", self._optimiser.state.get(parameter, {}))
        if self._adversary:
            tensors |= _named("discriminator", self._adversary.network.state_dict())
        if self.best:
            tensors |= _named("best", self.best.weights)
        tensors |= {"random.cpu": torch.get_rng_state()}
        if self._device.type == "cuda":
            tensors |= {"random.cuda": torch.cuda.get_rng_state(self._device)}
        tensors |= {"total": self._total}
        facts = {
            "steps": self.steps,
            "curve": self.curve,
            "waited": self.waited,
            "counted": self._counted,
            "dtype": str(self.arithmetic.dtype).removeprefix("torch."),
            "channels_last": self.arithmetic.channels_last,
            "discriminated": self._adversary.steps if self._adversary else None,
            "best": [self.best.loss, self.best.step] if self.best else None,
        }
        arrays = {name: t.cpu().numpy().copy(order="C") for name, t in tensors.items()}
        return Checkpoint(arrays, facts)

    def restore(self, saved: Checkpoint, loader: ExampleLoader) -> None:
        """Go on from a checkpoint of this training.

        Args:
            saved: what `checkpoint` gave.
            loader: the training examples, whose shapes a discriminator follows.
        """
        facts = saved.facts
        tensors = {name: torch.from_numpy(array) for name, array in saved.tensors.items()}
        self._network.load_state_dict(_below("network", tensors))
        for name, parameter in self._network.named_parameters():
            # The moments lie in memory as their weights do, for the fused step runs over both.
            self._optimiser.state[parameter] = {
                key: moment.to(self._device)
                if key == "step"
                else torch.empty_like(parameter, requires_grad=False).copy_(moment)
                for key, moment in _below(f"adam.{name}", tensors).items()
            }
        if facts["discriminated"] is not None:
            inputs, target, _ = loader.batch(np.arange(1))
            self._adversary = Adversary(inputs, target, self._schedule)
            self._adversary.steps = facts["discriminated"]
            self._adversary.network.load_state_dict(_below("discriminator", tensors))
        if facts["best"] is not None:
            loss, step = facts["best"]
            weights = {k: t.to(self._device) for k, t in _below("best", tensors).items()}
            self.best = Best(loss, step, weights)
        self._total, self._counted = tensors["total"].to(self._device), facts["counted"]
        self.arithmetic = Arithmetic(getattr(torch, facts["dtype"]), facts["channels_last"])
        self.steps, self.waited = facts["steps"], facts["waited"]
        self.curve = [(step, mean) for step, mean in facts["curve"]]
        torch.set_rng_state(tensors["random.cpu"])
        if self._device.type == "cuda":
            torch.cuda.set_rng_state(tensors["random.cuda"], self._device)


class Adversary:
    """The discriminator beside a network, and its turn in every step.

    Attributes:
        steps: steps that were taken.
    """

    def __init__(self, inputs: Tensor, target: Tensor, schedule: Schedule) -> None:
        self._alone = int(_GENERATOR_ALONE * schedule.steps)
        self.steps = 0
        channels = inputs.shape[2] + target.shape[1]
        self.network = gan.Discriminator(channels, target.shape[-1]).to(inputs.device)
        # Without momentum, so that it carries nothing from step to step.
        self._optimiser = torch.optim.SGD(self.network.parameters(), lr=schedule.learning_rate / 10)

    def step(
        self, loss: Tensor, inputs: Tensor, output: Tensor, target: Tensor, task: Task
    ) -> Tensor:
        """Train the discriminator once, and return the generator's whole loss."""
        self.steps += 1
        images = inputs[:, 0]
        fake = output.softmax(dim=1) if task.loss == "pixel_cross_entropy" else output
        noise = gan.noise_level(self.steps)
        verdict = gan.discriminator_loss(self.network, images, target, fake, noise)
        self._optimiser.zero_grad(set_to_none=True)
        verdict.backward()  # type: ignore[no-untyped-call]
        self._optimiser.step()
        if self.steps <= self._alone:
            return loss
        return (1 - gan.WEIGHT) * loss + gan.WEIGHT * gan.generator_loss(self.network, images, fake)


def _named(prefix: str, tensors: Mapping[str, Any]) -> dict[str, Tensor]:
    return {f"{prefix}.{name}": tensor for name, tensor in tensors.items()}


def _below(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    whole = f"{prefix}."
    return {k.removeprefix(whole): v for k, v in tensors.items() if k.startswith(whole)}
