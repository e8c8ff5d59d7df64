"""Names of models that differ from a run's own; no torch here, as in `training.identity`."""

from typing import Any

from taskonomy.store import code_version, digest
from taskonomy.training.identity import model_id
from taskonomy.training.workspace import Kind, Workspace

_CODE = ("training/encoders.py",)


def custom_id(workspace: Workspace, kind: Kind, like: str, **differs: Any) -> str:
    """The name of a model that is like the run's of that kind and target, but for what differs.

    Args:
        workspace: data set, splits and configuration.
        kind: which kind of model.
        like: the target.
        differs: all else that determines the model, such as its sources or images.
    """
    return digest(like=model_id(workspace, kind, like), code=code_version(*_CODE), **differs)
