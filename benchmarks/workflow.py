"""How large a run's Workflow grows in Kubernetes, modelled from the compiled pipeline.

    python -m benchmarks.workflow

Argo keeps what becomes of a run's steps in the Workflow object itself. From 1 MiB on it compresses
them, and what is above 1 MiB even so it refuses, unless it has a database to put them into. This
rebuilds the object as Kubeflow Pipelines 2.17 and Argo 4.0 make it (the compiler's templates, the
driver's patch of a pod, a node for each step and one more for its attempt) and counts bytes. It is
held against what one real run came to (workflow_measured/).
"""

import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from benchmarks.pod_patch import RUN, Json, filled, patch, text
from taskonomy.files import shipped

LIMIT = 2**20
"""From here on Argo compresses its nodes; what is larger even so, it refuses."""
ROADS = ("taxonomy", "retrain", "novel_task")
_MEASURED = Path(__file__).with_name("workflow_measured")
MOST_SHARDS = 40
"""As many as a loop may have (src/taskonomy/config.py)."""

_KEY = "0123456789abcdef0123"
_TIME = "2026-11-28T12:21:48Z"


@dataclass(frozen=True)
class Pipeline:
    """A compiled pipeline.

    Attributes:
        spec: its graph, components and containers.
        asked: what each container asks of Kubernetes, by executor.
    """

    spec: Json
    asked: Mapping[str, Json]

    @staticmethod
    def read(path: Path) -> "Pipeline":
        """From kfp's YAML."""
        spec, platform = yaml.safe_load_all(path.read_text(encoding="utf-8"))
        return Pipeline(spec, platform["platforms"]["kubernetes"]["deploymentSpec"]["executors"])

    def component(self, task: Json) -> Json:
        """The component of a task."""
        found: Json = self.spec["components"][task["componentRef"]["name"]]
        return found

    def container(self, component: Json) -> Json:
        """The container of a component that is no graph."""
        executors = self.spec["deploymentSpec"]["executors"]
        found: Json = executors[component["executorLabel"]]["container"]
        return found


@dataclass
class Run:
    """A run of a pipeline, as far as it has come.

    Attributes:
        pipeline: what it runs.
        values: the pipeline's parameters; those left out have their defaults.
        shards: how many iterations each loop has.
        retried: whether the cluster retries every step by default, which gives each step a node and
            its only attempt another.
        until: the step before which it is looked at; empty looks at its end.
    """

    pipeline: Pipeline
    values: Mapping[str, Any]
    shards: int
    retried: bool = True
    until: str = ""
    nodes: dict[str, Json] = field(default_factory=dict)

    def __post_init__(self) -> None:
        root = self.pipeline.spec["root"]
        inputs = root["inputDefinitions"]["parameters"]
        defaults = {name: of["defaultValue"] for name, of in inputs.items() if "defaultValue" in of}
        self.values = defaults | dict(self.values)
        place = self._node(RUN, "", {})
        runtime = text({"parameterValues": self.values})
        self._driver("root-driver", place, {"component": text(root), "runtime-config": runtime})
        place = self._node("root", place, {"parent-dag-id": "1"})
        for name, task in _ordered(root["dag"]["tasks"]):
            if name == self.until:
                break
            add = self._loop if "parameterIterator" in task else self._step
            add(name, place, task, self.values)

    def size(self) -> int:
        """Bytes of the object."""
        spec = {"arguments": _parameters(self._arguments()), "templates": list(self._templates())}
        status = {"nodes": self.nodes, "phase": "Running", "startedAt": _TIME}
        return len(text({"metadata": {"name": RUN}, "spec": spec, "status": status}).encode())

    def _arguments(self) -> dict[str, str]:
        """What the compiler says once: components, containers, and what is asked of Kubernetes."""
        spec = self.pipeline.spec
        said = {"components-root": spec["root"]}
        for name, component in spec["components"].items():
            if "dag" in component:
                said[f"components-{name}"] = component
                continue
            said[f"components-{64 * '0'}{name}"] = component
            said[f"implementations-{64 * '0'}{name}"] = self.pipeline.container(component)
            said[f"kubernetes-{name}"] = self.pipeline.asked[component["executorLabel"]]
        return {name: text(value) for name, value in said.items()}

    def _templates(self) -> Iterator[Json]:
        """The graphs. Templates of drivers and pods are the same in every pipeline: `_SYSTEM`."""
        yield {"name": "system", "container": _SYSTEM * "x"}
        spec = self.pipeline.spec
        for name, component in {"root": spec["root"], **spec["components"]}.items():
            for key, task in component.get("dag", {}).get("tasks", {}).items():
                # A loop's task stands in the template of the loop and in that of its iteration.
                for _ in range(2 if "parameterIterator" in task else 1):
                    yield {"name": name, "dag": {"tasks": [_call(key, task)]}}

    def _loop(self, name: str, place: str, task: Json, values: Mapping[str, Any]) -> None:
        component = self.pipeline.component(task)
        inside = self._inputs(task, values)
        ((inner, step),) = component["dag"]["tasks"].items()
        place = self._node(name, place, {"parent-dag-id": "1"})
        shared = {"component": text(component), "task": text(task), "task-name": name}
        self._driver("iteration-driver", place, shared)
        self._node("iteration-iterations", place, {})
        for index in range(self.shards):
            which = {"iteration-index": str(index), "parent-dag-id": "12"}
            one = self._node(f"iteration-iterations({index}:{index})", place, which)
            self._driver("iteration-item-driver", one, shared | which)
            one = self._node("iteration-item", one, {"parent-dag-id": "12"})
            item = {task["parameterIterator"]["itemInput"]: _address(index, self.shards)}
            self._step(inner, one, step, inside | item)

    def _step(self, name: str, place: str, task: Json, values: Mapping[str, Any]) -> None:
        """A step: what its driver is given and answers, and what its pod is given."""
        component = self.pipeline.component(task)
        asked = self.pipeline.asked[component["executorLabel"]]
        given = {
            "component": text(component),
            "container": text(self.pipeline.container(component)),
            "kubernetes-config": text(asked),
            "task": text(task),
            "task-name": name,
            "parent-dag-id": "15",
        }
        named = self.pipeline.spec["pipelineInfo"]["name"]
        inputs = self._inputs(task, values)
        made = text(
            patch(name, named, component, self.pipeline.container(component), asked, inputs, values)
        )
        told = {"cached-decision": "false", "condition": "true", "pod-spec-patch": made}
        usual = {"iteration-index": "-1"}
        self._node(f"{name}-driver", place, usual | given, told)
        labels = asked.get("podMetadata", {}).get("labels", {})
        marks = {
            f"pod-metadata-label-{part}-{number}": word
            for number, pair in enumerate(labels.items(), 1)
            for part, word in zip(("key", "val"), pair, strict=True)
        }
        given = {"pod-spec-patch": made, **marks}
        place = self._node(name, place, {"cached-decision": "false", **given})
        self._node("executor", place, given, {})

    def _driver(self, name: str, place: str, given: Mapping[str, str]) -> None:
        """The driver of a graph."""
        usual = {"driver-type": "DAG", "iteration-index": "-1", "parent-dag-id": "0"}
        usual |= {"runtime-config": "", "task": "", "task-name": ""}
        told = {"condition": "true", "execution-id": "14", "iteration-count": "0"}
        self._node(name, place, usual | dict(given), told)

    def _node(
        self,
        name: str,
        place: str,
        given: Mapping[str, str],
        told: Mapping[str, str] | None = None,
    ) -> str:
        """Add a node, and its attempt; `told` are a pod's outputs, None is a graph. Its place."""
        path = f"{place}.{name}" if place else name
        attempts = ["", "(0)"] if self.retried else [""]
        for attempt in attempts:
            node = {
                "boundaryID": f"{RUN}-1234567890",
                "children": [f"{RUN}-1234567890"],
                "displayName": name + attempt,
                "finishedAt": _TIME,
                "id": f"{RUN}-{len(self.nodes):010}",
                "name": path + attempt,
                "phase": "Succeeded",
                "progress": "1/1",
                "resourcesDuration": {"cpu": 0, "memory": 12},
                "startedAt": _TIME,
                "templateName": "system-container-driver" if told else place.rpartition(".")[2],
                "templateScope": f"local/{RUN}",
                "type": "Pod" if told is not None and attempt == attempts[-1] else "Retry",
            }
            if given:
                node["inputs"] = _parameters(given)
            if told is not None:
                log = {"key": f"artifacts/{RUN}/2026/11/28/{RUN}-1234567890/main.log"}
                node["outputs"] = {"artifacts": [{"name": "main-logs", "s3": log}], "exitCode": "0"}
                node["outputs"] |= _parameters(told, **_PATHS)
                node["hostNodeName"] = "node"
            if attempt:
                node["nodeFlag"] = {"retried": True}
            self.nodes[node["id"]] = node
        return path + attempts[-1]

    def _inputs(self, task: Json, values: Mapping[str, Any]) -> dict[str, Any]:
        """What a task is given, by name, as far as it can be known without a cluster."""
        found: Json = {}
        for name, entry in task.get("inputs", {}).get("parameters", {}).items():
            if "componentInputParameter" in entry:
                found[name] = values[entry["componentInputParameter"]]
            elif "taskOutputParameter" in entry:
                output = entry["taskOutputParameter"]
                found[name] = self._output(output["producerTask"], output["outputParameterKey"])
            else:
                found[name] = entry["runtimeValue"]["constant"]
        for name, value in found.items():
            if isinstance(value, str):
                found[name] = filled(value, found)
        return found

    def _output(self, step: str, name: str) -> Any:
        """What a step has answered: the pool that is given by default, shards, or a key."""
        task = self.pipeline.spec["root"]["dag"]["tasks"][step]
        outputs = self.pipeline.component(task)["outputDefinitions"]["parameters"]
        if name in (pool := self.values.get("spot", {})):
            return pool[name]
        if outputs[name]["parameterType"] == "LIST":
            return [_address(index, self.shards) for index in range(self.shards)]
        return _KEY


_SYSTEM = 15_000
"""Characters of the templates of drivers and pods, and of all else that Workflows have in common:
fitted to the sizes of two other pipelines at their creation."""
_PATHS = {
    name: f"/tmp/outputs/{name}"
    for name in ("pod-spec-patch", "cached-decision", "condition", "execution-id")
} | {"iteration-count": "/tmp/outputs/iteration-count"}


def _parameters(values: Mapping[str, str], **paths: str) -> Json:
    """Parameters as Argo lists them, with the files that they were read from."""
    listed: list[Json] = []
    for name, value in values.items():
        entry: Json = {"name": name, "value": value}
        if name in paths:
            entry["valueFrom"] = {"default": "", "path": paths[name]}
        listed.append(entry)
    return {"parameters": listed} if listed else {}


def _call(name: str, task: Json) -> Json:
    component = task["componentRef"]["name"]
    given = {
        "component": f"{{{{workflow.parameters.components-{64 * '0'}{component}}}}}",
        "container": f"{{{{workflow.parameters.implementations-{64 * '0'}{component}}}}}",
        "kubernetes-config": f"{{{{workflow.parameters.kubernetes-{component}}}}}",
        "task": text(task),
        "task-name": name,
        "parent-dag-id": "{{inputs.parameters.parent-dag-id}}",
        "pod-spec-patch": f"{{{{tasks.{name}-driver.outputs.parameters.pod-spec-patch}}}}",
        "cached-decision": f"{{{{tasks.{name}-driver.outputs.parameters.cached-decision}}}}",
    }
    return {"arguments": _parameters(given), "name": name, "template": "system-dag-driver"}


def _address(index: int, shards: int) -> str:
    """A shard's address, as long as those of `runs/sharding.py`."""
    return f"{_KEY}/first-order-{index:03d}-of-{shards:03d}"


def _ordered(tasks: Mapping[str, Json]) -> Iterator[tuple[str, Json]]:
    """Tasks in an order in which they can run."""
    left = dict(tasks)
    while left:
        ready = [name for name in left if not set(left[name].get("dependentTasks", ())) & set(left)]
        yield ready[0], left.pop(ready[0])


@dataclass(frozen=True)
class Size:
    """How large the Workflow of a pipeline grows, in bytes.

    Attributes:
        base: without iterations.
        iteration: what an iteration adds.
        loops: how many loops there are.
    """

    base: float
    iteration: float
    loops: int

    def at(self, shards: int) -> float:
        """With so many shards in each loop."""
        return self.base + self.loops * shards * self.iteration

    def most(self, compression: float) -> int:
        """The most shards a loop with which Argo can still keep the nodes."""
        return int((LIMIT * compression - self.base) / self.loops / self.iteration)


def size(pipeline: Pipeline, values: Mapping[str, Any], *, retried: bool, until: str = "") -> Size:
    """The size of a run's Workflow, by two runs that differ in their shards alone.

    What an iteration adds to the lists of shards, which the step after a loop takes, is counted in.
    """
    tasks = pipeline.spec["root"]["dag"]["tasks"]
    loops = sum("parameterIterator" in task for task in tasks.values())
    few, many = (Run(pipeline, values, n, retried, until).size() for n in (2, MOST_SHARDS))
    iteration = (many - few) / (MOST_SHARDS - 2) / loops
    return Size(few - 2 * loops * iteration, iteration, loops)


@dataclass(frozen=True)
class Measured:
    """A real run, and what the model makes of it.

    Attributes:
        facts: what was run where, and the moment that the sizes are of.
        whole, iteration: bytes.
        compression: how many times smaller Argo has made the nodes.
        modelled: of the same run.
    """

    facts: Json
    whole: float
    iteration: float
    compression: float
    modelled: Size

    @property
    def correction(self) -> float:
        """How many times larger a real iteration is than the model's."""
        return self.iteration / self.modelled.iteration


def measured() -> Measured:
    """The run that was measured."""
    facts = json.loads((_MEASURED / "run.json").read_text(encoding="utf-8"))
    pipeline = Pipeline.read(_MEASURED / "taxonomy.yaml")
    modelled = size(pipeline, facts["parameters"], retried=True, until=facts["until"])
    return Measured(
        facts=facts,
        whole=facts["bytes"],
        iteration=facts["bytes_an_iteration"],
        compression=facts["compression"],
        modelled=modelled,
    )


def current(name: str, *, retried: bool) -> Size:
    """The size of a pipeline of pipelines/, with the places of the run that was measured."""
    pipeline = Pipeline.read(shipped("pipelines", f"{name}.yaml"))
    given = {"store": "s3://taskonomy/store", "source": "/data", "taxonomy": _KEY, "task": "/t.py"}
    known = pipeline.spec["root"]["inputDefinitions"]["parameters"]
    values = {key: value for key, value in given.items() if key in known}
    return size(pipeline, values, retried=retried)


def main() -> int:
    """Print the table."""
    was = measured()
    shards = was.facts["shards"]
    print(f"measured: {was.facts['measured_on']}")
    print(f"{'':24}{'measured':>12}{'modelled':>12}{'error':>8}")
    for words, real, model in (
        (f"whole, {shards} shards a loop", was.whole, was.modelled.at(shards)),
        ("an iteration", was.iteration, was.modelled.iteration),
    ):
        print(f"{words:24}{_kb(real)}{_kb(model)}{model / real - 1:8.1%}")
    print(f"\nmodelled, times {was.correction:.3f} for the error of an iteration; Argo compresses")
    print(f"nodes from 1 MiB on, {was.compression:.0f} times in the measured run")
    print(f"{'pipeline':12}{'retries':>9}{'iteration':>12}{'2 shards':>12}", end="")
    print(f"{f'{MOST_SHARDS} shards':>12}{'compressed':>12}{'most shards':>13}")
    for name in ROADS:
        for retried in (True, False):
            found = current(name, retried=retried)
            sizes = (found.iteration, found.at(2), found.at(MOST_SHARDS))
            whole = [_kb(of * was.correction) for of in sizes]
            compressed = found.at(MOST_SHARDS) * was.correction / was.compression
            most = found.most(was.compression / was.correction)
            print(f"{name:12}{'default' if retried else 'none':>9}{''.join(whole)}", end="")
            print(f"{_kb(compressed)}{most:13}")
    return 0


def _kb(size: float) -> str:
    return f"{size / 1000:9.1f} kB"


if __name__ == "__main__":
    sys.exit(main())
