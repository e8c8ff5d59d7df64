"""The rendered objects of an overlay, and what is declared about them beside it."""

import json
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[1]
WORKLOADS = ("Deployment", "StatefulSet", "DaemonSet", "Job")

Object = dict[str, Any]


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong: where, what was found, and what was expected."""

    where: str
    found: str
    expected: str

    def __str__(self) -> str:
        return f"{self.where}: {self.found}, expected {self.expected}"


@dataclass(frozen=True)
class Pod:
    """The pods of a workload: what owns them, their namespace, labels and specification."""

    owner: Object
    namespace: str
    labels: Mapping[str, str]
    spec: Object

    @property
    def containers(self) -> list[Object]:
        """Every container, those that run first included."""
        return [*self.spec.get("initContainers", []), *self.spec["containers"]]

    @property
    def ports(self) -> dict[str, int]:
        """The named ports."""
        return {
            port["name"]: port["containerPort"]
            for container in self.containers
            for port in container.get("ports", [])
            if "name" in port
        }


@dataclass(frozen=True)
class Overlay:
    """An overlay as it renders.

    Attributes:
        name: the overlay's.
        objects: what `kubectl kustomize` prints.
        flows: peers, and which traffic must pass between them and which must not (flows.yaml).
        secrets: the documented secrets, each with its keys (secrets.yaml).
    """

    name: str
    objects: list[Object]
    flows: dict[str, Any]
    secrets: Mapping[str, list[str]]

    def where(self, item: Object) -> str:
        """How a finding names an object: overlay, kind and name."""
        return f"{self.name}/{item['kind']}/{item['metadata']['name']}"

    def of(self, *kinds: str) -> list[Object]:
        """The objects of these kinds."""
        return [item for item in self.objects if item["kind"] in kinds]

    def names(self, kind: str, namespace: str | None = None) -> set[str]:
        """The names of the objects of a kind, in a namespace or cluster-wide."""
        return {
            item["metadata"]["name"]
            for item in self.of(kind)
            if item["metadata"].get("namespace") == namespace
        }

    @cached_property
    def pods(self) -> list[Pod]:
        """The pods of every workload."""
        return [
            Pod(
                owner=item,
                namespace=item["metadata"]["namespace"],
                labels=item["spec"]["template"]["metadata"].get("labels", {}),
                spec=item["spec"]["template"]["spec"],
            )
            for item in self.of(*WORKLOADS)
        ]


def read(folder: Path) -> Overlay:
    """Render an overlay and read what is declared beside it and for all."""
    common = yaml.safe_load((ROOT / "flows.yaml").read_text())
    own = yaml.safe_load((folder / "flows.yaml").read_text())
    listed = yaml.safe_load((ROOT / "secrets.yaml").read_text())
    flows = {
        "peers": common["peers"] | own["peers"],
        "allowed": common["allowed"] + own.get("allowed", []),
        "denied": common["denied"] + own.get("denied", []),
    }
    secrets = {name: list(secret["keys"]) for name, secret in listed.items()}
    return Overlay(folder.name, render(folder), flows, secrets)


def render(folder: Path) -> list[Object]:
    """What would be applied.

    Raises:
        ValueError: kustomize refuses the folder; its own line says why.
    """
    done = subprocess.run(
        ["kubectl", "kustomize", str(folder)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise ValueError(f"{folder.name}: {done.stderr.strip().splitlines()[-1]}")
    return [item for item in yaml.safe_load_all(done.stdout) if item]


def folders() -> list[Path]:
    """Every overlay."""
    return sorted(path.parent for path in (ROOT / "overlays").glob("*/kustomization.yaml"))


def matches(selector: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    """Whether a label selector (matchLabels, matchExpressions) selects these labels."""
    for key, value in selector.get("matchLabels", {}).items():
        if labels.get(key) != value:
            return False
    return all(_holds(item, labels) for item in selector.get("matchExpressions", []))


def _holds(expression: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    key, values = expression["key"], expression.get("values", [])
    match expression["operator"]:
        case "In":
            return labels.get(key) in values
        case "NotIn":
            return labels.get(key) not in values
        case "Exists":
            return key in labels
        case "DoesNotExist":
            return key not in labels
    raise ValueError(f"unknown operator {expression['operator']!r}")


def show(value: object) -> str:
    """A value or a selector in a line."""
    return json.dumps(value)


def walk(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """A value and everything below it, each with its dotted path."""
    yield path, value
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from walk(inner, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from walk(inner, f"{path}[{index}]")
