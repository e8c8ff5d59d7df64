"""The compiled pipeline is the committed one, and keeps to what Kubeflow can run."""

import ast
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml

from taskonomy import stages
from taskonomy.config import load

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = sorted(path.parent for path in (ROOT / "components").glob("*/component.py"))
TRAINING = {"train-task", "train-transfers", "train-transfers-2"}


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The pipeline, compiled anew."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(ROOT))
        from pipelines.taxonomy import compile_to

        path = tmp_path_factory.mktemp("compiled") / "taxonomy.yaml"
        compile_to(path)
        yield path


@pytest.fixture(scope="module")
def spec() -> dict[str, Any]:
    """The committed pipeline."""
    content: dict[str, Any] = yaml.safe_load((ROOT / "pipelines" / "taxonomy.yaml").read_text())
    return content


def dags(spec: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The pipeline's graph and those of its loops, by name."""
    inner = {name: part["dag"] for name, part in spec["components"].items() if "dag" in part}
    return {"root": spec["root"]["dag"], **inner}


def steps(spec: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Every step that runs a container, by name."""
    return {
        name: step
        for dag in dags(spec).values()
        for name, step in dag["tasks"].items()
        if "parameterIterator" not in step
    }


def test_the_committed_pipeline_is_what_the_source_compiles_to(compiled: Path) -> None:
    committed = ROOT / "pipelines" / "taxonomy.yaml"
    assert committed.read_text() == compiled.read_text(), "run `python -m pipelines.taxonomy`"


def test_loops_are_flat_hold_one_step_and_run_over_ids(spec: dict[str, Any]) -> None:
    loops = {
        name: step
        for name, step in spec["root"]["dag"]["tasks"].items()
        if "parameterIterator" in step
    }
    assert len(loops) == 3
    for loop in loops.values():
        (step,) = spec["components"][loop["componentRef"]["name"]]["dag"]["tasks"].values()
        assert "parameterIterator" not in step
        assert step["inputs"]["parameters"]["shard"]["componentInputParameter"].endswith(
            "-loop-item"
        )


def test_stages_run_in_the_order_of_the_road(spec: dict[str, Any]) -> None:
    tasks = spec["root"]["dag"]["tasks"]
    order = ["version-data", "plan", "for-loop-1", "plan-2", "for-loop-2", "select-candidates"]
    order += ["for-loop-3", "compute-affinity", "solve-taxonomy", "evaluate", "publish"]
    assert set(order) == set(tasks)
    for before, after in pairwise(order):
        assert before in tasks[after]["dependentTasks"]


def test_every_step_has_a_name_and_requests_and_only_training_asks_for_gpus(
    spec: dict[str, Any],
) -> None:
    executors = spec["deploymentSpec"]["executors"]
    for name, step in steps(spec).items():
        component = spec["components"][step["componentRef"]["name"]]
        container = executors[component["executorLabel"]]["container"]
        assert step["taskInfo"]["name"] != name
        # Not even a key: Kubeflow's cache knows neither the code nor the store.
        assert step["cachingOptions"] == {}
        assert {"resourceCpuRequest", "resourceMemoryRequest"} <= set(container["resources"])
        assert ("accelerator" in container["resources"]) == (name in TRAINING)
        assert not any("pip install" in word for word in container["command"])


@pytest.mark.parametrize("profile", ["demo", "full", "paper"])
def test_a_profile_fits_into_a_parameter(profile: str) -> None:
    assert len(load(ROOT / "params.yaml", profile).to_json()) < 10_000


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_a_component_calls_its_stage_and_says_what_it_takes(
    folder: Path, spec: dict[str, Any]
) -> None:
    component = spec["components"][f"comp-{folder.name.replace('_', '-')}"]
    metadata = yaml.safe_load((folder / "metadata.yaml").read_text())
    readme = (folder / "README.md").read_text()

    assert metadata["name"] == folder.name
    assert metadata["stage"] == folder.name.replace("_", "-")
    container = spec["deploymentSpec"]["executors"][component["executorLabel"]]["container"]
    assert container["image"].startswith(f"taskonomy/{metadata['image']}:")
    parameters = [
        *component["inputDefinitions"]["parameters"],
        *component["outputDefinitions"]["parameters"],
    ]
    assert [name for name in parameters if f"| `{name}` |" not in readme] == []
    (function,) = (
        node
        for node in ast.parse((folder / "component.py").read_text()).body
        if isinstance(node, ast.FunctionDef)
    )
    called = {ast.unparse(node.func) for node in ast.walk(function) if isinstance(node, ast.Call)}
    assert f"stages.{folder.name}" in called
    assert hasattr(stages, folder.name)
