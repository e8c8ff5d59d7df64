"""Names of models and representations: hashes of everything that determines them.

Nothing here imports torch, so that a plan can name every model before any is trained.
"""

from collections.abc import Iterable
from functools import cache
from importlib.metadata import version
from typing import Any, NamedTuple

from taskonomy.store import code_version, digest
from taskonomy.training.job import Job
from taskonomy.training.workspace import Kind, Workspace

_CODE = (
    *("networks", "targets"),
    *("data/camera_records.py", "data/cameras.py", "data/codecs.py", "data/colour.py"),
    *("data/inputs.py", "data/items.py", "data/jigsaw.py", "data/layout.py"),
    *("training/arithmetic.py", "training/baselines.py"),
    *("training/encoders.py", "training/example_loader.py", "training/examples.py"),
    *("training/fit.py", "training/guesses.py", "training/loading.py", "training/optimisation.py"),
    "training/own_sources.py",
    *("training/representations.py", "training/schedule.py", "training/session.py"),
    *(
        "training/stacks.py",
        "training/stopping.py",
        "training/task_network.py",
        "training/transfers.py",
    ),
)
"""The source that turns a data set into losses; a change of it gives every model a new name."""

_LIBRARIES = ("numpy", "opencv-contrib-python-headless", "torch", "torchvision")
"""The libraries whose arithmetic decides losses."""


class ModelRef(NamedTuple):
    """A model by name: its identity and what it is of.

    Attributes:
        identity: the hash of what determines it.
        kind: which kind of model.
        target: the task that it solves; for the kind `random`, the task that is its encoder.
        sources: sorted source tasks of a transfer.
        regime: images of the transfer set that it was trained on; 0 for a model of the train split.
        readout_seed: as in `Job`.
    """

    identity: str
    kind: Kind
    target: str
    sources: tuple[str, ...] = ()
    regime: int = 0
    readout_seed: int = 0

    @property
    def stream(self) -> tuple[str, ...]:
        """The name of its stream of random numbers: readouts of a target share theirs, so that
        they begin alike; a further readout seed has another."""
        further = (str(self.readout_seed),) if self.readout_seed else ()
        return (self.kind, self.target, *further)


def main_regime(workspace: Workspace) -> int:
    """The first regime of a profile: that of studies and novel tasks."""
    return workspace.config.regimes[0]


def model_id(
    workspace: Workspace,
    kind: Kind,
    target: str,
    sources: Iterable[str] = (),
    regime: int | None = None,
    readout_seed: int = 0,
) -> str:
    """The identity of one model: equal identities mean equal losses on the same machine.

    Args:
        workspace: data set, splits, dictionary and configuration.
        kind: which kind of model.
        target: the task that the model solves; the untrained task itself for the kind `random`.
        sources: names of the source tasks of a transfer, in any order.
        regime: the size of its transfer set; the main regime if absent. What is trained on the
            train split has none.
        readout_seed: as in `Job`.
    """
    config, task = workspace.config, workspace.dictionary[target]
    parts: dict[str, Any] = {
        "kind": kind,
        "target": task.name,
        "task": task.training,
        "seed": config.seed,
        "network": config.network.model_dump(),
        "test_images": config.transfer.test_images,
        # What is left of the val split to choose by.
        "largest_regime": max(config.regimes),
        "dataset": workspace.content,
        "code": code_version(*_CODE),
        "libraries": _versions(),
    }
    if kind in ("task", "transfer", "scratch"):
        # A readout's share of images and steps is limited by those of the task's own network.
        parts["training"] = config.training.model_dump()
    if kind in ("transfer", "scratch"):
        transfer = config.transfer.model_dump()
        others = {"max_order", "top", "steps" if kind == "scratch" else "scratch_steps"}
        parts["transfer"] = {k: v for k, v in transfer.items() if k not in others}
        parts["regime"] = main_regime(workspace) if regime is None else regime
        parts["readout_seed"] = readout_seed
        parts["sources"] = [source_id(workspace, source) for source in sorted(sources)]
    return digest(**parts)


def model_ref(workspace: Workspace, kind: Kind, target: str) -> ModelRef:
    """A model that is trained on the train split, or not at all."""
    name = workspace.dictionary[target].name
    return ModelRef(model_id(workspace, kind, name), kind, name)


def job_ref(workspace: Workspace, job: Job) -> ModelRef:
    """The model that a job trains."""
    sources = tuple(sorted(job.sources))
    rest = (job.regime, job.readout_seed)
    identity = model_id(workspace, job.kind, job.target, sources, *rest)
    return ModelRef(identity, job.kind, job.target, sources, *rest)


def source_id(workspace: Workspace, source: str) -> str:
    """The identity of the network whose encoder gives the representation of `source`."""
    task = workspace.dictionary[source]
    if task.pretrained:
        return model_id(workspace, "encoder", source)
    return model_id(workspace, "task" if task.trained else "random", source)


@cache
def _versions() -> list[str]:
    """Read once a process: a distribution's metadata takes milliseconds to parse, a plan thousands
    of identities."""
    return [version(name) for name in _LIBRARIES]


def model_path(identity: str) -> tuple[str, str]:
    """Where a model's one file lies in the store."""
    return ("models", f"{identity}.safetensors")
