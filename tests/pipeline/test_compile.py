"""The compiled pipelines are the committed ones, and keep to what Kubeflow can run."""

import ast
import json
from collections.abc import Callable, Iterator
from importlib import import_module
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml

from taskonomy.config import load
from taskonomy.dictionary import DICTIONARY
from taskonomy.runs.configuration import FIELDS, effective
from taskonomy.runs.sharding import addresses, first_order, task_shards, transfer_shards
from taskonomy.training.job import Job

from .conftest import PIPELINES, ROADS, ROOT, dags, pipeline, steps

FOLDERS = sorted(path.parent for path in (ROOT / "components").glob("*/component.py"))
TRAINED = (*ROADS, "novel_task")
"""The pipelines whose runs have a configuration."""
LONGEST_PARAMETER = 10_000
"""Characters; Kubeflow cuts off what is longer (kubeflow/pipelines#12510)."""


@pytest.fixture(scope="module")
def checkout() -> Iterator[Callable[[str], Any]]:
    """Imports from the checkout's own packages, which are not installed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(ROOT))
        yield import_module


@pytest.fixture(scope="module")
def compiled(checkout: Callable[[str], Any], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pipelines, compiled anew."""
    folder = tmp_path_factory.mktemp("compiled")
    checkout("pipelines.__main__").compile_to(folder)
    return folder


@pytest.mark.parametrize("name", PIPELINES)
def test_a_committed_pipeline_is_what_the_source_compiles_to(name: str, compiled: Path) -> None:
    committed = ROOT / "pipelines" / f"{name}.yaml"
    assert committed.read_text() == (compiled / committed.name).read_text(), "run `make pipeline`"


@pytest.mark.parametrize(("name", "count"), [*((road, 3) for road in ROADS), ("novel_task", 2)])
def test_loops_are_flat_hold_one_step_and_run_over_ids_that_a_step_has_listed(
    name: str, count: int
) -> None:
    spec, _ = pipeline(name)
    loops = {
        name: step
        for name, step in spec["root"]["dag"]["tasks"].items()
        if "parameterIterator" in step
    }
    assert len(loops) == count
    for loop in loops.values():
        # The length of the list is not in the pipeline, so its size is the same for any number of
        # tasks; and kfp.local takes a loop's items from no output but `Output`.
        items = loop["parameterIterator"]["items"]["inputParameter"]
        assert loop["inputs"]["parameters"][items]["taskOutputParameter"]["outputParameterKey"] == (
            "Output"
        )
        (step,) = spec["components"][loop["componentRef"]["name"]]["dag"]["tasks"].values()
        assert "parameterIterator" not in step
        item = step["inputs"]["parameters"]["shard"]["componentInputParameter"]
        assert item.endswith("-loop-item")


@pytest.mark.parametrize("name", PIPELINES)
def test_nothing_is_used_that_kubeflow_ignores_or_breaks_on(name: str) -> None:
    spec, _ = pipeline(name)
    for dag in dags(spec).values():
        assert len(dag["tasks"]) <= 100
        for step in dag["tasks"].values():
            # Retries are ignored in loops, and exit handlers with loops fail.
            assert not {"retryPolicy", "triggerPolicy"} & set(step)
    assert len((ROOT / "pipelines" / f"{name}.yaml").read_bytes()) < 200_000


@pytest.mark.parametrize("name", ROADS)
def test_stages_run_in_the_order_of_the_road(name: str) -> None:
    spec, _ = pipeline(name)
    tasks = spec["root"]["dag"]["tasks"]
    order = ["version-data", "plan", "for-loop-1", "plan-2", "for-loop-2", "select-candidates"]
    order += ["for-loop-3", "compute-affinity", "solve-taxonomy", "evaluate", "publish"]
    if name == "retrain":
        order.insert(2, "preview")
    assert set(order) == set(tasks)
    for before, after in pairwise(order):
        assert before in tasks[after]["dependentTasks"]


@pytest.mark.parametrize("name", PIPELINES)
def test_every_parameter_says_what_it_means_and_only_places_have_no_default(name: str) -> None:
    spec, _ = pipeline(name)
    parameters = spec["root"]["inputDefinitions"]["parameters"]
    assert [key for key, entry in parameters.items() if not entry.get("description")] == []
    required = {key for key, entry in parameters.items() if not entry.get("isOptional")}
    own = {"resolve": {"store", "affinity"}, "novel_task": {"store", "taxonomy", "task"}}
    assert required == own.get(name, {"store"})


@pytest.mark.parametrize("name", TRAINED)
def test_the_first_step_makes_the_configuration_and_the_others_take_its_key(name: str) -> None:
    spec, _ = pipeline(name)
    tasks = spec["root"]["dag"]["tasks"]
    (first,) = (key for key, step in tasks.items() if "profile" in given(step))
    asked = {*FIELDS, "profile", "overrides"}
    for key in asked:
        assert given(tasks[first])[key] == {"componentInputParameter": key}
    output = spec["components"][f"comp-{first}"]["outputDefinitions"]
    assert output["parameters"]["config"] == {"parameterType": "STRING"}
    assert output["artifacts"]["configuration"]["artifactType"]["schemaTitle"] == "system.Markdown"
    for key, step in tasks.items():
        assert key == first or not asked & set(given(step))
        if "parameterIterator" in step:
            # The plan of a shard names the configuration: a loop carries no key of it at all.
            assert not [entry for entry in given(step) if "config" in entry]
        elif key != first:
            key_of = given(step)["config"]["taskOutputParameter"]
            assert key_of == {"outputParameterKey": "config", "producerTask": first}


def given(step: dict[str, Any]) -> dict[str, Any]:
    """What a step takes, by name."""
    taken: dict[str, Any] = step["inputs"]["parameters"]
    return taken


@pytest.mark.parametrize("name", TRAINED)
def test_an_empty_form_is_the_demo_profile(name: str) -> None:
    spec, _ = pipeline(name)
    defaults = {
        key: entry.get("defaultValue", "")
        for key, entry in spec["root"]["inputDefinitions"]["parameters"].items()
    }
    fields = {key: defaults[key] for key in FIELDS}
    made = effective(profile=defaults["profile"], overrides=defaults["overrides"], **fields)
    assert made.to_json() == load(ROOT / "params.yaml", "demo").to_json()


def test_three_thousand_transfers_take_at_most_120_iterations() -> None:
    config = load(ROOT / "params.yaml", "paper")
    shards, names = config.shards, DICTIONARY.names
    first = first_order(DICTIONARY, names, config)
    higher = [
        Job("transfer", target, sources, 16_000)
        for target in DICTIONARY.targets
        for order in (2, 3)
        for sources in list(combinations(sorted(names), order))[:60]
    ]
    assert len(first) + len(higher) > 3000
    loops = [
        task_shards(DICTIONARY, names, shards),
        transfer_shards(DICTIONARY, first, shards, "first-order"),
        transfer_shards(DICTIONARY, higher, shards, "higher-order"),
    ]
    assert sum(map(len, loops)) <= 120
    for loop in loops:
        assert len(json.dumps(addresses("0" * 20, loop))) < LONGEST_PARAMETER


def test_two_hundred_tasks_take_no_more_iterations_than_26() -> None:
    shards = load(ROOT / "params.yaml", "paper").shards
    jobs = [
        Job("transfer", target, (f"task_{source:03d}",), 16_000)
        for target in DICTIONARY.targets
        for source in range(200)
    ]
    assert len(transfer_shards(DICTIONARY, jobs, shards, "first-order")) <= 40


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_a_component_calls_its_stage_and_its_readme_is_generated(
    folder: Path, checkout: Callable[[str], Any]
) -> None:
    metadata = yaml.safe_load((folder / "metadata.yaml").read_text())
    assert metadata["name"] == folder.name
    assert metadata["stage"] == folder.name.replace("_", "-")

    (function,) = (
        node
        for node in ast.parse((folder / "component.py").read_text()).body
        if isinstance(node, ast.FunctionDef)
    )
    module, _, name = metadata["work"].rpartition(".")
    imported = {
        (node.module, alias.name)
        for node in ast.walk(function)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    called = {ast.unparse(node.func) for node in ast.walk(function) if isinstance(node, ast.Call)}
    assert (module, name) in imported
    assert name in called
    assert callable(getattr(import_module(module), name))

    assert checkout("components.__main__").readme(folder) == (folder / "README.md").read_text(), (
        "run `make pipeline`"
    )


@pytest.mark.parametrize("name", PIPELINES)
def test_a_step_runs_in_the_image_that_its_metadata_names_and_knows_it(name: str) -> None:
    spec, _ = pipeline(name)
    for folder in FOLDERS:
        metadata = yaml.safe_load((folder / "metadata.yaml").read_text())
        for label, executor in spec["deploymentSpec"]["executors"].items():
            if label.removeprefix("exec-").rstrip("-23") != metadata["stage"]:
                continue
            container = executor["container"]
            assert container["image"].startswith(f"taskonomy/{metadata['image']}:")
            assert {"name": "TASKONOMY_IMAGE", "value": container["image"]} in container["env"]
            named = {"name": "TASKONOMY_PIPELINE", "value": spec["pipelineInfo"]["name"]}
            assert named in container["env"]
            # The image holds the component: no text of a program travels with every pod.
            assert container["command"] == ["python3", "-m", "taskonomy.execution.component"]
            assert container["args"] == ["kfp.dsl.executor_main", folder.name, "{{$}}"]


def test_every_step_has_a_name_for_people() -> None:
    for name in PIPELINES:
        for key, step in steps(pipeline(name)[0]).items():
            assert step["taskInfo"]["name"] != key
            assert " " in step["taskInfo"]["name"] or step["taskInfo"]["name"] in {
                "Evaluate",
                "Publish",
            }
            # Not even a key: Kubeflow's cache knows neither the code nor the store.
            assert step["cachingOptions"] == {}
