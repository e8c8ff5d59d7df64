"""What Kubeflow's driver answers for a step: how its pod differs from every other's.

As `initPodSpecPatch` and `extendPodSpecPatch` of Kubeflow Pipelines 2.17 make it. The addresses are
those of an installation by its manifests.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

Json = dict[str, Any]
RUN, IDENTITY = "taxonomy-ztfh6", "6ba6dc39-a69c-4161-a4e2-42b2c6931041"
_INPUT = re.compile(r"\{\{\$\.inputs\.parameters\['([^']+)'\]\}\}")


def text(value: Any) -> str:
    """A value as Go writes JSON, the shortest way."""
    plain = json.dumps(value, separators=(",", ":"), ensure_ascii=False, sort_keys=True)
    return plain.replace("&", r"\u0026").replace("<", r"\u003c").replace(">", r"\u003e")


def filled(word: str, inputs: Mapping[str, Any]) -> str:
    """A word with the inputs that it names."""
    return _INPUT.sub(lambda match: str(inputs[match[1]]), word)


def patch(
    name: str,
    pipeline: str,
    component: Json,
    container: Json,
    asked: Json,
    inputs: Mapping[str, Any],
    around: Mapping[str, Any],
) -> Json:
    """The patch of a step's pod.

    Args:
        name: the step.
        pipeline: its pipeline.
        component, container: the step's, as compiled.
        asked: what the step asks of Kubernetes, as compiled.
        inputs: the step's inputs.
        around: the inputs of the graph or loop that it stands in.
    """
    options = _launcher(
        pipeline, text(_executor_input(name, pipeline, component, inputs)), text(component)
    )
    mounts = asked.get("emptyDirMounts", ())
    main = {
        "name": "main",
        "image": container["image"],
        "command": options,
        "args": [filled(word, inputs) for word in (*container["command"], *container["args"])],
        "env": [*container.get("env", ()), *_environment(asked, around)],
        "resources": _amounts(container["resources"], inputs),
        "volumeMounts": [
            {"name": one["volumeName"], "mountPath": one["mountPath"]} for one in mounts
        ],
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "runAsNonRoot": True,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
    }
    made: Json = {
        "containers": [main],
        "volumes": [
            {"name": one["volumeName"], "emptyDir": {"sizeLimit": one["sizeLimit"]}}
            for one in mounts
        ],
    }
    if "nodeSelector" in asked:
        made["nodeSelector"] = _resolved(asked["nodeSelector"]["nodeSelectorJson"], around)
        (toleration,) = asked["tolerations"]
        made["tolerations"] = _resolved(toleration["tolerationJson"], around)
    return made


def _amounts(resources: Json, inputs: Mapping[str, Any]) -> Json:
    names = {
        "limits": {"cpu": "resourceCpuLimit", "memory": "resourceMemoryLimit"},
        "requests": {"cpu": "resourceCpuRequest", "memory": "resourceMemoryRequest"},
    }
    amounts: Json = {
        kind: {key: filled(resources[of], inputs) for key, of in keys.items() if of in resources}
        for kind, keys in names.items()
    }
    if "accelerator" in resources:
        gpu = resources["accelerator"]
        kind = filled(gpu["resourceType"], inputs)
        amounts["limits"][kind] = filled(gpu["resourceCount"], inputs)
    return {kind: of for kind, of in amounts.items() if of}


def _executor_input(name: str, pipeline: str, component: Json, inputs: Mapping[str, Any]) -> Json:
    """What the step's program reads."""
    outputs = component.get("outputDefinitions", {})
    place = f"{pipeline}/{IDENTITY}/{name}/{IDENTITY}"
    root = f"minio://mlpipeline/v2/artifacts/taskonomy/{place}"
    artifacts = {key: of["artifactType"] for key, of in outputs.get("artifacts", {}).items()} | {
        "executor-logs": {"schemaTitle": "system.Artifact"}
    }
    return {
        "inputs": {"parameterValues": dict(inputs)},
        "outputs": {
            "parameters": {
                key: {"outputFile": f"/tmp/kfp/outputs/{key}"}
                for key in outputs.get("parameters", {})
            },
            "artifacts": {
                key: {
                    "artifacts": [
                        {"name": key, "type": kind, "uri": f"{root}/{key}", "metadata": {}}
                    ]
                }
                for key, kind in artifacts.items()
            },
            "outputFile": f"/minio/mlpipeline/v2/artifacts/taskonomy/{place}/output_metadata.json",
        },
    }


def _launcher(pipeline: str, executor_input: str, component: str) -> list[str]:
    """The command around a step's program."""
    options = {
        "--executor_type": "container",
        "--pipeline_name": pipeline,
        "--run_id": IDENTITY,
        "--execution_id": "15",
        "--executor_input": executor_input,
        "--component_spec": component,
        "--pod_name": "$(KFP_POD_NAME)",
        "--pod_uid": "$(KFP_POD_UID)",
        "--ml_pipeline_server_address": "ml-pipeline.kubeflow.svc.cluster.local",
        "--ml_pipeline_server_port": "8887",
        "--mlmd_server_address": "metadata-grpc-service.kubeflow.svc.cluster.local",
        "--mlmd_server_port": "8080",
        "--publish_logs": "true",
        "--ca_cert_path": "",
        "--log_level": "1",
    }
    switches = ["--ml_pipeline_tls_enabled=false", "--metadata_tls_enabled=false"]
    switches += ["--cache_disabled=false", "--"]
    return ["/kfp-launcher/launch", *(word for pair in options.items() for word in pair), *switches]


def _environment(asked: Json, values: Mapping[str, Any]) -> Iterator[Json]:
    """Variables from secrets and from the pod's own fields."""
    for secret in asked.get("secretAsEnv", ()):
        name = _resolved(secret["secretNameParameter"], values)
        for key in secret["keyToEnv"]:
            source = {"key": key["secretKey"], "name": name, "optional": secret["optional"]}
            yield {"name": key["envVar"], "valueFrom": {"secretKeyRef": source}}
    for entry in asked.get("fieldPathAsEnv", ()):
        source = {"fieldPath": entry["fieldPath"]}
        yield {"name": entry["name"], "valueFrom": {"fieldRef": source}}


def _resolved(parameter: Json, values: Mapping[str, Any]) -> Any:
    return values[parameter["componentInputParameter"]]
