"""A real tracking server of MLflow's for a test."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def tracking_server(folder: Path, destination: str, **settings: str) -> Iterator[str]:
    """A server that passes files on.

    Args:
        folder: where its database and its log go.
        destination: where it puts files: a folder, or an address in an object store.
        settings: further variables of its environment.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        *(sys.executable, "-m", "mlflow", "server", "--port", str(port), "--workers", "1"),
        *("--backend-store-uri", f"sqlite:///{folder}/server.db"),
        *("--artifacts-destination", destination),
    ]
    environment = os.environ | {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"} | settings
    with (
        (folder / "server.log").open("wb") as log,
        subprocess.Popen(
            command, env=environment, stdout=log, stderr=log, start_new_session=True
        ) as process,
    ):
        uri = f"http://127.0.0.1:{port}"
        try:
            _wait(f"{uri}/health", process)
            yield uri
        finally:
            os.killpg(process.pid, 9)


def _wait(url: str, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + 180
    while time.monotonic() < end and process.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except OSError:
            time.sleep(0.2)
    raise AssertionError("MLflow's server did not start")
