"""The compiled pipeline in its images: every component in a container without rights."""

import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from taskonomy.config import Config, load
from taskonomy.errors import StageFailed
from taskonomy.execution.local import run_locally
from taskonomy.runs.context import Context
from tests.pipeline.conftest import tiny

from .conftest import Docker

USER = 1000
TASKS = ["denoising", "keypoints2d", "normal", "depth_euclidean", "random_projection"]
"""The fewest with sources for both kinds of target, and an encoder that is not trained."""


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Config:
    path = tmp_path_factory.mktemp("config") / "params.yaml"
    path.write_text(yaml.safe_dump({"tiny": tiny() | {"tasks": TASKS}}))
    return load(path, "tiny")


@pytest.fixture
def docker_host(images: Docker, monkeypatch: pytest.MonkeyPatch) -> None:
    """kfp's runner talks to the tests' daemon."""
    for name, value in images.environment.items():
        monkeypatch.setenv(name, value)


def rightless(out: Path, **changes: Any) -> Any:
    """kfp's runner of containers that may write to `out` and to a temporary folder alone."""
    from docker.types import Mount
    from kfp.local import DockerRunner

    (out / "store").mkdir(parents=True, exist_ok=True)
    for folder in (out, out / "store"):
        os.chown(folder, USER, USER)
    arguments = {
        "user": f"{USER}:{USER}",
        "read_only": True,
        "tmpfs": {"/tmp": "mode=1777"},
        "cap_drop": ["ALL"],
        "security_opt": ["no-new-privileges"],
        "network_mode": "none",
        "mem_limit": "2g",
        "memswap_limit": "2g",
        "mounts": [Mount(str(out), str(out), type="bind")],
        "entrypoint": [""],
        # As the processes of `run_locally` have it: two at once on two cores.
        "environment": {"OMP_NUM_THREADS": "1"},
    }
    return DockerRunner(**(arguments | changes))


@pytest.mark.usefixtures("docker_host")
def test_containers_publish_what_processes_publish(config: Config, tmp_path: Path) -> None:
    out = {kind: tmp_path / kind for kind in ("processes", "containers")}
    runners = {"processes": None, "containers": rightless(out["containers"])}
    for kind, runner in runners.items():
        run_locally(Context.at(out[kind], config), "", out[kind], runner)

    for name in ("taxonomy.json", "affinity.parquet"):
        one, other = ((folder / name).read_bytes() for folder in out.values())
        assert one == other


@pytest.mark.usefixtures("docker_host")
def test_a_component_that_fails_at_once_fails_the_run_every_time(
    config: Config, tmp_path: Path
) -> None:
    for attempt in range(20):
        out = tmp_path / str(attempt)
        with pytest.raises(StageFailed, match=r"a stage ended without a word"):
            run_locally(Context.at(out, config), "", out, rightless(out, entrypoint=["false"]))
