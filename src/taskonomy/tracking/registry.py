"""The registry of published taxonomies: one registered model, one version a taxonomy.

A version's source is the folder `model` among its run's artifacts. What was published last is the
champion: its version gets that alias once, and a tag that says so. Whoever finds it again changes
nothing: a rerun takes the alias neither from a later taxonomy nor from one that was gone back to.
"""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NoReturn

from mlflow.entities import Metric, Param
from mlflow.entities.model_registry import ModelVersion
from mlflow.environment_variables import MLFLOW_ALLOW_PICKLE_DESERIALIZATION
from mlflow.exceptions import MlflowException

from taskonomy.errors import BadInput, one_line
from taskonomy.tracking import artifacts
from taskonomy.tracking.client import Connection, answering, connect

MODEL = "taxonomy"
CHAMPION = "champion"
DIGEST = "taskonomy.digest"
_CROWNED = "taskonomy.was_champion"
_FOLDER = "model"


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
    regime: str,
    params: Mapping[str, str | int | float],
    metrics: Mapping[str, float],
    tags: Mapping[str, str],
) -> Registered:
    """Register a published taxonomy as a version of the model `taxonomy`, and make it the champion.

    Its run holds the files, and the model that answers from them. A taxonomy that is registered
    already is found, not registered twice; a run that an interrupted registration left open is
    marked as killed, and a version that it left without its alias gets it.

    Args:
        tracking_uri: `sqlite:///FILE` or the address of a tracking server.
        experiment: the experiment's name.
        digest: the taxonomy's key in the store, which tells it from any other.
        files: what the run keeps: taxonomy.json and affinity.parquet, of one folder, and what else
            was published.
        regime: whose affinities the model is asked about where a request names none.
        params: what the taxonomy was made with.
        metrics: its figures, such as mean gain and quality.
        tags: what else its run is found by.
    """
    connection = connect(tracking_uri, experiment)
    with connection.writing(), answering(tracking_uri):
        found = _find(connection, digest)
        if found is None:
            _close_interrupted(connection, digest)
            found = _register(connection, digest, files, regime, params, metrics, tags)
        if _CROWNED not in found.tags:
            client, version = connection.client, str(found.version)
            client.set_terminated(str(found.run_id))
            client.set_registered_model_alias(MODEL, CHAMPION, version)
            client.set_model_version_tag(MODEL, version, _CROWNED, "true")
        return _registered(connection, found)


def registered_module(tracking_uri: str, uri: str, *, trusted: bool) -> Any:
    """Load a registered model of MLflow's PyTorch flavour, `models:/NAME/VERSION`.

    MLflow unpickles it and imports what lies beside it: that runs code of whoever registered it.

    Args:
        tracking_uri: as in `register_taxonomy`.
        uri: which model.
        trusted: whether the user trusts its author with that.

    Raises:
        BadInput: the registry has no such model of that flavour, or it is not trusted.
    """
    import mlflow

    mlflow.set_tracking_uri(tracking_uri)
    try:
        if not trusted:
            _refuse(uri)
        with _unpickling():
            return mlflow.pytorch.load_model(uri, map_location="cpu")
    except MlflowException as error:
        raise BadInput(f"{uri}: {one_line(error)}; expected a registered PyTorch model") from error


def registered_weights(tracking_uri: str, uri: str) -> bytes:
    """The content of the one safetensors file of a registered model; none of its code is run.

    Args:
        tracking_uri: as in `register_taxonomy`.
        uri: which model, `models:/NAME/VERSION`.

    Raises:
        BadInput: the registry has no such model, or it has not one such file.
    """
    import mlflow

    mlflow.set_tracking_uri(tracking_uri)
    with TemporaryDirectory() as folder:
        try:
            mlflow.artifacts.download_artifacts(artifact_uri=uri, dst_path=folder)
        except MlflowException as error:
            raise BadInput(f"{uri}: {one_line(error)}; expected a registered model") from error
        held = sorted(Path(folder).rglob("*.safetensors"))
        if len(held) != 1:
            raise BadInput(f"{uri}: found {len(held)} safetensors files; expected one")
        return held[0].read_bytes()


def _refuse(uri: str) -> NoReturn:
    """Refuse a model for what loading it would do; only its description is read.

    MLflow's own switch is no substitute: it imports the module that a model names as its pickle's
    before it looks at the switch.
    """
    from mlflow.models import Model

    flavours = Model.load(uri).flavors
    if "pytorch" not in flavours:
        raise BadInput(f"{uri}: found {', '.join(flavours)}; expected a registered PyTorch model")
    held = flavours["pytorch"].get("model_data", "data")
    raise BadInput(
        f"{uri}: to load it, MLflow would unpickle what lies in {held}/ and run whatever "
        "code its author put there; expected --trust-pickle if you trust the author, or "
        "--encoder module:attribute with --weights FILE.safetensors, which runs none of theirs"
    )


@contextmanager
def _unpickling() -> Iterator[None]:
    """MLflow's switch for pickles, on."""
    name = MLFLOW_ALLOW_PICKLE_DESERIALIZATION.name
    before = os.environ.get(name)
    os.environ[name] = "true"
    try:
        yield
    finally:
        os.environ.pop(name)
        if before is not None:
            os.environ[name] = before


def find_taxonomy(tracking_uri: str, experiment: str, digest: str) -> Registered | None:
    """The registered taxonomy with that key in the store; None where there is none."""
    connection = connect(tracking_uri, experiment)
    with answering(tracking_uri):
        found = _find(connection, digest)
        return None if found is None else _registered(connection, found)


def _registered(connection: Connection, version: ModelVersion) -> Registered:
    return Registered(str(version.run_id), str(version.version), connection.experiment)


def _find(connection: Connection, digest: str) -> ModelVersion | None:
    """The version of a taxonomy; one whose source is no model, as they once were, is none."""
    query = f"name = '{MODEL}' AND tags.`{DIGEST}` = {json.dumps(digest)}"
    found = connection.client.search_model_versions(query)
    return next((one for one in found if str(one.source).endswith(f"/{_FOLDER}")), None)


def _close_interrupted(connection: Connection, digest: str) -> None:
    query = f"tags.`{DIGEST}` = {json.dumps(digest)} AND attributes.status = 'RUNNING'"
    for run in connection.client.search_runs([connection.experiment], query):
        connection.client.set_terminated(run.info.run_id, "KILLED")


def _register(
    connection: Connection,
    digest: str,
    files: Sequence[Path],
    regime: str,
    params: Mapping[str, str | int | float],
    metrics: Mapping[str, float],
    more: Mapping[str, str],
) -> ModelVersion:
    """A version of a run that is still open: it is closed when nothing is left to be done."""
    from taskonomy.tracking import model_folder

    client = connection.client
    tags = {**more, "kind": "taxonomy", DIGEST: digest}
    run = client.create_run(connection.experiment, tags=tags, run_name=f"taxonomy {digest}")
    run_id, place = str(run.info.run_id), str(run.info.artifact_uri)
    client.log_batch(
        run_id,
        metrics=[Metric(key, value, run.info.start_time, 0) for key, value in metrics.items()],
        params=[Param(key, str(value)) for key, value in params.items()],
    )
    for file in files:
        artifacts.store(connection, place, file)
    with TemporaryDirectory() as temporary:
        model_folder.save(files, regime, Path(temporary) / _FOLDER)
        artifacts.store(connection, place, Path(temporary) / _FOLDER)
    try:
        client.get_registered_model(MODEL)
    except MlflowException:
        client.create_registered_model(MODEL, description="Published taxonomies")
    return client.create_model_version(
        MODEL, source=f"{place}/{_FOLDER}", run_id=run_id, tags={DIGEST: digest}
    )
