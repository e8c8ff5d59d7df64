"""Checkpoints of a network in training: after a kill it is trained on as if nothing had happened.

One safetensors file in the store, written every few minutes and removed when the model is finished.
"""

import hashlib
import json
import sys
from collections.abc import Mapping
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Shaped
from safetensors import SafetensorError
from safetensors.numpy import load, save

from taskonomy import formats
from taskonomy.errors import BadInput, one_line
from taskonomy.store import Store

SECONDS = 180.0
"""Least time between two checkpoints: what a kill can cost."""

_HEADER = 8
"""Bytes of a safetensors file that say how long its JSON header is."""


class Checkpoint(NamedTuple):
    """What training carries from step to step.

    Attributes:
        tensors: arrays by name.
        facts: plain data.
    """

    tensors: Mapping[str, Shaped[np.ndarray, "..."]]
    facts: Mapping[str, Any]


class Checkpoints:
    """The checkpoint of one model in a store.

    Args:
        store: where it lies, at `checkpoints/<model id>.safetensors`.
        identity: the model, which says code, data and configuration.
        device: the kind of device that trains it: another one would not go on bit by bit.
        seconds: least time between two checkpoints.
    """

    def __init__(self, store: Store, identity: str, device: str, seconds: float = SECONDS) -> None:
        self._store = store
        self._place = ("checkpoints", f"{identity}.safetensors")
        self._whose = {"model_id": identity, "device": device}
        self._seconds = seconds
        self._begin = self._written = perf_counter()
        self.earlier = 0.0
        """Seconds of training that the checkpoint has saved."""

    def latest(self) -> Checkpoint | None:
        """The checkpoint to go on from; one that cannot be used is named on stderr and ignored."""
        if not self._store.exists(*self._place):
            return None
        try:
            found, seconds = self._parsed(self._store.read_bytes(*self._place))
        except BadInput as error:
            print(f"taskonomy: {error}; training begins anew", file=sys.stderr)
            return None
        self.earlier = seconds
        return found

    @property
    def due(self) -> bool:
        """Whether the next checkpoint should be written."""
        return perf_counter() - self._written >= self._seconds

    def write(self, checkpoint: Checkpoint) -> None:
        """Replace the checkpoint, whole or not at all."""
        facts = {
            "facts": checkpoint.facts,
            "seconds": self.earlier + perf_counter() - self._begin,
            "sha256": _hash(checkpoint.tensors),
            **self._whose,
        }
        metadata = {"checkpoint": json.dumps(facts), **formats.CHECKPOINT.metadata}
        self._store.write_bytes(save(dict(checkpoint.tensors), metadata=metadata), *self._place)
        self._written = perf_counter()

    def remove(self) -> None:
        """Remove the checkpoint of a model that is finished."""
        self._store.remove(*self._place)

    def _parsed(self, content: bytes) -> tuple[Checkpoint, float]:
        place = self._store.path(*self._place)
        try:
            tensors = load(content)
            size = int.from_bytes(content[:_HEADER], "little")
            metadata = json.loads(content[_HEADER : _HEADER + size])["__metadata__"]
            formats.CHECKPOINT.check_metadata(place, metadata)
            said = json.loads(metadata["checkpoint"])
            checkpoint = Checkpoint(tensors, said["facts"])
            whose = {key: said[key] for key in self._whose}
            whole = said["sha256"] == _hash(tensors)
            seconds = float(said["seconds"])
        except (SafetensorError, KeyError, TypeError, ValueError) as error:
            raise BadInput(f"{place}: no checkpoint ({one_line(error)})") from error
        for key, expected in self._whose.items():
            if whose[key] != expected:
                raise BadInput(f"{place}: {key} {whose[key]!r}, expected {expected!r}")
        if not whole:
            raise BadInput(f"{place}: other content than its hash says")
        return checkpoint, seconds


def _hash(tensors: Mapping[str, Shaped[np.ndarray, "..."]]) -> str:
    sha = hashlib.sha256()
    for name, array in sorted(tensors.items()):
        sha.update(f"{name} {array.dtype} {array.shape}".encode())
        sha.update(array.data)
    return sha.hexdigest()
