"""The paper's released files: a reader that runs nothing, and the known optima."""

import json
import os
import pickle
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from taskonomy.affinity import table
from taskonomy.affinity.candidate import Candidate
from taskonomy.commands.main import main
from taskonomy.errors import BadInput
from taskonomy.taxonomy import released
from taskonomy.taxonomy.hypergraph import Question
from taskonomy.taxonomy.sweep import policies


class Touch:
    """Pickles as a call that leaves a trace."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.path),)


def pickled(path: Path, content: object, protocol: int = 2) -> Path:
    path.write_bytes(pickle.dumps(content, protocol=protocol))
    return path


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("kind", [float, np.float64, np.float32])
def test_numbers_are_read_from_every_protocol(tmp_path: Path, kind: Any, protocol: int) -> None:
    path = pickled(tmp_path / "p.pkl", {"a__b": kind(0.3), "self__b": kind(0.7)}, protocol)
    assert released.read(path) == pytest.approx({"a__b": 0.3, "self__b": 0.7})


def test_a_foreign_class_is_refused_and_not_executed(tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    path = pickled(tmp_path / "p.pkl", {"a__b": Touch(trace)})
    with pytest.raises(BadInput, match=r"p\.pkl: asks for \w+\.mkdir: refused"):
        released.read(path)
    assert not trace.exists()
    pickle.loads(path.read_bytes())
    assert trace.exists()  # so that the file would have run


@pytest.mark.parametrize(
    "program",
    [
        b"cnumpy\ndtype\n}S'__init__'\nNsb.",  # alter what stands for numpy's dtype
        b"cnumpy.core.multiarray\nscalar\n}S'x'\nNsb.",
        b"cnumpy.core.multiarray\nscalar\n(S'f8'\nS'12345678'\ntR.",  # a text for a dtype
        b"cbuiltins\neval\n(S'1'\ntR.",
        b"\x80\x04\x95",
        b"",
    ],
)
def test_malformed_and_hostile_bytes_are_bad_input(tmp_path: Path, program: bytes) -> None:
    (tmp_path / "p.pkl").write_bytes(program)
    with pytest.raises(BadInput, match=r"p\.pkl: "):
        released.read(tmp_path / "p.pkl")


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ([0.5], "found list, expected a dictionary"),
        ({}, "expected a dictionary of numbers"),
        ({"normal": 0.5}, "key 'normal', expected s1__..__sk__t"),
        ({"a__b": float("nan")}, "a__b is nan, expected a number in"),
        ({"a__b": "0.5"}, "a__b is '0.5', expected a number"),
        ({"a__b": np.int64(1)}, "type 'i8'"),
    ],
)
def test_other_contents_are_bad_input(tmp_path: Path, content: object, complaint: str) -> None:
    with pytest.raises(BadInput, match=complaint):
        released.read(pickled(tmp_path / "p.pkl", content))


def test_keys_become_candidates_under_their_own_names() -> None:
    rows = released.candidates(
        {"self__rgb2depth": 0.5, "rgb2depth__rgb2depth": 0.2, "reshade__edge2d__rgb2depth": 0.3},
        {"self__rgb2depth": 0.9},
        {"rgb2depth__rgb2depth": 0.4},
    )
    assert [(c.target, c.sources, c.kind) for c in rows] == [
        ("rgb2depth", ("rgb2depth",), "supervised"),
        ("rgb2depth", ("rgb2depth",), "own_readout"),
        ("rgb2depth", ("edge2d", "reshade"), "transfer"),
    ]
    assert rows[0].win_vs_scratch == 0.9
    assert rows[0].win_vs_supervised == 0.5
    assert rows[1].win_vs_supervised == 0.4


def test_corrupt_entries_are_named() -> None:
    affinities = {"self__a": 0.5, "b__c__a": 0.2, "c__b__a": 0.2, "b__a": 0.1, "self__d": 0.9}
    found = released.suspects(affinities, {"b__a": 1.0}, {"self__a": 0.5})
    assert {s.key: s.reason for s in found} == {
        "c__b__a": "the same sources as b__c__a, permuted",
        "b__a": "gain is exactly 1",
        "self__d": "affinities of d sum to 0.900000, not to 1",
    }


def test_missing_entries_are_named() -> None:
    affinities = {"self__a": 0.5, "b__a": 0.5, "b__d": 1.0}
    found = released.missing(affinities, {"c__a": 0.5, "pixels__a": 0.5}, {"b__c__a": 0.5})
    assert {s.key: s.reason for s in found} == {
        "c__a": "a gain, but no affinity",
        "b__c__a": "a quality, but no affinity",
        "self__d": "no full supervision of d",
    }


def test_the_released_win_rates_have_four_entries_without_affinity(results: Path) -> None:
    names = ("all_affinities_16k.pkl", "wins_vs_pixels_16k.pkl", "wins_vs_task_16k.pkl")
    found = released.missing(*(released.read(results / name) for name in names))
    assert [s.reason for s in found] == ["a gain, but no affinity"] * 4
    assert all(s.key.endswith("__non_fixated_pose") for s in found)


def test_the_released_file_is_sound(results: Path) -> None:
    affinities = released.read(results / "all_affinities_16k.pkl")
    assert len(affinities) == 1758
    assert released.suspects(affinities) == []


@pytest.mark.parametrize(
    ("order", "budgets"),
    [(1, (1, 4, 26)), (2, (2, 18)), (3, (8, 22)), (4, (2, 5, 12, 21))],
)
def test_golden_optima(
    results: Path, released_candidates: list[Candidate], order: int, budgets: tuple[int, ...]
) -> None:
    golden = json.loads((results / "golden_16k.json").read_text())["orders"][str(order)]
    for found in policies(released_candidates, budgets, [order], Question(scale="raw")):
        expected = golden["budgets"][str(found.budget)]
        assert found.objective == pytest.approx(expected["objective"], abs=1e-6)
        assert found.bound == pytest.approx(found.objective, abs=1e-9)
        assert found.mean_gain == pytest.approx(expected["mean_gain"], abs=1e-6)
        assert found.mean_quality == pytest.approx(expected["mean_quality"], abs=1e-6)
        assert list(found.sources) == expected["sources_used"]


def test_the_command_answers_in_three_seconds_start_included(results: Path) -> None:
    options = ["--budget", "2", "--max-order", "4", "--scale", "raw", "--json"]
    command = [
        sys.executable,
        "-m",
        "taskonomy.commands.main",
        "solve",
        results / "all_affinities_16k.pkl",
    ]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([*command, *options], capture_output=True, text=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    # Processor time: what else the machine does is not the command's.
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 3
    found = json.loads(done.stdout)
    assert found["status"] == "optimal"
    assert found["sources"] == ["denoise", "edge2d"]
    assert found["mean_gain"] is None  # no win rates were given


def solve(*arguments: object) -> int:
    return main(["solve", *map(str, arguments)])


def test_the_command_takes_the_dictionarys_names(
    results: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pkl = results / "all_affinities_16k.pkl"
    options = ["--max-order", 1, "--targets", "normal,reshading", "--cost", "normal=2", "--json"]
    assert solve(pkl, "--budget", 2, *options) == 0
    found = json.loads(capsys.readouterr().out)
    assert [e["target"] for e in found["edges"]] == ["reshade", "rgb2sfnorm"]


def test_the_command_says_infeasible_in_json_too(
    results: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pkl = results / "all_affinities_16k.pkl"
    assert solve(pkl, "--budget", 0, "--max-order", 1, "--json") == 3
    out, err = capsys.readouterr()
    assert json.loads(out)["status"] == "infeasible"
    assert "the budget is 0" in json.loads(out)["reason"]
    assert "the budget is 0" in err


def test_suspects_are_warned_of_and_dropped_on_request(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    p = {"self__normal": 0.2, "jigsaw__normal": 0.8}
    path = pickled(tmp_path / "p.pkl", p)
    gains = pickled(tmp_path / "g.pkl", {"self__normal": 0.9, "jigsaw__normal": 1.0})
    arguments = (path, "--budget", 1, "--max-order", 1, "--wins-vs-scratch", gains, "--json")
    assert solve(*arguments) == 0
    out, err = capsys.readouterr()
    assert json.loads(out)["sources"] == ["jigsaw"]
    assert "jigsaw__normal: gain is exactly 1 (kept" in err
    assert solve(*arguments, "--drop-suspect") == 0
    assert json.loads(capsys.readouterr().out)["sources"] == ["normal"]


def test_the_front_and_the_next_best_are_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    p = {"self__normal": 0.6, "jigsaw__normal": 0.4, "self__reshade": 0.7, "normal__reshade": 0.3}
    usual = (pickled(tmp_path / "p.pkl", p), "--max-order", 1, "--scale", "raw")
    assert solve(*usual, "--pareto", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert [(row["budget"], row["sources"]) for row in found["front"]] == [
        (1, ["normal"]),
        (2, ["normal", "reshade"]),
    ]
    assert solve(*usual, "--pareto", "--budget", 1) == 0
    assert capsys.readouterr().out.splitlines()[1:] == [
        "      1   0.900000      -        -  +normal"
    ]
    assert solve(*usual, "--budget", 2, "--k-best", 3, "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["sources"] == found["policies"][0]["sources"] == ["normal", "reshade"]
    assert [row["sources"] for row in found["policies"][1:]] == [["jigsaw", "reshade"], ["normal"]]
    assert solve(*usual, "--budget", 2, "--k-best", 2) == 0
    last = capsys.readouterr().out.splitlines()[-1]
    assert last == "   2   1.100000      -        -  -normal +jigsaw"


ROW = Candidate(regime="256", target="normal", sources=("normal",), kind="supervised", affinity=1.0)


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("--budget", "-1"), "--budget: found -1.0, expected a finite number >= 0"),
        (("--budget", "two"), "--budget: found 'two', expected a number"),
        (("--k-best", "2.5"), "--k-best: found 2.5, expected a whole number"),
        (("--k-best", "0"), "--k-best: found 0, expected at least 1"),
        (("--k-best", "2", "--pareto"), "--k-best: found together with --pareto"),
        (("--max-order", "1.5"), "--max-order: found 1.5, expected a whole number"),
        (("--scale", "cubic"), "--scale: found 'cubic', expected one of raw"),
        (("--scale", "gain"), "--scale gain: the affinities lack those win rates"),
        (("--cost", "normal"), "--cost: found 'normal', expected TASK=NUMBER"),
        (("--sources", "surfaces"), "--sources: unknown task 'surfaces'"),
        (("--regime", "16k"), "--regime: found '16k', expected one of 256"),
        (("--wins-vs-scratch", "x.pkl"), "has its own win rates"),
    ],
)
def test_bad_arguments_end_in_one_line(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    arguments: tuple[str, ...],
    complaint: str,
) -> None:
    table.write(tmp_path / "affinity.parquet", [ROW])
    usual = ("--budget", 1, "--max-order", 1)
    assert solve(tmp_path / "affinity.parquet", *usual, *arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert complaint in err
    assert err.count("\n") == 1


def test_a_table_of_several_regimes_needs_one_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [ROW, Candidate(**{**vars(ROW), "regime": "1k"})]
    table.write(tmp_path / "affinity.parquet", rows)
    usual = (tmp_path / "affinity.parquet", "--budget", 1, "--max-order", 1)
    assert solve(*usual) == 2
    assert "regimes ['1k', '256']: expected one, name it (--regime)" in capsys.readouterr().err
    assert solve(*usual, "--regime", "1k") == 0
    assert "its own labels" in capsys.readouterr().out
