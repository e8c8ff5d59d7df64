"""What an image is: small, without rights, and labelled."""

import json
from typing import Any

import pytest

from components.images import SOLVE, TRAIN

from .conftest import RIGHTLESS, Docker

# What a component's process may do, as it sees it.
SEEN = """
import json, os, pathlib
def denied(path):
    try:
        pathlib.Path(path).write_text("")
    except OSError as error:
        return error.strerror
status = dict(
    line.split(":\\t", 1) for line in pathlib.Path("/proc/self/status").read_text().splitlines()
)
print(json.dumps({
    "uid": os.getuid(),
    "capabilities": [int(status[name], 16) for name in ("CapPrm", "CapEff", "CapBnd")],
    "gains rights": status["NoNewPrivs"].strip() == "0",
    "root": denied("/x"), "packages": denied("/opt/taskonomy/x"), "home": denied("/tmp/x"),
    "network": os.listdir("/sys/class/net"),
}))
"""


def inspected(docker: Docker, image: str) -> dict[str, Any]:
    done = docker("image", "inspect", image)
    assert done.returncode == 0, done.stderr
    (found,) = json.loads(done.stdout)
    return dict(found)


def test_solve_carries_no_torch_and_is_below_600_megabytes(images: Docker) -> None:
    find = "import importlib.util as i; print([n for n in ('torch', 'ortools') if i.find_spec(n)])"
    done = images("run", *RIGHTLESS, "--entrypoint", "python", SOLVE, "-c", find)
    assert done.stdout == "['ortools']\n", done.stderr
    assert inspected(images, SOLVE)["Size"] < 600e6


@pytest.mark.parametrize("image", [SOLVE, TRAIN])
def test_an_image_starts_the_command_line_as_no_root_and_says_what_it_is(
    images: Docker, image: str
) -> None:
    config = inspected(images, image)["Config"]
    assert config["User"] == "1000:1000"
    assert config["Entrypoint"] == ["taskonomy"]
    name, version = image.split(":")
    labels = {
        key.removeprefix("org.opencontainers.image."): value
        for key, value in config["Labels"].items()
    }
    assert (labels["title"], labels["version"], labels["licenses"]) == (name, version, "MIT")
    assert len(labels["revision"].removesuffix("-dirty")) == 40
    done = images("run", *RIGHTLESS, image)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("usage: taskonomy")


def test_nothing_but_the_temporary_folder_can_be_written_and_no_network_is_seen(
    images: Docker,
) -> None:
    done = images("run", *RIGHTLESS, "--entrypoint", "python", SOLVE, "-c", SEEN)
    assert json.loads(done.stdout) == {
        "uid": 1000,
        "capabilities": [0, 0, 0],
        "gains rights": False,
        "root": "Read-only file system",
        "packages": "Read-only file system",
        "home": None,
        "network": ["lo"],
    }, done.stderr


def test_a_process_that_takes_more_memory_than_its_limit_is_ended(images: Docker) -> None:
    take = "bytearray(1 << 30)"
    for limit, code in (("512m", 137), ("2g", 0)):
        done = images(
            *("run", *RIGHTLESS, f"--memory={limit}", f"--memory-swap={limit}"),
            *("--entrypoint", "python", SOLVE, "-c", take),
        )
        assert done.returncode == code, done.stderr
