"""A tracking server or an artifact store that does not answer is one line after a bounded wait."""

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from mlflow.environment_variables import (
    MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR,
    MLFLOW_HTTP_REQUEST_BACKOFF_JITTER,
    MLFLOW_HTTP_REQUEST_MAX_RETRIES,
    MLFLOW_HTTP_REQUEST_TIMEOUT,
)

from taskonomy.errors import BadInput
from taskonomy.tracking import artifacts
from taskonomy.tracking.client import connect
from taskonomy.tracking.registry import find_taxonomy
from taskonomy.tracking.runs import Logged, log_models, run_ids
from tests.unit.mlflow_server import tracking_server

# Raised by SQLAlchemy about MLflow's tables; by the sockets that tests leave without an answer.
pytestmark = [
    pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SADeprecationWarning"),
    pytest.mark.filterwarnings("ignore:datetime.datetime.utcnow:DeprecationWarning"),
]


@contextmanager
def silent() -> Iterator[str]:
    """A server that takes every connection and never says a word."""
    with socket.create_server(("127.0.0.1", 0), backlog=128) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


@contextmanager
def refusing() -> Iterator[str]:
    """A port that nobody listens on."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))  # bound, so that nobody else takes it; not listening
        yield f"http://127.0.0.1:{held.getsockname()[1]}"


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """A second's patience, once more."""
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "1")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR", "0")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "anybodys")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    artifacts._bound_waiting.cache_clear()


def model(folder: Path) -> Logged:
    weights = folder / "m1.safetensors"
    weights.write_bytes(b"weights")
    return Logged(
        model_id="m1",
        name="m1",
        params={},
        tags={"status": "finished"},
        metrics={},
        curve=np.zeros((1, 2)),
        artifact=weights,
    )


def test_the_patience_is_two_minutes_of_silence_and_half_a_minute_of_refusal() -> None:
    retries = MLFLOW_HTTP_REQUEST_MAX_RETRIES.get()
    factor, jitter = MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR.get(), MLFLOW_HTTP_REQUEST_BACKOFF_JITTER
    # urllib3 sleeps before every retry but the first.
    asleep = sum(factor * 2**again for again in range(1, retries)) + retries * jitter.get()
    assert asleep <= 35
    assert (1 + retries) * MLFLOW_HTTP_REQUEST_TIMEOUT.get() + asleep <= 150


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize(
    ("server", "why"), [(silent, "timed out"), (refusing, "Connection refused")]
)
def test_a_server_that_does_not_answer_is_one_line(
    server: Iterator[str], why: str, tmp_path: Path
) -> None:
    for ask in (
        lambda uri: log_models(uri, "any", [model(tmp_path)]),
        lambda uri: run_ids(uri, "any"),
        lambda uri: find_taxonomy(uri, "any", "digest"),
    ):
        with server() as uri:  # type: ignore[operator]
            start = time.monotonic()
            with pytest.raises(BadInput) as caught:
                ask(uri)
            assert time.monotonic() - start < 20
            line = str(caught.value)
            assert line.startswith(f"{uri}: no answer from MLflow's server (")
            assert why in line
            assert "expected" in line
            assert "\n" not in line


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize("server", [silent, refusing])
def test_an_object_store_that_does_not_answer_its_clients_is_one_line(
    server: Iterator[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    uri = f"sqlite:///{tmp_path}/mlflow.db"
    client = connect(uri, "local").client
    client.create_experiment("remote", "s3://bucket/prefix")
    with server() as address:  # type: ignore[operator]
        monkeypatch.setenv("MLFLOW_S3_ENDPOINT_URL", address)
        start = time.monotonic()
        with pytest.raises(BadInput) as caught:
            log_models(uri, "remote", [model(tmp_path)])
        assert time.monotonic() - start < 30
    line = str(caught.value)
    assert line.startswith("s3://bucket/prefix/")
    assert "MLflow's artifact store did not take m1.safetensors" in line
    assert "\n" not in line


@pytest.mark.usefixtures("hasty")
def test_a_server_whose_object_store_does_not_answer_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (
        silent() as store,
        tracking_server(tmp_path, "s3://bucket/prefix", MLFLOW_S3_ENDPOINT_URL=store) as uri,
    ):
        monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "20")
        connect(uri, "any")  # the first request makes the tables
        monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "5")
        start = time.monotonic()
        with pytest.raises(BadInput, match=r"no answer from MLflow's server .*artifact store"):
            log_models(uri, "any", [model(tmp_path)])
        assert time.monotonic() - start < 60
