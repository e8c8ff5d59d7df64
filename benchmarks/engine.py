"""What a readout's training costs in the reference's way, from cached codes, and in the engine.

    python -m benchmarks.engine demo > docs/performance.txt

Same readouts, first weights, steps, batches and losses in every row; ratios are medians of turns
taken in one process. Encoders, images and targets are random, since time does not depend on what
they show. It needs torch, torchvision, numpy, jaxtyping and pydantic alone, so that it also runs on
a machine that has nothing but a GPU.
"""

import argparse
import statistics
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from copy import deepcopy
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.engine_profiles import profile
from taskonomy.dictionary import DICTIONARY
from taskonomy.networks.encoder import Encoder, code_size
from taskonomy.networks.heads import output_size
from taskonomy.networks.losses import example_losses
from taskonomy.networks.readout import Readout
from taskonomy.training.example_loader import ExampleLoader, epochs, in_order
from taskonomy.training.memory import Allocations, Batch, keep_freed_memory
from taskonomy.training.schedule import Outcome, Schedule
from taskonomy.training.stacks import CodeTable, Examples, Stack, train_stack

TASKS = ("normal", "segment_unsup2d", "class_object")
"""One of each kind of head and loss: a map, an embedding, a vector."""
BINS, CLASSES = 313, 100
TOLERANCE = 0.02
"""Relative difference of mean test losses: sums are rounded in another order, bf16 aside."""


class Problem:
    """Readouts of one target from random codes: the same for every way of training them.

    Args:
        name: the profile whose shapes they have.
        task: the target.
        members: how many readouts.
        order: sources of each.
        examples: training examples, and as many for the test.
        steps: optimisation steps.
        batch: examples a step.
        device: where they are trained.
    """

    def __init__(
        self,
        name: str,
        task: str,
        members: int,
        order: int,
        examples: int,
        steps: int,
        batch: int,
        device: str = "cpu",
    ) -> None:
        self.config, self.task = profile(name), DICTIONARY[task]
        self.device, self.members, self._order = torch.device(device), members, order
        network, transfer = self.config.network, self.config.transfer
        self.schedule = Schedule(
            steps=steps,
            batch=batch,
            learning_rate=transfer.learning_rate,
            weight_decay=transfer.weight_decay,
        )
        torch.manual_seed(0)
        size = code_size(network, network.image_size)
        self._rows = np.arange(examples * self.task.images).reshape(examples, -1)
        shape = (members + order - 1, self._rows.size, network.code_channels, size, size)
        self.codes = torch.randn(shape).numpy()
        self.outputs = self.task.channels or (BINS if self.task.kind == "colour_bins" else CLASSES)
        self.target, self.mask = _labels(self.task, network, self.outputs, examples)

    def sources(self, member: int) -> list[Any]:
        """The codes of one member."""
        return [self.codes[member + i] for i in range(self._order)]

    def readouts(self) -> list[Readout]:
        """The members with their first weights."""
        torch.manual_seed(1)
        moments = torch.zeros(self._order * self.codes.shape[2])
        first = Readout(self.task, self.config, moments, moments + 1, self.outputs)
        first = first.to(memory_format=torch.channels_last).to(self.device)
        return [deepcopy(first) for _ in range(self.members)]

    def targets(self) -> ExampleLoader:
        """Targets and masks."""
        return ExampleLoader(
            lambda at: (self.target[at], self.mask[at]), len(self._rows), self.device
        )

    def batch(self) -> Batch:
        """One member's codes, target and mask of a step."""
        at = np.arange(self.schedule.batch)
        codes = [torch.from_numpy(codes[self._rows[at]]) for codes in self.sources(0)]
        return torch.cat(codes, dim=2), self.target[at], self.mask[at]

    def train(
        self,
        *,
        stacked: bool,
        members: Sequence[int] | None = None,
        held: bool = False,
        precision: torch.dtype = torch.float32,
    ) -> list[Outcome]:
        """The engine: the members, or some of them, side by side; the examples themselves may say
        whose weights are kept."""
        chosen = range(self.members) if members is None else members
        table = CodeTable([self.sources(i) for i in chosen], self._rows, self.device)
        examples = Examples(table, self.targets())
        readouts = [self.readouts()[0] for _ in chosen]
        torch.manual_seed(2)
        return train_stack(
            readouts,
            self.task.loss,
            examples,
            examples,
            examples,
            self.schedule,
            np.random.default_rng(3),
            stacked=stacked,
            stopping=examples if held else None,
            precision=precision,
        )


def plain(
    problem: Problem,
    member: int,
    encoder: tuple[Encoder, Tensor] | None = None,
    precision: torch.dtype = torch.float32,
) -> float:
    """One readout as it is usually written, in eager torch; with an encoder, the reference's way.

    Args:
        problem: what is trained.
        member: which readout.
        encoder: a frozen encoder and the images, which every step encodes anew; else cached codes.
        precision: of products.

    Returns:
        its mean test loss.
    """
    network = _Plain(problem.readouts()[0].to(memory_format=torch.contiguous_format))
    device, loss = problem.device, problem.task.loss
    rows = problem._rows
    torch.manual_seed(2)
    optimiser = torch.optim.Adam(
        network.parameters(),
        lr=problem.schedule.learning_rate,
        weight_decay=problem.schedule.weight_decay,
    )
    single = precision == torch.float32

    def codes(at: Any) -> Tensor:
        if encoder is None:
            parts = [torch.from_numpy(c[rows[at]]).to(device) for c in problem.sources(member)]
            return torch.cat(parts, dim=2)
        with torch.no_grad():
            images = encoder[1][torch.from_numpy(rows[at].ravel())].to(device)
            return encoder[0](images).unflatten(0, rows[at].shape).float()

    def losses(at: Any) -> Tensor:
        target, mask = problem.target[at].to(device), problem.mask[at].to(device)
        with nullcontext() if single else torch.autocast(device.type, precision):
            output = network(codes(at))
        return example_losses(loss, output.float(), target, mask)

    steps = problem.schedule.steps
    for step, at in enumerate(
        epochs(len(rows), problem.schedule.batch, steps, np.random.default_rng(3))
    ):
        optimiser.param_groups[0]["lr"] = problem.schedule.rate(step)
        optimiser.zero_grad()
        losses(at).mean().backward()
        optimiser.step()
    norms = [m for m in network.eval().modules() if isinstance(m, nn.modules.batchnorm._BatchNorm)]
    with torch.no_grad():
        for norm in norms:
            norm.reset_running_stats()
            norm.momentum = None
            norm.train()
        for at in in_order(len(rows)):
            network(codes(at))
        network.eval()
        return float(torch.cat([losses(at) for at in in_order(len(rows))]).mean())


class _Plain(nn.Module):
    """A readout's layers in torch's default memory format."""

    def __init__(self, readout: Readout) -> None:
        super().__init__()
        self.readout = readout

    def forward(self, codes: Tensor) -> Tensor:
        readout = self.readout
        x = codes.flatten(0, 1)
        if self.training:
            x = torch.clamp(x, readout.low, readout.high)
        x = readout.merged(readout.streams(readout.norm(x)))
        return readout.head(x.unflatten(0, codes.shape[:2]))


def _labels(task: Any, network: Any, outputs: int, count: int) -> tuple[Tensor, Tensor]:
    """Random targets and full masks, of the shapes that the loss wants."""
    if task.loss == "metric":
        pixels = network.segment_pixels
        # No pixel twice: the loss of one against itself under two segments is of rounding alone.
        where = torch.rand(count, network.segment_size**2).argsort(dim=1)[:, :pixels]
        segments = torch.randint(0, 5, (count, pixels))
        return torch.stack([where, segments], dim=1).float(), torch.ones(count, pixels)
    if task.head == "image":
        size = output_size(task, network)
        target, mask = torch.randn(count, outputs, size, size), torch.ones(count, 1, size, size)
    else:
        target, mask = torch.randn(count, outputs), torch.ones(count, 1)
    if "cross_entropy" in task.loss:
        return target.softmax(dim=1), mask
    return target.clamp(-1, 1), mask


def floor(problem: Problem) -> tuple[float, float]:
    """Operations of a readout's training and test, and the bytes that its operations move."""
    readout = problem.readouts()[0]
    codes, target, mask = (t.to(problem.device) for t in problem.batch())
    stack = Stack([readout], problem.task.loss, False)
    readout.train()
    with FlopCounterMode(display=False) as operations, Allocations() as bytes_:
        stack.gradients(codes[None], target, mask)
    # Recalibration and test: forward alone, a third of a step's operations, of each example.
    forward = 2 * len(problem._rows) / len(codes) / 3
    times = problem.schedule.steps + forward
    return operations.get_total_flops() * times, bytes_.moved * times


def rates(device: torch.device, precision: torch.dtype = torch.float32) -> tuple[float, float]:
    """Operations a second of a large matrix product, and bytes a second of a large copy."""
    size = 8192 if device.type == "cuda" else 1024
    a = torch.randn(size, size, device=device, dtype=precision)
    big = torch.empty((1 << 30 if device.type == "cuda" else 1 << 26) // 4, device=device)
    product = min(_seconds(lambda: a @ a, device) for _ in range(5))
    copy = min(_seconds(lambda: big.clone(), device) for _ in range(5))
    return 2 * size**3 / product, 2 * big.nbytes / copy


def _seconds(work: Callable[[], object], device: torch.device) -> float:
    if device.type == "cuda":
        torch.cuda.synchronize()
    begin = time.perf_counter() if device.type == "cuda" else time.process_time()
    work()
    if device.type == "cuda":
        torch.cuda.synchronize()
        return time.perf_counter() - begin
    return time.process_time() - begin  # others may share the processor


def measure(name: str, task: str, device: torch.device, turns: int, members: int) -> None:
    """Print the rows of one profile and target."""
    examples, steps, with_encoder = {
        "demo": (220, 16, True),
        "full": (128, 12, True),
        "paper": (64, 6, device.type == "cuda"),
    }[name]
    problem = Problem(name, task, members, 1, examples, steps, 32, str(device))
    network = problem.config.network
    images = torch.rand(problem._rows.size, 3, network.image_size, network.image_size) * 2 - 1
    encoder = Encoder(network).to(device).eval()
    if with_encoder:
        with torch.no_grad():
            parts = [encoder(part.to(device)) for part in images.split(32)]
        problem.codes[:] = torch.cat(parts).float().cpu().numpy()

    half = torch.bfloat16
    ways: dict[str, Callable[[], list[float]]] = {
        "(b) cached codes, plain": lambda: [plain(problem, i) for i in range(members)],
        "(c) engine, side by side": lambda: _means(problem.train(stacked=False)),
        "(c) engine, stacked": lambda: _means(problem.train(stacked=True)),
        "* side by side, bf16": lambda: _means(problem.train(stacked=False, precision=half)),
        "* stacked, bf16": lambda: _means(problem.train(stacked=True, precision=half)),
    }
    if with_encoder:
        # One readout stands for all: they differ in nothing that takes time.
        ways = {"(a) encoder in the loop": lambda: [plain(problem, 0, (encoder, images))], **ways}
    times: dict[str, list[float]] = {way: [] for way in ways}
    losses: dict[str, float] = {}
    for turn in range(turns + 1):
        for way, work in ways.items():
            if "bf16" in way and turn > 1:
                continue  # once: it is no contender where it takes most of the time
            found: list[float] = []
            took = _seconds(lambda work=work, found=found: found.extend(work()), device)
            losses[way] = found[0]
            if turn:  # the first warms up
                times[way].append(took / len(found))
    expected = losses["(b) cached codes, plain"]
    for way, loss in losses.items():
        if "bf16" not in way and abs(loss - expected) > TOLERANCE * abs(expected):
            raise SystemExit(f"{name} {task} {way}: loss {loss}; expected {expected}")
    operations, moved = floor(problem)
    speed, bandwidth = rates(device)
    least = [operations / speed, moved / bandwidth]
    best = statistics.median(times["(b) cached codes, plain"])
    print(f"\n{name}, {task}: {members} readouts, {examples} examples, {steps} steps of 32")
    print(f"{'':28} {'ms a readout':>13} {'(b) over it':>12} {'share at floor':>15} {'loss':>9}")
    for way, values in times.items():
        took = statistics.median(values)
        paired = [b / v for b, v in zip(times["(b) cached codes, plain"], values, strict=False)]
        print(
            f"{way:28} {1e3 * took:13.1f} {statistics.median(paired):12.2f} "
            f"{max(least) / took:15.0%} {losses[way]:9.4f}"
        )
    print(
        f"{'floor: operations':28} {1e3 * least[0]:13.1f} {best / least[0]:12.2f}   "
        f"{operations / 1e9:.2f} G at {speed / 1e9:.0f} G/s"
    )
    print(
        f"{'floor: bytes':28} {1e3 * least[1]:13.1f} {best / least[1]:12.2f}   "
        f"{moved / 1e9:.2f} GB at {bandwidth / 1e9:.1f} GB/s",
        flush=True,
    )


def _means(outcomes: Sequence[Outcome]) -> list[float]:
    return [float(found.test_losses.mean()) for found in outcomes]


def main() -> None:
    """Measure the profiles that are named."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("profiles", nargs="+", choices=("demo", "full", "paper"))
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--members", type=int, default=8)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    keep_freed_memory()
    where = torch.cuda.get_device_name() if device.type == "cuda" else "one thread of a processor"
    print(f"torch {torch.__version__}, {where}; * another precision")
    for name in asked.profiles:
        for task in TASKS:
            measure(name, task, device, asked.turns, asked.members)


if __name__ == "__main__":
    main()
