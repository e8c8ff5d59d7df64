"""A server of Kubeflow Pipelines, and the command that submits to it."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from taskonomy.commands import cluster as command
from taskonomy.commands.main import main

from .kubeflow import TOKEN, Kubeflow, serving

Submit = Callable[..., int]


@pytest.fixture
def kubeflow() -> Iterator[Kubeflow]:
    with serving(Kubeflow()) as server:
        yield server


@pytest.fixture
def submit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kubeflow: Kubeflow) -> Submit:
    """`taskonomy submit` to that server, with the right token and no other settings of kfp."""
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("KF_PIPELINES_ENDPOINT", "KF_PIPELINES_UI_ENDPOINT", "KUBECONFIG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(command, "PAUSE", 0.01)
    token = tmp_path / "token"
    token.write_text(f"{TOKEN}\n")

    def run(*arguments: str) -> int:
        options = ("--host", kubeflow.host, "--token", str(token))
        return main(["submit", *options, *arguments])

    return run
