"""Encoders that join a finished run, as `taskonomy join` is given them."""

from pathlib import Path

from torch import nn

from taskonomy.errors import BadInput
from taskonomy.training import encoders

REGISTRY = "models:/"


def load(where: str, weights: Path | None, tracking: str, trust_pickle: bool = False) -> nn.Module:
    """An encoder, in evaluation.

    Args:
        where: as `training.encoders.load` takes it; or `models:/NAME/VERSION`, a registered model
            of MLflow's PyTorch flavour.
        weights: a file of weights; None for a registered model, and for a module that brings its
            own.
        tracking: MLflow's tracking URI.
        trust_pickle: whether a registered model may be unpickled, which runs its author's code.

    Raises:
        BadInput: there is no such module or model, it is not trusted, or the weights are not its
            own.
    """
    named = f"--encoder {where}"
    if not where.startswith(REGISTRY):
        return encoders.load(where, weights, named, "--weights")
    from taskonomy.tracking.registry import registered_module

    if weights is not None:
        raise BadInput(f"--weights {weights}: a registered model ({where}) has its own")
    module = registered_module(tracking, where, trusted=trust_pickle)
    if not isinstance(module, nn.Module):
        raise BadInput(f"{named}: made a {type(module).__name__}; expected a torch module")
    return encoders.evaluated(module, named)
