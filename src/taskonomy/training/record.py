"""One file per model: weights, per-image losses, the loss curve and how it came to be.

A safetensors file, read and written without torch: tournaments over thousands of models read only
the losses.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np
from jaxtyping import Float32, Shaped
from safetensors import SafetensorError, safe_open
from safetensors.numpy import load as load_tensors
from safetensors.numpy import save as save_tensors

from taskonomy import formats
from taskonomy.errors import BadInput, one_line
from taskonomy.store import Store
from taskonomy.training.identity import model_path
from taskonomy.training.workspace import Kind

_ARRAYS = ("choice_losses", "test_losses", "curve")


@dataclass(frozen=True, kw_only=True)
class Record:
    """One model, without its weights.

    Attributes:
        model_id: the hash of what determines it.
        kind: which kind of model.
        target: the task that it solves.
        sources: sorted source tasks of a transfer.
        regime: images of the transfer set that it was trained on; 0 for a model of the train split.
        seed: the run's seed.
        readout_seed: tells readouts apart that differ in nothing else.
        status: `finished`, or `failed: ` and why.
        steps: optimisation steps.
        train_images: different images that it was trained on.
        best_step: of the steps, after how many the weights served held-out examples best and were
            kept; None where nothing was held out.
        seconds: wall-clock time of its training.
        waited: seconds of it that passed while the next batch was prepared.
        arithmetic: what it was trained in, as `Arithmetic` says it.
        choice_losses: one loss a choice example, in the order of `examples(...).choice`; empty
            where there is none.
        test_losses: one loss a test example, in the order of `examples(...).test`; empty for the
            random encoder, which solves nothing.
        curve: rows of (step, training loss).
    """

    model_id: str
    kind: Kind
    target: str
    sources: tuple[str, ...]
    regime: int
    seed: int
    readout_seed: int
    status: str
    steps: int
    train_images: int
    best_step: int | None = None
    seconds: float
    waited: float = 0.0
    arithmetic: str = "float32, channels last"
    choice_losses: Float32[np.ndarray, "m"] = field(repr=False)
    test_losses: Float32[np.ndarray, "n"] = field(repr=False)
    curve: Float32[np.ndarray, "points 2"] = field(repr=False)

    @property
    def order(self) -> int:
        """How many sources."""
        return len(self.sources)

    @property
    def test_loss(self) -> float | None:
        """Mean test loss; None where there is none."""
        if not len(self.test_losses) or self.status != "finished":
            return None
        return float(self.test_losses.mean(dtype=np.float64))


def save(store: Store, record: Record, weights: Mapping[str, Shaped[np.ndarray, "..."]]) -> None:
    """Write a model's file, whole or not at all."""
    tensors = {f"weights.{name}": array.copy(order="C") for name, array in weights.items()}
    tensors |= {name: getattr(record, name) for name in _ARRAYS}
    facts = {
        entry.name: getattr(record, entry.name)
        for entry in fields(record)
        if entry.name not in _ARRAYS
    }
    metadata = {"record": json.dumps(facts, sort_keys=True), **formats.MODEL.metadata}
    content = save_tensors(tensors, metadata=metadata)
    store.write_bytes(content, *model_path(record.model_id))


def read(store: Store, identity: str) -> Record:
    """Read a model's facts, losses and curve, but not its weights.

    Raises:
        BadInput: no such model in the store, or its file is damaged or of a newer version.
    """
    place = _present(store, identity)
    try:
        with safe_open(store.local(*place), framework="numpy") as file:
            metadata = file.metadata()
            version = formats.MODEL.check_metadata(store.path(*place), metadata)
            facts: dict[str, Any] = json.loads(metadata["record"])
            if version == 1:
                facts = _from_first(facts)
            there = _ARRAYS if version > 3 else _ARRAYS[1:]
            arrays = {name: file.get_tensor(name) for name in there}
    except (SafetensorError, KeyError, TypeError, ValueError) as error:
        raise BadInput(
            f"{store.path(*place)}: no model record ({one_line(error)}); expected a safetensors "
            "file of this project"
        ) from error
    facts["sources"] = tuple(facts["sources"])
    return Record(**facts, **{"choice_losses": np.zeros(0, np.float32), **arrays})


def _from_first(facts: Mapping[str, Any]) -> dict[str, Any]:
    """The facts of format 1, which knew no seeds of readouts and gave every model their regime."""
    regime = int(facts["regime"]) if facts["kind"] in ("transfer", "scratch") else 0
    return {"readout_seed": 0, **facts, "regime": regime}


def weights(store: Store, identity: str) -> dict[str, Shaped[np.ndarray, "..."]]:
    """A model's weights by name.

    Raises:
        BadInput: no such model in the store.
    """
    tensors = load_tensors(store.read_bytes(*_present(store, identity)))
    prefix = "weights."
    return {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}


def _present(store: Store, identity: str) -> tuple[str, str]:
    place = model_path(identity)
    if not store.exists(*place):
        raise BadInput(f"{store.path(*place)}: no such model; expected it to have been trained")
    return place
