"""A place that cannot be written to is named in one line; nothing half-written is left there."""

import pickle
import subprocess
from pathlib import Path

import pytest

from taskonomy.data import verify

from .conftest import command, content, environment, refused, taskonomy

SPACE = "No space left on device; expected a writable place with free space"
RENDER = ("data", "render", "--images", "36", "--size", "32", "--seed", "0", "--out")


def test_rendering_onto_a_full_disk_leaves_whole_buildings_alone(
    small_disk: Path, tmp_path: Path
) -> None:
    out = small_disk / "rooms"
    refused(taskonomy(tmp_path, *RENDER, out), str(out), SPACE)
    left = {path.name for path in out.iterdir()}
    assert left <= {".rendering.json", "room_00000", "room_00001", "room_00002"}
    assert len(left) < 4
    if len(left) > 1:
        assert verify.verify(out).faults == ()


def test_a_run_onto_a_full_disk_says_so(small_disk: Path, tmp_path: Path) -> None:
    done = taskonomy(tmp_path, "run", "--out", small_disk / "out")
    refused(done, str(small_disk / "out" / "store" / "rooms"), SPACE)
    files = {path for path in (small_disk / "out").rglob("*") if path.is_file()}
    whole = {path for path in files if path.parent.parent.name.startswith("room_")}
    assert {path.name for path in files - whole if path.suffix != ".log"} == {".rendering.json"}


def test_versions_onto_a_full_disk(small_disk: Path, sound: Path, tmp_path: Path) -> None:
    (small_disk / "filler").write_bytes(bytes(255 * 1024))
    done = taskonomy(
        tmp_path, "stage", "version-data", "--data", sound, "--out", small_disk / "out"
    )
    refused(done, "/out/store/version-data/dvc", SPACE)
    assert [path for path in (small_disk / "out").rglob("*") if path.is_file()] == []


def test_a_solution_onto_a_full_disk(tmp_path: Path) -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("this system has no /dev/full")
    (tmp_path / "affinities.pkl").write_bytes(pickle.dumps({"a__t": 0.6, "b__t": 0.4}, protocol=2))
    arguments = ("solve", "affinities.pkl", "--budget", "1", "--max-order", "1")
    with full.open("w") as out:
        done = subprocess.run(
            command(*arguments),
            cwd=tmp_path,
            env=environment(tmp_path / "tmp"),
            stdout=out,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == 2, done.stderr
    assert done.stderr.splitlines()[-1].startswith("taskonomy: the output: No space left on device")
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr


@pytest.mark.parametrize("arguments", [("run", "--out"), RENDER])
def test_a_read_only_output(
    read_only_disk: Path, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    done = taskonomy(tmp_path, *arguments, read_only_disk / "out")
    refused(done, str(read_only_disk / "out"), "Read-only file system; expected a writable place")


@pytest.mark.parametrize("arguments", [("run", "--out"), RENDER])
@pytest.mark.parametrize("place", ["file", "file/below"])
def test_a_file_in_the_place_of_the_output(
    tmp_path: Path, arguments: tuple[str, ...], place: str
) -> None:
    (tmp_path / "file").write_text("mine")
    refused(taskonomy(tmp_path, *arguments, place), "file", "expected a folder, or nothing yet")
    assert (tmp_path / "file").read_text() == "mine"


def test_a_folder_of_something_else_is_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("all of it")
    before = content(tmp_path / "mine")
    refused(taskonomy(tmp_path, *RENDER, "mine"), "mine", "found a folder with other content")
    assert content(tmp_path / "mine") == before


def test_a_rendering_of_other_arguments_is_not_mixed_in(sound: Path, tmp_path: Path) -> None:
    before = content(sound)
    done = taskonomy(tmp_path, *RENDER[:-2], "1", "--out", sound)
    refused(done, "dataset.json", "found a data set of seed 0, expected 1 or another folder")
    assert content(sound) == before
