"""What a model was trained with: the values of a profile that had a part in it. No torch here."""

from typing import Any

from pydantic import BaseModel

from taskonomy.config import NetworkConfig
from taskonomy.dictionary import Task
from taskonomy.training.record import Record
from taskonomy.training.workspace import Workspace

Value = str | int | float | bool

_ENCODER = ("image_size", "block", "stem", "layers", "widths", "strides", "code_channels")
_OPTIMISER = ("batch", "learning_rate", "weight_decay")


def hyperparameters(workspace: Workspace, found: Record) -> dict[str, Value]:
    """A model's hyperparameters by the flat names that params.yaml gives them.

    Steps and images are those of its training. A network's own task is optimised by the section
    `training`, a readout and a scratch network by `transfer`. Of a readout the encoder is that of
    its sources, whose codes it reads; an encoder that is not the run's own is not described.

    Args:
        workspace: whose configuration the model was trained with.
        found: the model.
    """
    config, task = workspace.config, workspace.dictionary[found.target]
    values: dict[str, Any] = {
        "seed": config.seed,
        "steps": found.steps,
        "train_images": found.train_images,
    }
    if found.kind in ("transfer", "scratch"):
        values |= {"regime": found.regime, "readout_seed": found.readout_seed}
    if found.kind != "informed_guess" and all(s in workspace.dictionary for s in found.sources):
        values |= _of(config.network, _ENCODER)
    if found.kind == "transfer":
        values |= {"order": found.order, "width": config.transfer.width}
    if found.kind in ("task", "transfer", "scratch"):
        values |= {"optimizer": "adam", "loss": task.loss, **_head(task, config.network)}
        settings = config.training if found.kind == "task" else config.transfer
        values |= _of(settings, _OPTIMISER)
    if found.kind == "task":
        # As the training loop has it: the metric loss and vectors have no adversary.
        adversary = task.head == "image" and task.loss != "metric"
        values["gan"] = config.training.gan and adversary
    return {name: _flat(value) for name, value in values.items()}


def _head(task: Task, network: NetworkConfig) -> dict[str, Any]:
    """What the decoder of a task is made of: an image's, or fully connected layers."""
    if task.head != "image":
        # `hidden` units times the width that the task's declaration asks for.
        own = {"head_layers": task.layers, "head_width": task.width}
        return own | _of(network, ("hidden", "dropout"))
    values = _of(network, ("decoder", "doublings"))
    if task.loss == "metric":
        return values | _of(network, ("segment_size", "segment_pixels"))
    if task.reduction:
        return values | {"reduction": task.reduction}
    return values | _of(network, ("target_size",))


def _of(section: BaseModel, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: getattr(section, name) for name in names}


def _flat(value: Any) -> Value:
    """A list as params.yaml has it."""
    return str(list(value)) if isinstance(value, tuple) else value
