"""Tables of affinities as other tools write them: cast by value, whatever their columns' types."""

import csv
import gzip
import json
import pickle
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.dataset
import pyarrow.parquet as pq
import pytest

from taskonomy import load_affinities
from taskonomy.affinity import table
from taskonomy.affinity.candidate import Candidate
from taskonomy.commands.main import main
from taskonomy.errors import BadInput
from taskonomy.taxonomy import affinities

NAN = float("nan")
TASKS = ("ner", "pos", "srl")


def rows() -> list[Candidate]:
    """Three tasks, alone and in pairs; the first has intervals and win rates."""
    found = []
    for target in TASKS:
        others = [name for name in TASKS if name != target]
        for k, sources in enumerate([(target,), *((name,) for name in others), tuple(others)]):
            found.append(
                Candidate(
                    regime="220",
                    target=target,
                    sources=sources,
                    kind="supervised" if k == 0 else "transfer",
                    affinity=(k + 1) / 16,
                    affinity_low=k / 16 if target == "ner" else NAN,
                    affinity_high=(k + 2) / 16 if target == "ner" else NAN,
                    win_vs_scratch=0.75 if target == "ner" else NAN,
                    win_vs_supervised=0.5 if target == "ner" else NAN,
                    n_test=100,
                )
            )
    return sorted(found, key=lambda c: (c.regime, c.target, c.order, c.kind, c.sources))


def arrow(tmp_path: Path) -> pa.Table:
    table.write(tmp_path / "ours.parquet", rows())
    return pq.read_table(tmp_path / "ours.parquet").replace_schema_metadata(None)


def cast(found: pa.Table, kinds: dict[pa.DataType, pa.DataType]) -> pa.Table:
    schema = [pa.field(f.name, kinds.get(f.type, f.type)) for f in found.schema]
    return found.cast(pa.schema(schema))


def set_column(found: pa.Table, name: str, values: Any) -> pa.Table:
    return found.set_column(found.column_names.index(name), name, values)


def bytes_of(value: Any) -> bytes:
    return str(value).encode()


TEXT, LIST = pa.string(), pa.list_(pa.string())
WRITERS: dict[str, Callable[[pa.Table], pa.Table]] = {
    "pandas 3: large text": lambda t: cast(t, {TEXT: pa.large_string()}),
    "polars: large text and lists of it": lambda t: cast(
        t, {TEXT: pa.large_string(), LIST: pa.large_list(pa.large_string())}
    ),
    "views of text": lambda t: cast(t, {TEXT: pa.string_view(), LIST: pa.list_(pa.string_view())}),
    "categories": lambda t: cast(t, {TEXT: pa.dictionary(pa.int8(), pa.string())}),
    "lists of categories": lambda t: set_column(
        t,
        "sources",
        pa.ListArray.from_arrays(
            t["sources"].combine_chunks().offsets,
            t["sources"].combine_chunks().values.dictionary_encode(),
        ),
    ),
    "single precision and small whole numbers": lambda t: cast(
        t, {pa.float64(): pa.float32(), pa.int64(): pa.int32()}
    ),
    "unsigned": lambda t: cast(t, {pa.int64(): pa.uint8()}),
    "decimals": lambda t: cast(t, {pa.float64(): pa.decimal128(12, 8)}),
    "counts as double": lambda t: cast(t, {pa.int64(): pa.float64()}),
    "nan for null": lambda t: pa.table(
        {
            f.name: pa.array(t[f.name].to_numpy()) if f.type == pa.float64() else t[f.name]
            for f in t.schema
        }
    ),
    "fastparquet: texts as bytes, lists as JSON": lambda t: pa.table(
        {
            f.name: pa.array([json.dumps(v).encode() for v in t[f.name].to_pylist()])
            if f.type == LIST
            else pa.array([bytes_of(v) for v in t[f.name].to_pylist()])
            if f.type == TEXT
            else t[f.name]
            for f in t.schema
        }
    ),
    "a regime that became a number": lambda t: set_column(t, "regime", pa.array([220] * len(t))),
    "a regime that became a double": lambda t: set_column(t, "regime", pa.array([220.0] * len(t))),
    "another order of columns": lambda t: t.select(t.column_names[::-1]),
    "columns of an index": lambda t: t.append_column(
        "__index_level_0__", pa.array(range(len(t)))
    ).append_column("index", pa.array(range(len(t)))),
    "lists of a fixed size": lambda t: t.filter(
        pa.array([order == 1 for order in t["order"].to_pylist()])
    ).cast(
        pa.schema(
            [pa.field(f.name, pa.list_(TEXT, 1) if f.type == LIST else f.type) for f in t.schema]
        )
    ),
    "everything as text": lambda t: pa.table(
        {
            f.name: pa.array(
                [
                    "+".join(v) if isinstance(v, list) else None if v is None else str(v)
                    for v in t[f.name].to_pylist()
                ]
            )
            for f in t.schema
        }
    ),
}


def close(found: list[Candidate], expected: list[Candidate]) -> None:
    def names(some: list[Candidate]) -> list[tuple[Any, ...]]:
        return [(c.regime, c.target, c.sources, c.kind, c.n_test) for c in some]

    assert names(found) == names(expected)
    for key in ("affinity", "affinity_low", "affinity_high", "win_vs_scratch", "win_vs_supervised"):
        one, other = ([getattr(c, key) for c in some] for some in (found, expected))
        np.testing.assert_allclose(one, other, atol=1e-7)


@pytest.mark.parametrize("name", WRITERS)
def test_a_table_is_read_whatever_tool_wrote_it(name: str, tmp_path: Path) -> None:
    written = WRITERS[name](arrow(tmp_path))
    pq.write_table(written, tmp_path / "theirs.parquet")
    expected = [row for row in rows() if row.order == 1 or "fixed" not in name]
    close(table.read(tmp_path / "theirs.parquet"), expected)
    found, notes = affinities.read(tmp_path / "theirs.parquet")
    assert notes == []
    close(found, expected)


@pytest.mark.parametrize(
    "column", ["affinity_low", "affinity_high", "win_vs_scratch", "win_vs_supervised", "n_test"]
)
def test_a_column_that_lost_its_type_or_is_absent_was_not_measured(
    column: str, tmp_path: Path
) -> None:
    whole = arrow(tmp_path)
    unknown = [replace(row, **{column: 0 if column == "n_test" else NAN}) for row in rows()]
    pq.write_table(set_column(whole, column, pa.nulls(len(whole))), tmp_path / "null.parquet")
    pq.write_table(whole.drop_columns([column]), tmp_path / "absent.parquet")
    for name in ("null", "absent"):
        close(table.read(tmp_path / f"{name}.parquet"), unknown)


def test_pandas_writes_it_back(tmp_path: Path) -> None:
    table.write(tmp_path / "ours.parquet", rows())
    pandas = pytest.importorskip("pandas")  # which comes with mlflow
    frame = pandas.read_parquet(tmp_path / "ours.parquet")
    frame.to_parquet(tmp_path / "frame.parquet")
    frame.set_index("target").to_parquet(tmp_path / "index.parquet")
    kinds = {"target": "category", "kind": "category", "affinity": "float32", "n_test": "float64"}
    frame.astype(kinds).to_parquet(tmp_path / "kinds.parquet")
    frame[frame.target == "ner"].to_parquet(tmp_path / "some.parquet")
    frame.convert_dtypes().to_parquet(tmp_path / "nullable.parquet")
    frame.to_csv(tmp_path / "frame.csv")
    for name in (
        "frame.parquet",
        "index.parquet",
        "kinds.parquet",
        "nullable.parquet",
        "frame.csv",
    ):
        close(affinities.read(tmp_path / name)[0], rows())
    some = [row for row in rows() if row.target == "ner"]
    close(affinities.read(tmp_path / "some.parquet")[0], some)


def test_a_folder_of_parts_is_one_table_as_spark_writes_it(tmp_path: Path) -> None:
    whole = arrow(tmp_path)
    parts = tmp_path / "affinity.parquet"
    parts.mkdir()
    pq.write_table(whole.slice(0, 5), parts / "part-00000-a.snappy.parquet")
    pq.write_table(whole.slice(5), parts / "part-00001-a.snappy.parquet")
    (parts / "_SUCCESS").touch()
    close(affinities.read(parts)[0], rows())
    kinds = pyarrow.dataset.partitioning(pa.schema([("regime", TEXT)]), flavor="hive")
    pyarrow.dataset.write_dataset(whole, tmp_path / "parts", format="parquet", partitioning=kinds)
    close(affinities.read(tmp_path / "parts")[0], rows())
    usual = ("--budget", "1", "--max-order", "1")
    assert main(["solve", str(parts), *usual]) == 0


def test_the_folders_above_a_file_are_no_partitions_of_it(tmp_path: Path) -> None:
    place = tmp_path / "regime=16k" / "affinity.parquet"
    table.write(place, rows())
    close(affinities.read(place)[0], rows())


@pytest.mark.parametrize("name", ["affinities.p", "t.pkl", "t.csv", "t", "t.parquet"])
def test_a_file_is_known_by_its_content_and_not_by_its_name(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    table.write(path, rows())
    close(affinities.read(path)[0], rows())
    for protocol in (0, 1, 2, 5):
        path.write_bytes(pickle.dumps({"self__b": 0.5, "a__b": 0.5}, protocol=protocol))
        found, notes = affinities.read(path)
        assert [(c.target, c.sources, c.affinity) for c in found] == [
            ("b", ("b",), 0.5),
            ("b", ("a",), 0.5),
        ]
        assert notes == []
    path.write_text("target,sources,affinity\nb,b,0.5\n")
    assert affinities.read(path)[0][0].kind == "supervised"
    np.save(tmp_path / "m.npy", np.eye(2))
    path.write_bytes((tmp_path / "m.npy").read_bytes())
    with pytest.raises(BadInput, match="a matrix does not say what its rows are"):
        affinities.read(path)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "an empty file"),
        (gzip.compress(b"target,sources,affinity\n"), "compressed by gzip"),
        (b"PK\x03\x04rest", "a zip archive"),
        (b"ARROW1\0\0", "an Arrow file"),
        (b"\x89HDF\r\n\x1a\n", "an HDF5 file"),
        (b"version https://git-lfs.github.com/spec/v1\n", "a pointer of Git LFS"),
        (b"<!DOCTYPE html><html></html>", "a page of the web"),
        (b'{"a": 1}', "a JSON object"),
        (b"PAR1 cut off", "expected an affinity.parquet"),
        (b"\x80\x02}q\0(X", "not a pickle of numbers"),
        (b"\0\x01\x02\x03", "found zero bytes"),
        ("target,sources,affinity\ncaf\xe9,a,0.5\n".encode("latin-1"), "line 2 is not UTF-8"),
        ("target,sources,affinity\n".encode("utf-16-le"), "UTF-16 without a byte order mark"),
    ],
)
@pytest.mark.parametrize("suffix", ["parquet", "pkl", "csv"])
def test_what_is_no_table_is_said_in_one_line(
    content: bytes, words: str, suffix: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / f"affinity.{suffix}"
    path.write_bytes(content)
    for command in (["solve", "--budget", "1", "--max-order", "1"], ["group", "--networks", "2"]):
        assert main([command[0], str(path), *command[1:]]) == 2
        err = capsys.readouterr().err
        assert words in err
        assert len(err.splitlines()) == 1


def delimited(path: Path, delimiter: str, sources: Callable[[Any], str], encoding: str) -> None:
    with path.open("w", newline="", encoding=encoding) as file:
        writer = csv.writer(file, delimiter=delimiter)
        writer.writerow(["", *table.SCHEMA.names])
        for number, row in enumerate(rows()):
            cells = [getattr(row, name) for name in table.SCHEMA.names]
            cells[2] = sources(row.sources)
            if delimiter == ";":
                cells = [str(c).replace(".", ",") if isinstance(c, float) else c for c in cells]
            writer.writerow([number, *cells])


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize(
    "sources",
    [
        "+".join,
        lambda s: json.dumps(list(s)),
        lambda s: str(list(s)),
        lambda s: str(np.array(s, dtype=object)),
        lambda s: f"[{', '.join(s)}]",
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_csv_table_is_read_as_tools_write_it(
    delimiter: str, sources: Callable[[Any], str], encoding: str, tmp_path: Path
) -> None:
    delimited(tmp_path / "t.csv", delimiter, sources, encoding)
    found, notes = affinities.read(tmp_path / "t.csv")
    close(found, rows())
    assert notes == []


def test_what_a_table_may_leave_out_follows_from_the_rest(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("affinity,sources,target\n0.25,a+c,b\n0.75,b,b\n")
    found, _ = affinities.read(tmp_path / "t.csv")
    assert [(c.regime, c.sources, c.kind, c.affinity) for c in found] == [
        ("table", ("a", "c"), "transfer", 0.25),
        ("table", ("b",), "supervised", 0.75),
    ]


@pytest.mark.parametrize(
    ("changed", "line"),
    [
        ({"order": 7}, r"row 1 \(target 'ner', sources \['pos'\]\): order is 7, expected 1"),
        ({"sources": ["srl", "srl"]}, r"row 1 .*a source stands there twice"),
        ({"sources": []}, r"row 1 .*a name is empty"),
        ({"sources": {"a": 1}}, r"row 1: sources: found \{'a': 1\}, expected a name"),
        ({"target": None}, r"row 1 .*a name is empty"),
        ({"kind": "edge"}, r"kind is 'edge', expected one of transfer"),
        ({"affinity": -0.25}, r"affinity is -0.25, expected a number in \[0, 1\]"),
        ({"affinity": None}, r"affinity is missing"),
        ({"affinity": "high"}, r"affinity: found 'high', expected a number"),
        ({"affinity": True}, r"affinity: found True, expected a number"),
        ({"affinity_low": Decimal("1.5")}, r"affinity_low is 1.5"),
        ({"n_test": 2.5}, r"n_test is 2.5, expected a whole number from 0"),
    ],
)
def test_a_row_that_makes_no_sense_is_named(changed: dict[str, Any], line: str) -> None:
    plain: list[dict[str, Any]] = [
        {name: getattr(row, name) for name in table.SCHEMA.names} for row in rows()
    ]
    plain[1] |= changed
    with pytest.raises(BadInput, match=line):
        table.candidates(Path("t.parquet"), plain)


def test_missing_and_repeated_columns_are_named(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("target,affinity\nb,0.5\n")
    with pytest.raises(BadInput, match="column 'regime' is missing, and so are sources, order"):
        affinities.read(tmp_path / "t.csv")
    (tmp_path / "t.csv").write_text("target,sources,affinity,affinity\nb,b,0.5,0.5\n")
    with pytest.raises(BadInput, match="column 'affinity' stands there twice"):
        affinities.read(tmp_path / "t.csv")
    (tmp_path / "t.csv").write_text("target,sources,affinity\nb,b\n")
    with pytest.raises(BadInput, match="row 0 has 2 cells, expected 3 as the header"):
        affinities.read(tmp_path / "t.csv")


def test_a_row_that_stands_twice_is_named_and_counts_once(tmp_path: Path) -> None:
    first = rows()
    permuted = "t.csv"
    (tmp_path / permuted).write_text("target,sources,affinity\nb,a+c,0.5\nb,b,0.5\nb,c+a,0.5\n")
    found, notes = affinities.read(tmp_path / permuted)
    assert len(found) == 2
    (note,) = notes
    assert "2 repeats 0 (target 'b', sources ['a', 'c'], transfer) (left out)" in note
    (tmp_path / permuted).write_text("target,sources,affinity\nb,a+c,0.5\nb,b,0.5\nb,c+a,0.4\n")
    with pytest.raises(BadInput, match=r"rows 0 and 2 \(target 'b'.* different things of one"):
        affinities.read(tmp_path / permuted)
    kept, _ = affinities.read(tmp_path / permuted, drop_suspect=True)
    assert [row.affinity for row in kept] == [0.5, 0.5]

    table.write(tmp_path / "many.parquet", [*first, *first])
    with pytest.warns(UserWarning, match="suspect rows: 1 repeats 0") as told:
        close(load_affinities(tmp_path / "many.parquet"), first)
    assert len(told) == 1


def test_a_target_that_nothing_serves_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    zero = [
        replace(row, affinity=0.0) if (row.target, row.kind) == ("pos", "transfer") else row
        for row in rows()
    ]
    path = tmp_path / "zero.parquet"
    table.write(path, zero)
    found, notes = affinities.read(path)
    assert notes == [
        "suspect target 'pos' (regime '220'): every transfer into it has affinity 0 (kept; "
        "--drop-suspect leaves it out)"
    ]
    assert len(found) == len(zero)
    left, _ = affinities.read(path, drop_suspect=True)
    assert {row.target for row in left} == {"ner", "srl"}
    assert main(["group", str(path), "--networks", "2"]) == 2
    assert "every transfer into 'pos' has affinity 0" in capsys.readouterr().err
    assert main(["group", str(path), "--networks", "2", "--drop-suspect"]) == 0
    assert "left out: pos (no target of a transfer)" in capsys.readouterr().err


def test_options_that_belong_to_other_files_are_refused(tmp_path: Path) -> None:
    table.write(tmp_path / "t.parquet", rows())
    for option, given in (("rows", "targets"), ("names", tmp_path / "names")):
        with pytest.raises(BadInput, match=f"--{option}: .* names its tasks"):
            affinities.read(tmp_path / "t.parquet", **{option: given})  # type: ignore[arg-type]
    with pytest.raises(BadInput, match=r"--wins-vs-scratch: .* has its own win rates or none"):
        affinities.read(tmp_path / "t.parquet", wins_vs_scratch=tmp_path / "w.pkl")


SOLVED = ("--budget", "2", "--max-order", "2")


@pytest.mark.parametrize(
    "name",
    ["categorical", "float32", "null_columns", "nulls_made_double", "polars_large_string"],
)
def test_the_cases_of_other_tools_hold_the_same_affinities(name: str, cases: Path) -> None:
    plain = load_affinities(cases / "affinities.csv")
    found = load_affinities(cases / f"{name}.parquet")
    assert [(c.regime, c.target, c.sources, c.kind) for c in found] == [
        (c.regime, c.target, c.sources, c.kind) for c in plain
    ]
    np.testing.assert_allclose([c.affinity for c in found], [c.affinity for c in plain], atol=1e-7)
    assert main(["solve", str(cases / f"{name}.parquet"), *SOLVED]) == 0


def test_a_runs_own_table_that_went_through_pandas_is_read(cases: Path) -> None:
    found = load_affinities(cases / "demo_pandas_roundtrip.parquet")
    assert len(found) == 814
    assert {c.regime for c in found} == {"220"}
    sums: dict[str, float] = {}
    for row in found:
        sums[row.target] = sums.get(row.target, 0) + row.affinity
    assert list(sums.values()) == pytest.approx([1.0] * len(sums))


def test_a_pickle_of_another_name_is_read(cases: Path) -> None:
    found = load_affinities(cases / "affinities.p")
    assert {c.target for c in found} == {"ner", "srl", "pos", "parse"}
    assert {c.target: c.affinity for c in found if c.kind == "supervised"}["ner"] == pytest.approx(
        0.01081906189757104
    )


@pytest.mark.parametrize(
    ("name", "code", "words"),
    [
        ("duplicates", 0, "28 repeats 0 (target 'ner', sources ['ner'], supervised)"),
        ("wrong_order", 2, "row 1 (target 'ner', sources ['srl']): order is 7, expected 1"),
        ("zero_target", 0, "suspect target 'cola'"),
    ],
)
def test_the_cases_that_are_wrong_are_named_in_one_line(
    name: str, code: int, words: str, cases: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["solve", str(cases / f"{name}.parquet"), *SOLVED]) == code
    err = capsys.readouterr().err
    assert words in err
    assert len(err.splitlines()) == 1
