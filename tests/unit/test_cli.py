"""The command line answers at once, and bad input in one line with exit code 2."""

import subprocess
import sys
from pathlib import Path

import pytest

from taskonomy.commands.main import main


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run", "--profile", "tiny"], "params.yaml: no profile 'tiny'; expected one of: demo"),
        (["data", "verify", "absent"], "absent: found nothing, expected a folder of buildings"),
        (["data", "annotate", "absent", "--out", "x"], "absent"),
        (
            ["data", "render", "--out", "x", "--images", "0", "--size", "64", "--seed", "1"],
            "found 0",
        ),
        (["evaluate", "--seeds", "1"], "--seeds: found 1; expected 2 or more"),
        (["evaluate", "a.pkl", "--seeds", "2"], "--seeds: found together with AFFINITIES"),
        (["evaluate", "absent.pkl"], "absent.pkl"),
        (["evaluate", "--drop-suspect"], "--drop-suspect: found it without AFFINITIES"),
        (["stage", "trian-task"], "unknown stage 'trian-task'; expected one of: version-data"),
        (["stage", "plan", "--out", "x"], "expected the stage version-data to have run before"),
        (["solve", "absent.parquet", "--budget", "2", "--max-order", "1"], "absent.parquet"),
        (["solve", "a.parquet"], "--max-order"),
    ],
)
def test_bad_input_is_one_line_and_leaves_nothing(
    arguments: list[str],
    message: str,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    try:
        code = main(arguments)
    except SystemExit as end:  # argparse's own way out
        code = int(end.code or 0)
    printed = capsys.readouterr()
    assert code == 2
    assert printed.out == ""
    assert len(printed.err.splitlines()) == 1
    assert message in printed.err
    assert list(tmp_path.iterdir()) == []


def test_help_imports_no_heavy_library() -> None:
    script = (
        "import sys; from taskonomy.commands.main import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: pass\n"
        "heavy = {'torch', 'mlflow', 'kfp', 'ortools', 'numpy', 'pyarrow', 'cv2', 'pydantic'}\n"
        "sys.exit(', '.join(heavy & set(sys.modules)) or 0)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
