"""A component as a pod runs it: from the package alone, wherever it lies, by kfp's executor."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from taskonomy.config import load
from taskonomy.files import shipped
from taskonomy.runs.configuration import page

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package as the wheel lays it out, apart from the checkout."""
    folder = tmp_path_factory.mktemp("package")
    shutil.copytree(ROOT / "src" / "taskonomy", folder / "taskonomy")
    shutil.copytree(ROOT / "components", folder / "taskonomy" / "components")
    shutil.copy(ROOT / "params.yaml", folder / "taskonomy")
    return folder


def step(package: Path, name: str, folder: Path, **values: Any) -> subprocess.CompletedProcess[str]:
    """Run a component's process; its outputs go below the folder."""
    outputs = {
        key: {"artifacts": [{"name": key, "type": {"schemaTitle": f"system.{kind}"},
                             "uri": str(folder / key), "metadata": {}}]}
        for key, kind in (("configuration", "Markdown"),)
    }  # fmt: skip
    given = {
        "inputs": {"parameterValues": values},
        "outputs": {
            "parameters": {key: {"outputFile": str(folder / key)} for key in ("Output", "config")},
            "artifacts": outputs,
            "outputFile": str(folder / "output.json"),
        },
    }
    command = ["-m", "taskonomy.execution.component", "kfp.dsl.executor_main", name]
    return subprocess.run(
        [sys.executable, *command, json.dumps(given)],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(package), "PYTHONWARNINGS": "ignore"},
        capture_output=True,
        text=True,
        check=False,
    )


FORM: dict[str, Any] = {
    "tracking": "sqlite:///mlflow.db",
    "profile": "demo",
    "dictionary": [],
    "seed": "7",
    "tasks": [],
    "images": "24",
    "regimes": [],
    "budgets": [],
    "overrides": {"transfer": {"steps": 3.0}},
}


def test_the_first_step_shows_the_configuration_and_keeps_none_of_a_run_that_it_refuses(
    package: Path, tmp_path: Path
) -> None:
    """The data are none, so that it ends there."""
    ended = step(
        *(package, "version_data", tmp_path),
        **FORM,
        store=str(tmp_path / "store"),
        source=str(tmp_path / "no-such-folder"),
    )
    assert ended.returncode == 2, ended.stderr
    assert "stage version-data: bad input: " in ended.stderr
    config = load(shipped("params.yaml"), "demo").updated(
        seed=7, data={"images": 24}, transfer={"steps": 3}
    )
    assert (tmp_path / "configuration").read_text() == page(config)
    assert not (tmp_path / "store").exists()


def test_a_wrong_key_ends_the_first_step_in_one_line_and_code_2(
    package: Path, tmp_path: Path
) -> None:
    asked = FORM | {"overrides": {"transfer": {"stpes": 3}}}
    for name, more in (
        ("version_data", {"source": ""}),
        ("plan_novel", {"taxonomy": "0" * 20, "task": "t.py", "spot": {}, "on_demand": {},
                        "spot_attempts": 2}),
    ):  # fmt: skip
        ended = step(package, name, tmp_path, **asked, **more, store=str(tmp_path / "store"))
        assert ended.returncode == 2, ended.stderr
        (line,) = (line for line in ended.stderr.splitlines() if line.startswith("stage "))
        assert "bad input: the run's parameters: demo.transfer.stpes: unknown key" in line
        assert "Traceback" not in ended.stderr
    assert not (tmp_path / "store").exists()


def test_a_shard_of_no_plan_ends_in_one_line(package: Path, tmp_path: Path) -> None:
    ended = step(package, "train_task", tmp_path, store=str(tmp_path), shard="0/tasks-000-of-001")
    assert ended.returncode == 2, ended.stderr
    assert "no plan '0' that names its configuration" in ended.stderr
    assert "Traceback" not in ended.stderr
