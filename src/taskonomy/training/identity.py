"""Names of models and representations: hashes of everything that determines them.

Nothing here imports torch, so that a plan can name every model before any is trained.
"""

from functools import cache
from importlib.metadata import version
from typing import Any

from taskonomy.dictionary import task
from taskonomy.store import code_version, digest
from taskonomy.training.workspace import Kind, Workspace

_CODE = (
    "networks",
    "targets",
    *(f"data/{name}.py" for name in ("cameras", "codecs", "items", "layout")),
    *(
        f"training/{name}.py"
        for name in (
            *("baselines", "example_loader", "examples", "fit", "guesses", "loading"),
            *("representations", "session", "task_network", "transfers"),
        )
    ),
)
"""The source that turns a data set into losses; a change of it gives every model a new name."""

_LIBRARIES = ("numpy", "opencv-contrib-python-headless", "torch", "torchvision")
"""The libraries whose arithmetic decides losses."""

_DECLARED = ("inputs", "items", "label", "channels", "loss", "head")
"""What a task's declaration says of its training; its title, group and cost change no model."""


def regime(workspace: Workspace) -> str:
    """The data regime of readouts: the number of images that each is trained on, as configured."""
    return str(workspace.config.transfer.images)


def model_id(workspace: Workspace, kind: Kind, target: str, sources: tuple[str, ...] = ()) -> str:
    """The identity of one model: equal identities mean equal losses on the same machine.

    Args:
        workspace: data set, splits and configuration.
        kind: which kind of model.
        target: the task that the model solves; `random_projection` for the kind `random`.
        sources: names of the source tasks of a transfer, in any order.
    """
    config = workspace.config
    parts: dict[str, Any] = {
        "kind": kind,
        "target": task(target).name,
        "task": {name: getattr(task(target), name) for name in _DECLARED},
        "seed": config.seed,
        "network": config.network.model_dump(),
        "test_images": config.transfer.test_images,
        "dataset": workspace.content,
        "code": code_version(*_CODE),
        "libraries": _versions(),
    }
    if kind in ("task", "transfer", "scratch"):
        # A readout's share of images and steps is limited by those of the task's own network.
        parts["training"] = config.training.model_dump()
    if kind in ("transfer", "scratch"):
        transfer = config.transfer.model_dump()
        parts["transfer"] = {k: v for k, v in transfer.items() if k not in ("max_order", "top")}
        parts["regime"] = regime(workspace)
        parts["sources"] = [source_id(workspace, source) for source in sorted(sources)]
    return digest(**parts)


def source_id(workspace: Workspace, source: str) -> str:
    """The identity of the network whose encoder gives the representation of `source`."""
    return model_id(workspace, "task" if task(source).trained else "random", source)


@cache
def _versions() -> list[str]:
    """Read once a process: a distribution's metadata takes milliseconds to parse, a plan thousands
    of identities."""
    return [version(name) for name in _LIBRARIES]


def model_path(identity: str) -> tuple[str, str]:
    """Where a model's one file lies in the store."""
    return ("models", f"{identity}.safetensors")
