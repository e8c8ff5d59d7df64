"""Nothing that others have pickled is unpickled unless the user says so."""

import ast
import os
import pickle
import sys
from pathlib import Path
from typing import Any

import mlflow
import pytest
import torch

from taskonomy.captures.teacher import Teacher
from taskonomy.errors import BadInput
from taskonomy.studies import encoders
from taskonomy.taxonomy import released

# MLflow's own, when it opens its database and logs a module.
pytestmark = pytest.mark.filterwarnings("ignore")

SOURCE = Path(__file__).resolve().parents[2] / "src" / "taskonomy"
SWITCH = "MLFLOW_ALLOW_PICKLE_DESERIALIZATION"


def leave(mark: str) -> torch.nn.Module:
    """What the pickles here do when they are loaded."""
    Path(mark).write_text("executed")
    return torch.nn.Conv2d(3, 5, 4, stride=4)


class Leaving(torch.nn.Conv2d):
    """A module whose pickle leaves a file behind."""

    def __init__(self, mark: Path) -> None:
        super().__init__(3, 5, 4)
        self.mark = str(mark)

    def __reduce__(self) -> tuple[Any, ...]:
        return leave, (self.mark,)


def register(folder: Path, module: torch.nn.Module) -> str:
    """Register a module in a new database; its tracking URI."""
    uri = f"sqlite:///{folder}/mlflow.db"
    mlflow.set_tracking_uri(uri)
    mlflow.create_experiment("theirs", str(folder / "theirs"))
    mlflow.set_experiment("theirs")
    with mlflow.start_run():
        mlflow.pytorch.log_model(
            module,
            name="theirs",
            registered_model_name="theirs",
            pip_requirements=[],
            serialization_format="pickle",
        )
    return uri


@pytest.mark.parametrize("switch", [None, "true", "false"])
def test_a_registered_model_is_unpickled_only_where_its_author_is_trusted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, switch: str | None
) -> None:
    mark = tmp_path / "mark"
    uri = register(tmp_path, Leaving(mark))
    mark.unlink(missing_ok=True)
    if switch is None:
        monkeypatch.delenv(SWITCH, raising=False)
    else:
        monkeypatch.setenv(SWITCH, switch)

    with pytest.raises(BadInput) as raised:
        encoders.load("models:/theirs/1", None, uri)
    assert not mark.exists()
    (line,) = str(raised.value).splitlines()
    assert line.startswith("models:/theirs/1: ")
    for word in ("unpickle", "run whatever code", "--trust-pickle", "safetensors"):
        assert word in line

    module = encoders.load("models:/theirs/1", None, uri, trust_pickle=True)
    assert isinstance(module, torch.nn.Conv2d)
    assert mark.read_text() == "executed"
    assert os.environ.get(SWITCH, "true") == (switch or "true")


def test_code_that_lies_beside_a_registered_model_is_not_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """MLflow imports what a model names as its pickle's module even where pickles are forbidden."""
    mark = tmp_path / "mark"
    uri = register(tmp_path, torch.nn.Conv2d(3, 5, 4))
    (named,) = (tmp_path / "theirs").rglob("pickle_module_info.txt")
    named.write_text("their_pickle")
    (described,) = (tmp_path / "theirs").rglob("MLmodel")
    described.write_text(
        described.read_text().replace("  pytorch:\n    code: null", "  pytorch:\n    code: code")
    )
    code = described.parent / "code"
    code.mkdir(exist_ok=True)
    (code / "their_pickle.py").write_text(
        f"from pickle import *\nopen({str(mark)!r}, 'w').close()\n"
    )
    monkeypatch.setenv(SWITCH, "false")
    monkeypatch.setattr(sys, "path", [*sys.path])

    with pytest.raises(mlflow.MlflowException, match="pickle is disallowed"):
        mlflow.pytorch.load_model("models:/theirs/1")
    assert mark.exists(), "this is what MLflow's own switch lets pass"
    mark.unlink()
    del sys.modules["their_pickle"]
    with pytest.raises(BadInput, match="--trust-pickle"):
        encoders.load("models:/theirs/1", None, uri)
    assert not mark.exists()


def test_a_registered_model_that_is_absent_or_no_module_is_named(tmp_path: Path) -> None:
    uri = register(tmp_path, torch.nn.Conv2d(3, 5, 4))
    for trust in (False, True):
        with pytest.raises(BadInput, match="expected a registered PyTorch model"):
            encoders.load("models:/theirs/2", None, uri, trust_pickle=trust)
    (described,) = (tmp_path / "theirs").rglob("MLmodel")
    described.write_text(described.read_text().replace("  pytorch:", "  sklearn:"))
    with pytest.raises(BadInput, match="expected a registered PyTorch model"):
        encoders.load("models:/theirs/1", None, uri)


def test_files_of_weights_and_results_run_nothing(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    torch.save({"weight": Leaving(mark)}, tmp_path / "theirs.pth")
    (tmp_path / "theirs.pkl").write_bytes(pickle.dumps({"a__b": Leaving(mark)}))
    for read in (
        lambda: encoders.load("torch.nn:Identity", tmp_path / "theirs.pth", ""),
        lambda: Teacher(tmp_path / "theirs.pth"),
        lambda: released.read(tmp_path / "theirs.pkl"),
    ):
        mark.unlink(missing_ok=True)
        with pytest.raises(BadInput) as raised:
            read()
        assert len(str(raised.value).splitlines()) == 1
        assert not mark.exists()
    torch.load(tmp_path / "theirs.pth", weights_only=False)
    assert mark.exists(), "this file does act where it is trusted"


def unpickling(tree: ast.AST) -> set[str]:
    """The calls in a file that may unpickle."""
    found = set()
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        name = ast.unparse(call.func)
        given = {word.arg: ast.unparse(word.value) for word in call.keywords}
        if name == "torch.load" and given.get("weights_only") != "True":
            found.add(name)
        if name in ("np.load", "numpy.load") and given.get("allow_pickle", "False") != "False":
            found.add(name)
        if name in ("yaml.load", "torch.jit.load", "torch.export.load", "joblib.load"):
            found.add(name)
        if name.startswith(("pickle.load", "cloudpickle.load", "marshal.load")):
            found.add(name)
        if name.endswith(("load_model", "read_pickle", "load_state_dict_from_url")):
            found.add(name)
    return found


def test_no_other_place_can_unpickle() -> None:
    found = {
        (str(file.relative_to(SOURCE)), call)
        for file in sorted(SOURCE.rglob("*.py"))
        for call in unpickling(ast.parse(file.read_text()))
    }
    assert found == {
        ("tracking/registry.py", "mlflow.pytorch.load_model"),
        # What this process has itself just written.
        ("training/export.py", "torch.export.load"),
    }
