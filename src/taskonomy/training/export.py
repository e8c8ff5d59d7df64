"""A network of a run, or a transfer with its sources' encoders, as one file that others run.

`.pt2` is a program of torch.export, which torch alone runs; `.onnx` is run by ONNX Runtime. Both
take any number of examples. A file is kept only if its outputs on real examples are those of the
network, and these give the losses that the run measured.
"""

import json
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any, cast
from uuid import uuid4

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from taskonomy.errors import BadInput
from taskonomy.networks.encoder import Encoder
from taskonomy.networks.losses import example_losses
from taskonomy.networks.readout import Readout
from taskonomy.training import record
from taskonomy.training.identity import ModelRef
from taskonomy.training.record import Record
from taskonomy.training.representations import encoder_of
from taskonomy.training.session import Session
from taskonomy.training.task_network import build, restore

FORMATS = (".pt2", ".onnx")
TOLERANCE = 1e-3
"""Most that an output may differ, in parts of the largest; another order of sums makes 1e-6."""

_EXAMPLES = 8
_TIMED = 30

Run = Callable[[Sequence[Tensor]], Tensor]
"""Runs an exported file."""


@dataclass(frozen=True, kw_only=True)
class Exported:
    """What was exported, and how it was checked.

    Attributes:
        file: the file.
        inputs: names and shapes of one example's inputs, each an image in [-1, 1].
        output: shape of one example's output.
        difference: the largest difference of an output from the network's own, on real examples.
        examples: how many of these.
        milliseconds: the median time of one example, on one thread where it ran on a processor.
        before: the same of the network in torch.
        device: where it ran.
    """

    file: Path
    inputs: dict[str, tuple[int, ...]]
    output: tuple[int, ...]
    difference: float
    examples: int
    milliseconds: float
    before: float
    device: str

    @property
    def text(self) -> str:
        """All of it in words."""
        takes = ", ".join(f"{name} [n, {_sizes(shape)}]" for name, shape in self.inputs.items())
        return (
            f"{self.file}\n"
            f"takes {takes} in [-1, 1], gives [n, {_sizes(self.output)}]\n"
            f"outputs on {self.examples} test examples differ by {self.difference:.1e} at most, "
            "and have the losses that the run measured\n"
            f"one example takes {self.milliseconds:.2f} ms ({self.before:.2f} ms in torch), median "
            f"of {_TIMED}, on {self.device}"
        )


class Transfer(nn.Module):
    """The frozen encoders of a transfer's sources, and its readout.

    Args:
        encoders: those of the sources, in the order of their names.
        places: which of the inputs each encoder sees.
        readout: the trained readout.

    Shape:
        One [b, k, channels, H, W] for each kind of input, to the readout's output.
    """

    def __init__(self, encoders: Sequence[Encoder], places: Sequence[int], readout: Readout):
        super().__init__()
        self.encoders = nn.ModuleList(encoders)
        self.places = list(places)
        self.readout = readout

    def forward(self, *inputs: Tensor) -> Tensor:
        """Encode by every source, then read out."""
        codes = [
            encoder(inputs[at].flatten(0, 1)).unflatten(0, inputs[at].shape[:2])
            for at, encoder in zip(self.places, self.encoders, strict=True)
        ]
        return cast(Tensor, self.readout(torch.cat(codes, dim=2)))


def export(session: Session, ref: ModelRef, file: Path) -> Exported:
    """Export a model of a run, and check the file.

    Args:
        session: the run's data set and configuration.
        ref: a task network, a scratch network or a readout.
        file: where to; its suffix says the format.

    Raises:
        BadInput: the model is missing, failed or is no network, the suffix is no format, or the
            file does not compute what the network computes.
    """
    if file.suffix not in FORMATS:
        raise BadInput(f"{file}: found the suffix {file.suffix!r}, expected {' or '.join(FORMATS)}")
    found = record.read(session.workspace.store, ref.identity)
    if found.status != "finished":
        raise BadInput(f"model {ref.identity}: {found.status}; expected a finished one")
    network, inputs = _network(session, ref)
    network.eval().requires_grad_(False)
    examples = tuple(inputs.values())
    with torch.no_grad():
        own = network(*examples)
    _check_losses(session, ref, own, found)
    about = _about(session, ref, inputs)
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_name(f".{uuid4().hex}{file.suffix}")
    try:
        write = _write_onnx if file.suffix == ".onnx" else _write_pt2
        run = write(network, inputs, about, partial)
        difference = float((run(examples) - own).abs().max())
        if not difference <= TOLERANCE * max(1.0, float(own.abs().max())):
            raise BadInput(
                f"{file}: its outputs differ from the network's by {difference:.1e}; expected "
                f"{TOLERANCE:g} of the largest at most"
            )
        one = [example[:1] for example in examples]
        with torch.no_grad():
            times = _milliseconds(lambda: run(one)), _milliseconds(lambda: network(*one))
        partial.replace(file)
    finally:
        partial.unlink(missing_ok=True)
    return Exported(
        file=file,
        inputs={name: tuple(example.shape[1:]) for name, example in inputs.items()},
        output=tuple(own.shape[1:]),
        difference=difference,
        examples=len(own),
        milliseconds=times[0],
        before=times[1],
        device=str(session.device) if file.suffix == ".pt2" else "cpu",
    )


def _network(session: Session, ref: ModelRef) -> tuple[nn.Module, dict[str, Tensor]]:
    """The network with its weights, and what it sees of some test examples, by name."""
    workspace = session.workspace
    task = workspace.dictionary[ref.target]
    weights = record.weights(workspace.store, ref.identity)
    rows = session.examples(task).test[:_EXAMPLES]
    if ref.kind in ("task", "scratch"):
        network: nn.Module = build(session, task)
        restore(network, weights)
        name = "lightness" if task.inputs == "lightness" else "images"
        return network, {name: session.data(task).batch(rows).inputs.to(session.device)}
    channels = len(weights["norm.weight"])
    nothing = torch.zeros(channels)
    readout = Readout(task, workspace.config, nothing, nothing, session.data(task).outputs)
    restore(readout, weights)
    kinds = ["lightness" if _sees_lightness(session, s) else "image" for s in ref.sources]
    seen = sorted(set(kinds))
    encoders = [encoder_of(session, source) for source in ref.sources]
    transfer = Transfer(encoders, [seen.index(kind) for kind in kinds], session.place(readout))
    inputs = {}
    for kind in seen:
        images = session.source.images(cast(Any, kind), rows.ravel())[:, 0]
        name = "images" if kind == "image" else kind
        shaped = images.reshape(*rows.shape, *images.shape[1:])
        inputs[name] = shaped.to(session.device)
    return transfer, inputs


def _sees_lightness(session: Session, source: str) -> bool:
    return session.workspace.dictionary[source].inputs == "lightness"


def _check_losses(session: Session, ref: ModelRef, own: Tensor, found: Record) -> None:
    """Whether outputs have the losses that the run measured of the same examples."""
    task = session.workspace.dictionary[ref.target]
    target, mask = session.data(task).targets(session.examples(task).test[: len(own)])
    losses = example_losses(task.loss, own.cpu(), target, mask).numpy()
    before = found.test_losses[: len(own)]
    if not np.allclose(losses, before, rtol=0.01, atol=TOLERANCE):
        worst = float(np.abs(losses - before).max())
        raise BadInput(
            f"model {ref.identity}: its losses differ by {worst:.1e} from those that the run "
            "measured; expected the run's data set, unchanged"
        )


def _about(session: Session, ref: ModelRef, inputs: dict[str, Tensor]) -> dict[str, str]:
    """What a reader of the file should know, as text by name."""
    task = session.workspace.dictionary[ref.target]
    return {
        "model_id": ref.identity,
        "kind": ref.kind,
        "target": ref.target,
        "sources": json.dumps(list(ref.sources)),
        "output": task.target,
        "inputs": f"{', '.join(inputs)}: example, view, channel, row, column, in [-1, 1]",
        "dataset": session.workspace.content,
    }


def _write_pt2(
    network: nn.Module, inputs: dict[str, Tensor], about: dict[str, str], file: Path
) -> Run:
    program = torch.export.export(
        network, tuple(inputs.values()), dynamic_shapes=_dynamic(network, inputs)
    )
    with warnings.catch_warnings():
        # Of weights that lie in one piece of memory; what is read again is compared below.
        warnings.filterwarnings("ignore", message="No complete tensor found")
        torch.export.save(program, file, extra_files={"taskonomy.json": json.dumps(about)})
    module = torch.export.load(file).module()
    return lambda examples: cast(Tensor, module(*examples))


def _write_onnx(
    network: nn.Module, inputs: dict[str, Tensor], about: dict[str, str], file: Path
) -> Run:
    # Of the extra `onnx`; who lacks them is told so by the command line.
    import onnxruntime
    import onnxscript  # noqa: F401

    network, examples = network.cpu(), tuple(one.cpu() for one in inputs.values())
    with warnings.catch_warnings():
        # Two inputs have as many examples: one name stands for both.
        warnings.filterwarnings("ignore", message="# The axis name")
        program = torch.onnx.export(
            network,
            examples,
            dynamo=True,
            input_names=list(inputs),
            output_names=["output"],
            dynamic_shapes=_dynamic(network, inputs),
            verbose=False,
        )
    assert program is not None
    program.model.metadata_props.update(about)
    program.save(str(file), external_data=False)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    running = onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])

    def run(given: Sequence[Tensor]) -> Tensor:
        arrays = {name: one.cpu().numpy() for name, one in zip(inputs, given, strict=True)}
        output: Float[np.ndarray, "n ..."] = running.run(None, arrays)[0]
        return torch.from_numpy(output).to(given[0].device)

    return run


def _dynamic(network: nn.Module, inputs: dict[str, Tensor]) -> Any:
    """Any number of examples, the same of every input."""
    count = torch.export.Dim("examples", min=1)
    shapes = tuple({0: count} for _ in inputs)
    return (shapes,) if isinstance(network, Transfer) else shapes


def _milliseconds(run: Callable[[], object]) -> float:
    times = []
    for _ in range(_TIMED + 3):
        start = perf_counter()
        run()
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        times.append(1000 * (perf_counter() - start))
    return median(times[3:])


def _sizes(shape: tuple[int, ...]) -> str:
    return ", ".join(map(str, shape))
