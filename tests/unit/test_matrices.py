"""Affinities as matrices: names, what the rows are, and cells that cannot be affinities."""

import json
from pathlib import Path

import numpy as np
import pytest

from taskonomy import load_affinities
from taskonomy.commands.main import main
from taskonomy.errors import BadInput
from taskonomy.taxonomy import affinities

VALUES = np.array([[0.5, 0.2, 0.1], [0.25, 0.6, 0.15], [0.05, 0.35, 0.7]])
NAMES = ["a", "b, c", "d=e"]


def named(tmp_path: Path, names: list[str] | None = None, text: str = "") -> Path:
    path = tmp_path / "names.txt"
    path.write_text(text or "\n".join(names or NAMES) + "\n")
    return path


def written(tmp_path: Path, kind: str) -> Path:
    path = tmp_path / f"m.{kind}"
    if kind == "npy":
        np.save(path, VALUES)
    elif kind == "single.npy":
        np.save(path, VALUES.astype(np.float32))
    elif kind == "fortran.npy":
        np.save(path, np.asfortranarray(VALUES))
    else:
        np.savetxt(path, VALUES, delimiter={"csv": ",", "txt": " ", "tsv": "\t"}[kind])
    return path


@pytest.mark.parametrize("kind", ["npy", "single.npy", "fortran.npy", "csv", "txt", "tsv"])
@pytest.mark.parametrize("rows", ["targets", "sources"])
def test_a_cell_is_a_source_and_a_target(kind: str, rows: str, tmp_path: Path) -> None:
    found = load_affinities(written(tmp_path, kind), rows=rows, names=named(tmp_path))
    assert len(found) == 9
    for row in found:
        (source,), target = row.sources, row.target
        at = (target, source) if rows == "targets" else (source, target)
        assert row.affinity == pytest.approx(VALUES[NAMES.index(at[0]), NAMES.index(at[1])])
        assert row.kind == ("supervised" if source == target else "transfer")
        assert row.regime == "matrix"


@pytest.mark.parametrize(
    "text",
    [
        "a\nb, c\nd=e\n",
        "\n a \n\nb, c\nd=e",
        '["a", "b, c", "d=e"]',
        "\ufeffa\nb, c\nd=e",
        "a\nb, c\nd=e\na\nb, c\nd=e\n",
        '[["a", "b, c", "d=e"], ["a", "b, c", "d=e"]]',
    ],
)
def test_names_stand_one_a_line_or_as_json(text: str, tmp_path: Path) -> None:
    found = load_affinities(
        written(tmp_path, "npy"), rows="targets", names=named(tmp_path, text=text)
    )
    assert {row.target for row in found} == set(NAMES)


def test_a_matrix_of_other_rows_than_columns_names_both(tmp_path: Path) -> None:
    np.save(tmp_path / "m.npy", VALUES[:, :2])
    found = load_affinities(
        tmp_path / "m.npy", rows="sources", names=named(tmp_path, ["x", "y", "z", "a", "b"])
    )
    assert [(row.target, row.sources[0], row.affinity) for row in found] == [
        ("a", "x", 0.5),
        ("a", "y", 0.25),
        ("a", "z", 0.05),
        ("b", "x", 0.2),
        ("b", "y", 0.6),
        ("b", "z", 0.35),
    ]
    with pytest.raises(BadInput, match="found 3 names, expected 5, of the 3 rows and then of the"):
        load_affinities(tmp_path / "m.npy", rows="sources", names=named(tmp_path))


@pytest.mark.parametrize(
    "text",
    [
        ",a,b\na,0.5,0.2\nb,0.25,0.6\n",
        "task;a;b\na;0,5;0,2\nb;0,25;0,6\n",
        "a b\na 0.5 0.2\nb 0.25 0.6\n",
        "a,b\n0.5,0.2\n0.25,0.6\n",
        "a,0.5,0.2\nb,0.25,0.6\n",
        "# of a and b\na\ta\tb\na\t0.5\t0.2\nb\t0.25\t0.6\n",
    ],
)
def test_a_matrix_that_names_its_rows_or_columns_needs_no_other_names(
    text: str, tmp_path: Path
) -> None:
    (tmp_path / "m.csv").write_text(text)
    found = load_affinities(tmp_path / "m.csv", rows="targets")
    assert [(row.target, row.sources[0], row.affinity) for row in found] == [
        ("a", "a", 0.5),
        ("a", "b", 0.2),
        ("b", "b", 0.6),
        ("b", "a", 0.25),
    ]
    with pytest.raises(BadInput, match=r"is 'c', but .* calls it 'b'; expected the same names"):
        load_affinities(tmp_path / "m.csv", rows="targets", names=named(tmp_path, ["a", "c"]))


def test_counts_are_no_names_and_empty_cells_were_not_measured(tmp_path: Path) -> None:
    (tmp_path / "m.csv").write_text(",0,1\n0,,0.2\n1,0.25,nan\n")
    with pytest.raises(BadInput, match="2 rows and 2 columns without names; expected --names"):
        load_affinities(tmp_path / "m.csv", rows="targets")
    found = load_affinities(tmp_path / "m.csv", rows="targets", names=named(tmp_path, ["a", "b"]))
    assert [(row.target, row.sources[0], row.affinity) for row in found] == [
        ("a", "b", 0.2),
        ("b", "a", 0.25),
    ]
    (tmp_path / "m.csv").write_text(",0.2,0.3\n0.25,,0.4\n0.1,0.1,\n")
    found = load_affinities(tmp_path / "m.csv", rows="targets", names=named(tmp_path, list("abc")))
    assert len(found) == 6


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (-0.0076, "is -0.0076, expected an affinity in [0, 1]: a gain below 0 has no place"),
        (1.5, "is 1.5, expected an affinity in [0, 1]"),
        (float("inf"), "is inf, expected an affinity"),
    ],
)
@pytest.mark.parametrize("rows", ["targets", "sources"])
def test_a_cell_that_is_no_affinity_is_named(
    value: float, words: str, rows: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    values = VALUES.copy()
    values[0, 2] = value
    np.save(tmp_path / "m.npy", values)
    given = ["--rows", rows, "--names", str(named(tmp_path))]
    assert (
        main(["solve", str(tmp_path / "m.npy"), "--budget", "1", "--max-order", "1", *given]) == 2
    )
    err = capsys.readouterr().err
    source, target = ("d=e", "a") if rows == "targets" else ("a", "d=e")
    assert f"row 1, column 3 (source {source!r}, target {target!r}) {words}" in err
    assert len(err.splitlines()) == 1


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("0.5,0.2\n0.25\n", "row 2 has 1 numbers, expected 2"),
        ("0.5,0.2\n0.25,x\n", "row 2, column 2: found 'x', expected a number"),
        ("a,b\n", "names without their numbers"),
        ("# nothing\n", "found no line with content"),
        ("a,a\n0.5,0.2\n0.25,0.1\n", "'a' names two rows or columns"),
    ],
)
def test_a_text_that_is_no_matrix_is_said_in_one_line(
    text: str, words: str, tmp_path: Path
) -> None:
    (tmp_path / "m.csv").write_text(text)
    with pytest.raises(BadInput, match=words):
        load_affinities(tmp_path / "m.csv", rows="targets")


@pytest.mark.parametrize(
    "array",
    [
        np.zeros(4),
        np.zeros((2, 2, 2)),
        np.zeros((2, 2), complex),
        np.array([["a"]]),
        np.zeros((0, 2)),
    ],
)
def test_an_array_that_is_no_matrix_is_said_in_one_line(
    array: "np.ndarray[tuple[int, ...], np.dtype[np.float64]]", tmp_path: Path
) -> None:
    np.save(tmp_path / "m.npy", array)
    with pytest.raises(BadInput, match="found an array of shape"):
        load_affinities(tmp_path / "m.npy", rows="targets", names=named(tmp_path))
    np.save(tmp_path / "m.npy", np.array([[{}]], dtype=object), allow_pickle=True)
    with pytest.raises(BadInput, match=r"m\.npy: Object arrays cannot be loaded; expected"):
        load_affinities(tmp_path / "m.npy", rows="targets", names=named(tmp_path))


def test_what_the_rows_are_must_be_said(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="expected --rows targets or --rows sources"):
        load_affinities(written(tmp_path, "npy"), names=named(tmp_path))
    with pytest.raises(BadInput, match="without names; expected --names FILE"):
        load_affinities(written(tmp_path, "npy"), rows="targets")
    with pytest.raises(BadInput, match="No such file or directory; expected one name a line"):
        load_affinities(written(tmp_path, "npy"), rows="targets", names=tmp_path / "absent")
    path = named(tmp_path)
    path.write_bytes("caf\xe9\nb\nc\n".encode("latin-1"))
    with pytest.raises(BadInput, match="line 1 is not UTF-8"):
        load_affinities(written(tmp_path, "npy"), rows="targets", names=path)


@pytest.mark.parametrize("command", ["solve", "group", "evaluate"])
def test_every_command_that_takes_affinities_takes_a_matrix(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    given = [str(written(tmp_path, "npy")), "--rows", "targets", "--names", str(named(tmp_path))]
    own = {
        "solve": ["--budget", "1", "--max-order", "1"],
        "group": ["--networks", "2"],
        "evaluate": ["--out", str(tmp_path / "out")],
    }
    assert main([command, *given, *own[command]]) == 0


def test_the_case_of_a_matrix_is_read_by_its_names(cases: Path, tmp_path: Path) -> None:
    names = [f"task {number}" for number in range(26)]
    values = np.load(cases / "rsa.npy")
    (tmp_path / "names.json").write_text(json.dumps(names))
    found, notes = affinities.read(cases / "rsa.npy", rows="sources", names=tmp_path / "names.json")
    assert notes == []
    assert len(found) == 26 * 26
    for row in found:
        cell = values[names.index(row.sources[0]), names.index(row.target)]
        assert row.affinity == cell


def test_the_case_of_negative_gains_is_refused_by_its_cell(cases: Path, tmp_path: Path) -> None:
    names = named(tmp_path, [f"pair {number}" for number in range(6)] + ["x", "y", "z"])
    with pytest.raises(
        BadInput, match=r"row 1, column 1 \(source 'pair 0', target 'x'\) is -0\.0076"
    ):
        load_affinities(cases / "gains.csv", rows="sources", names=names)
    np.savetxt(tmp_path / "gains.csv", np.abs(np.loadtxt(cases / "gains.csv")))
    found = load_affinities(tmp_path / "gains.csv", rows="sources", names=names)
    assert len(found) == np.loadtxt(cases / "gains.csv").size
