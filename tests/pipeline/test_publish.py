"""A taxonomy is published from whole runs alone."""

import sqlite3
from pathlib import Path

import mlflow
import pytest
from mlflow import MlflowClient

import taskonomy
from taskonomy.config import load
from taskonomy.errors import BadInput
from taskonomy.runs.context import EXPERIMENT, Context
from taskonomy.stages.publish import publish
from taskonomy.tracking.registry import find_taxonomy

from .conftest import Run

# MLflow's own, when it opens its database.
pytestmark = pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SADeprecationWarning")


def test_a_shard_that_did_not_log_its_models_is_missed(run: Run, tmp_path: Path) -> None:
    config = load(run.folder / "params.yaml", "tiny")
    elsewhere = f"sqlite:///{tmp_path}/mlflow.db"
    context = Context(str(run.out / "store"), config.to_json(), elsewhere)

    with pytest.raises(BadInput, match=r"no run of model \w+ and \d+ more; expected every shard"):
        publish(context, *keys(run))


@pytest.mark.filterwarnings("ignore")  # MLflow's own, of its types
def test_the_champion_of_a_run_answers_as_its_published_file_does(run: Run) -> None:
    mlflow.set_tracking_uri(f"sqlite:///{run.out}/mlflow.db")
    model = mlflow.pyfunc.load_model("models:/taxonomy@champion")

    found = model.predict({"budget": 3, "max_order": 1})

    affinities = taskonomy.load_affinities(run.out / "affinity.parquet")
    assert found == taskonomy.solve(affinities, budget=3, max_order=1).as_json()


def keys(run: Run) -> list[str]:
    """The keys of what a publication is made from."""
    before = ["plan", "select-candidates", "compute-affinity", "solve-taxonomy", "evaluate"]
    return [next((run.out / "store" / stage).iterdir()).name for stage in before]


def test_a_finished_publication_is_registered_where_it_is_not_yet(run: Run, tmp_path: Path) -> None:
    """As after a crash between its files and its registration, or with another registry."""
    with (
        sqlite3.connect(run.out / "mlflow.db") as whole,
        sqlite3.connect(tmp_path / "mlflow.db") as copy,
    ):
        whole.backup(copy)
    tracking = f"sqlite:///{tmp_path}/mlflow.db"
    client = MlflowClient(tracking)
    first = client.get_model_version("taxonomy", "1")
    client.delete_registered_model("taxonomy")
    context = Context(
        str(run.out / "store"), load(run.folder / "params.yaml", "tiny").to_json(), tracking
    )
    (published,) = (run.out / "store" / "publish").iterdir()
    before = (published / "report.html").stat().st_mtime_ns

    key = publish(context, *keys(run))

    assert key == published.name
    found = find_taxonomy(tracking, EXPERIMENT, key)
    assert found is not None
    assert found.run_id != first.run_id
    champion = client.get_model_version_by_alias("taxonomy", "champion")
    assert str(champion.version) == found.version
    figures = client.get_run(found.run_id).data.metrics
    assert figures == client.get_run(first.run_id).data.metrics
    assert publish(context, *keys(run)) == key
    assert find_taxonomy(tracking, EXPERIMENT, key) == found
    assert (published / "report.html").stat().st_mtime_ns == before
