"""Our server tells of a run as a real one does, where its answer is at hand."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from kfp_server_api import ApiClient, Configuration, V2beta1Run

from taskonomy.cluster.progress import failures, nodes, running

from .kubeflow import told
from .task_details import Steps

REAL = Path(__file__).resolve().parents[3] / "shared" / "cases" / "kubeflow" / "run.json"
WORKFLOW = "taxonomy-ztfh6"

STEPS: Steps = {
    "version-data": "SUCCEEDED",
    "plan": "SUCCEEDED",
    "for-loop-1": {"train-task": ["SUCCEEDED"] * 2},
    "plan-2": "SUCCEEDED",
    "for-loop-2": {"train-transfers": ["SUCCEEDED"] * 2},
    "select-candidates": "SUCCEEDED",
    "for-loop-3": {"train-transfers-2": ["SUCCEEDED"] * 2},
    "compute-affinity": "SUCCEEDED",
    "solve-taxonomy": "PENDING",
}
"""The real run, as far as its list of nodes had come when Argo began to compress them."""


@pytest.fixture(scope="module")
def real() -> dict[str, Any]:
    if not REAL.is_file():
        pytest.skip(f"{REAL.name}, what a real server answers, is not beside the checkout")
    answer: dict[str, Any] = json.loads(REAL.read_text())
    return answer


@pytest.fixture(scope="module")
def ours() -> dict[str, Any]:
    return json.loads(json.dumps(told("ztfh6", "SUCCEEDED", STEPS)))


def listed(answer: dict[str, Any]) -> list[dict[str, Any]]:
    details: list[dict[str, Any]] = answer["run_details"]["task_details"]
    return details


def test_every_node_of_a_real_run_is_one_of_ours(
    real: dict[str, Any], ours: dict[str, Any]
) -> None:
    def states(answer: dict[str, Any]) -> Counter[tuple[str, ...]]:
        return Counter((item["display_name"], item["state"]) for item in listed(answer))

    assert states(ours) == states(real)


def shape(value: Any) -> Any:
    """A value without its content: keys, and the shapes of entries."""
    if isinstance(value, dict):
        return {key: shape(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [shape(value[0])]
    return type(value).__name__


def test_a_node_says_what_a_real_one_says(real: dict[str, Any], ours: dict[str, Any]) -> None:
    def shapes(answer: dict[str, Any]) -> dict[str, Any]:
        return {item["display_name"]: shape(item) for item in listed(answer)}

    assert shapes(ours) == shapes(real)


def test_a_run_says_what_a_real_one_says(real: dict[str, Any], ours: dict[str, Any]) -> None:
    started = {"experiment_id", "display_name", "service_account"}
    started |= {"pipeline_version_reference", "runtime_config"}
    assert set(ours) == set(real) - started


@pytest.mark.parametrize("name", ["real", "ours"])
def test_the_steps_of_a_run(name: str, request: pytest.FixtureRequest) -> None:
    class Answer:
        data = json.dumps(request.getfixturevalue(name))

    run: V2beta1Run = ApiClient(Configuration()).deserialize(Answer(), "V2beta1Run")
    found = nodes(run)
    steps = Counter(node.name for node in found if node.step)
    assert steps == {
        **dict.fromkeys(("version-data", "plan", "plan-2", "select-candidates"), 1),
        **dict.fromkeys(("train-task", "train-transfers", "train-transfers-2"), 2),
        **dict.fromkeys(("compute-affinity", "solve-taxonomy"), 1),
    }
    assert running(found) == ["solve-taxonomy"]
    assert failures(found) == []
    assert run.state == "SUCCEEDED"
