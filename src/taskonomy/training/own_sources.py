"""The encoders that a profile's `sources` name, whose weights the store keeps for every process."""

from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

import numpy as np
from jaxtyping import Float32, Int64
from torch import nn

from taskonomy.config import Config, SourceConfig
from taskonomy.dictionary import Task
from taskonomy.dictionary.task import ENCODER
from taskonomy.errors import BadInput
from taskonomy.store import Store, digest
from taskonomy.training import encoders
from taskonomy.training.identity import model_ref
from taskonomy.training.loading import Source
from taskonomy.training.record import Record
from taskonomy.training.schedule import Outcome
from taskonomy.training.session import Session
from taskonomy.training.task_network import finish


def keep(store: Store, source: SourceConfig, config: Config, weights: bytes | None) -> Task:
    """Put an encoder's weights into the store; return what the dictionary has of it.

    Args:
        store: the run's store.
        source: the encoder.
        config: the profile, whose images are the encoder's where it has no size of its own.
        weights: the content of its file of weights; None where it brings its own.

    Raises:
        BadInput: it cannot be loaded.
    """
    with TemporaryDirectory() as folder:
        file = None
        if weights is not None:
            file = Path(folder) / "weights"
            file.write_bytes(weights)
        code = _code(source, config, _loaded(source, file))
    if weights is not None:
        store.write_bytes(weights, *_place(code))
    return Task(
        name=source.name,
        title=source.name,
        group="none",
        kind=ENCODER,
        target=f"none: the frozen encoder {source.encoder}",
        channels=0,
        loss="none",
        head="none",
        role="source-only",
        cost=source.cost,
        code=code,
    )


def encode(
    session: Session, task: Task, views: Int64[np.ndarray, "n"]
) -> Float32[np.ndarray, "n C h w"]:
    """The codes of views by an encoder of the user's own, averaged to the size of the run's codes.

    Raises:
        BadInput: it can no longer be loaded, or is another one than when the run began.
    """
    workspace = session.workspace
    config, store = workspace.config, workspace.store
    source = next(one for one in config.sources if one.name == task.name)
    place = _place(task.code)
    module = _loaded(source, store.local(*place) if store.exists(*place) else None)
    if _code(source, config, module) != task.code:
        raise BadInput(
            f"sources.{source.name}: the encoder {source.encoder} is another one than at the run's "
            "beginning; expected the same code and weights in every step"
        )
    network = config.network.model_copy(update={"image_size": _resolution(source, config)})
    images = Source(workspace.dataset, network, config.seed)
    return encoders.encode(session, module, views, _named(source), images)


def record_encoder(session: Session, task: Task) -> Record:
    """Save that an encoder is a source of the run; its weights lie in the store by themselves."""
    begin = perf_counter()
    losses = np.zeros(0, np.float32)
    nothing = Outcome("finished", 0, losses, losses, np.zeros((0, 2), np.float32))
    none = np.zeros((0, 1), np.int64)
    ref = model_ref(session.workspace, "encoder", task.name)
    return finish(session, ref, nn.Module(), nothing, none, perf_counter() - begin)


def _loaded(source: SourceConfig, file: Path | None) -> nn.Module:
    named = _named(source)
    try:
        return encoders.load(source.encoder, file, named, f"{named}: weights")
    except BadInput as error:
        if file is None:
            raise
        # The user's name of the file, not that of the copy.
        raise BadInput(str(error).replace(str(file), source.weights)) from error


def _code(source: SourceConfig, config: Config, module: nn.Module) -> str:
    """A hash of what decides the codes."""
    return digest(
        encoder=source.encoder,
        content=encoders.content(module),
        resolution=_resolution(source, config),
    )


def _resolution(source: SourceConfig, config: Config) -> int:
    return source.resolution or config.network.image_size


def _named(source: SourceConfig) -> str:
    return f"sources.{source.name}: encoder {source.encoder}"


def _place(code: str) -> tuple[str, str]:
    return ("encoders", code)
