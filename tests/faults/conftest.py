"""Everything here goes through the real command line, as a process of its own."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest

BAR = re.compile(r"\d+%\|")


def command(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-m", "taskonomy.commands.main", *map(str, arguments)]


def environment(tmp: Path) -> dict[str, str]:
    """Ours, but for temporary files: what a command leaves there is seen."""
    tmp.mkdir(exist_ok=True)
    return os.environ | {"TMPDIR": str(tmp), "OMP_NUM_THREADS": "1", "PYTHONUNBUFFERED": ""}


def taskonomy(folder: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(*arguments),
        cwd=folder,
        env=environment(folder / "tmp"),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def lines(stderr: str) -> list[str]:
    """What stderr says, without the progress bars."""
    return [line for line in re.split(r"[\r\n]+", stderr) if line.strip() and not BAR.search(line)]


def refused(done: subprocess.CompletedProcess[str], *words: str) -> None:
    """It ended with 2 and one line, which says all these words."""
    said = lines(done.stderr)
    assert done.returncode == 2, done.stderr[-3000:]
    assert done.stdout == ""
    assert len(said) == 1, said
    assert said[0].startswith("taskonomy")
    assert all(word in said[0] for word in words), said[0]


def content(root: Path) -> dict[str, str]:
    """Every file below a folder, hidden ones included, with a hash of what it holds."""
    return {
        str(path.relative_to(root)): sha256(path.read_bytes()).hexdigest()
        for path in root.rglob("*")
        if path.is_file()
    }


@pytest.fixture(scope="session")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data set without a fault: three rooms of 12 views, 32 pixels wide."""
    folder = tmp_path_factory.mktemp("sound")
    arguments = ("--images", "36", "--size", "32", "--seed", "0")
    done = taskonomy(folder, "data", "render", "--out", "rooms", *arguments)
    assert done.returncode == 0, done.stderr[-3000:]
    return folder / "rooms"


@pytest.fixture
def rooms(sound: Path, tmp_path: Path) -> Path:
    """A copy of it to spoil."""
    return Path(shutil.copytree(sound, tmp_path / "rooms"))


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 256 KiB."""
    yield from _mounted(tmp_path / "disk", "size=256k")


@pytest.fixture
def read_only_disk(tmp_path: Path) -> Iterator[Path]:
    yield from _mounted(tmp_path / "disk", "ro")


def _mounted(place: Path, options: str) -> Iterator[Path]:
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(place)]
    if os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("only root can mount a disk of its own")
    done = subprocess.run(mount, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"no disk can be mounted here: {done.stderr.strip()}")
    try:
        yield place
    finally:
        subprocess.run(["umount", str(place)], check=True)
