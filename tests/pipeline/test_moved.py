"""A run's folder is moved, and every command goes on from where it lies now."""

import sqlite3
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from shutil import copytree

import pyarrow.parquet as pq
import pytest
from mlflow import MlflowClient
from mlflow.artifacts import download_artifacts

from taskonomy.commands.main import main
from taskonomy.config import load
from taskonomy.runs.context import Context
from taskonomy.runs.finished import read
from taskonomy.runs.run import open_run
from taskonomy.stages.publish import export, publish
from taskonomy.stages.version_data import version_data
from taskonomy.training.session import Session

from .conftest import Run
from .test_publish import keys

# MLflow's own, when it opens its database.
pytestmark = pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SADeprecationWarning")


@pytest.fixture(scope="module")
def moved(run: Run, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """The run under another name, and nothing where it was."""
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    copytree(run.out, elsewhere / "renamed")
    away = run.out.rename(run.folder / "away")
    yield Run(run.folder, elsewhere / "renamed", run.printed)
    away.rename(run.out)


def test_no_file_that_is_read_again_holds_where_it_was(moved: Run) -> None:
    before = str(moved.folder / "out").encode()
    records = moved.out / "store" / "version-data"
    assert not [file for file in records.glob("*/dataset.json") if before in file.read_bytes()]


def test_what_is_read_of_a_run_is_read_where_it_lies(moved: Run) -> None:
    config = load(moved.folder / "params.yaml", "tiny")
    found = read(moved.out, config)
    assert found.grouping.endswith("buildings in the test split")
    run = open_run(moved.out, config)
    assert run.workspace.dataset.root.is_relative_to(moved.out)
    assert len(Session(run.workspace).source.images("image", run.workspace.splits.test[:1])) == 1


def test_commands_work(moved: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(moved.folder)
    where = ("--profile", "tiny", "--out", str(moved.out))
    assert main(["evaluate", *where]) == 0
    assert main(["study", "baselines", *where]) == 0
    affinities = str(moved.out / "affinity.parquet")
    assert main(["solve", affinities, "--budget", "2", "--max-order", "1"]) == 0


def test_the_data_keep_their_key_and_nothing_is_rendered_again(moved: Run) -> None:
    (before,) = (moved.out / "store" / "version-data").glob("*/dataset.json")
    context = Context.at(moved.out, load(moved.folder / "params.yaml", "tiny"))
    assert version_data(context, "") == before.parent.name


def test_mlflow_finds_every_artifact_and_logs_beside_them(moved: Run) -> None:
    context = Context.at(moved.out, load(moved.folder / "params.yaml", "tiny"))
    open_run(moved.out, load(moved.folder / "params.yaml", "tiny"))
    client = MlflowClient(context.tracking)
    experiment = client.get_experiment_by_name("taskonomy")
    assert experiment is not None
    assert experiment.artifact_location == str(moved.out / "mlartifacts" / "taskonomy")
    row = pq.read_table(moved.out / "models.parquet").to_pylist()[0]
    files = client.list_artifacts(row["mlflow_run_id"])
    assert files
    got = download_artifacts(
        run_id=row["mlflow_run_id"], artifact_path=files[0].path, tracking_uri=context.tracking
    )
    assert sha256(Path(got).read_bytes()).hexdigest() == row["sha256"]
    before = f"%{moved.folder / 'out'}/%"
    with sqlite3.connect(moved.out / "mlflow.db") as database:
        for table, column in (("runs", "artifact_uri"), ("model_versions", "storage_location")):
            query = f"SELECT count(*) FROM {table} WHERE {column} LIKE ?"
            assert database.execute(query, (before,)).fetchone() == (0,)


def test_a_record_of_the_first_format_is_mended(moved: Run) -> None:
    """It held the absolute path of the rooms."""
    (record,) = (moved.out / "store" / "version-data").glob("*/dataset.json")
    content = record.read_text()
    inside = next((moved.out / "store" / "rooms").iterdir())
    relative = f'"root": "rooms/{inside.name}"'
    assert relative in content
    gone = f'"root": "{moved.folder}/out/store/rooms/{inside.name}"'
    old = content.replace(relative, gone).replace("dataset-record/2", "dataset-record/1")
    record.write_text(old)
    try:
        run = open_run(moved.out, load(moved.folder / "params.yaml", "tiny"))
        assert run.workspace.dataset.root == inside
    finally:
        record.write_text(content)


def test_runs_that_were_deleted_are_logged_anew_and_named(moved: Run) -> None:
    from taskonomy.runs.context import EXPERIMENT
    from taskonomy.tracking.training_log import log

    config = load(moved.folder / "params.yaml", "tiny")
    context, run = Context.at(moved.out, config), open_run(moved.out, config)
    before = named(moved.out)
    client = MlflowClient(context.tracking)
    deleted = sorted(before)[:3]
    for model in deleted:
        client.delete_run(before[model])

    log(context.tracking, EXPERIMENT, run.workspace, run.refs())
    export(context, publish(context, *keys(moved)), moved.out)

    after = named(moved.out)
    assert {model for model in before if before[model] != after[model]} == set(deleted)
    for model in deleted:
        assert client.get_run(after[model]).info.lifecycle_stage == "active"


def named(out: Path) -> dict[str, str]:
    """The MLflow run of every model in models.parquet."""
    rows = pq.read_table(out / "models.parquet").to_pylist()
    return {row["model_id"]: row["mlflow_run_id"] for row in rows}
