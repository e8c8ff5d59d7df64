"""Configuration: the profiles of params.yaml as frozen dataclasses that check themselves.

No knob is read anywhere else. A wrong value is named with its key and the allowed range.
"""

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import log2, prod
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

import yaml

from taskonomy.dictionary import DICTIONARY
from taskonomy.errors import BadInput
from taskonomy.taxonomy.scales import Scale


def _within(low: int | float, high: int | float) -> Any:
    return field(metadata={"range": (low, high)})


@dataclass(frozen=True, kw_only=True)
class DataConfig:
    """The embedded rooms; a data set given by the user has its own number and size of images."""

    images: int = _within(24, 10_000_000)
    size: int = _within(16, 1024)


@dataclass(frozen=True, kw_only=True)
class NetworkConfig:
    """Encoder, code and heads (paper, section 3 and supplement).

    `decoder` are the convolutions at the code's size and `doublings` the learned layers after them;
    the metric loss sees `segment_pixels` samples of an embedding of size `segment_size`.
    """

    image_size: int = _within(16, 1024)
    target_size: int = _within(8, 1024)
    block: Literal["basic", "bottleneck"]
    stem: Literal["conv3", "conv7"]
    layers: tuple[int, ...] = _within(1, 64)
    widths: tuple[int, ...] = _within(4, 2048)
    strides: tuple[int, ...] = _within(1, 2)
    code_channels: int = _within(1, 1024)
    decoder: tuple[int, ...] = _within(4, 2048)
    doublings: int = _within(0, 8)
    hidden: int = _within(8, 8192)
    dropout: float = _within(0.0, 0.9)
    segment_size: int = _within(8, 1024)
    segment_pixels: int = _within(2, 4096)


@dataclass(frozen=True, kw_only=True)
class TrainingConfig:
    """Task-specific networks, trained on the train split.

    `anneal` is the share of the steps after which the learning rate falls to a tenth.
    """

    epochs: int = _within(1, 10_000)
    batch: int = _within(2, 4096)
    learning_rate: float = _within(1e-6, 1.0)
    anneal: float = _within(0.0, 1.0)
    weight_decay: float = _within(0.0, 1.0)
    gan: bool


@dataclass(frozen=True, kw_only=True)
class TransferConfig:
    """Readouts, trained on a subset of the validation split."""

    test_images: int = _within(8, 1_000_000)
    steps: int = _within(1, 10_000_000)
    batch: int = _within(2, 4096)
    learning_rate: float = _within(1e-6, 1.0)
    anneal: float = _within(0.0, 1.0)
    weight_decay: float = _within(0.0, 1.0)
    width: int = _within(2, 1024)
    max_order: int = _within(1, 24)
    top: int = _within(2, 25)


@dataclass(frozen=True, kw_only=True)
class AffinityConfig:
    """Tournaments and the Analytic Hierarchy Process (paper, section 3.3)."""

    replicates: int = _within(1, 100_000)


@dataclass(frozen=True, kw_only=True)
class TaxonomyConfig:
    """The Boolean Integer Program (paper, section 3.4)."""

    budgets: tuple[int, ...] = _within(1, 1000)
    max_order: int = _within(1, 24)
    scale: Scale
    costs: Mapping[str, float] = _within(0.0, 1e9)


@dataclass(frozen=True, kw_only=True)
class Config:
    """One profile, whole.

    Each of a run's three loops has at most `shards` iterations, so that it has 120 at most: each
    costs Kubeflow three pods, and a run of thousands outgrows what its database holds.
    """

    profile: str
    seed: int = _within(0, 2**31 - 1)
    shards: int = _within(1, 40)
    regimes: tuple[int, ...] = _within(8, 1_000_000)
    seeds: int = _within(1, 100)
    dictionary: tuple[str, ...]
    tasks: tuple[str, ...]
    data: DataConfig
    network: NetworkConfig
    training: TrainingConfig
    transfer: TransferConfig
    affinity: AffinityConfig
    taxonomy: TaxonomyConfig

    def __post_init__(self) -> None:
        network, where = self.network, f"params {self.profile}.network"
        if not len(network.layers) == len(network.widths) == len(network.strides):
            raise BadInput(
                f"{where}: layers, widths and strides have lengths "
                f"{len(network.layers)}, {len(network.widths)}, {len(network.strides)}; "
                "expected one entry a stage in each"
            )
        stride = prod(network.strides) * (2 if network.stem == "conv3" else 4)
        for key, size in (
            ("target_size", network.target_size),
            ("segment_size", network.segment_size),
        ):
            scale = size * stride / network.image_size
            if network.image_size % stride or scale < 1 or not log2(scale).is_integer():
                raise BadInput(
                    f"{where}: image_size {network.image_size} at stride {stride} with {key} "
                    f"{size}; expected a code of whole size that doubles to it"
                )
        for key, names in (("tasks", self.tasks), ("taxonomy.costs", tuple(self.taxonomy.costs))):
            for name in names:
                try:
                    DICTIONARY[name]
                except BadInput as error:
                    raise BadInput(f"params {self.profile}.{key}: {error}") from error

    def to_json(self) -> str:
        """Canonical JSON: equal configurations give equal strings."""
        return json.dumps(dataclasses.asdict(self), sort_keys=True, separators=(",", ":"))

    @staticmethod
    def from_json(text: str) -> "Config":
        """The inverse of `to_json`; every value is checked again."""
        value = json.loads(text)
        config: Config = _build(Config, value, f"params {value.get('profile', '?')}")
        return config


def load(path: Path, profile: str, **overrides: Any) -> Config:
    """Read one profile of a params file.

    Args:
        path: the params.yaml file.
        profile: the name of a top-level key.
        overrides: values of top-level keys that replace the file's.

    Raises:
        BadInput: the file, the profile, a key or a value is wrong; the line names it.
    """
    if not path.is_file():
        raise BadInput(f"{path}: no such file; expected the project's params.yaml")
    try:
        profiles = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise BadInput(f"{path}: not YAML: {' '.join(str(error).split())}") from error
    if not isinstance(profiles, dict) or profile not in profiles:
        known = ", ".join(map(str, profiles)) if isinstance(profiles, dict) else "none"
        raise BadInput(f"{path}: no profile {profile!r}; expected one of: {known}")
    where, chosen = f"{path.name}: {profile}", profiles[profile]
    if not isinstance(chosen, Mapping):
        raise BadInput(f"{where}: found {chosen!r}; expected a mapping of keys to values")
    values = {"dictionary": [], "tasks": [], **chosen, **overrides, "profile": profile}
    config: Config = _build(Config, values, where)
    return config


def _build(kind: type, values: Any, where: str) -> Any:
    """Build a dataclass of type `kind` from plain values, naming the first wrong key."""
    if not isinstance(values, Mapping):
        raise BadInput(f"{where}: found {values!r}; expected a mapping of keys to values")
    fields = {entry.name: entry for entry in dataclasses.fields(kind)}
    if unknown := sorted(map(str, set(values) - set(fields))):
        raise BadInput(f"{where}.{unknown[0]}: unknown key; expected one of: {', '.join(fields)}")
    if absent := [name for name in fields if name not in values]:
        raise BadInput(f"{where}.{absent[0]}: missing; expected a value")
    hints = get_type_hints(kind)
    built = {}
    for name, entry in fields.items():
        key = f"{where}.{name}"
        built[name] = _value(hints[name], values[name], key)
        if "range" in entry.metadata:
            _check_range(built[name], entry.metadata["range"], key)
    return kind(**built)


def _value(hint: Any, value: Any, key: str) -> Any:
    """Check one value against its annotation; YAML's lists become tuples."""
    origin = get_origin(hint)
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        return _build(hint, value, key)
    if origin is Literal:
        if value not in get_args(hint):
            raise BadInput(f"{key}: found {value!r}; expected one of: {', '.join(get_args(hint))}")
        return value
    if origin is tuple:
        if not isinstance(value, list | tuple) or not value:
            raise BadInput(f"{key}: found {value!r}; expected a non-empty list")
        return tuple(_value(get_args(hint)[0], item, key) for item in value)
    if origin is Mapping or (isinstance(origin, type) and issubclass(origin, Mapping)):
        if not isinstance(value, Mapping):
            raise BadInput(f"{key}: found {value!r}; expected a mapping")
        inner = get_args(hint)[1]
        return {k: _value(inner, v, f"{key}.{k}") for k, v in value.items()}
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, hint) or (hint is int and isinstance(value, bool)):
        raise BadInput(f"{key}: found {value!r}; expected {hint.__name__}")
    return value


def _check_range(value: Any, bounds: tuple[int | float, int | float], key: str) -> None:
    low, high = bounds
    if isinstance(value, Mapping):
        for name, item in value.items():
            _check_range(item, bounds, f"{key}.{name}")
        return
    for item in value if isinstance(value, tuple) else (value,):
        if not low <= item <= high:
            raise BadInput(f"{key}: found {item}; expected a value from {low} to {high}")
