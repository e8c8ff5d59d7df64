"""A stock client of MLflow's loads the champion where nothing but its requirements is installed."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from mlflow.artifacts import download_artifacts

import taskonomy
from taskonomy.affinity import table
from taskonomy.affinity.candidate import Candidate
from taskonomy.publishing import artifact
from taskonomy.tracking.registry import Registered, register_taxonomy
from tests.unit import published
from tests.unit.mlflow_server import tracking_server

# Raised by SQLAlchemy about MLflow's tables.
pytestmark = pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SADeprecationWarning")

ROOT = Path(__file__).resolve().parents[2]
UV = ROOT / ".venv" / "bin" / "uv"
CHAMPION = "models:/taxonomy@champion"
ROWS = published.candidates()

CLIENT = """
import json, sys
from importlib.util import find_spec
import mlflow
import pandas as pd

model = mlflow.pyfunc.load_model(sys.argv[1])
requests = json.loads(sys.argv[2])

def refusal(request):
    try:
        model.predict(request)
    except mlflow.MlflowException as error:
        return str(error)

frame = pd.DataFrame([{"budget": 4}, {"budget": 2, "scale": "raw"}])
print(json.dumps({
    "absent": [name for name in ("torch", "torchvision", "taskonomy", "scipy.optimize", "kfp")
               if find_spec(name.split(".")[0]) is None],
    "loaded": [name for name in ("torch", "taskonomy") if name in sys.modules],
    "answers": [model.predict(request) for request in requests],
    "list": model.predict(requests),
    "frame": model.predict(frame),
    "refused": refusal({"budget": 4, "target": ["normal"]}),
    "inputs": model.metadata.get_input_schema().input_names(),
    "example": mlflow.pyfunc.load_model(sys.argv[1]).input_example,
}))
"""


class Registry(NamedTuple):
    """A tracking server or database with a taxonomy in it."""

    uri: str
    entry: Registered


def publication(folder: Path, rows: list[Candidate]) -> list[Path]:
    table.write(folder / "affinity.parquet", rows)
    (folder / "taxonomy.json").write_bytes(artifact.canonical(published.taxonomy(rows)))
    return [folder / "taxonomy.json", folder / "affinity.parquet"]


def register(uri: str, folder: Path, digest: str = "abc123") -> Registry:
    files = publication(folder, ROWS)
    entry = register_taxonomy(uri, "taskonomy", digest, files, published.REGIME, {}, {}, {})
    return Registry(uri, entry)


@pytest.fixture(scope="module", params=["database", "server"])
def registry(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Registry]:
    folder = tmp_path_factory.mktemp(request.param)
    if request.param == "database":
        yield register(f"sqlite:///{folder}/mlflow.db", folder)
        return
    with tracking_server(folder, str(folder / "files")) as uri:
        yield register(uri, folder)


@pytest.fixture(scope="session")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of an environment with what a registered taxonomy asks for, as of uv.lock."""
    folder = tmp_path_factory.mktemp("environment")
    made = register(f"sqlite:///{folder}/mlflow.db", folder)
    wanted = download_artifacts(
        run_id=made.entry.run_id,
        artifact_path="model/requirements.txt",
        dst_path=str(folder),
        tracking_uri=made.uri,
    )
    locked = ("--frozen", "--no-emit-project", "--no-default-groups", "--no-hashes")
    done(UV, "export", "--quiet", *locked, "--extra=train", "-o", folder / "versions.txt")
    done(UV, "venv", "--quiet", "--python", sys.executable, folder / "venv")
    python = folder / "venv" / "bin" / "python"
    install = ("pip", "install", "--quiet", "--python", python)
    done(UV, *install, "--constraint", folder / "versions.txt", "--requirement", wanted)
    return python


def done(*command: str | Path, **settings: str) -> str:
    """Run a command that must end well; what it prints."""
    outside = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    ended = subprocess.run(
        list(map(str, command)),
        cwd=ROOT,
        env=outside | settings,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr[-3000:]
    return ended.stdout


def client(python: Path | str, uri: str, script: str, *arguments: str) -> dict[str, Any]:
    """What a script prints, run away from the checkout where no model may be unpickled."""
    settings = {"MLFLOW_TRACKING_URI": uri, "MLFLOW_ALLOW_PICKLE_DESERIALIZATION": "false"}
    found: dict[str, Any] = json.loads(
        done(python, "-I", "-W", "ignore", "-c", script, *arguments, **settings)
    )
    return found


def test_a_stock_client_solves_with_the_champion(registry: Registry, environment: Path) -> None:
    requests = [{"budget": 4}, {"budget": 3.5, "max_order": 1, "targets": ["normal", "reshading"]}]

    found = client(environment, registry.uri, CLIENT, CHAMPION, json.dumps(requests))

    assert set(found["absent"]) >= {"torch", "torchvision", "taskonomy", "kfp"}
    assert found["loaded"] == []
    budgets = [
        taskonomy.solve(ROWS, budget=4),
        taskonomy.solve(ROWS, budget=3.5, max_order=1, targets=("normal", "reshading")),
        taskonomy.solve(ROWS, budget=2, scale="raw"),
    ]
    first, second, third = (json.loads(json.dumps(policy.as_json())) for policy in budgets)
    assert found["answers"] == found["list"] == [first, second]
    assert found["frame"] == [first, third]
    assert found["refused"] == "unknown argument 'target': did you mean targets?"
    assert found["inputs"][:2] == ["budget", "max_order"]
    assert found["example"]["budget"] == 4


def test_a_model_holds_no_pickle(registry: Registry, tmp_path: Path) -> None:
    files = download_artifacts(
        run_id=registry.entry.run_id,
        artifact_path="model",
        dst_path=str(tmp_path),
        tracking_uri=registry.uri,
    )
    # A client that loads a model from a folder in place leaves compiled code there.
    kept = [path for path in Path(files).rglob("*.*") if path.parent.name != "__pycache__"]
    assert {path.suffix for path in kept} == {".json", ".parquet", ".py", ".txt", ".yaml"}


PUBLISHING = """
import json, sys
from pathlib import Path

for name in ("ortools", "ortools.linear_solver"):
    sys.modules[name] = None
from taskonomy.tracking.registry import register_taxonomy

files = [Path(sys.argv[1]) / name for name in ("taxonomy.json", "affinity.parquet")]
made = register_taxonomy(sys.argv[2], "taskonomy", "abc123", files, "256", {}, {}, {})
print(json.dumps({"version": made.version}))
"""


def test_what_publishes_needs_no_solver(tmp_path: Path) -> None:
    """As the image `train`, which has no OR-Tools."""
    publication(tmp_path, ROWS)
    uri = f"sqlite:///{tmp_path}/mlflow.db"
    assert client(sys.executable, uri, PUBLISHING, str(tmp_path), uri) == {"version": "1"}


def test_the_pages_examples_work(registry: Registry, environment: Path) -> None:
    examples = [example(ROOT / page) for page in ("README.md", "docs/registry.md")]
    script = "\n".join(["import mlflow", *examples])
    settings = {"MLFLOW_ALLOW_PICKLE_DESERIALIZATION": "false"}
    script = script.replace("sqlite:///out/mlflow.db", registry.uri)
    printed = done(environment, "-I", "-W", "ignore", "-c", script, **settings).splitlines()
    policy = taskonomy.solve(ROWS, budget=4)
    assert printed[0] == f"label: {', '.join(policy.sources)}"
    assert len(printed) == 1 + len(policy.edges)


def example(page: Path) -> str:
    """The lines of a page that load a model."""
    blocks = re.findall(r"^```(?:python)?\n(.*?)^```", page.read_text(), re.DOTALL | re.MULTILINE)
    (found,) = [block for block in blocks if "load_model" in block]
    return found


BESIDE = """
import json, sys
import mlflow
import taskonomy

import taskonomy.errors
models = [mlflow.pyfunc.load_model(uri) for uri in sys.argv[1:]]
import taskonomy.affinity.table
copies = {name.split(".")[0] for name in sys.modules if name.startswith("taskonomy_")}
print(json.dumps({
    "installed": [taskonomy.__file__, taskonomy.affinity.table.__file__],
    "answers": [len(model.predict({"budget": 4})["sources"]) for model in models],
    "copies": sorted(copies),
}))
"""


def test_a_model_neither_hides_an_installed_version_nor_is_hidden_by_it(
    registry: Registry, tmp_path: Path
) -> None:
    """Nor by another version of the model, with other code, in the same process."""
    uri = registry.uri
    first = download_artifacts(
        run_id=registry.entry.run_id,
        artifact_path="model",
        dst_path=str(tmp_path),
        tracking_uri=uri,
    )
    (package,) = Path(first, "code").iterdir()
    for file in [*Path(first).rglob("*.py")]:  # as if it had been saved of other code
        file.write_text(file.read_text().replace(package.name, "taskonomy_other"))
    package.rename(package.with_name("taskonomy_other"))

    found = client(sys.executable, uri, BESIDE, CHAMPION, first)

    assert found["installed"] == [
        str(ROOT / "src" / "taskonomy" / "__init__.py"),
        str(ROOT / "src" / "taskonomy" / "affinity" / "table.py"),
    ]
    assert found["answers"] == [4, 4]
    assert found["copies"] == sorted([package.name, "taskonomy_other"])
