"""MLflow on a real SQLite file: what is logged can be read back, and nothing is logged twice."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from mlflow import MlflowClient

from taskonomy.errors import BadInput
from taskonomy.tracking.client import connect
from taskonomy.tracking.runs import Logged, fetch_artifact, log_models, run_ids

# Raised by SQLAlchemy about MLflow's tables.
pytestmark = pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SADeprecationWarning")


@pytest.fixture(scope="module")
def uri(tmp_path_factory: pytest.TempPathFactory) -> str:
    """One database for the module (its tables take MLflow seconds to make)."""
    return f"sqlite:///{tmp_path_factory.mktemp('mlflow')}/mlflow.db"


def model(folder: Path, name: str, status: str = "finished", size: int = 64) -> Logged:
    """A transfer from `keypoints2d` to `normal` with real bytes for weights."""
    weights = folder / f"{name}.safetensors"
    weights.write_bytes(name.encode() * size)
    return Logged(
        model_id=name,
        name=f"keypoints2d to normal ({name})",
        params={"steps": 30, "learning_rate": 0.003},
        tags={"kind": "transfer", "target": "normal", "sources": "keypoints2d", "status": status},
        metrics={"test_loss": 0.25, "seconds": 1.5},
        curve=np.array([[0, 1.0], [15, 0.5], [29, 0.3]]),
        artifact=weights if status == "finished" else None,
    )


def test_a_model_is_read_back_as_it_was_logged(uri: str, tmp_path: Path) -> None:
    record = model(tmp_path, "m1")

    run_id = log_models(uri, "read back", [record])["m1"]

    client = MlflowClient(uri)
    run = client.get_run(run_id)
    assert run.info.status == "FINISHED"
    assert run.info.run_name == "keypoints2d to normal (m1)"
    assert run.data.params == {"steps": "30", "learning_rate": "0.003"}
    assert run.data.metrics == {"test_loss": 0.25, "seconds": 1.5, "loss": 0.3}
    assert run.data.tags.items() >= record.tags.items()
    history = client.get_metric_history(run_id, "loss")
    assert [(point.step, point.value) for point in history] == [(0, 1.0), (15, 0.5), (29, 0.3)]
    fetched = fetch_artifact(uri, run_id, "m1.safetensors", tmp_path / "fetched")
    assert record.artifact is not None
    assert fetched.read_bytes() == record.artifact.read_bytes()


def test_a_failed_model_is_a_failed_run_and_is_tried_again(uri: str, tmp_path: Path) -> None:
    failed = log_models(uri, "failed", [model(tmp_path, "m1", "failed: loss is not finite")])
    run = MlflowClient(uri).get_run(failed["m1"])
    assert run.info.status == "FAILED"
    assert run.data.tags["status"] == "failed: loss is not finite"

    again = log_models(uri, "failed", [model(tmp_path, "m1")])

    assert again["m1"] != failed["m1"]
    assert run_ids(uri, "failed") == again


def test_a_resumed_shard_logs_only_what_is_missing(uri: str, tmp_path: Path) -> None:
    first = log_models(uri, "resume", [model(tmp_path, "m1"), model(tmp_path, "m2")])
    connection = connect(uri, "resume")
    interrupted = connection.client.create_run(
        connection.experiment, tags={"taskonomy.model_id": "m3"}
    )

    second = log_models(uri, "resume", [model(tmp_path, name) for name in ("m1", "m2", "m3")])

    assert {name: second[name] for name in ("m1", "m2")} == first
    killed = connection.client.get_run(interrupted.info.run_id)
    assert killed.info.status == "KILLED"
    assert run_ids(uri, "resume") == second


def test_runs_are_found_beyond_the_first_page(uri: str, tmp_path: Path) -> None:
    logged = log_models(uri, "pages", [model(tmp_path, f"m{i}") for i in range(7)])

    assert run_ids(uri, "pages", page=3) == logged
    assert len(logged) == 7


WRITER = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from test_tracking import many
from taskonomy.tracking.runs import log_models
print("ready", flush=True)
sys.stdin.readline()
log_models(sys.argv[2], "two writers", many(0))
"""


def many(start: int) -> list[Logged]:
    """25 models without weights."""
    return [
        Logged(
            model_id=f"m{number}",
            name=f"m{number}",
            params={},
            tags={"target": "normal"},
            metrics={"test_loss": 0.5},
            curve=np.stack([np.arange(20.0), np.linspace(1, 0, 20)], axis=1),
            artifact=None,
        )
        for number in range(start, start + 25)
    ]


def test_two_processes_write_to_one_new_database(tmp_path: Path) -> None:
    uri = f"sqlite:///{tmp_path}/new/mlflow.db"
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(Path(__file__).parent), uri],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as other:
        assert other.stdin is not None
        assert other.stdout is not None
        assert other.stdout.readline() == "ready\n"
        other.stdin.write("go\n")
        other.stdin.flush()
        log_models(uri, "two writers", many(25))
    assert other.returncode == 0

    assert set(run_ids(uri, "two writers")) == {f"m{number}" for number in range(50)}


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    (tmp_path / "mlflow.db").write_text("this is a text, and no database at all" * 10)

    with pytest.raises(BadInput, match=r"mlflow\.db: .*expected an MLflow database"):
        connect(f"sqlite:///{tmp_path}/mlflow.db", "any")
