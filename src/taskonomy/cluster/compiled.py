"""A compiled pipeline: its parameters, and the pods that a run of it starts."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from taskonomy.errors import BadInput
from taskonomy.files import shipped
from taskonomy.text import read_text

# Kubeflow's API refuses longer ones (kubeflow/pipelines#12510).
LONGEST = 10_000

_KINDS: Mapping[str, tuple[type, ...]] = {
    "NUMBER_INTEGER": (int,),
    "NUMBER_DOUBLE": (int, float),
    "BOOLEAN": (bool,),
    "LIST": (list,),
    "STRUCT": (dict,),
}
# Where no request is said, Kubernetes takes the limit.
_QUOTAS = {
    "requests.cpu": ("resourceCpuRequest", "resourceCpuLimit"),
    "requests.memory": ("resourceMemoryRequest", "resourceMemoryLimit"),
    "limits.memory": ("resourceMemoryLimit",),
}

_PLACEHOLDER = re.compile(r"\{\{\$\.inputs\.parameters\['([^']+)'\]")
"""Where kfp fills in a parameter of a step."""


class Parameter(NamedTuple):
    """A parameter of a pipeline; `default` is None where a value must be given."""

    name: str
    kind: str
    default: Any
    description: str


class Step(NamedTuple):
    """A step of a pipeline.

    Attributes:
        name: what people read.
        component: the component that it runs, without the number of a second use.
        loop: the name of the loop around it; empty outside of loops.
        gpus: how many GPUs its pod holds; the name of an input of the step where that says it.
    """

    name: str
    component: str
    loop: str
    gpus: int | str


@dataclass(frozen=True)
class Compiled:
    """A compiled pipeline.

    Attributes:
        path: its file.
        name: the pipeline's name.
        sdk: the version of kfp that compiled it.
        parameters: what a run takes.
        steps: in the order of the file.
        largest: the most that any step asks for with the parameters' defaults, by the names that a
            quota has for it.
    """

    path: Path
    name: str
    sdk: str
    parameters: tuple[Parameter, ...]
    steps: tuple[Step, ...]
    largest: Mapping[str, str]


def read(pipeline: str) -> Compiled:
    """Read a compiled pipeline.

    Args:
        pipeline: the name of one of pipelines/, or the path of a YAML file.

    Raises:
        BadInput: no such file, or it is no compiled pipeline.
    """
    path = Path(pipeline)
    if path.suffix not in (".yaml", ".yml"):
        path = shipped("pipelines", f"{pipeline.replace('-', '_')}.yaml")
    if not path.is_file():
        known = ", ".join(sorted(file.stem for file in shipped("pipelines").glob("*.yaml")))
        raise BadInput(f"{pipeline}: no such pipeline; expected a YAML file, or one of: {known}")
    try:
        spec = next(yaml.safe_load_all(read_text(path)))
        inputs = spec["root"].get("inputDefinitions", {}).get("parameters", {})
        return Compiled(
            path=path,
            name=spec["pipelineInfo"]["name"],
            sdk=spec["sdkVersion"].removeprefix("kfp-"),
            parameters=tuple(_parameter(name, entry) for name, entry in inputs.items()),
            steps=tuple(_steps(spec, spec["root"]["dag"], "")),
            largest=_largest(list(_resources(spec, spec["root"]["dag"], _defaults(inputs)))),
        )
    except (yaml.YAMLError, KeyError, TypeError, ValueError, StopIteration) as error:
        reason = " ".join(str(error).split())
        raise BadInput(f"{path}: no compiled pipeline ({reason}); expected kfp's YAML") from error


def arguments(pipeline: Compiled, given: Mapping[str, str]) -> dict[str, Any]:
    """The values of a run's parameters, each of its parameter's type; defaults are left out.

    Args:
        pipeline: what is run.
        given: values as people write them.

    Raises:
        BadInput: an unknown or missing parameter, or a value of the wrong type or too long.
    """
    known = {parameter.name: parameter for parameter in pipeline.parameters}
    for name in given:
        if name not in known:
            raise BadInput(
                f"parameter {name!r}: unknown to the pipeline {pipeline.name}; "
                f"expected one of: {', '.join(known)}"
            )
    for parameter in pipeline.parameters:
        if parameter.default is None and parameter.name not in given:
            raise BadInput(
                f"parameter {parameter.name!r}: missing; expected --set {parameter.name}=VALUE "
                f"({parameter.description})"
            )
    return {name: _value(known[name], text) for name, text in given.items()}


def _value(parameter: Parameter, text: str) -> Any:
    if len(text) > LONGEST:
        raise BadInput(
            f"parameter {parameter.name!r}: {len(text)} characters; expected at most {LONGEST}"
        )
    if parameter.kind == "STRING":
        return text
    try:
        value = json.loads(text)
    except json.JSONDecodeError:
        value = text
    wanted = _KINDS[parameter.kind]
    if not isinstance(value, wanted) or (bool not in wanted and isinstance(value, bool)):
        raise BadInput(
            f"parameter {parameter.name!r}: found {text}; expected {parameter.kind.lower()} as JSON"
        )
    return value


def _parameter(name: str, entry: Mapping[str, Any]) -> Parameter:
    default = entry.get("defaultValue")
    if default is None and entry.get("isOptional"):
        default = ""
    if entry["parameterType"] == "NUMBER_INTEGER" and isinstance(default, float):
        default = int(default)  # kfp writes every number as a float
    return Parameter(name, entry["parameterType"], default, entry.get("description", ""))


def _steps(spec: Mapping[str, Any], dag: Mapping[str, Any], loop: str) -> Iterator[Step]:
    for entry in dag["tasks"].values():
        component = spec["components"][entry["componentRef"]["name"]]
        if "dag" in component:
            inside = entry["taskInfo"]["name"] if "parameterIterator" in entry else loop
            yield from _steps(spec, component["dag"], inside)
            continue
        container = spec["deploymentSpec"]["executors"][component["executorLabel"]]["container"]
        label = component["executorLabel"].removeprefix("exec-")
        yield Step(
            name=entry["taskInfo"]["name"],
            component=re.sub(r"-\d+$", "", label),
            loop=loop,
            gpus=_gpus(container.get("resources", {}).get("accelerator", {})),
        )


def _defaults(inputs: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    return {name: of["defaultValue"] for name, of in inputs.items() if "defaultValue" in of}


def _resources(
    spec: Mapping[str, Any], dag: Mapping[str, Any], values: Mapping[str, Any]
) -> Iterator[dict[str, Any]]:
    """What each step's container asks for, with the values that are known before a run."""
    for entry in dag["tasks"].values():
        component = spec["components"][entry["componentRef"]["name"]]
        given = entry.get("inputs", {}).get("parameters", {})
        passed = {name: of.get("componentInputParameter") for name, of in given.items()}
        known = {name: values[of] for name, of in passed.items() if of in values}
        if "dag" in component:
            yield from _resources(spec, component["dag"], known)
            continue
        container = spec["deploymentSpec"]["executors"][component["executorLabel"]]["container"]
        yield {key: _filled(asked, known) for key, asked in container.get("resources", {}).items()}


def _filled(asked: Any, values: Mapping[str, Any]) -> Any:
    """A resource with its parameter's value; as it is where only the run knows it."""
    named = _PLACEHOLDER.search(asked) if isinstance(asked, str) else None
    return values.get(named[1], asked) if named else asked


def _largest(steps: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    from kubernetes.utils.quantity import parse_quantity

    resources = list(steps)
    asked = {
        quota: [amount for entry in resources if "{{" not in (amount := _first(entry, keys))]
        for quota, keys in _QUOTAS.items()
    }
    counts = [_gpus(entry.get("accelerator", {})) for entry in resources]
    asked["requests.nvidia.com/gpu"] = [
        str(count) if isinstance(count, int) else "1" for count in counts if count
    ]
    return {quota: max(of, key=parse_quantity) for quota, of in asked.items() if of}


def _first(entry: Mapping[str, Any], keys: Iterable[str]) -> str:
    """What the first of these keys holds that is there; no amount where none is."""
    return next((str(entry[key]) for key in keys if key in entry), "0")


def _gpus(accelerator: Mapping[str, Any]) -> int | str:
    count = str(accelerator.get("resourceCount", accelerator.get("count", 0)))
    named = _PLACEHOLDER.search(count)
    return named[1].removeprefix("pipelinechannel--") if named else int(count)
