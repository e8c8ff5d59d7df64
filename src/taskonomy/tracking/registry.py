"""The registry of published taxonomies: one registered model, one version a taxonomy."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlflow.entities import Metric, Param
from mlflow.exceptions import MlflowException

from taskonomy.errors import BadInput, one_line
from taskonomy.tracking import artifacts
from taskonomy.tracking.client import Connection, answering, connect

MODEL = "taxonomy"
DIGEST = "taskonomy.digest"


@dataclass(frozen=True)
class Registered:
    """A published taxonomy in MLflow: its run, its version, and the experiment of all runs."""

    run_id: str
    version: str
    experiment: str


def register_taxonomy(
    tracking_uri: str,
    experiment: str,
    digest: str,
    files: Sequence[Path],
    params: Mapping[str, str | int | float],
    metrics: Mapping[str, float],
    tags: Mapping[str, str],
) -> Registered:
    """Register a published taxonomy as a version of the model `taxonomy`.

    Its run holds the files. A taxonomy that is registered already is found, not registered twice; a
    run that an interrupted registration left open is marked as killed.

    Args:
        tracking_uri: `sqlite:///FILE` or the address of a tracking server.
        experiment: the experiment's name.
        digest: the taxonomy's key in the store, which tells it from any other.
        files: what the run keeps: taxonomy.json, the tables, the report.
        params: what the taxonomy was made with.
        metrics: its figures, such as mean gain and quality.
        tags: what else its run is found by.
    """
    connection = connect(tracking_uri, experiment)
    with connection.writing(), answering(tracking_uri):
        found = _registered(connection, digest)
        if found is None:
            _close_interrupted(connection, digest)
            found = _register(connection, digest, files, params, metrics, tags)
        return found


def registered_module(tracking_uri: str, uri: str) -> Any:
    """Load a registered model of MLflow's PyTorch flavour, `models:/NAME/VERSION`.

    MLflow unpickles it: it runs code of whoever registered it.

    Raises:
        BadInput: the registry has no such model of that flavour.
    """
    import mlflow

    mlflow.set_tracking_uri(tracking_uri)
    try:
        return mlflow.pytorch.load_model(uri, map_location="cpu")
    except MlflowException as error:
        raise BadInput(f"{uri}: {one_line(error)}; expected a registered PyTorch model") from error


def find_taxonomy(tracking_uri: str, experiment: str, digest: str) -> Registered | None:
    """The registered taxonomy with that key in the store; None where there is none."""
    connection = connect(tracking_uri, experiment)
    with answering(tracking_uri):
        return _registered(connection, digest)


def _registered(connection: Connection, digest: str) -> Registered | None:
    query = f"name = '{MODEL}' AND tags.`{DIGEST}` = {json.dumps(digest)}"
    for version in connection.client.search_model_versions(query, max_results=1):
        return Registered(str(version.run_id), str(version.version), connection.experiment)
    return None


def _close_interrupted(connection: Connection, digest: str) -> None:
    query = f"tags.`{DIGEST}` = {json.dumps(digest)} AND attributes.status = 'RUNNING'"
    for run in connection.client.search_runs([connection.experiment], query):
        connection.client.set_terminated(run.info.run_id, "KILLED")


def _register(
    connection: Connection,
    digest: str,
    files: Sequence[Path],
    params: Mapping[str, str | int | float],
    metrics: Mapping[str, float],
    more: Mapping[str, str],
) -> Registered:
    client = connection.client
    tags = {**more, "kind": "taxonomy", DIGEST: digest}
    run = client.create_run(connection.experiment, tags=tags, run_name=f"taxonomy {digest}")
    run_id: str = run.info.run_id
    client.log_batch(
        run_id,
        metrics=[Metric(key, value, run.info.start_time, 0) for key, value in metrics.items()],
        params=[Param(key, str(value)) for key, value in params.items()],
    )
    for file in files:
        artifacts.store(connection, run.info.artifact_uri, file)
    client.set_terminated(run_id)
    try:
        client.get_registered_model(MODEL)
    except MlflowException:
        client.create_registered_model(MODEL, description="Published taxonomies")
    version = client.create_model_version(
        MODEL, source=run.info.artifact_uri, run_id=run_id, tags={DIGEST: digest}
    )
    return Registered(run_id, str(version.version), connection.experiment)
