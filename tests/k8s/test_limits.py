"""What the pipeline's steps ask for fits into what the namespace and the queue give.

Steps state limits alone: Kubernetes takes a limit as the request.
"""

from pathlib import Path
from typing import Any

import yaml
from kubernetes.utils.quantity import parse_quantity

ROOT = Path(__file__).resolve().parents[2]


def steps() -> list[dict[str, Any]]:
    """The resources of every step of the compiled pipeline, with its parameters' defaults."""
    spec = next(yaml.safe_load_all((ROOT / "pipelines" / "taxonomy.yaml").read_text()))
    parameters = spec["root"]["inputDefinitions"]["parameters"]
    pool = parameters["spot"]["defaultValue"]

    def filled(value: Any) -> Any:
        if not isinstance(value, str):
            return value
        name = value.removeprefix("{{$.inputs.parameters['pipelinechannel--").removesuffix("']}}")
        kind = name.rpartition("-")[2]
        return pool[kind] if kind in pool else parameters.get(name, {}).get("defaultValue", value)

    executors = spec["deploymentSpec"]["executors"].values()
    return [
        {
            key: {inner: filled(text) for inner, text in value.items()}
            if isinstance(value, dict)
            else filled(value)
            for key, value in executor["container"]["resources"].items()
        }
        for executor in executors
    ]


def objects(path: str) -> dict[str, dict[str, Any]]:
    """The specifications of a manifest, by kind and name."""
    loaded = yaml.safe_load_all((ROOT / "k8s" / path).read_text())
    return {f"{item['kind']}/{item['metadata']['name']}": item.get("spec", {}) for item in loaded}


def test_every_step_fits_into_the_limit_range_and_the_quota() -> None:
    limits = objects("base/limits.yaml")
    most = parse_quantity(limits["LimitRange/defaults"]["limits"][0]["max"]["memory"])
    quota = limits["ResourceQuota/taskonomy"]["hard"]
    for step in steps():
        assert parse_quantity(step["resourceMemoryLimit"]) <= most
        assert parse_quantity(step["resourceMemoryLimit"]) <= parse_quantity(quota["limits.memory"])
        assert parse_quantity(step["resourceCpuLimit"]) <= parse_quantity(quota["requests.cpu"])


def test_every_training_step_fits_into_either_pool() -> None:
    (group,) = objects("queues/queues.yaml")["ClusterQueue/taskonomy"]["resourceGroups"]
    training = [step for step in steps() if "accelerator" in step]
    assert training
    for flavor in group["flavors"]:
        pool = {item["name"]: parse_quantity(item["nominalQuota"]) for item in flavor["resources"]}
        for step in training:
            assert parse_quantity(step["resourceCpuLimit"]) <= pool["cpu"]
            assert parse_quantity(step["resourceMemoryLimit"]) <= pool["memory"]
            gpus = step["accelerator"]["resourceCount"]
            assert parse_quantity(gpus) <= pool[step["accelerator"]["resourceType"]]
