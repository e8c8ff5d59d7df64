"""Encoders of the user's own: any frozen torch module that turns images into maps.

It comes by the import path of what makes it (a class or a function without arguments) with a file
of weights, or from MLflow's registry of models.
"""

import hashlib
import inspect
import io
import pickle
import sys
from importlib import import_module
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float32, Int64
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn.functional import adaptive_avg_pool2d

from taskonomy.errors import BadInput
from taskonomy.networks.encoder import code_size
from taskonomy.store import digest
from taskonomy.training.session import Session
from taskonomy.training.task_network import arrays

REGISTRY = "models:/"
_CHUNK = 64


def load(where: str, weights: Path | None, tracking: str, trust_pickle: bool = False) -> nn.Module:
    """An encoder, in evaluation.

    Args:
        where: `package.module:attribute`, looked for in the working folder as well; or
            `models:/NAME/VERSION`, a registered model of MLflow's PyTorch flavour.
        weights: a safetensors file, or a torch file that holds tensors alone; None for a registered
            model, and for a module that brings its own.
        tracking: MLflow's tracking URI.
        trust_pickle: whether a registered model may be unpickled, which runs its author's code.

    Raises:
        BadInput: there is no such module or model, it is not trusted, or the weights are not its
            own.
    """
    if where.startswith(REGISTRY):
        from taskonomy.tracking.registry import registered_module

        if weights is not None:
            raise BadInput(f"--weights {weights}: a registered model ({where}) has its own")
        module = registered_module(tracking, where, trusted=trust_pickle)
    else:
        module = _imported(where)
    if not isinstance(module, nn.Module):
        raise BadInput(
            f"--encoder {where}: made a {type(module).__name__}; expected a torch module"
        )
    if weights is not None:
        _fill(module, weights)
    return module.eval().requires_grad_(False)


def content(module: nn.Module) -> str:
    """A name for what an encoder computes: a hash of its weights and of its class's source file."""
    sha = hashlib.sha256()
    file = inspect.getsourcefile(type(module))
    sha.update(Path(file).read_bytes() if file else type(module).__qualname__.encode())
    for name, array in sorted(arrays(module).items()):
        sha.update(f"{name} {array.dtype} {array.shape}".encode())
        sha.update(array.tobytes())
    return sha.hexdigest()[:20]


@torch.no_grad()
def encode(
    session: Session, module: nn.Module, views: Int64[np.ndarray, "n"]
) -> Float32[np.ndarray, "n C h w"]:
    """The codes of views, brought to the height and width of the run's own codes.

    The encoder is given images [b, 3, H, W] in [-1, 1] at the network's size.

    Raises:
        BadInput: it does not return finite maps [b, C, h, w].
    """
    network = session.workspace.config.network
    size = code_size(network, network.image_size)
    module = module.to(session.device)
    codes = []
    for i in range(0, len(views), _CHUNK):
        images = session.source.images("image", views[i : i + _CHUNK])[:, 0].to(session.device)
        found = module(images)
        if not (isinstance(found, Tensor) and found.ndim == 4 and len(found) == len(images)):
            shape = tuple(found.shape) if isinstance(found, Tensor) else type(found).__name__
            raise BadInput(
                f"--encoder: returned {shape} for images {tuple(images.shape)}; expected maps "
                f"({len(images)}, channels, height, width)"
            )
        if not torch.isfinite(found).all():
            raise BadInput("--encoder: returned numbers that are not finite; expected finite maps")
        codes.append(adaptive_avg_pool2d(found.float(), size).cpu())
    return torch.cat(codes).numpy()


def represent(session: Session, module: nn.Module) -> tuple[str, str]:
    """Write the codes of `session.represented` into the store, if they are not there.

    Returns:
        Their place in the store.
    """
    store, views = session.workspace.store, session.represented
    network = session.workspace.config.network
    key = digest(
        encoder=content(module),
        views=views.tolist(),
        dataset=session.workspace.content,
        image_size=network.image_size,
        size=code_size(network, network.image_size),
    )
    place = ("representations", f"{key}.npy")
    if not store.exists(*place):
        buffer = io.BytesIO()
        np.save(buffer, encode(session, module, views), allow_pickle=False)
        store.write_bytes(buffer.getvalue(), *place)
    return place


def _imported(where: str) -> object:
    path, _, attribute = where.partition(":")
    if not path or not attribute:
        raise BadInput(
            f"--encoder: found {where!r}; expected package.module:attribute or models:/NAME/VERSION"
        )
    if "" not in sys.path:
        sys.path.insert(0, "")
    try:
        make = getattr(import_module(path), attribute)
    except (ImportError, AttributeError) as error:
        raise BadInput(f"--encoder {where}: {error}; expected an importable name") from error
    return make()


def _fill(module: nn.Module, weights: Path) -> None:
    if not weights.is_file():
        raise BadInput(f"--weights {weights}: no such file; expected the encoder's weights")
    try:
        if weights.suffix == ".safetensors":
            tensors = load_file(weights)
        else:
            tensors = torch.load(weights, map_location="cpu", weights_only=True)
    except (SafetensorError, pickle.UnpicklingError, RuntimeError, EOFError) as error:
        raise BadInput(
            f"--weights {weights}: {str(error).splitlines()[0]}; expected safetensors, or a torch "
            "file of tensors alone"
        ) from error
    try:
        module.load_state_dict(tensors)
    except (RuntimeError, TypeError, AttributeError) as error:
        reason = " ".join(str(error).split())[:200]
        raise BadInput(
            f"--weights {weights}: {reason}; expected the weights of {type(module).__name__}"
        ) from error
