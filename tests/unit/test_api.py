"""The public names of the package, and that they wait for no library before they are used."""

import json
import pickle
import re
import subprocess
import sys
from importlib.metadata import metadata
from pathlib import Path

import pytest

import taskonomy
from taskonomy.affinity import table
from taskonomy.commands.main import main

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "api.md").read_text()

ROWS = [
    taskonomy.Candidate(regime="8", target=target, sources=sources, kind=kind, affinity=p)
    for target, sources, kind, p in [
        ("normal", ("normal",), "supervised", 0.5),
        ("normal", ("reshading",), "transfer", 0.3),
        ("normal", ("denoising", "reshading"), "transfer", 0.4),
        ("reshading", ("reshading",), "supervised", 0.7),
        ("reshading", ("normal",), "transfer", 0.2),
    ]
]


def test_every_public_name_is_there_and_nothing_else_is() -> None:
    assert set(taskonomy.__all__) <= set(dir(taskonomy))
    for name in taskonomy.__all__:
        assert getattr(taskonomy, name).__name__ == name
        assert getattr(taskonomy, name).__doc__
    with pytest.raises(AttributeError, match="module 'taskonomy' has no attribute 'slove'"):
        taskonomy.slove  # type: ignore[attr-defined]  # noqa: B018


def test_the_import_waits_for_nothing() -> None:
    script = (
        "import sys; before = set(sys.modules); import taskonomy; dir(taskonomy)\n"
        "added, standard = set(sys.modules) - before, sys.stdlib_module_names\n"
        "print(*(name for name in added if name.split('.')[0] not in standard))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["taskonomy"]


def test_solving_a_file_gives_what_the_command_line_gives(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "affinity.parquet"
    table.write(path, ROWS)
    candidates = taskonomy.load_affinities(path)
    policy = taskonomy.solve(candidates, budget=2, scale="raw", cost={"normal": 1.5})
    assert isinstance(policy, taskonomy.Policy)
    # Both cannot be bought; with the two others normal is read from the pair.
    assert policy.sources == ("denoising", "reshading")
    assert policy.objective == pytest.approx(0.4 + 0.7)
    arguments = ["--budget", "2", "--max-order", "2", "--scale", "raw", "--cost", "normal=1.5"]
    assert main(["solve", str(path), *arguments, "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert {**printed, "seconds": 0} == {**policy.as_json(), "seconds": 0}


def test_the_pages_example_runs_and_its_names_exist(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    table.write(tmp_path / "out" / "affinity.parquet", ROWS)
    monkeypatch.chdir(tmp_path)
    (example,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    exec(example, {})
    # Both tasks would cost 2.5; from reshading alone normal is worth 0.3, and it itself 0.7.
    assert capsys.readouterr().out == (
        "label: reshading\nnormal from reshading\nreshading from reshading\n"
    )
    table_of_names = PAGE.partition("| name |")[2].partition("```")[0]
    shown = re.findall(
        r"`(\w+)[(`]", "".join(re.findall(r"^\|.*?\|", table_of_names, re.MULTILINE))
    )
    assert sorted(shown) == sorted(taskonomy.__all__)


def test_the_pages_extras_exist() -> None:
    offered = set(metadata("taskonomy").get_all("Provides-Extra") or ())
    assert set(re.findall(r"taskonomy\[(\w+)\]", PAGE)) | {"component"} == offered


def test_what_is_odd_about_a_released_file_is_a_warning(tmp_path: Path) -> None:
    path = tmp_path / "released.pkl"
    path.write_bytes(pickle.dumps({"self__normal": 0.5, "reshade__normal": 0.4}))
    with pytest.warns(UserWarning, match="affinities of normal sum to 0.9"):
        assert len(taskonomy.load_affinities(str(path))) == 2


def test_what_cannot_be_answered_is_said() -> None:
    with pytest.raises(taskonomy.Infeasible):
        taskonomy.solve(ROWS, budget=0)
    with pytest.raises(taskonomy.BadInput, match="--max-order: found 0"):
        taskonomy.solve(ROWS, budget=1, max_order=0)
    with pytest.raises(TypeError, match="colour"):
        taskonomy.solve(ROWS, budget=1, colour="red")


def test_a_run_takes_the_parameters_that_it_is_given(tmp_path: Path) -> None:
    with pytest.raises(taskonomy.BadInput, match=r"absent.yaml: no such file"):
        taskonomy.run(params=tmp_path / "absent.yaml", out=tmp_path / "out")
    with pytest.raises(taskonomy.BadInput, match="no profile 'small'"):
        taskonomy.run("small", out=tmp_path / "out")
    assert not (tmp_path / "out").exists()
