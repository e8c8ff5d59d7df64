"""Configuration: the profiles of params.yaml as frozen pydantic models that check themselves.

No knob is read anywhere else. A wrong value is named with its key and the allowed range.
"""

import json
from collections.abc import Mapping
from math import log2, prod
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)
from pydantic_core import ErrorDetails

from taskonomy.dictionary import DICTIONARY
from taskonomy.errors import BadInput
from taskonomy.taxonomy.scales import Scale
from taskonomy.text import read_text

T = TypeVar("T")


def _tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


# YAML and JSON have lists where a frozen model has tuples.
_Tuple = Annotated[tuple[T, ...], BeforeValidator(_tuple)]
_NonEmpty = Annotated[_Tuple[T], Field(min_length=1)]


def _within(low: int | float, high: int | float) -> AfterValidator:
    """A range that both ends belong to."""

    def check(value: int | float) -> int | float:
        if not low <= value <= high:
            raise ValueError(f"found {value}; expected a value from {low} to {high}")
        return value

    return AfterValidator(check)


class _Section(BaseModel):
    """What all parts of a profile have in common: no value is converted, none can be set."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")


class DataConfig(_Section):
    """The embedded rooms; a data set given by the user has its own number and size of images.

    `left_out` is the share of a data set's views that may be incomplete or damaged: so many are
    left out by name, more are an error. Of the real set's sample building 0.7 % are incomplete.
    """

    images: Annotated[int, _within(24, 10_000_000)]
    size: Annotated[int, _within(16, 1024)]
    left_out: Annotated[float, _within(0.0, 1.0)] = 0.01


class NetworkConfig(_Section):
    """Encoder, code and heads (paper, section 3 and supplement).

    `decoder` are the convolutions at the code's size and `doublings` the learned layers after them;
    the metric loss sees `segment_pixels` samples of an embedding of size `segment_size`.
    """

    image_size: Annotated[int, _within(16, 1024)]
    target_size: Annotated[int, _within(8, 1024)]
    block: Literal["basic", "bottleneck"]
    stem: Literal["conv3", "conv7"]
    layers: _NonEmpty[Annotated[int, _within(1, 64)]]
    # Below 8, oneDNN 3.13.3 (torch 2.15) writes past the end of its memory on processors with AVX2
    # alone: a stage's 1x1 shortcut of stride 2, backward, channels last.
    widths: _NonEmpty[Annotated[int, _within(8, 2048)]]
    strides: _NonEmpty[Annotated[int, _within(1, 2)]]
    code_channels: Annotated[int, _within(1, 1024)]
    decoder: _NonEmpty[Annotated[int, _within(4, 2048)]]
    doublings: Annotated[int, _within(0, 8)]
    hidden: Annotated[int, _within(8, 8192)]
    dropout: Annotated[float, _within(0.0, 0.9)]
    segment_size: Annotated[int, _within(8, 1024)]
    segment_pixels: Annotated[int, _within(2, 4096)]

    @model_validator(mode="after")
    def _sizes_agree(self) -> "NetworkConfig":
        if not len(self.layers) == len(self.widths) == len(self.strides):
            raise ValueError(
                "layers, widths and strides have lengths "
                f"{len(self.layers)}, {len(self.widths)}, {len(self.strides)}; "
                "expected one entry a stage in each"
            )
        stride = prod(self.strides) * (2 if self.stem == "conv3" else 4)
        for key, size in (("target_size", self.target_size), ("segment_size", self.segment_size)):
            scale = size * stride / self.image_size
            if self.image_size % stride or scale < 1 or not log2(scale).is_integer():
                raise ValueError(
                    f"image_size {self.image_size} at stride {stride} with {key} {size}; "
                    "expected a code of whole size that doubles to it"
                )
        return self


class TrainingConfig(_Section):
    """Task-specific networks, trained on the train split."""

    epochs: Annotated[int, _within(1, 10_000)]
    batch: Annotated[int, _within(2, 4096)]
    learning_rate: Annotated[float, _within(1e-6, 1.0)]
    weight_decay: Annotated[float, _within(0.0, 1.0)]
    gan: bool


class TransferConfig(_Section):
    """Readouts and scratch networks, trained on a subset of the validation split.

    A readout takes `steps`, and the scratch network that it is measured against, which has more to
    learn, `scratch_steps`. A fifth of the images says after which of them the weights are kept.
    """

    test_images: Annotated[int, _within(8, 1_000_000)]
    steps: Annotated[int, _within(1, 10_000_000)]
    scratch_steps: Annotated[int, _within(1, 10_000_000)]
    batch: Annotated[int, _within(2, 4096)]
    learning_rate: Annotated[float, _within(1e-6, 1.0)]
    weight_decay: Annotated[float, _within(0.0, 1.0)]
    width: Annotated[int, _within(2, 1024)]
    max_order: Annotated[int, _within(1, 24)]
    top: Annotated[int, _within(2, 25)]


class AffinityConfig(_Section):
    """Tournaments and the Analytic Hierarchy Process (paper, section 3.3)."""

    replicates: Annotated[int, _within(1, 100_000)]


class TaxonomyConfig(_Section):
    """The Boolean Integer Program (paper, section 3.4)."""

    budgets: _NonEmpty[Annotated[int, _within(1, 1000)]]
    max_order: Annotated[int, _within(1, 24)]
    scale: Scale
    costs: Mapping[str, Annotated[float, _within(0.0, 1e9)]]


class SourceConfig(_Section):
    """A frozen encoder of the user's own that is a source of the run, beside its tasks.

    `encoder` is `torchvision:NAME`, or `package.module:attribute` of what makes a torch module;
    `weights` a file that every step can read, a URL of fsspec or `models:/NAME/VERSION`, none for a
    module that brings its own; `cost` what it costs in units of a labelled task; `resolution` the
    size of the images that it sees, the network's own where there is none.
    """

    name: Annotated[str, Field(pattern="^[a-z][a-z0-9_]*$")]
    encoder: Annotated[str, Field(pattern="^[^:]+:[^:]+$")]
    weights: str = ""
    cost: Annotated[float, _within(0.0, 1e9)] = 0.0
    resolution: Annotated[int, _within(16, 1024)] | None = None


class Config(_Section):
    """One profile, whole.

    Each of a run's three loops has at most `shards` iterations, so that it has 120 at most: each
    costs Kubeflow three pods, and a run of thousands outgrows what its database holds.
    `regimes` are sizes of the transfer set in images, the one that is shown first in front, and
    `seeds` how often each readout is trained. `dictionary` are files that declare tasks; `tasks`
    are all of the dictionary's where none are named. `sources` are encoders of the user's own.
    """

    profile: str
    seed: Annotated[int, _within(0, 2**31 - 1)]
    shards: Annotated[int, _within(1, 40)]
    regimes: _NonEmpty[Annotated[int, _within(8, 1_000_000)]]
    seeds: Annotated[int, _within(1, 100)]
    dictionary: _Tuple[str]
    tasks: _Tuple[str]
    sources: _Tuple[SourceConfig] = ()
    data: DataConfig
    network: NetworkConfig
    training: TrainingConfig
    transfer: TransferConfig
    affinity: AffinityConfig
    taxonomy: TaxonomyConfig

    @model_validator(mode="after")
    def _regimes_differ(self) -> "Config":
        if len(set(self.regimes)) < len(self.regimes):
            raise ValueError(f"regimes: found {list(self.regimes)}; expected each size once")
        return self

    @model_validator(mode="after")
    def _sources_have_names_of_their_own(self) -> "Config":
        names = [source.name for source in self.sources]
        for name in names:
            if names.count(name) > 1 or name in DICTIONARY:
                of = "another source" if names.count(name) > 1 else "a task"
                raise ValueError(f"sources: {name!r} is {of} already; expected a name of its own")
        return self

    @model_validator(mode="after")
    def _tasks_are_known(self) -> "Config":
        if self.dictionary:
            return self  # its tasks are known where its files are read
        own = {source.name for source in self.sources}
        for key, names in (("tasks", self.tasks), ("taxonomy.costs", self.taxonomy.costs)):
            for name in names:
                if key == "tasks" and name in own:
                    continue
                try:
                    DICTIONARY[name]
                except BadInput as error:
                    raise ValueError(f"{key}: {error}") from error
        return self

    def to_json(self) -> str:
        """Canonical JSON: equal configurations give equal strings."""
        return json.dumps(self.model_dump(), sort_keys=True, separators=(",", ":"))

    @staticmethod
    def from_json(text: str) -> "Config":
        """The inverse of `to_json`; every value is checked again."""
        value = json.loads(text)
        return _checked(value, f"params {value.get('profile', '?')}")

    def updated(self, **values: Any) -> "Config":
        """A copy with other values, all checked again (`model_copy` checks none).

        Args:
            values: by top-level key; a mapping changes those keys of a section that it names.

        Raises:
            BadInput: a value is wrong; the line names it.
        """
        whole = self.model_dump()
        for key, value in values.items():
            if isinstance(value, Mapping):
                value = {**whole.get(key, {}), **value}
            whole[key] = value
        return _checked(whole, f"params {self.profile}")


def load(path: Path, profile: str, **overrides: Any) -> Config:
    """Read one profile of a params file.

    Args:
        path: the params.yaml file.
        profile: the name of a top-level key.
        overrides: values of top-level keys that replace the file's.

    Raises:
        BadInput: the file, the profile, a key or a value is wrong; the line names it.
    """
    values = {**read(path, profile), **overrides}
    return check(values, profile, f"{path.name}: {profile}")


def read(path: Path, profile: str) -> dict[str, Any]:
    """The values of one profile of a params file, as they stand there.

    Raises:
        BadInput: there is no such file or profile.
    """
    import yaml  # who trains from a configuration in JSON needs none

    if not path.is_file():
        raise BadInput(f"{path}: no such file; expected the project's params.yaml")
    try:
        profiles = yaml.safe_load(read_text(path))
    except yaml.YAMLError as error:
        raise BadInput(f"{path}: not YAML: {' '.join(str(error).split())}") from error
    if not isinstance(profiles, dict) or profile not in profiles:
        known = ", ".join(map(str, profiles)) if isinstance(profiles, dict) else "none"
        raise BadInput(f"{path}: no profile {profile!r}; expected one of: {known}")
    chosen = profiles[profile]
    if not isinstance(chosen, Mapping):
        raise BadInput(
            f"{path.name}: {profile}: found {chosen!r}; expected a mapping of keys to values"
        )
    return dict(chosen)


def check(values: Mapping[str, Any], profile: str, where: str) -> Config:
    """A profile from its values.

    Args:
        values: by key; no dictionary and no tasks mean the 26 tasks.
        profile: its name.
        where: what the values were given by, for the line of an error.

    Raises:
        BadInput: a key or a value is wrong; the line names it.
    """
    return _checked({"dictionary": [], "tasks": [], **values, "profile": profile}, where)


def sections() -> tuple[str, ...]:
    """The keys of a profile that hold keys themselves."""
    fields = Config.model_fields.items()
    return tuple(
        name
        for name, field in fields
        if isinstance(field.annotation, type) and issubclass(field.annotation, _Section)
    )


def _checked(values: Any, where: str) -> Config:
    try:
        return Config.model_validate(values)
    except ValidationError as error:
        # A misspelt key is both unknown and missing: the unknown one says more.
        ranks = {"extra_forbidden": 0, "invalid_key": 0, "missing": 1}
        first = min(error.errors(), key=lambda found: ranks.get(found["type"], 2))
        raise BadInput(_line(first, where)) from error


_EXPECTED = {
    "bool_type": "bool",
    "dict_type": "a mapping",
    "float_type": "float",
    "int_type": "int",
    "model_type": "a mapping of keys to values",
    "string_type": "str",
    "too_short": "a non-empty list",
    "tuple_type": "a list",
}


def _line(error: ErrorDetails, where: str) -> str:
    """One line for one of pydantic's errors: the key, what was found, what is allowed."""
    kind, place = error["type"], error["loc"]
    if kind == "invalid_key":
        # YAML reads 1 and yes as keys that are no text, and pydantic places both at 1.
        place = (*place[:-1], str(error["input"]))
    # An item of a list is named by the list, and a wrong key of a mapping by the mapping.
    named = [part for part in place if isinstance(part, str) and part != "[key]"]
    key = ".".join((where, *named))
    if kind in ("extra_forbidden", "invalid_key"):
        return f"{key}: unknown key; expected one of: {', '.join(_fields(place[:-1]))}"
    if kind == "missing":
        return f"{key}: missing; expected a value"
    if kind == "value_error":
        # A check of the whole profile begins with the key that it is about.
        return f"{key}{': ' if place else '.'}{error['ctx']['error']}"
    if kind == "literal_error":
        names = error["ctx"]["expected"].replace("'", "").replace(" or ", ", ")
        expected = f"one of: {names}"
    else:
        expected = _EXPECTED.get(kind, error["msg"].removeprefix("Input should be "))
    return f"{key}: found {error['input']!r}; expected {expected}"


def _fields(place: tuple[int | str, ...]) -> list[str]:
    """The keys that the section at a place has."""
    section: Any = Config
    for part in place:
        # A whole number is a place in a tuple of sections.
        inside = isinstance(part, str)
        section = section.model_fields[part].annotation if inside else get_args(section)[0]
    return list(section.model_fields)
