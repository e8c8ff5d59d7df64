"""A run's files, stored where its server or its database says."""

from functools import cache
from pathlib import Path

from mlflow.environment_variables import (
    MLFLOW_HTTP_REQUEST_MAX_RETRIES,
    MLFLOW_HTTP_REQUEST_TIMEOUT,
)
from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

from taskonomy.errors import BadInput
from taskonomy.tracking.client import Connection, answering


def store(connection: Connection, place: str, file: Path) -> None:
    """Store a file, or a folder's content under the folder's name, with a run's artifacts.

    Args:
        connection: whose run.
        place: the run's artifact URI.
        file: the file or the folder.

    Raises:
        BadInput: the server or the object store does not answer.
    """
    if place.startswith("s3://"):
        _store_in_s3(connection, place, file)
        return
    with answering(connection.uri):
        _log(connection, place, file)


def _log(connection: Connection, place: str, file: Path) -> None:
    repository = get_artifact_repository(place, connection.uri)
    if file.is_dir():
        repository.log_artifacts(str(file), file.name)  # type: ignore[no-untyped-call]
    else:
        repository.log_artifact(str(file))  # type: ignore[no-untyped-call]


def _store_in_s3(connection: Connection, place: str, file: Path) -> None:
    """A server that does not pass files on has its clients write to the object store themselves."""
    from botocore.exceptions import BotoCoreError

    _bound_waiting()
    try:
        _log(connection, place, file)
    except BotoCoreError as error:
        reason = " ".join(str(error).split())
        raise BadInput(
            f"{place}: MLflow's artifact store did not take {file.name} ({reason}); expected an "
            "S3 server that answers (MLFLOW_S3_ENDPOINT_URL) and a key that it knows"
        ) from error


@cache
def _bound_waiting() -> None:
    """Give boto3, which has no variables for it, the patience that MLflow's requests have.

    MLflow makes its client from boto3's default session, without timeouts: five minutes.
    """
    import boto3
    import botocore.session
    from botocore.config import Config

    seconds: int = MLFLOW_HTTP_REQUEST_TIMEOUT.get()  # type: ignore[no-untyped-call]
    retries: int = MLFLOW_HTTP_REQUEST_MAX_RETRIES.get()  # type: ignore[no-untyped-call]
    session = botocore.session.Session()
    session.set_default_client_config(
        Config(
            connect_timeout=seconds,
            read_timeout=seconds,
            retries={"mode": "standard", "total_max_attempts": 1 + retries},
        )
    )
    boto3.setup_default_session(botocore_session=session)
