"""The object store's check against two S3 servers, each a process of its own.

rclone's checks signatures and ignores conditions; moto's takes any key and keeps conditions.
"""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import boto3
import pytest

from taskonomy.cluster.checks.object_store import check
from taskonomy.errors import BadInput

RCLONE = Path(sys.executable).with_name("rclone")
KEY, SECRET = "taskonomy", "a secret of tests"


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


@contextmanager
def serving(port: int, command: Sequence[str]) -> Iterator[str]:
    """A server as a process, once it listens; its address."""
    quiet = subprocess.DEVNULL
    with subprocess.Popen(command, stdout=quiet, stderr=quiet) as process:
        try:
            for _ in range(3000):
                assert process.poll() is None, f"{command} ended with {process.returncode}"
                with socket.socket() as probe:
                    if probe.connect_ex(("127.0.0.1", port)) == 0:
                        break
                time.sleep(0.1)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


@pytest.fixture(scope="module")
def rclone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """rclone's server with a bucket, which is a folder."""
    folder, port = tmp_path_factory.mktemp("s3"), free_port()
    (folder / "bucket").mkdir()
    command = [str(RCLONE), "serve", "s3", "--config", "", "--auth-key", f"{KEY},{SECRET}"]
    with serving(port, [*command, "--addr", f"127.0.0.1:{port}", str(folder)]) as url:
        yield url


@pytest.fixture(scope="module")
def moto() -> Iterator[str]:
    """moto's server."""
    port = free_port()
    with serving(port, [sys.executable, "-m", "moto.server", "--port", str(port)]) as url:
        yield url


@pytest.fixture(autouse=True)
def settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """boto3's settings, as a pod has them."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")


def found(store: str) -> list[tuple[str, str]]:
    """State and text of each finding."""
    return [(finding.state, finding.text) for finding in check(store)]


def test_a_store_that_can_do_everything(moto: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", moto)
    boto3.client("s3").create_bucket(Bucket="bucket")
    assert found("s3://bucket/runs/store") == [
        ("ok", "put"),
        ("ok", "conditional put: refused what exists"),
        ("ok", "get: the bytes that were put"),
        ("ok", "delete"),
    ]
    assert boto3.client("s3").list_objects_v2(Bucket="bucket")["KeyCount"] == 0


def test_a_store_that_ignores_conditions_is_a_note(
    rclone: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", rclone)
    states = found("s3://bucket/store")
    assert [state for state, _ in states] == ["ok", "note", "ok", "ok"]
    assert states[1] == ("note", "conditional put: If-None-Match is ignored")


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("AWS_SECRET_ACCESS_KEY", "another secret", "AWS_SECRET_ACCESS_KEY"),
        ("AWS_ACCESS_KEY_ID", "stranger", "AWS_ACCESS_KEY_ID"),
        ("AWS_ENDPOINT_URL", "http://127.0.0.1:9", "AWS_ENDPOINT_URL"),
    ],
)
def test_wrong_settings_are_a_fault_that_names_them(
    variable: str, value: str, words: str, rclone: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", rclone)
    monkeypatch.setenv(variable, value)
    (finding,) = check("s3://bucket/store")
    assert finding.state == "fault"
    assert finding.text.startswith("put: ")
    assert words in finding.fix


def test_no_such_bucket(rclone: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", rclone)
    (finding,) = check("s3://absent/store")
    assert (finding.state, finding.fix) == ("fault", "make the bucket")


@pytest.mark.parametrize("store", ["/tmp/store", "s3://", "gs://bucket"])
def test_a_store_that_is_no_address_in_s3(store: str) -> None:
    with pytest.raises(BadInput, match="expected s3://BUCKET/PREFIX"):
        list(check(store))
