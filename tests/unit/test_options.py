"""Options that name tasks: any name can be written, and a typo is met by the file's own names."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskonomy.affinity import table
from taskonomy.affinity.candidate import Candidate
from taskonomy.commands.arguments import names, numbers
from taskonomy.commands.main import main
from taskonomy.errors import BadInput

ODD = ("near, far", "a=b", "back\\slash", "tail\\", "plain")


def escaped(name: str) -> str:
    for mark in ("\\", ",", "="):
        name = name.replace(mark, f"\\{mark}")
    return name


@pytest.mark.parametrize(
    ("values", "found"),
    [
        (None, ()),
        (["a,b", "c"], ("a", "b", "c")),
        ([" a , b ,"], ("a", "b")),
        ([r"a\,b,c"], ("a,b", "c")),
        ([r"a\\,b"], ("a\\", "b")),
        ([r"a\=b", "c=d"], ("a=b", "c=d")),
        ([r"a\b"], (r"a\b",)),
    ],
)
def test_lists_of_names(values: list[str] | None, found: tuple[str, ...]) -> None:
    assert names(values) == found


@given(st.lists(st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1), max_size=4))
def test_every_name_can_be_written(wanted: list[str]) -> None:
    assert names([",".join(map(escaped, wanted))]) == tuple(wanted)
    assert names(list(map(escaped, wanted))) == tuple(wanted)
    pairs = [f"{escaped(name)}={number}" for number, name in enumerate(wanted)]
    if len(set(wanted)) == len(wanted):
        assert numbers("--cost", [",".join(pairs)]) == {name: i for i, name in enumerate(wanted)}


@pytest.mark.parametrize(
    ("values", "found"),
    [
        (["a=1,b=0.5"], {"a": 1.0, "b": 0.5}),
        ([r"a\,b=2"], {"a,b": 2.0}),
        ([r"a\=b=2", "c=d=3"], {"a=b": 2.0, "c=d": 3.0}),
    ],
)
def test_numbers_of_tasks(values: list[str], found: dict[str, float]) -> None:
    assert numbers("--cost", values) == found


@pytest.mark.parametrize(
    ("values", "line"),
    [
        (["a"], "--cost: found 'a', expected TASK=NUMBER"),
        ([r"a\=1"], r"--cost: found 'a\\\\=1', expected TASK=NUMBER"),
        (["=1"], "--cost: found '=1', expected TASK=NUMBER"),
        (["a=b"], "--cost a: found 'b', expected a number"),
        (["a=1", "a=2"], "--cost: found 'a' twice, expected one number"),
    ],
)
def test_what_is_no_pair_is_named(values: list[str], line: str) -> None:
    with pytest.raises(BadInput, match=line):
        numbers("--cost", values)


@pytest.fixture
def odd(tmp_path: Path) -> Path:
    """A table of tasks whose names hold commas, equals signs and backslashes."""
    rows = [
        Candidate(
            regime="r",
            target=target,
            sources=(source,),
            kind="supervised" if source == target else "transfer",
            affinity=0.2,
        )
        for target in ODD
        for source in ODD
    ]
    table.write(tmp_path / "t.parquet", rows)
    return tmp_path / "t.parquet"


@pytest.mark.parametrize("name", ODD)
@pytest.mark.parametrize(
    "option", ["--sources", "--targets", "--novel", "--must-use", "--must-not-use"]
)
def test_every_option_takes_every_name(option: str, name: str, odd: Path) -> None:
    usual = ["solve", str(odd), "--budget", "2", "--max-order", "1"]
    assert main([*usual, option, escaped(name)]) == 0


@pytest.mark.parametrize("name", ODD)
@pytest.mark.parametrize("option", ["--cost", "--importance"])
def test_every_option_with_numbers_takes_every_name(option: str, name: str, odd: Path) -> None:
    usual = ["solve", str(odd), "--budget", "2", "--max-order", "1"]
    assert main([*usual, option, f"{escaped(name)}=2"]) == 0


def test_help_says_how_names_are_written(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["solve", "--help"])
    assert r"write \, for a comma, \= for an equals sign" in " ".join(
        capsys.readouterr().out.split()
    )


@pytest.mark.parametrize("option", ["--sources", "--targets", "--must-use", "--cost"])
def test_a_typo_is_met_by_the_files_own_tasks_nearest_first(
    option: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [
        Candidate(regime="r", target=t, sources=(t,), kind="supervised", affinity=1.0)
        for t in ("pos", "ner", "chunking", "parse")
    ]
    table.write(tmp_path / "t.parquet", rows)
    given = "pars=2" if option == "--cost" else "pars"
    usual = ["solve", str(tmp_path / "t.parquet"), "--budget", "2", "--max-order", "1"]
    assert main([*usual, option, given]) == 2
    err = capsys.readouterr().err
    assert f"{option}: unknown task 'pars'; expected one of these, nearest first: parse, " in err
    for name in ("pos", "ner", "chunking"):
        assert name in err
    assert "normal" not in err
    assert len(err.splitlines()) == 1
