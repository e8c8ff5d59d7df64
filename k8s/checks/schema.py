"""Objects against Kubernetes' schemas of two versions, and custom resources against k8s/schemas."""

import json
from collections.abc import Iterator
from functools import cache
from typing import Any

import jsonschema
import kubernetes_validate
import yaml

from k8s.checks.manifests import ROOT, Finding, Object, Overlay

VERSIONS = ("1.33", "1.37")


def check(overlay: Overlay) -> Iterator[Finding]:
    """Fields, types and required values."""
    for item in overlay.objects:
        for line in sorted(set(_faults(json.dumps(item)))):
            yield Finding(overlay.where(item), line, "what the schema allows")


@cache  # the overlays share most of their objects
def _faults(text: str) -> tuple[str, ...]:
    item = json.loads(text)
    custom = custom_schemas().get((item["apiVersion"], item["kind"]))
    if custom is not None:
        found = jsonschema.Draft202012Validator(custom).iter_errors(item)
        return tuple(_line(error) for error in found)
    return tuple(_builtin(item))


def _builtin(item: Object) -> Iterator[str]:
    without = []
    for version in VERSIONS:
        try:
            kubernetes_validate.validate(item, version, strict=True)
        except kubernetes_validate.ValidationError as error:
            yield _line(error)
        except kubernetes_validate.SchemaNotFoundError:
            without.append(version)
    if without:
        kind = f"{item['apiVersion']} {item['kind']}"
        yield f"no schema of {kind} in Kubernetes {', '.join(without)} nor in k8s/schemas"


@cache
def custom_schemas() -> dict[tuple[str, str], dict[str, Any]]:
    """The schema of each custom resource, by apiVersion and kind."""
    files = [yaml.safe_load(path.read_text()) for path in (ROOT / "schemas").glob("*.yaml")]
    return {(file["apiVersion"], file["kind"]): file["openAPIV3Schema"] for file in files}


def _line(error: jsonschema.ValidationError) -> str:
    place = ".".join(str(part) for part in error.path) or "the object"
    return f"{place}: {error.message.splitlines()[0]}"
