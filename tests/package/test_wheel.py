"""The wheel with its extra `solve`, installed where nothing else is: it solves without torch."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from taskonomy.affinity import table
from taskonomy.affinity.candidate import Candidate
from taskonomy.taxonomy import released
from taskonomy.taxonomy.hypergraph import Question, build
from tests.unit.test_released_optima import by_the_papers_rows

ROOT = Path(__file__).resolve().parents[2]
UV = ROOT / ".venv" / "bin" / "uv"

ABSENT = ("torch", "torchvision", "cv2", "mlflow", "dvc", "kfp", "matplotlib")

ROWS = [
    Candidate(
        regime="8",
        target=target,
        sources=(source,),
        kind="supervised" if source == target else "transfer",
        affinity=affinity,
    )
    for source, target, affinity in [
        ("normal", "normal", 0.5),
        ("reshading", "normal", 0.3),
        ("reshading", "reshading", 0.6),
        ("normal", "reshading", 0.35),
    ]
]


def done(*command: str | Path, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a command that must end well, out of reach of the checkout's own environment."""
    outside = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    ended = subprocess.run(
        list(map(str, command)),
        cwd=folder,
        env=outside,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr[-3000:]
    return ended


@dataclass(frozen=True)
class Installed:
    """An environment with the wheel in it, and an empty folder to work in."""

    binaries: Path
    folder: Path

    def python(self, script: str) -> str:
        return done(self.binaries / "python", "-c", script, folder=self.folder).stdout

    def taskonomy(self, *arguments: str | Path) -> str:
        return done(self.binaries / "taskonomy", *arguments, folder=self.folder).stdout

    def solve(self, *arguments: str | Path) -> dict[str, Any]:
        return dict(json.loads(self.taskonomy("solve", *arguments, "--json")))


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """The wheel as the checkout builds it, with `solve` at the versions of uv.lock."""
    folder = tmp_path_factory.mktemp("package")
    done(UV, "build", "--quiet", "--wheel", "--out-dir", folder, ROOT, folder=ROOT)
    (wheel,) = folder.glob("*.whl")
    locked = ("--frozen", "--no-emit-project", "--no-default-groups", "--no-hashes")
    versions = folder / "versions.txt"
    done(UV, "export", "--quiet", *locked, "--extra=solve", "-o", versions, folder=ROOT)
    binaries = folder / "venv" / "bin"
    done(UV, "venv", "--quiet", "--python", sys.executable, binaries.parent, folder=folder)
    install = ("pip", "install", "--quiet", "--python", binaries / "python")
    done(UV, *install, "--constraint", versions, f"{wheel}[solve]", folder=folder)
    work = folder / "work"
    work.mkdir()
    return Installed(binaries, work)


def test_nothing_that_trains_is_there(installed: Installed) -> None:
    script = (
        "import importlib.util as i, taskonomy; print(taskonomy.__file__)\n"
        f"print([name for name in ({ABSENT}) if i.find_spec(name)])"
    )
    place, found = installed.python(script).splitlines()
    assert Path(place).is_relative_to(installed.binaries.parent)
    assert found == "[]"


def test_the_command_line_is_there(installed: Installed) -> None:
    assert installed.taskonomy("--help").startswith("usage: taskonomy")


def test_the_projects_parameters_and_pipelines_come_with_it(installed: Installed) -> None:
    script = (
        "from taskonomy import files\n"
        "for name in ('params.yaml', 'pipelines/taxonomy.yaml', 'k8s/secrets.yaml'):\n"
        "    print(files.shipped(*name.split('/')))\n"
        "from taskonomy.config import load; print(load(files.params(), 'demo').profile)"
    )
    *places, profile = installed.python(script).splitlines()
    for place in map(Path, places):
        assert place.is_file()
        assert place.is_relative_to(installed.binaries.parent)
    assert profile == "demo"


def test_it_solves_an_affinity_table(installed: Installed) -> None:
    table.write(installed.folder / "affinity.parquet", ROWS)
    found = installed.solve("affinity.parquet", "--budget=1", "--max-order=1", "--scale=raw")
    assert found["sources"] == ["reshading"]  # 0.3 + 0.6 against 0.5 + 0.35
    assert found["objective"] == pytest.approx(0.9)
    script = (
        "import taskonomy; found = taskonomy.load_affinities('affinity.parquet')\n"
        "print(*taskonomy.solve(found, budget=1, max_order=1, scale='raw').sources)"
    )
    assert installed.python(script) == "reshading\n"


def test_it_evaluates_an_affinity_table_with_its_page(installed: Installed) -> None:
    table.write(installed.folder / "affinity.parquet", ROWS)
    installed.taskonomy("evaluate", "affinity.parquet", "--out", "evaluated")
    page = installed.folder / "evaluated" / "evaluation" / "evaluation.html"
    assert "<svg" in page.read_text(encoding="utf-8")


def test_what_it_cannot_do_without_another_extra_is_one_line(installed: Installed) -> None:
    ended = subprocess.run(
        [installed.binaries / "taskonomy", "run"],
        cwd=installed.folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 2
    (line,) = ended.stderr.splitlines()
    assert line.startswith("taskonomy: found no module 'kfp'; expected")


def test_it_solves_the_released_affinities(installed: Installed, shared: Path) -> None:
    path = shared / "data" / "stanford-results" / "all_affinities_16k.pkl"
    if not path.is_file():
        pytest.skip(f"no released file {path.name} beside the checkout")
    found = installed.solve(path, "--budget=8", "--max-order=4", "--scale=raw")
    graph = build(released.candidates(released.read(path)), Question(max_order=4, scale="raw"))
    assert found["status"] == "optimal"
    assert len(found["sources"]) == 8
    assert found["objective"] == pytest.approx(by_the_papers_rows(graph, 8), abs=1e-9)
