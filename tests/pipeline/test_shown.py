"""What a run shows in Kubeflow, what it kept of its shards, what is told of the next one."""

import json
import os
import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import fsspec
import pytest
from mlflow import MlflowClient

from taskonomy.affinity import table
from taskonomy.config import load
from taskonomy.dictionary import DICTIONARY
from taskonomy.execution import kubeflow_pages
from taskonomy.runs import outcomes, sharding
from taskonomy.runs.context import Context
from taskonomy.stages import preview
from taskonomy.stages.plan import plan as lay_out
from taskonomy.stages.resolve import question, resolve
from taskonomy.stages.version_data import version_data
from taskonomy.store import Store
from taskonomy.tracking import training_log
from taskonomy.tracking.registry import Registered
from taskonomy.training.job import Job

from .conftest import PARAMS, TASKS, Run, tiny

# MLflow's own, when it opens its database.
pytestmark = pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SADeprecationWarning")


@dataclass
class Artifact:
    """What kfp hands to a component for each output."""

    path: str
    metadata: dict[str, Any] = field(default_factory=dict)


@pytest.fixture(scope="module")
def context(run: Run) -> Context:
    return Context.at(run.out, load(run.folder / "params.yaml", "tiny"))


@pytest.fixture(scope="module")
def plan(run: Run) -> str:
    (found,) = (run.out / "store" / "plan").iterdir()
    return found.name


@pytest.fixture(scope="module")
def shown(
    context: Context, plan: str, run: Run, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Artifact]:
    names = ("report", "affinities", "taxonomies", "summary", "card", "figures")
    folder = tmp_path_factory.mktemp("shown")
    made = {name: Artifact(str(folder / name / "file")) for name in names}
    (publication,) = (run.out / "store" / "publish").iterdir()
    kubeflow_pages.publication(context, plan, publication.name, **made)
    return made


def first_order(tasks: Sequence[str]) -> list[Job]:
    """The scratch networks and first-order readouts of the tiny run's tasks."""
    config = load(PARAMS, "demo", **tiny())
    return sharding.first_order(DICTIONARY, tasks, config)


@pytest.mark.parametrize("name", ["report", "affinities", "taxonomies"])
def test_a_page_needs_nothing_but_itself(name: str, shown: dict[str, Artifact]) -> None:
    page = Path(shown[name].path).read_text()
    assert len(page.encode()) < (8 if name == "report" else 1) * 2**20
    # A frame without an origin has no storage; without a network it fetches nothing.
    assert not re.search(r"localStorage|sessionStorage|indexedDB|cookie|fetch\(|XMLHttp", page)
    assert not re.search(r"""(src|href)=["']?(https?:)?//""", page)
    assert "<title>" in page


def test_the_pages_show_every_target_and_every_policy(shown: dict[str, Artifact]) -> None:
    matrix = Path(shown["affinities"].path).read_text()
    assert matrix.count('<th scope="row">') == len({job.target for job in first_order(TASKS)})
    graphs = Path(shown["taxonomies"].path).read_text()
    assert graphs.count('<figure class="policy"') == 6  # three budgets, two orders


def test_the_texts_say_what_was_trained_on_what(shown: dict[str, Artifact], run: Run) -> None:
    summary, card = (Path(shown[name].path).read_text() for name in ("summary", "card"))
    figures = shown["figures"].metadata
    assert len(figures) <= 12
    assert all(isinstance(value, float) for value in figures.values())
    assert figures["tasks"] == len(TASKS)
    assert figures["candidates"] == len(table.read(run.out / "affinity.parquet"))
    assert 0 < figures["networks_beating_the_guess"] <= len(TASKS)
    assert f"{figures['mean_quality']:.3f}" in summary
    assert shown["summary"].metadata["data_hash"] in summary
    assert shown["summary"].metadata["data_hash"] in card
    for heading in ("Use", "Data", "Measured", "Limits"):
        assert f"\n## {heading}\n" in card


def test_an_artifact_leads_to_its_run_in_mlflow_and_back(
    shown: dict[str, Artifact], context: Context, run: Run
) -> None:
    (publication,) = (run.out / "store" / "publish").iterdir()
    for name in ("report", "affinities", "taxonomies", "summary", "card"):
        metadata = shown[name].metadata
        kept = MlflowClient(context.tracking).get_run(metadata["mlflow_run_id"])
        assert kept.data.tags["taskonomy.digest"] == publication.name
        assert metadata["dataset"] in str(list((run.out / "store" / "version-data").iterdir()))
        # What is not known is not there: no image, no address for a browser.
        assert not {"image", "mlflow"} & set(metadata)


def test_new_taxonomies_say_which_data_their_affinities_are_from(
    context: Context, run: Run, tmp_path: Path
) -> None:
    (affinity,) = (run.out / "store" / "compute-affinity").iterdir()
    asked = question({"max_order": 1, "scale": "raw", "cost": {}, "importance": {}})
    key = resolve(context.store, affinity.name, asked, [3], 1, "")
    made = [Artifact(str(tmp_path / name)) for name in ("taxonomies", "summary", "figures")]
    kubeflow_pages.resolved(context.store, key, *made)
    content = json.loads((run.out / "taxonomy.json").read_text())
    metadata = made[1].metadata
    assert metadata["data_hash"] == content["digests"]["data"]
    assert metadata["data_hash"] in Path(made[1].path).read_text()
    assert Path(metadata["models"]).read_bytes() == (run.out / "models.parquet").read_bytes()


def test_a_text_gives_the_address_of_files_in_a_remote_store(
    context: Context, run: Run, tmp_path: Path
) -> None:
    (affinity,) = (run.out / "store" / "compute-affinity").iterdir()
    asked = question({"max_order": 1, "scale": "raw", "cost": {}, "importance": {}})
    key = resolve(context.store, affinity.name, asked, [3], 1, "")
    remote = fsspec.filesystem("memory")
    for stage in ("publish", "resolve"):
        remote.put(str(run.out / "store" / stage), f"/shown/{stage}", recursive=True)
    made = [Artifact(str(tmp_path / name)) for name in ("taxonomies", "summary", "figures")]
    kubeflow_pages.resolved("memory://shown", key, *made)
    (published,) = (run.out / "store" / "publish").iterdir()
    address = f"memory:///shown/publish/{published.name}/models.parquet"
    assert made[1].metadata["models"] == address
    assert f"`{address}`" in Path(made[1].path).read_text()


def test_a_summary_links_to_mlflow_s_pages_where_a_server_has_them() -> None:
    registered = Registered(run_id="r1", version="3", experiment="7")
    assert kubeflow_pages.links("http://mlflow:5000/", registered, "abc") == {
        "the taxonomy": "http://mlflow:5000/#/models/taxonomy/versions/3",
        "its run": "http://mlflow:5000/#/experiments/7/runs/r1",
        "the models' runs": (
            "http://mlflow:5000/#/experiments/7?searchFilter=tags.dataset%20%3D%20%27abc%27"
        ),
    }
    assert kubeflow_pages.links("sqlite:////out/mlflow.db", registered, "abc") == {}


def test_a_model_s_run_in_mlflow_names_the_kubeflow_run_that_logged_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("KFP_RUN_ID", "TASKONOMY_PIPELINE", "MLFLOW_RUN_ID"):
        monkeypatch.delenv(name, raising=False)
    assert training_log.origin() == {}
    monkeypatch.setenv("KFP_RUN_ID", "4f1e")
    monkeypatch.setenv("TASKONOMY_PIPELINE", "retrain")
    assert training_log.origin() == {"kubeflow.run_id": "4f1e", "kubeflow.pipeline": "retrain"}


def test_every_shard_of_a_run_has_an_outcome(context: Context, plan: str) -> None:
    store = Store(context.store)
    content = store.read_json("plan", plan, "plan.json")
    shards = [*content["task_shards"], *content["transfer_shards"]]
    for address in sharding.addresses(plan, shards):
        outcome = outcomes.read(store, address)
        assert outcome is not None
        assert (outcome.status, outcome.failed) == ("finished", ())
        assert outcome.attempts == 1
        assert outcome.models > 0


def test_a_preview_keeps_all_of_a_finished_run(context: Context, plan: str) -> None:
    found = preview.preview(context, plan)
    assert found.anew == 0
    assert preview.text(found).startswith("# 0 models are trained anew\n")


def test_a_preview_names_what_a_change_invalidates(context: Context, run: Run) -> None:
    config = load(run.folder / "params.yaml", "tiny")
    other = config.updated(transfer={"learning_rate": 0.02})
    changed = replace(context, config=other.to_json())
    (dataset,) = (run.out / "store" / "version-data").glob("*/dataset.json")
    before = sorted((run.out / "store" / "models").iterdir())

    found = preview.preview(changed, lay_out(changed, dataset.parent.name).key)

    # The networks stay, every readout and scratch network goes.
    assert found.networks == ()
    assert found.anew == len(first_order(TASKS))
    assert found.kept_readouts == 0
    # The three pairs of the best three sources, for every target.
    assert found.most_higher_order == 3 * len(found.readouts)
    assert sorted((run.out / "store" / "models").iterdir()) == before


def test_a_dictionary_with_one_task_more_keeps_every_model(
    context: Context, run: Run, tmp_path: Path
) -> None:
    store = tmp_path / "store"
    shutil.copytree(run.out / "store", store, copy_function=os.link)
    (recorded,) = store.glob("version-data/*/dataset.json")
    config = load(run.folder / "params.yaml", "tiny")
    more = config.updated(tasks=(*config.tasks, "edge_texture"))
    changed = replace(context, store=str(store), config=more.to_json())
    rooms = store / json.loads(recorded.read_text())["root"]
    dataset = version_data(changed, str(rooms))

    found = preview.preview(changed, lay_out(changed, dataset).key)

    # Its network; all readouts into it with its scratch network; its code into every other target.
    assert found.networks == ("edge_texture",)
    assert found.kept_readouts == len(first_order(TASKS))
    into = found.readouts.pop("edge_texture")
    assert into == sum(job.target == "edge_texture" for job in first_order(more.tasks))
    assert found.readouts == {job.target: 1 for job in first_order(TASKS)}
