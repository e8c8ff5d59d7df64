"""How a stage ends is said in one line, inside a component and through the whole of kfp.local."""

import errno
from pathlib import Path

import pytest

from taskonomy.config import load
from taskonomy.errors import BadInput, Infeasible
from taskonomy.execution.local import run_locally
from taskonomy.execution.overhead import Spent
from taskonomy.execution.step import stage
from taskonomy.runs.context import Context

ROOT = Path(__file__).resolve().parents[2]


def test_a_stage_says_how_long_it_took(capsys: pytest.CaptureFixture[str]) -> None:
    with stage("train-task", "tasks-000-of-002"):
        pass
    label, _, said = capsys.readouterr().err.rstrip("\n").partition(": ")
    assert label == "stage train-task tasks-000-of-002"
    spent = Spent.find(said)
    assert spent is not None
    assert spent[:2] == (0, 0)
    assert spent.start > 0


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (BadInput("a.png: 8 bit,\nexpected 16"), 2, "bad input: a.png: 8 bit, expected 16"),
        (Infeasible("no edge into normal"), 3, "infeasible: no edge into normal"),
        (
            OSError(errno.ENOSPC, "No space left on device", "/store/x"),
            2,
            "bad input: /store/x: No space left on device; "
            "expected a writable place with free space",
        ),
    ],
)
def test_an_expected_end_is_one_line_and_a_code(
    error: Exception, code: int, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended, stage("plan"):
        raise error
    assert ended.value.code == code
    assert capsys.readouterr().err == f"stage plan: {line}\n"


def test_any_other_error_keeps_its_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ZeroDivisionError), stage("evaluate"):
        raise ZeroDivisionError("no model")
    assert capsys.readouterr().err == "stage evaluate: failed: ZeroDivisionError: no model\n"


def test_bad_input_in_a_component_s_process_reaches_the_caller(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    context = Context.at(tmp_path / "out", load(ROOT / "params.yaml", "demo"))

    with pytest.raises(BadInput, match=r"no-such-folder") as found:
        run_locally(context, str(tmp_path / "no-such-folder"), tmp_path / "out")

    assert "\n" not in str(found.value)
    # kfp's own words are in the log, not on the screen.
    screen = "".join(capfd.readouterr())
    assert "KFP Executor" not in screen
    (log,) = (tmp_path / "out" / "store" / "logs").iterdir()
    assert "KFP Executor" in log.read_text()
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"store"}
