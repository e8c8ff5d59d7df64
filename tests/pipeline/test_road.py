"""The whole road on a tiny profile: every file is there, every number is reproducible."""

import json
import re
import sqlite3
from contextlib import closing
from pathlib import Path

import jsonschema
import numpy as np
import pytest

from taskonomy.affinity import table
from taskonomy.config import load
from taskonomy.data.content import content as hash_of
from taskonomy.dictionary import DICTIONARY
from taskonomy.publishing import artifact, models
from taskonomy.runs.context import Context, open_workspace
from taskonomy.store import Store
from taskonomy.tracking.runs import fetch_artifact
from taskonomy.training import record
from taskonomy.training.reproduce import reproduce

from .conftest import TASKS, Run, taxonomy

# MLflow's own, when it opens its database.
pytestmark = pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SADeprecationWarning")


def test_a_run_prints_where_its_results_and_its_models_are(run: Run) -> None:
    for name in ("taxonomy.json", "affinity.parquet", "models.parquet", "report.html"):
        assert (run.out / name).is_file()
        assert name in run.printed
    assert "mlflow ui --backend-store-uri" in run.printed


def test_a_run_says_and_keeps_what_orchestration_took_of_it(run: Run) -> None:
    kept = json.loads((run.out / "provenance.json").read_text())["local_run"]
    steps = sum(line.startswith("stage ") for line in run.printed.splitlines())
    assert kept["steps"] == steps > 0
    assert 0 <= kept["own_seconds"] <= kept["wall_seconds"]
    share = 1 - kept["own_seconds"] / kept["wall_seconds"]
    assert kept["orchestration_share"] == pytest.approx(share, abs=0.01)
    assert re.search(
        rf"^{steps} steps, .* own work, .*%\) orchestration and imports$", run.printed, re.MULTILINE
    )


def test_the_taxonomy_satisfies_its_schema_and_every_policy_is_proven(run: Run) -> None:
    content = json.loads((run.out / "taxonomy.json").read_text())
    jsonschema.validate(content, artifact.schema())
    assert sorted(entry["name"] for entry in content["dictionary"]) == sorted(TASKS)
    assert {policy["budget"] for policy in content["policies"]} == {1, 3, 9}
    assert all(policy["proven"] for policy in content["policies"])


def test_affinities_of_a_target_sum_to_one_over_all_its_candidates(run: Run) -> None:
    rows = table.read(run.out / "affinity.parquet")
    targets = {name for name in TASKS if DICTIONARY[name].role == "both"}
    assert {row.target for row in rows} == targets
    for target in targets:
        mine = [row for row in rows if row.target == target]
        assert sum(row.affinity for row in mine) == pytest.approx(1, abs=1e-12)
        assert sum(row.kind == "supervised" for row in mine) == 1
        assert sum(row.kind == "own_readout" for row in mine) == 1
        # Every other source at first order, and the pairs of the three best.
        assert sum(row.kind == "transfer" and row.order == 1 for row in mine) == len(TASKS) - 1
        assert sum(row.order == 2 for row in mine) == 3


def test_every_edge_says_what_it_is_chosen_by_and_how_it_does_against_the_guess(run: Run) -> None:
    rows = table.read(run.out / "affinity.parquet")
    assert all(0 <= row.win_vs_guess_low <= row.win_vs_guess_high <= 1 for row in rows)
    by_target = [[row for row in rows if row.target == name] for name in {r.target for r in rows}]
    chosen = [mine for mine in by_target if mine[0].n_choice]
    assert chosen
    for mine in chosen:
        assert len({row.n_choice for row in mine}) == 1
        assert sum(row.affinity_choice for row in mine) == pytest.approx(1, abs=1e-12)
    policies = json.loads((run.out / "taxonomy.json").read_text())["policies"]
    assert all(policy["solved_on"] == "affinity_choice" for policy in policies)
    known = {(r.target, r.sources, r.kind): r.win_vs_guess for r in rows}
    for edge in (edge for policy in policies for edge in policy["edges"]):
        found = known[edge["target"], tuple(edge["sources"]), edge["kind"]]
        assert edge["win_vs_guess"] == found
    report = (run.out / "report.html").read_text()
    assert re.search(r"Readouts are trained on \d+ of the \d+ val images; \d+ others", report)
    assert "correlate at" not in report


def test_every_model_has_one_finished_run_with_a_curve_and_a_file(run: Run) -> None:
    listed = models.read(run.out / "models.parquet").to_pylist()
    runs = [model["mlflow_run_id"] for model in listed]
    assert len(set(runs)) == len(listed) > 100
    with closing(sqlite3.connect(run.out / "mlflow.db")) as database:
        finished = dict(database.execute("SELECT run_uuid, status FROM runs"))
        curves = dict(
            database.execute("SELECT run_uuid, count(*) FROM metrics WHERE key='loss' GROUP BY 1")
        )
    for model in listed:
        assert finished[model["mlflow_run_id"]] == "FINISHED"
        if model["kind"] in {"task", "transfer", "scratch"}:
            assert curves[model["mlflow_run_id"]] >= 2


def test_ten_models_give_back_their_losses_from_their_mlflow_files(
    run: Run, tmp_path: Path
) -> None:
    context = Context.at(run.out, load(run.folder / "params.yaml", "tiny"))
    workspace = open_workspace(context, dataset_key(run))
    every = models.read(run.out / "models.parquet").to_pylist()
    listed = [model for model in every if model["kind"] != "random"]
    chosen = np.random.default_rng(0).choice(len(listed), size=10, replace=False)
    for model in (listed[index] for index in chosen):
        name = f"{model['model_id']}.safetensors"
        kept = fetch_artifact(context.tracking, model["mlflow_run_id"], name, tmp_path)
        assert kept.read_bytes() == Store(context.store).read_bytes("models", name)
        stored = record.read(workspace.store, model["model_id"]).test_losses
        np.testing.assert_allclose(reproduce(workspace, model["model_id"]), stored, rtol=1e-5)


def dataset_key(run: Run) -> str:
    (plan,) = (run.out / "store" / "plan").iterdir()
    key: str = json.loads((plan / "plan.json").read_text())["dataset"]
    return key


def test_supervised_networks_see_five_times_the_images_of_readouts_and_scratch(run: Run) -> None:
    listed = models.read(run.out / "models.parquet").to_pylist()
    for target in {model["target"] for model in listed if model["kind"] == "scratch"}:
        mine = [model for model in listed if model["target"] == target]
        (network,) = (model for model in mine if model["kind"] == "task")
        few = [model for model in mine if model["kind"] in {"transfer", "scratch"}]
        low = {model["train_images"] for model in few}
        assert len(low) == 1, "scratch sees just the readouts' images"
        assert network["train_images"] >= 5 * low.pop()


def test_no_building_is_in_two_splits(run: Run) -> None:
    content = json.loads(
        (run.out / "store" / "version-data" / dataset_key(run) / "dataset.json").read_text()
    )
    assert content["split"]["kind"] == "building"
    assert content["dvc"]["md5"].endswith(".dir")
    published = json.loads((run.out / "taxonomy.json").read_text())["digests"]
    # Rooms are recorded by their place in the store, which may be moved.
    rooms = run.out / "store" / content["root"]
    assert published["data"] == content["content"] == hash_of(str(rooms))


def test_a_second_run_trains_nothing_and_publishes_the_same(run: Run) -> None:
    before = sorted((run.out / "store" / "models").iterdir())
    times = [path.stat().st_mtime_ns for path in before]
    bytes_before = (run.out / "taxonomy.json").read_bytes()
    done = taxonomy(run.folder, "run", "--profile", "tiny")
    assert done.returncode == 0, done.stderr[-3000:]
    assert [path.stat().st_mtime_ns for path in before] == times
    assert sorted((run.out / "store" / "models").iterdir()) == before
    assert (run.out / "taxonomy.json").read_bytes() == bytes_before


def test_the_same_seed_elsewhere_gives_the_same_bytes(run: Run, tmp_path: Path) -> None:
    done = taxonomy(tmp_path, "run", "--profile", "tiny", "--out", "elsewhere")
    assert done.returncode == 0, done.stderr[-3000:]
    for name in ("taxonomy.json", "affinity.parquet"):
        assert (tmp_path / "elsewhere" / name).read_bytes() == (run.out / name).read_bytes()
