"""One MLflow run a model: parameters, tags, the loss curve and the weights.

The cost of a run is the cost of its round trips, so each run is four of them: created with its
tags, one batch of parameters and metrics, one artifact, terminated. A run has one writer.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float
from mlflow.artifacts import download_artifacts
from mlflow.entities import Metric, Param, Run
from tqdm import tqdm

from taskonomy.tracking import artifacts
from taskonomy.tracking.client import Connection, answering, connect

MODEL_ID = "taskonomy.model_id"
FINISHED = "finished"
# What a server returns at most; the client stops there in silence (mlflow/mlflow#15814).
PAGE = 1000


@dataclass(frozen=True, kw_only=True)
class Logged:
    """One model as MLflow shall know it.

    Attributes:
        model_id: its content hash.
        name: what a person reads in the list of runs.
        params: what it was trained with.
        tags: `kind, target, sources, order, seed, regime, status` and what else it is found by;
            any status but `finished` makes the run a failed one.
        metrics: its final figures.
        curve: the loss over training, a row a point: step, loss.
        artifact: the file of its weights; None where training failed before there were any.
    """

    model_id: str
    name: str
    params: Mapping[str, str | int | float | bool]
    tags: Mapping[str, str]
    metrics: Mapping[str, float]
    curve: Float[np.ndarray, "points 2"]
    artifact: Path | None


def log_models(tracking_uri: str, experiment: str, records: Sequence[Logged]) -> dict[str, str]:
    """Log models, each as one run, and skip those whose run is finished already.

    A run that an interrupted process left open is marked as killed before its model is logged anew.

    Args:
        tracking_uri: as in `connect`.
        experiment: the experiment's name.
        records: the models; no other process may be logging the same ones.

    Returns:
        The id of the run of every model in `records`.

    Raises:
        BadInput: the experiment has been deleted, the database is not one, or the server or its
            artifact store does not answer.
    """
    connection = connect(tracking_uri, experiment)
    with answering(tracking_uri):
        return _log_models(connection, records)


def _log_models(connection: Connection, records: Sequence[Logged]) -> dict[str, str]:
    known = {record.model_id for record in records}
    logged: dict[str, str] = {}
    for run in _runs(connection, PAGE):
        model = run.data.tags[MODEL_ID]
        if model in known and run.info.status == "FINISHED":
            logged[model] = run.info.run_id
        elif model in known and run.info.status == "RUNNING":
            with connection.writing():
                connection.client.set_terminated(run.info.run_id, "KILLED")
    fresh = [record for record in records if record.model_id not in logged]
    for record in tqdm(fresh, desc="logging to MLflow", mininterval=1, unit="run"):
        with connection.writing():
            logged[record.model_id] = _log(connection, record)
    return {record.model_id: logged[record.model_id] for record in records}


def run_ids(tracking_uri: str, experiment: str, page: int = PAGE) -> dict[str, str]:
    """The run of every logged model: its finished one, else its latest.

    Args:
        tracking_uri: as in `connect`.
        experiment: the experiment's name.
        page: how many runs to ask for at once, 1000 at most.
    """
    found: dict[str, Run] = {}
    with answering(tracking_uri):
        for run in _runs(connect(tracking_uri, experiment), page):
            model = run.data.tags[MODEL_ID]
            if model not in found or _rank(run) > _rank(found[model]):
                found[model] = run
    return {model: run.info.run_id for model, run in found.items()}


def fetch_artifact(tracking_uri: str, run_id: str, name: str, folder: Path) -> Path:
    """Download one file of a run into `folder` and say where it lies."""
    folder.mkdir(parents=True, exist_ok=True)
    with answering(tracking_uri):
        found = download_artifacts(
            run_id=run_id, artifact_path=name, dst_path=str(folder), tracking_uri=tracking_uri
        )
    return Path(found)


def _rank(run: Run) -> tuple[bool, int]:
    return run.info.status == "FINISHED", run.info.start_time


def _runs(connection: Connection, page: int) -> Iterator[Run]:
    """Every run of a model, page by page."""
    token = None
    while True:
        found = connection.client.search_runs(
            [connection.experiment],
            filter_string=f"tags.`{MODEL_ID}` LIKE '%'",
            max_results=page,
            page_token=token,
        )
        yield from found
        token = found.token
        if not token:
            return


def _log(connection: Connection, record: Logged) -> str:
    client = connection.client
    run = client.create_run(
        connection.experiment,
        tags={**record.tags, MODEL_ID: record.model_id},
        run_name=record.name,
    )
    run_id: str = run.info.run_id
    now = int(time.time() * 1000)
    curve = [Metric("loss", float(loss), now, int(step)) for step, loss in record.curve]
    final = [Metric(key, float(value), now, 0) for key, value in record.metrics.items()]
    params = [Param(key, str(value)) for key, value in record.params.items()]
    # MLflow takes 1000 metrics and 100 parameters a batch; a curve is far below that.
    client.log_batch(run_id, metrics=curve + final, params=params)
    if record.artifact is not None:
        artifacts.store(connection, run.info.artifact_uri, record.artifact)
    finished = record.tags.get("status", FINISHED) == FINISHED
    client.set_terminated(run_id, "FINISHED" if finished else "FAILED")
    return run_id
