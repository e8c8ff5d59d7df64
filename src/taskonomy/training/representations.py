"""Frozen representations: what a source's encoder says of each image, computed once."""

import io

import numpy as np
import torch
from jaxtyping import Float16, Float32, Int64

from taskonomy.dictionary import Inputs
from taskonomy.errors import BadInput
from taskonomy.networks.encoder import Encoder
from taskonomy.networks.task_network import input_channels
from taskonomy.store import digest
from taskonomy.training import own_sources, record
from taskonomy.training.encoders import kept
from taskonomy.training.identity import source_id
from taskonomy.training.session import Session
from taskonomy.training.task_network import restore

_CHUNK = 128
_ENCODER = "encoder."


def encoder_of(session: Session, source: str) -> Encoder:
    """The trained (or, for a task without labels, untrained) encoder of a source, in evaluation.

    Raises:
        BadInput: the source is an encoder of the user's own, or its network is not in the store.
    """
    task = session.workspace.dictionary[source]
    if task.pretrained:
        raise BadInput(f"{source}: an encoder of your own; expected one that the run has trained")
    weights = record.weights(session.workspace.store, source_id(session.workspace, source))
    encoder = Encoder(session.workspace.config.network, input_channels(task))
    restore(
        encoder,
        {k.removeprefix(_ENCODER): v for k, v in weights.items() if k.startswith(_ENCODER)},
    )
    return session.place(encoder).eval()


@torch.no_grad()
def encode(
    session: Session, encoder: Encoder, source: str, views: Int64[np.ndarray, "n"]
) -> Float32[np.ndarray, "n C h w"]:
    """The codes of any views.

    Every encoder sees the whole, plain image, whatever its own task hid or disturbed; one that was
    trained on lightness sees that.
    """
    task = session.workspace.dictionary[source]
    inputs: Inputs = "lightness" if task.inputs == "lightness" else "image"
    codes = [
        encoder(session.source.images(inputs, views[i : i + _CHUNK])[:, 0].to(session.device))
        for i in range(0, len(views), _CHUNK)
    ]
    return torch.cat(codes).float().cpu().numpy()


def codes_of(
    session: Session, source: str, views: Int64[np.ndarray, "n"]
) -> Float32[np.ndarray, "n C h w"]:
    """The codes of any views by a source: a task's encoder, or one of the user's own."""
    task = session.workspace.dictionary[source]
    if task.pretrained:
        return own_sources.encode(session, task, views)
    return encode(session, encoder_of(session, source), source, views)


def represent(
    session: Session, source: str
) -> Float16[np.ndarray, "v C h w"] | Float32[np.ndarray, "v C h w"]:
    """The representation of `session.represented` by a source, from the store or computed now."""
    store, views = session.workspace.store, session.represented
    key = digest(source=source_id(session.workspace, source), views=views.tolist(), kept="half")
    place = ("representations", f"{key}.npy")
    if not store.exists(*place):
        codes = kept(codes_of(session, source, views))
        buffer = io.BytesIO()
        np.save(buffer, codes, allow_pickle=False)
        store.write_bytes(buffer.getvalue(), *place)
    return np.asarray(np.load(store.local(*place), mmap_mode="r"))
