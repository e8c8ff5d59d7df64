"""The connection to MLflow: a SQLite file on one machine, a tracking server for many pods."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock

from taskonomy.errors import BadInput
from taskonomy.tracking import moved

# MLflow reads these while it is imported: no usage reports from a training machine, no two lines on
# stdout for each of some thousand runs, no log line for each table of a new database.
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "true")
os.environ.setdefault("MLFLOW_LOGGING_LEVEL", "WARNING")
# Nor bars of copied files; nor, in a saved model, the lock file of the project it is saved from.
os.environ.setdefault("MLFLOW_UV_AUTO_DETECT", "false")
os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
# A server that does not answer is given up after two minutes, one that refuses after half a minute:
# time to be moved to another node. MLflow's own patience is 20 minutes, in silence.
os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "20")
os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "4")

from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
from requests import exceptions as requests  # type: ignore[import-untyped]

_SQLITE = "sqlite:///"


@dataclass(frozen=True)
class Connection:
    """A client, the experiment it writes to, and the lock that its writers share."""

    uri: str
    client: MlflowClient
    experiment: str

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Hold the database while writing; a server serialises its writers itself."""
        with _lock(self.uri):
            yield


def connect(tracking_uri: str, experiment: str) -> Connection:
    """Open MLflow, creating the database and the experiment where they are absent.

    Args:
        tracking_uri: `sqlite:///FILE`, or the address of a tracking server. Pods that run in
            parallel on several machines go through a server.
        experiment: the experiment's name. Its artifacts lie beside a SQLite file, also after both
            were moved, and where the server keeps them otherwise.

    Raises:
        BadInput: the experiment has been deleted, the file is not an MLflow database, or the server
            does not answer.
    """
    database = _database(tracking_uri)
    with _lock(tracking_uri), answering(tracking_uri):
        if database is not None:
            _prepare(database)
            moved.mend(database)
        client = MlflowClient(tracking_uri)
        found = client.get_experiment_by_name(experiment)
        if found is None:
            place = (
                None if database is None else str(database.parent / moved.ARTIFACTS / experiment)
            )
            try:
                return Connection(tracking_uri, client, client.create_experiment(experiment, place))
            except MlflowException as error:
                # Another pod was faster: its experiment is ours.
                found = client.get_experiment_by_name(experiment)
                if found is None:
                    raise error
    if found.lifecycle_stage != "active":
        raise BadInput(
            f"{tracking_uri}: experiment {experiment!r} has been deleted; "
            "expected an active one (restore it in MLflow, or name another)"
        )
    return Connection(tracking_uri, client, found.experiment_id)


@contextmanager
def answering(tracking_uri: str) -> Iterator[None]:
    """Around requests to MLflow: no answer, after the patience above, is bad input in one line.

    What the server answers, errors included, is passed on.
    """
    try:
        yield
    except (MlflowException, requests.RequestException) as error:
        reason = _silence(error)
        if reason is None:
            raise
        raise BadInput(
            f"{tracking_uri}: no answer from MLflow's server ({reason}); expected one that "
            "answers, and whose database and artifact store answer"
        ) from error


def _silence(error: BaseException) -> str | None:
    """Why there was no answer, in words; None for an error that is an answer.

    MLflow wraps what `requests` raises, at times without naming it as the cause.
    """
    cause = error if isinstance(error, requests.RequestException) else None
    cause = cause or error.__cause__ or error.__context__
    if not isinstance(cause, requests.ConnectionError | requests.Timeout | requests.RetryError):
        return None
    inner = cause.args[0] if cause.args else cause
    return " ".join(str(getattr(inner, "reason", None) or inner).split())


def _database(tracking_uri: str) -> Path | None:
    """The file behind a SQLite address; None for a server."""
    if not tracking_uri.startswith(_SQLITE):
        return None
    return Path(tracking_uri.removeprefix(_SQLITE)).resolve()


def _lock(tracking_uri: str) -> FileLock | nullcontext[None]:
    """SQLite takes one writer at a time, and a transaction that finds another one may fail."""
    database = _database(tracking_uri)
    if database is None:
        return nullcontext()
    database.parent.mkdir(parents=True, exist_ok=True)
    return FileLock(f"{database}.lock", is_singleton=True)


def _prepare(database: Path) -> None:
    """Write-ahead logging, kept in the file: a commit costs one write to disk rather than three."""
    connection = sqlite3.connect(database, timeout=60)
    try:
        connection.execute("PRAGMA journal_mode=WAL")
    except sqlite3.DatabaseError as error:
        raise BadInput(f"{database}: {error}; expected an MLflow database (SQLite)") from error
    finally:
        connection.close()
