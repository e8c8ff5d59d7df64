"""What the compiled pipelines ask of a cluster is what k8s/ gives, by parameters and by reference.

kfp.local reads none of it, and no cluster is here: this is held on what would be submitted.
"""

from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from .conftest import PIPELINES, ROADS, ROOT, pipeline, steps

PLANS = {
    "train-task": "plan",
    "train-transfers": "plan-2",
    "train-transfers-2": "select-candidates",
}
INSERTING = {"train-novel": "plan-novel", "train-novel-2": "select-novel"}
TRAINING = {*PLANS, *INSERTING}
TRAINED = [
    *((road, step, plan) for road in ROADS for step, plan in PLANS.items()),
    *(("novel_task", step, plan) for step, plan in INSERTING.items()),
]
"""Every step of training, and the step that chooses its pool."""
TELLING = {
    **{road: {*PLANS, "publish"} for road in ROADS},
    "novel_task": {*INSERTING, "solve-novel"},
    "resolve": set(),
}
"""The steps that tell MLflow."""


def objects(path: str) -> dict[str, dict[str, Any]]:
    """A manifest's objects, by kind and name."""
    loaded = yaml.safe_load_all((ROOT / "k8s" / path).read_text())
    return {f"{item['kind']}/{item['metadata']['name']}": item for item in loaded}


def parameters(value: Any) -> Iterator[str]:
    """Every parameter of the enclosing graph that a part of a step's configuration names."""
    if isinstance(value, dict):
        if "componentInputParameter" in value:
            yield value["componentInputParameter"]
        for inner in value.values():
            yield from parameters(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from parameters(inner)


@pytest.mark.parametrize("name", PIPELINES)
def test_every_step_states_limits_that_are_its_requests_and_only_training_asks_for_gpus(
    name: str,
) -> None:
    spec, _ = pipeline(name)
    for key, step in steps(spec).items():
        component = spec["components"][step["componentRef"]["name"]]
        container = spec["deploymentSpec"]["executors"][component["executorLabel"]]["container"]
        resources = container["resources"]
        # Kubernetes takes a limit for the request where none is said.
        assert {"resourceCpuLimit", "resourceMemoryLimit"} <= set(resources)
        assert not {"resourceCpuRequest", "resourceMemoryRequest"} & set(resources)
        assert ("accelerator" in resources) == (key in TRAINING)


@pytest.mark.parametrize(("name", "step", "plan"), TRAINED)
def test_the_pool_that_a_plan_has_chosen_reaches_the_pods_of_its_loop(
    name: str, step: str, plan: str
) -> None:
    spec, platform = pipeline(name)
    config = platform[f"exec-{step}"]
    assert list(parameters(config["nodeSelector"])) == [f"pipelinechannel--{plan}-selector"]
    assert list(parameters(config["tolerations"])) == [f"pipelinechannel--{plan}-tolerations"]
    assert list(parameters(config["nodeAffinity"])) == [f"pipelinechannel--{plan}-affinity"]
    accelerator = spec["deploymentSpec"]["executors"][f"exec-{step}"]["container"]["resources"][
        "accelerator"
    ]
    for field, output in (("resourceType", "gpu"), ("resourceCount", "gpus")):
        name = f"pipelinechannel--{plan}-{output}"
        assert accelerator[field] == f"{{{{$.inputs.parameters['{name}']}}}}"
        # Kubeflow fills in strings and nothing else: a number would become an empty word.
        assert inputs_around(spec, step)[name]["parameterType"] == "STRING"


@pytest.mark.parametrize("name", PIPELINES)
def test_what_a_step_s_configuration_names_is_there_where_it_runs(name: str) -> None:
    # Inside a loop a name of the outer graph is not (kubeflow/pipelines#13078).
    spec, platform = pipeline(name)
    for key in steps(spec):
        assert set(parameters(platform[f"exec-{key}"])) <= set(inputs_around(spec, key))


@pytest.mark.parametrize("name", PIPELINES)
def test_secrets_are_named_not_held_and_are_those_that_k8s_describes(name: str) -> None:
    spec, platform = pipeline(name)
    described = yaml.safe_load((ROOT / "k8s" / "secrets.yaml").read_text())
    defaults = spec["root"]["inputDefinitions"]["parameters"]
    for config in platform.values():
        taken = {}
        for secret in config["secretAsEnv"]:
            parameter = secret["secretNameParameter"]["componentInputParameter"]
            default = defaults[parameter.removeprefix("pipelinechannel--")]["defaultValue"]
            for key in secret["keyToEnv"]:
                assert secret.get("optional") or key["secretKey"] in described[default]["keys"]
                taken[key["envVar"]] = default
        # A pod logs through MLflow's server: it never holds a password of the database.
        assert set(taken.values()) <= {"object-store", "mlflow-client"}
        assert "AWS_SECRET_ACCESS_KEY" in taken
    told = {key for key, config in platform.items() if "mlflow_secret" in str(config)}
    assert told == {f"exec-{key}" for key in TELLING[name]}


@pytest.mark.parametrize("name", PIPELINES)
def test_only_training_waits_in_the_queue_that_k8s_makes(name: str) -> None:
    _, platform = pipeline(name)
    queues = objects("queues/queues.yaml")
    for key, config in platform.items():
        labels = config.get("podMetadata", {}).get("labels", {})
        assert bool(labels) == (key.removeprefix("exec-") in TRAINING)
        if labels:
            assert f"LocalQueue/{labels['kueue.x-k8s.io/queue-name']}" in queues
            priority = labels["kueue.x-k8s.io/priority-class"]
            assert f"WorkloadPriorityClass/{priority}" in queues


@pytest.mark.parametrize(
    ("pool", "flavor"), [("spot", "taxonomy-spot"), ("on_demand", "taxonomy-on-demand")]
)
def test_the_default_pools_are_the_flavors_of_the_queue(pool: str, flavor: str) -> None:
    spec, _ = pipeline("taxonomy")
    default = spec["root"]["inputDefinitions"]["parameters"][pool]["defaultValue"]
    queues = objects("queues/queues.yaml")
    made = queues[f"ResourceFlavor/{flavor}"]["spec"]
    assert default["selector"] == made["nodeLabels"]
    assert default["tolerations"] == made["tolerations"]
    covered = queues["ClusterQueue/taskonomy"]["spec"]["resourceGroups"][0]["coveredResources"]
    assert default["gpu"] in covered


@pytest.mark.parametrize("name", PIPELINES)
def test_a_pod_has_a_disk_of_its_own_no_shared_volume_and_no_rights(name: str) -> None:
    _, platform = pipeline(name)
    for config in platform.values():
        assert "pvcMount" not in config
        assert [mount["mountPath"] for mount in config["emptyDirMounts"]] == ["/tmp"]
        assert config["securityContext"] == {"runAsNonRoot": True}


@pytest.mark.parametrize("name", ROADS)
def test_what_people_look_at_are_few_pages_and_numbers(name: str) -> None:
    spec, _ = pipeline(name)
    shown = {
        output: entry["artifactType"]["schemaTitle"]
        for output, entry in spec["components"]["comp-publish"]["outputDefinitions"][
            "artifacts"
        ].items()
    }
    assert shown == {
        "report": "system.HTML",
        "affinities": "system.HTML",
        "taxonomies": "system.HTML",
        "summary": "system.Markdown",
        "card": "system.Markdown",
        "figures": "system.Metrics",
    }


def inputs_around(spec: dict[str, Any], key: str) -> dict[str, Any]:
    """The parameters of the graph, or the loop, that a step runs in."""
    for component in (spec["root"], *spec["components"].values()):
        if key in component.get("dag", {}).get("tasks", {}):
            found: dict[str, Any] = component["inputDefinitions"]["parameters"]
            return found
    raise AssertionError(key)
