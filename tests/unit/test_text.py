"""Text with a byte order mark is read wherever text is read; other encodings are one line."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from taskonomy import formats
from taskonomy.affinity.matrix import read_names
from taskonomy.captures import texts
from taskonomy.cluster import compiled, units
from taskonomy.config import load
from taskonomy.data import codecs, splits
from taskonomy.errors import BadInput
from taskonomy.targets import declared
from taskonomy.taxonomy import affinities
from taskonomy.text import decode_text, read_text

ROOT = Path(__file__).parents[2]
WORD = "ca\xe9"
"""A name of which Latin-1 makes bytes that UTF-8 does not know."""

TASK = (ROOT / "docs" / "examples" / "depth_code.py").read_text() + f'WORD = "{WORD}"\n'


def _splits(path: Path) -> Any:
    return splits.read_table(path)


def _poses(path: Path) -> Any:
    return texts.text(path, "a list")


READERS: dict[str, tuple[str, Callable[[Path], Any]]] = {
    "params.yaml": (
        yaml.safe_dump({"demo": yaml.safe_load((ROOT / "params.yaml").read_text())["demo"]})
        + f"# {WORD}\n",
        lambda path: load(path, "demo"),
    ),
    "splits.csv": (f"id,train,val,test\nroom_0,1,0,0\n{WORD},0,1,0\n", _splits),
    "affinities.csv": (
        f"target,sources,affinity\n{WORD},{WORD},0.5\n",
        lambda path: affinities.read(path)[0],
    ),
    "names.txt": (f"{WORD}\nb\n", lambda path: read_names(path, read_text(path), 2, 2)),
    "rgb.txt": (f"# {WORD}\n1.0 rgb/1.png\n", _poses),
    "dataset.json": ('{"labels": ["' + WORD + '"]}', formats.DATASET.read),
    "point_info.json": (
        '{"a": "' + WORD + '"}',
        lambda path: codecs._decode_json(path.read_bytes(), str(path)),
    ),
    "pipeline.yaml": (
        (ROOT / "pipelines" / "resolve.yaml").read_text() + f"# {WORD}\n",
        lambda path: compiled.read(str(path)).name,
    ),
}


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
@pytest.mark.parametrize("name", READERS)
def test_a_byte_order_mark_says_how_text_is_read(name: str, encoding: str, tmp_path: Path) -> None:
    text, read = READERS[name]
    (tmp_path / name).write_bytes(text.encode())
    plain = read(tmp_path / name)
    (tmp_path / name).write_bytes(text.replace("\n", "\r\n").encode(encoding))
    assert repr(read(tmp_path / name)) == repr(plain)


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252", "utf-16-le"])
@pytest.mark.parametrize("name", READERS)
def test_text_of_another_encoding_is_one_line(name: str, encoding: str, tmp_path: Path) -> None:
    text, read = READERS[name]
    if name.endswith(".json") and encoding == "utf-16-le":
        pytest.skip("JSON says by its first bytes which Unicode it is")
    (tmp_path / name).write_bytes(text.encode(encoding))
    with pytest.raises(BadInput) as raised:
        read(tmp_path / name)
    line = str(raised.value)
    assert name in line
    assert len(line.splitlines()) == 1
    assert "utf-8" in line.lower()


def test_a_file_that_declares_tasks_may_have_a_mark(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_bytes(TASK.encode("utf-8-sig"))
    assert [task.name for task in declared.read(str(path)).tasks] == ["depth_code"]


@pytest.mark.parametrize("encoding", ["latin-1", "utf-16", "utf-16-le"])
def test_a_file_that_declares_tasks_in_another_encoding_is_one_line(
    encoding: str, tmp_path: Path
) -> None:
    path = tmp_path / "mine.py"
    path.write_bytes(TASK.encode(encoding))
    with pytest.raises(BadInput) as raised:
        declared.read(str(path))
    assert str(path) in str(raised.value)
    assert len(str(raised.value).splitlines()) == 1


def test_unit_costs_with_a_mark_are_read(tmp_path: Path) -> None:
    content = units.MEASURED.read_bytes()
    (tmp_path / "units.json").write_bytes(b"\xef\xbb\xbf" + content)
    assert units.read(tmp_path / "units.json") == units.read()


def test_a_binary_file_is_no_text() -> None:
    with pytest.raises(BadInput, match="x: found zero bytes; expected text in UTF-8"):
        decode_text(b"a\0" + b"b" * 20, "x")
    with pytest.raises(BadInput, match=r"x: line 3 is not UTF-8 \(byte 0xe9, as in Latin-1"):
        decode_text(b"a\nb\ncaf\xe9\n", "x")
    with pytest.raises(BadInput, match="not UTF-16"):
        decode_text(b"\xff\xfea\0b", "x")


def test_the_cases_of_split_tables(cases: Path) -> None:
    tables = cases.parent / "tables"
    found = splits.read_table(tables / "bom.csv")
    assert (len(found), found["room_00000"], found["woodbine"]) == (9, 0, 0)
    assert sorted(np.unique(list(found.values()))) == [0, 1, 2]
    with pytest.raises(BadInput, match=r"latin1\.csv: line 11 is not UTF-8 \(byte 0xe9"):
        splits.read_table(tables / "latin1.csv")
