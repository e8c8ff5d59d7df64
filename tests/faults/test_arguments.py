"""Wrong arguments, parameters and affinity files are refused in one line, before anything runs."""

import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from .conftest import refused, taskonomy

PARAMS = Path(__file__).parents[2] / "params.yaml"

SOUND = {"a__t": 0.6, "b__t": 0.4}


def alone(folder: Path, *files: str) -> None:
    """Nothing has come to lie beside these."""
    assert {path.name for path in folder.iterdir()} == {*files, "tmp"}
    assert list((folder / "tmp").iterdir()) == []


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("tasks", ["normal", "depth_zbufer"], ("demo.tasks", "'depth_zbufer'", "depth_zbuffer?")),
        ("transfer.steps", 0, ("demo.transfer.steps", "found 0", "from 1 to 10000000")),
        ("training.learning_rate", float("nan"), ("demo.training.learning_rate", "found nan")),
        ("taxonomy.budgets", [2, -1], ("demo.taxonomy.budgets", "found -1", "from 1 to")),
        ("taxonomy.costs", {"normal": -2}, ("demo.taxonomy.costs.normal", "found -2.0", "from 0")),
    ],
)
def test_params(tmp_path: Path, key: str, value: object, words: tuple[str, ...]) -> None:
    profiles: dict[str, Any] = yaml.safe_load(PARAMS.read_text())
    *folders, last = key.split(".")
    place = profiles["demo"]
    for name in folders:
        place = place[name]
    place[last] = value
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(profiles))
    refused(taskonomy(tmp_path, "run"), "params", *words)
    alone(tmp_path, "params.yaml")


@pytest.mark.parametrize("text", ["demo: fast\n", "demo: {3: 4}\n", "demo: [\n"])
def test_a_params_file_of_another_kind(tmp_path: Path, text: str) -> None:
    (tmp_path / "params.yaml").write_text(text)
    refused(taskonomy(tmp_path, "run"), "params.yaml")
    alone(tmp_path, "params.yaml")


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("--budget", "-1", ("--budget", "found -1", "expected a finite number >= 0")),
        ("--budget", "nan", ("--budget", "found nan", "expected a finite number >= 0")),
        ("--budget", "inf", ("--budget", "found inf", "expected a finite number >= 0")),
        ("--max-order", "inf", ("--max-order", "found inf", "expected a whole number")),
        ("--cost", "a=nan", ("--cost", "a=nan", "expected a number >= 0")),
        ("--targets", "edges", ("--targets", "unknown task 'edges'")),
    ],
)
def test_solve(tmp_path: Path, option: str, value: str, words: tuple[str, ...]) -> None:
    write(tmp_path / "affinities.pkl", SOUND)
    given = {"--budget": "1", "--max-order": "1", "--scale": "raw"} | {option: value}
    flat = [text for pair in given.items() for text in pair]
    refused(taskonomy(tmp_path, "solve", "affinities.pkl", *flat), *words)
    alone(tmp_path, "affinities.pkl")


def write(path: Path, value: object) -> None:
    path.write_bytes(pickle.dumps(value, protocol=2))


class _Foreign:
    """What it does when loaded: leave a file behind."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[type, tuple[str]]:
        return _Marker, (str(self.mark),)


class _Marker:
    def __init__(self, mark: str) -> None:
        Path(mark).write_text("executed")


def _system(mark: Path) -> bytes:
    """`os.system` on a shell's command, as an attacker would write it."""
    return f"cposix\nsystem\n(S'touch {mark}'\ntR.".encode()


def test_a_foreign_class_in_a_pickle_is_refused_and_never_executed(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    poisoned: Mapping[str, object] = SOUND | {"c__t": _Foreign(mark)}
    write(tmp_path / "poisoned.pkl", poisoned)
    (tmp_path / "shell.pkl").write_bytes(_system(mark))
    pickle.loads((tmp_path / "shell.pkl").read_bytes())
    assert mark.exists(), "this pickle does act where it is trusted"
    mark.unlink()
    for name, asked in (("poisoned.pkl", "_Marker"), ("shell.pkl", "posix.system")):
        done = taskonomy(tmp_path, "solve", name, "--budget", "1", "--max-order", "1")
        refused(done, name, asked, "refused", "expected numbers only")
    alone(tmp_path, "poisoned.pkl", "shell.pkl")


@pytest.mark.parametrize(
    ("bytes_", "words"),
    [
        (b"", ("found an empty file", "expected affinities")),
        (b"PAR1 it is not PAR1", ("expected an affinity.parquet",)),
    ],
)
def test_an_affinity_table_that_is_none(
    tmp_path: Path, bytes_: bytes, words: tuple[str, ...]
) -> None:
    (tmp_path / "affinity.parquet").write_bytes(bytes_)
    done = taskonomy(tmp_path, "solve", "affinity.parquet", "--budget", "1", "--max-order", "1")
    refused(done, "affinity.parquet", *words)
    alone(tmp_path, "affinity.parquet")


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("--seed", "-1", ("seed", "found -1", "expected 0 to")),
        ("--size", "4", ("size", "found 4", "expected 16 to 1024")),
        ("--size", "100000", ("size", "found 100000", "expected 16 to 1024")),
        ("--images", "many", ("--images", "found many", "expected a whole number from 1")),
    ],
)
def test_render(tmp_path: Path, option: str, value: str, words: tuple[str, ...]) -> None:
    given = {"--images": "12", "--size": "32", "--seed": "0", "--out": "rooms"} | {option: value}
    flat = [text for pair in given.items() for text in pair]
    refused(taskonomy(tmp_path, "data", "render", *flat), *words)
    alone(tmp_path)
