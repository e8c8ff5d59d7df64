"""What is interrupted ends cleanly, and the same command then finishes to the same result."""

import contextlib
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from .conftest import command, content, environment, lines, taskonomy

RENDER = ("data", "render", "--out", "rooms", "--images", "36", "--size", "32", "--seed", "0")


def begin(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    """Start a command as a shell would: in a process group of its own."""
    return subprocess.Popen(
        command(*arguments),
        cwd=folder,
        env=environment(folder / "tmp"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        # A job in the background starts with interrupts ignored, and hands that on.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )


def wait_for(folder: Path, pattern: str, process: subprocess.Popen[str]) -> None:
    """Wait until there is such a file, while the process runs."""
    until = time.monotonic() + 60
    while not any(folder.glob(pattern)):
        assert process.poll() is None
        assert time.monotonic() < until
        time.sleep(0.01)


def processes() -> list[tuple[int, str]]:
    """Process group and state of every process (proc(5): the fields behind the name)."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):  # it has ended meanwhile
            state, _, pgid = path.read_text().rpartition(")")[2].split()[:3]
            found.append((int(pgid), state))
    return found


def ended(group: int, within: float) -> bool:
    """Whether no process of the group is left, save those that only await their funeral."""
    until = time.monotonic() + within
    while time.monotonic() < until:
        if not any(pgid == group and state != "Z" for pgid, state in processes()):
            return True
        time.sleep(0.1)
    return False


def test_a_rendering_goes_on_after_an_interrupt_and_after_a_kill(
    sound: Path, tmp_path: Path
) -> None:
    process = begin(tmp_path, *RENDER)
    wait_for(tmp_path / "rooms", ".room_*/room_*/normal/*.png", process)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does on Ctrl-C
    stdout, stderr = process.communicate(timeout=60)
    assert ended(process.pid, within=30)
    assert process.returncode == 130
    assert stdout == ""
    assert lines(stderr) == ["taskonomy: interrupted; finished work is kept and skipped next time"]
    left = {path.name for path in (tmp_path / "rooms").iterdir()}
    assert left < {".rendering.json", *(f"room_{number:05d}" for number in range(6))}

    process = begin(tmp_path, *RENDER)
    wait_for(tmp_path / "rooms", ".room_*/room_*/normal/*.png", process)
    process.kill()
    process.communicate(timeout=60)
    assert ended(process.pid, within=30)

    done = taskonomy(tmp_path, *RENDER)
    assert done.returncode == 0, done.stderr
    assert content(tmp_path / "rooms") == content(sound)


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_the_processes_of_a_run_end_with_it(tmp_path: Path, how: signal.Signals) -> None:
    process = begin(tmp_path, "run", "--out", "out")
    wait_for(tmp_path / "out", "store/rooms/*/.rendering.json", process)
    process.send_signal(how)  # to the command alone, as a supervisor does
    stdout, stderr = process.communicate(timeout=60)
    assert ended(process.pid, within=30)
    assert stdout == ""
    assert "Traceback" not in stderr
    if how == signal.SIGINT:
        assert process.returncode == 130
        assert lines(stderr)[-1].startswith("taskonomy: interrupted")
        assert list((tmp_path / "tmp").iterdir()) == []
        assert list(tmp_path.glob("out/store/rooms/*/.room_*")) == []
