"""The project's images, really built, in a Docker daemon of the tests' own.

The daemon has its data, its socket and no network of its own in a temporary folder, so that it
meets no other one; images are built on the machine's network. Where there is no registry of base
images, Debian's packages are one: debootstrap's root with Python stands in for the base image.
"""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp

import pytest

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).parent
BASE = "taskonomy-base:bookworm"
CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "taskonomy"
# Where a machine says which of its registries pip is to use.
PIP_CONF = [Path.home() / ".config/pip/pip.conf", Path("/etc/pip.conf")]
RIGHTLESS = [
    *("--rm", "--read-only", "--tmpfs=/tmp:mode=1777", "--cap-drop=ALL", "--network=none"),
    *("--security-opt=no-new-privileges", "--memory=1g"),
]
"""What a container is run with: no right that it could do without."""

REQUIRED = "TASKONOMY_CONTAINERS"
"""With this variable set a machine that cannot run the containers fails these tests."""


def lacking() -> str:
    """What this machine lacks to run the tests of the images; empty if nothing."""
    if os.geteuid() != 0:
        return "only root can start a Docker daemon"
    absent = [name for name in ("dockerd", "debootstrap") if shutil.which(name) is None]
    if absent:
        return f"no {' and no '.join(absent)}; on Debian: apt-get install docker.io debootstrap"
    return ""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    reason = lacking()
    if reason and not os.environ.get(REQUIRED):
        for item in items:
            if HERE in item.path.parents:
                item.add_marker(pytest.mark.skip(reason=reason))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    skipped = terminalreporter.stats.get("skipped", [])
    if any(report.nodeid.startswith("tests/containers/") for report in skipped):
        terminalreporter.write_line(f"the images were not tested: {lacking()}")


@dataclass(frozen=True)
class Docker:
    """A daemon, and Debian's client: another one may stand earlier on PATH."""

    socket: Path
    client: str = "/usr/bin/docker"

    @property
    def environment(self) -> dict[str, str]:
        return {"DOCKER_HOST": f"unix://{self.socket}"}

    def __call__(self, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.client, *map(str, arguments)],
            env=os.environ | self.environment,
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture(scope="session")
def docker() -> Iterator[Docker]:
    assert not lacking(), lacking()
    # Not below pytest's own folder: a socket's path is limited to 107 characters.
    folder = Path(mkdtemp(prefix="taskonomy-docker-"))
    daemon = Docker(folder / "socket")
    places = [f"--{name}={folder / name}" for name in ("data-root", "exec-root", "pidfile")]
    alone = ["--bridge=none", "--iptables=false", "--ip-masq=false"]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            ["dockerd", *places, *alone, f"--host=unix://{daemon.socket}"], stdout=log, stderr=log
        )
    try:
        until = time.monotonic() + 60
        while daemon("version").returncode:
            said = (folder / "log").read_text()[-2000:]
            assert process.poll() is None, said
            assert time.monotonic() < until, said
            time.sleep(0.2)
        yield daemon
    finally:
        process.terminate()
        process.wait()
        for place in _mounted(folder):
            subprocess.run(["umount", "--lazy", place], check=True)
        shutil.rmtree(folder)


def _mounted(folder: Path) -> list[str]:
    """What is still mounted below a folder, innermost first."""
    places = [line.split()[1] for line in Path("/proc/mounts").read_text().splitlines()]
    return sorted((place for place in places if Path(place).is_relative_to(folder)), reverse=True)


@pytest.fixture(scope="session")
def images(docker: Docker) -> Docker:
    """The daemon, with the images as `make images` builds them."""
    imported = docker("import", "--change", "ENV PATH=/usr/sbin:/usr/bin:/sbin:/bin", _base(), BASE)
    assert imported.returncode == 0, imported.stderr
    made = {"DOCKER": docker.client, "BASE_IMAGE": BASE, "BUILD_OPTIONS": "--network host --quiet"}
    if certificates := os.environ.get("SSL_CERT_FILE"):
        made["CA_BUNDLE"] = certificates
    if conf := next((path for path in PIP_CONF if path.is_file()), None):
        made["PIP_CONF"] = str(conf)
    done = subprocess.run(
        ["make", "images", *(f"{name}={value}" for name, value in made.items())],
        cwd=ROOT,
        env=os.environ | docker.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    print(done.stdout)
    return docker


def _base() -> Path:
    """Debian with Python, as a tar archive; kept from one run to the next."""
    kept = CACHE / "base-bookworm.tar"
    if kept.is_file():
        return kept
    CACHE.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix="taskonomy-base-") as folder:
        root, packages = f"{folder}/root", "ca-certificates,python3,python3-venv"
        _run("debootstrap", "--variant=minbase", f"--include={packages}", "bookworm", root)
        unneeded = ("var/cache/apt", "var/lib/apt/lists", "usr/share/doc", "usr/share/locale")
        for place in (*unneeded, "usr/share/man", "var/log"):
            shutil.rmtree(f"{root}/{place}")
            Path(f"{root}/{place}").mkdir()
        partial = CACHE / f".{kept.name}.{os.getpid()}"
        _run("tar", "--create", "--numeric-owner", f"--directory={root}", f"--file={partial}", ".")
        partial.rename(kept)
    return kept


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
