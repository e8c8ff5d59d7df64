"""Published taxonomies in MLflow's registry: each once, and the last one is the champion."""

from pathlib import Path

import pytest
from mlflow import MlflowClient

from taskonomy.affinity import table
from taskonomy.affinity.candidate import Candidate
from taskonomy.tracking.client import connect
from taskonomy.tracking.registry import Registered, find_taxonomy, register_taxonomy
from taskonomy.tracking.runs import fetch_artifact

# Raised by SQLAlchemy about MLflow's tables.
pytestmark = pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SADeprecationWarning")

CROWNED = "taskonomy.was_champion"


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    """The least that a publication holds."""
    edge = Candidate(
        regime="8", target="normal", sources=("normal",), kind="supervised", affinity=1.0
    )
    table.write(tmp_path / "affinity.parquet", [edge])
    (tmp_path / "taxonomy.json").write_text('{"policies": []}')
    return [tmp_path / "taxonomy.json", tmp_path / "affinity.parquet"]


@pytest.fixture
def uri(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/mlflow.db"


def register(uri: str, digest: str, files: list[Path]) -> Registered:
    tags = {"kubeflow.run_id": "4f1e", "kubeflow.pipeline": "retrain"}
    figures = {"mean_gain": 0.9}
    return register_taxonomy(
        uri, "taxonomies", digest, files, "8", {"profile": "demo"}, figures, tags
    )


def champion(uri: str) -> str:
    return str(MlflowClient(uri).get_model_version_by_alias("taxonomy", "champion").version)


def versions(uri: str) -> int:
    return len(MlflowClient(uri).search_model_versions("name = 'taxonomy'"))


def test_a_taxonomy_is_registered_once_and_the_last_one_is_champion(
    uri: str, files: list[Path], tmp_path: Path
) -> None:
    first = register(uri, "abc123", files)
    assert champion(uri) == first.version == "1"

    assert register(uri, "abc123", files) == first
    assert register(uri, "def456", files).version == champion(uri) == "2"
    assert register(uri, "abc123", files) == first
    assert champion(uri) == "2"
    assert versions(uri) == 2

    client = MlflowClient(uri)
    assert client.get_model_version("taxonomy", first.version).run_id == first.run_id
    run = client.get_run(first.run_id)
    assert run.info.status == "FINISHED"
    assert (
        run.data.tags.items() >= {"kubeflow.run_id": "4f1e", "kubeflow.pipeline": "retrain"}.items()
    )
    assert run.data.params == {"profile": "demo"}
    kept = fetch_artifact(uri, first.run_id, "taxonomy.json", tmp_path / "kept")
    assert kept.read_text() == files[0].read_text()


def test_a_rerun_does_not_undo_a_rollback(uri: str, files: list[Path]) -> None:
    register(uri, "abc123", files)
    register(uri, "def456", files)
    MlflowClient(uri).set_registered_model_alias("taxonomy", "champion", "1")

    register(uri, "def456", files)

    assert champion(uri) == "1"


def test_a_run_that_broke_off_before_its_version_is_made_anew(uri: str, files: list[Path]) -> None:
    connection = connect(uri, "taxonomies")
    left = connection.client.create_run(
        connection.experiment, tags={"kind": "taxonomy", "taskonomy.digest": "789abc"}
    )

    made = register(uri, "789abc", files)

    assert connection.client.get_run(left.info.run_id).info.status == "KILLED"
    assert connection.client.get_run(made.run_id).info.status == "FINISHED"
    assert champion(uri) == made.version
    assert register(uri, "789abc", files) == made


def test_a_version_that_broke_off_before_its_alias_gets_it(uri: str, files: list[Path]) -> None:
    register(uri, "abc123", files)
    second = register(uri, "def456", files)
    client = MlflowClient(uri)
    # As it stands between the version and the alias.
    client.update_run(second.run_id, status="RUNNING")
    client.set_registered_model_alias("taxonomy", "champion", "1")
    client.delete_model_version_tag("taxonomy", "2", CROWNED)

    assert register(uri, "def456", files) == second

    assert champion(uri) == "2"
    assert versions(uri) == 2
    assert client.get_run(second.run_id).info.status == "FINISHED"
    assert client.get_model_version("taxonomy", "2").tags[CROWNED] == "true"


def test_a_version_without_a_model_is_none(uri: str, files: list[Path]) -> None:
    """As taxonomies were registered before they could be loaded."""
    connection = connect(uri, "taxonomies")
    client = connection.client
    run = client.create_run(connection.experiment)
    client.create_registered_model("taxonomy")
    client.create_model_version(
        "taxonomy",
        source=run.info.artifact_uri,
        run_id=run.info.run_id,
        tags={"taskonomy.digest": "abc123"},
    )
    assert find_taxonomy(uri, "taxonomies", "abc123") is None

    assert register(uri, "abc123", files).version == champion(uri) == "2"
