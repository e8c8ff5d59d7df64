"""Encoders of the user's own: any frozen torch module that turns images into maps.

It comes by the import path of what makes it (a class or a function without arguments), or by the
name of one of torchvision's networks, with a file of weights.
"""

import hashlib
import inspect
import io
import sys
from importlib import import_module
from pathlib import Path
from time import perf_counter

import numpy as np
import torch
from jaxtyping import Float, Float16, Float32, Int64
from torch import Tensor, nn
from torch.nn.functional import adaptive_avg_pool2d
from torchvision.models import get_model, list_models

from taskonomy.errors import BadInput
from taskonomy.foreign import Foreign
from taskonomy.networks.encoder import code_size
from taskonomy.networks.weights import fill, read
from taskonomy.store import digest
from taskonomy.training.loading import Source
from taskonomy.training.session import Session

TORCHVISION = "torchvision:"
_MEAN, _DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Of ImageNet's images in [0, 1], by which torchvision's networks were trained."""
_AFTER_MAPS = ("avgpool", "classifier", "fc")
"""What the layers after the last maps of torchvision's networks are called."""
_CHUNK = 64
_LARGEST = float(np.finfo(np.float16).max)


def load(where: str, weights: Path | None, named: str, weights_named: str) -> nn.Module:
    """An encoder, in evaluation.

    Args:
        where: `package.module:attribute`, a module or what makes one without arguments, looked for
            in the working folder as well; or `torchvision:NAME`, a network for classes, of which
            the layers before the pooling are taken.
        weights: a file of weights, as `networks.weights.read` takes it, by the names of the whole
            network; None for a module that brings its own.
        named: what errors call the encoder.
        weights_named: what errors call the file.

    Raises:
        BadInput: there is no such module, or the weights are not its own.
    """
    ours = where.startswith(TORCHVISION)
    module = _of_torchvision(where, named) if ours else _imported(where, named)
    if not isinstance(module, nn.Module):
        raise BadInput(f"{named}: made a {type(module).__name__}; expected a torch module")
    if weights is not None:
        fill(module, read(weights, weights_named), f"{weights_named} {weights}")
    return evaluated(Trunk(module) if ours else module, named)


def evaluated(module: nn.Module, named: str) -> nn.Module:
    """The module in evaluation, without gradients; `named` is what errors call it."""
    with Foreign(named, "a torch module that can be put into evaluation"):
        return module.eval().requires_grad_(False)


class Trunk(nn.Module):
    """The layers of one of torchvision's networks up to its last maps.

    Shape:
        [b, 3, H, W] in [-1, 1] to [b, C, h, w].
    """

    mean: Tensor
    deviation: Tensor

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        kept: list[nn.Module] = []
        for name, layer in network.named_children():
            if name in _AFTER_MAPS:
                break
            kept.append(layer)
        self.layers = nn.Sequential(*kept)
        self.register_buffer("mean", torch.tensor(_MEAN)[:, None, None])
        self.register_buffer("deviation", torch.tensor(_DEVIATION)[:, None, None])

    def forward(self, images: Float[Tensor, "b 3 H W"]) -> Tensor:
        """Scale as ImageNet's images were, then all layers before the pooling."""
        found: Tensor = self.layers(((images + 1) / 2 - self.mean) / self.deviation)
        return found


def content(module: nn.Module) -> str:
    """A name for what an encoder computes: a hash of its weights and of its class's source file."""
    sha = hashlib.sha256()
    sha.update(_source(type(module)))
    with Foreign(f"the weights of {type(module).__name__}", "tensors that can be copied"):
        for name, tensor in sorted(module.state_dict().items()):
            if isinstance(tensor, Tensor):
                sha.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
                # As bytes: numpy knows no bfloat16.
                flat = tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8)
                sha.update(flat.numpy().tobytes())
    return sha.hexdigest()[:20]


def _source(kind: type) -> bytes:
    """The file that defines a class; its name, where that is no file."""
    try:
        file = inspect.getsourcefile(kind)
    except TypeError:  # built in, or of a module that is none
        file = None
    return Path(file).read_bytes() if file and Path(file).is_file() else kind.__qualname__.encode()


@torch.no_grad()
def encode(
    session: Session,
    module: nn.Module,
    views: Int64[np.ndarray, "n"],
    named: str,
    source: Source | None = None,
) -> Float32[np.ndarray, "n C h w"]:
    """The codes of views, brought to the height and width of the run's own codes.

    The encoder is given images [b, 3, H, W] in [-1, 1]. How long it will take
    is told after the first few.

    Args:
        session: the data set, and the device.
        module: the encoder.
        views: indices of views.
        named: what errors call the encoder.
        source: the images at the encoder's size; those of the session if absent.

    Raises:
        BadInput: it fails, or does not return finite maps [b, C, h, w] of one number of channels.
    """
    network = session.workspace.config.network
    size = code_size(network, network.image_size)
    source = source or session.source
    with Foreign(named, f"a torch module that can be put on {session.device}"):
        module = module.to(session.device)
    codes: list[Tensor] = []
    begin = perf_counter()
    for i in range(0, len(views), _CHUNK):
        images = source.images("image", views[i : i + _CHUNK])[:, 0].to(session.device)
        shape = tuple(images.shape)
        with Foreign(f"{named}: failed on images {shape}", "maps of them"):
            found = module(images)
        _check_maps(found, shape, named)
        if codes and codes[0].shape[1] != found.shape[1]:
            raise BadInput(
                f"{named}: returned {found.shape[1]} channels and {codes[0].shape[1]} before; "
                "expected as many for all images"
            )
        codes.append(adaptive_avg_pool2d(found.float(), size).cpu())
        if i == 0 and len(views) > _CHUNK:
            minutes = (perf_counter() - begin) * len(views) / _CHUNK / 60
            print(
                f"encoder: {len(views)} images to encode, {found.shape[1]} channels each: about "
                f"{minutes:.1f} minutes in one process",
                file=sys.stderr,
                flush=True,
            )
    return torch.cat(codes).numpy()


def _check_maps(found: object, images: tuple[int, ...], named: str) -> None:
    if not (isinstance(found, Tensor) and found.ndim == 4 and len(found) == images[0]):
        shape = tuple(found.shape) if isinstance(found, Tensor) else f"a {type(found).__name__}"
        raise BadInput(
            f"{named}: returned {shape} for images {images}; expected maps "
            f"({images[0]}, channels, height, width)"
        )
    if not found.numel() or found.is_complex():
        kind = f"maps {tuple(found.shape)} of {found.dtype}"
        raise BadInput(f"{named}: returned {kind}; expected real numbers, at least one a map")
    if not torch.isfinite(found).all():
        raise BadInput(f"{named}: returned numbers that are not finite; expected finite maps")


def kept(
    codes: Float32[np.ndarray, "n C h w"],
) -> Float16[np.ndarray, "n C h w"] | Float32[np.ndarray, "n C h w"]:
    """Codes as the store keeps them and readouts see them: in half precision, which takes half of
    the bytes (docs/performance.md), unless one is out of its range."""
    return codes.astype(np.float16) if np.abs(codes).max(initial=0) < _LARGEST else codes


def represent(session: Session, module: nn.Module, named: str) -> tuple[str, str]:
    """Write the codes of `session.represented` into the store, if they are not there; `named` is
    what errors call the encoder.

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
        kept="half",
    )
    place = ("representations", f"{key}.npy")
    if not store.exists(*place):
        buffer = io.BytesIO()
        np.save(buffer, kept(encode(session, module, views, named)), allow_pickle=False)
        store.write_bytes(buffer.getvalue(), *place)
    return place


def _imported(where: str, named: str) -> object:
    path, _, attribute = where.partition(":")
    if not path or not attribute:
        raise BadInput(f"{named}: found {where!r}; expected package.module:attribute")
    if "" not in sys.path:
        sys.path.insert(0, "")
    with Foreign(named, "an importable name"):
        found = getattr(import_module(path), attribute)
    if isinstance(found, nn.Module):
        return found
    if not callable(found):
        raise BadInput(
            f"{named}: found a {type(found).__name__}; expected a torch module, or a "
            "class or function that makes one"
        )
    with Foreign(named, "a class or function that makes a torch module without arguments"):
        return found()


def _of_torchvision(where: str, named: str) -> object:
    name = where.removeprefix(TORCHVISION)
    if name not in list_models():
        raise BadInput(f"{named}: torchvision has no network {name!r}; expected one, as resnet50")
    return get_model(name, weights=None)
