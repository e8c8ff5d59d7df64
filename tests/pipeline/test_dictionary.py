"""Tasks of a user's own as sources and targets of a run: here all 26, under other names."""

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from taskonomy.affinity import table
from taskonomy.config import load
from taskonomy.dictionary import DICTIONARY
from taskonomy.runs.evaluation import evaluate

from .conftest import Run, tiny
from .conftest import taxonomy as command

RENAMED = """
from dataclasses import replace
from taskonomy.dictionary import DICTIONARY

TASKS = tuple(
    replace(task, name=f"my_{task.name}", title=f"My {task.title}", aliases=())
    for task in DICTIONARY
)
"""
"""The 26 tasks with their label folders as they are, under names that nothing knows."""


@pytest.fixture(scope="module")
def renamed(tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("renamed")
    (folder / "mine.py").write_text(RENAMED)
    profile = tiny()
    profile["tasks"] = [f"my_{name}" for name in DICTIONARY.names]
    profile["dictionary"] = [str(folder / "mine.py")]
    profile["taxonomy"] |= {"costs": {"my_denoising": 0.5}}  # type: ignore[operator]
    done = command(folder, "run", "--profile", "tiny", profile=profile)
    assert done.returncode == 0, done.stderr[-3000:]
    return Run(folder, folder / "out", done.stdout + done.stderr)


def test_the_road_knows_no_task_by_its_name(renamed: Run) -> None:
    content = json.loads((renamed.out / "taxonomy.json").read_bytes())
    names = {f"my_{name}" for name in DICTIONARY.names}
    assert {entry["name"] for entry in content["dictionary"]} == names
    assert {e["target"] for p in content["policies"] for e in p.get("edges", ())} == {
        f"my_{name}" for name in DICTIONARY.targets
    }
    rows = pq.read_table(renamed.out / "models.parquet").to_pylist()
    assert {row["status"] for row in rows} == {"finished"}
    assert {row["target"] for row in rows} == names


def test_the_report_and_the_evaluation_name_them_by_title(renamed: Run) -> None:
    report = (renamed.out / "report.html").read_text()
    for task in DICTIONARY:
        assert f"My {task.title}" in report
    folder = evaluate(renamed.out, load(renamed.folder / "params.yaml", "tiny"))
    assert "My Surface normals" in (folder / "evaluation.html").read_text()


def test_a_table_of_affinities_says_what_its_tasks_are(renamed: Run) -> None:
    known = table.dictionary(renamed.out / "affinity.parquet")
    assert known["my_normal"].group == "3D"
    assert known.untrained("my_random_projection")
    done = command(
        *(renamed.folder, "solve", "out/affinity.parquet", "--budget", "26", "--max-order", "1"),
        *("--json", "--scale", "raw"),
    )
    assert done.returncode == 0, done.stderr
    assert "my_random_projection" not in json.loads(done.stdout)["sources"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("TASK = 1", "found no taskonomy.dictionary.Task; expected TASK, or TASKS of several"),
        (RENAMED.replace("my_", ""), "the name 'autoencoding' stands for 'Autoencoding' already"),
        (RENAMED.replace("aliases=()", "kind='voxels'"), "kind 'voxels': expected one of image"),
    ],
)
def test_a_dictionary_that_cannot_be_used_ends_the_run_at_once(
    tmp_path: Path, content: str, words: str
) -> None:
    file = tmp_path / "mine.py"
    file.write_text(content)
    done = command(tmp_path, "run", "--profile", "tiny", "--dictionary", str(file))
    assert done.returncode == 2
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("taskonomy: ")]
    assert f"{file}: " in line
    assert words in line
