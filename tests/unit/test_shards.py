"""Shards hold a data set's files as they are, from folders and object stores alike."""

import json
import shutil
import tarfile
from pathlib import Path

import fsspec
import numpy as np
import pytest

from taskonomy.data import layout, shards
from taskonomy.data.layout import View
from taskonomy.errors import BadInput


def add(root: Path, views: list[View]) -> None:
    rng = np.random.default_rng(len(views))
    for view in views:
        image = rng.integers(0, 256, (32, 32, 3), dtype=np.uint8)
        layout.write(root, view, "rgb", image)
        layout.write(root, view, "normal", rng.normal(size=(32, 32, 3)).astype(np.float32))
        layout.write(root, view, "point_info", {"view_id": view.view})
        layout.write(root, view, "class_scene", np.float32([0.25, 0.75]))


@pytest.fixture(scope="module")
def few(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three houses of six views; one view lacks a label."""
    root = tmp_path_factory.mktemp("few") / "houses"
    add(root, [View(f"house_{i // 6}", i % 6 // 3, i % 3) for i in range(18)])
    (root / "dataset.json").write_text('{"labels": []}')
    layout.path(root, View("house_0", 1, 1), "normal").unlink()
    return root


@pytest.fixture
def packed(few: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """In shards of a few views each."""
    monkeypatch.setattr(shards, "SHARD_BYTES", 40_000)
    shards.pack(str(few), tmp_path / "shards")
    return tmp_path / "shards"


def content(root: Path) -> dict[str, bytes]:
    return {str(f.relative_to(root)): f.read_bytes() for f in root.rglob("*") if f.is_file()}


def test_what_is_unpacked_is_what_was_packed(few: Path, packed: Path, tmp_path: Path) -> None:
    assert len(list(packed.glob("*.tar"))) > 2
    assert shards.unpack(str(packed), tmp_path / "again") == len(layout.index(few).views)
    assert content(tmp_path / "again") == content(few)


def test_a_shard_is_a_webdataset(packed: Path) -> None:
    """Files of one key stand together; a key ends at the first dot of the name."""
    with tarfile.open(packed / "shard-000000.tar") as tar:
        names = tar.getnames()
    keys = [name.split(".")[0] for name in names]
    assert keys == sorted(keys)
    assert {"house_0/point_0_view_0.rgb.png", "house_0/point_0_view_0.point_info.json"} < set(names)


def test_samples_stream_from_an_object_store(few: Path, packed: Path) -> None:
    store = fsspec.filesystem("memory")
    store.put(str(packed), "/bucket/shards", recursive=True)
    dataset = layout.index(few)
    found = dict(shards.samples("memory://bucket/shards", ["rgb", "normal"]))
    store.rm("/bucket", recursive=True)
    assert tuple(found) == dataset.views
    assert set(found[dataset.views[4]]) == {"rgb"}
    for view, values in found.items():
        for domain, value in values.items():
            np.testing.assert_array_equal(value, layout.read(dataset, view, domain))


def test_an_interrupted_packing_goes_on_and_equal_data_give_equal_shards(
    few: Path, packed: Path
) -> None:
    before = content(packed)
    first = packed / "shard-000000.tar"
    age = first.stat().st_mtime_ns
    (packed / "shard-000001.tar").unlink()
    (packed / shards.INDEX).unlink()
    shards.pack(str(few), packed)
    assert content(packed) == before
    assert first.stat().st_mtime_ns == age


@pytest.mark.parametrize("content", ["{", "[]", '{"caf\xe9": 1}'])
def test_an_index_that_cannot_be_read_is_one_line(few: Path, packed: Path, content: str) -> None:
    (packed / shards.INDEX).write_bytes(content.encode("latin-1"))
    with pytest.raises(BadInput, match=r"^[^\n]*shards\.json: [^\n]*; expected a [^\n]*$"):
        shards.pack(str(few), packed)


def test_another_packing_is_not_mixed_in(packed: Path, tmp_path: Path) -> None:
    add(tmp_path / "other", [View("house_0", 0, 0)])
    with pytest.raises(BadInput, match=r"shards.json: found a packing of \d+ files, expected one"):
        shards.pack(str(tmp_path / "other"), packed)
    (tmp_path / "mine.txt").write_text("")
    with pytest.raises(BadInput, match="expected an absent or empty folder"):
        shards.pack(str(tmp_path / "other"), tmp_path)


def test_a_link_to_nothing_is_named(few: Path, tmp_path: Path) -> None:
    root = Path(shutil.copytree(few, tmp_path / "houses"))
    file = layout.path(root, View("house_1", 0, 1), "normal")
    file.unlink()
    file.symlink_to("moved.png")
    with pytest.raises(
        BadInput, match=r"a link to nothing.*expected the normal of house_1/point_0"
    ):
        shards.pack(str(root), tmp_path / "shards")


def test_damaged_shards_are_named_and_nothing_is_left(packed: Path, tmp_path: Path) -> None:
    last = json.loads((packed / shards.INDEX).read_text())["shards"][-1]["name"]
    whole = (packed / last).read_bytes()
    with tarfile.open(packed / last) as tar:
        second = tar.getmembers()[1]
    header, content = second.offset, second.offset_data
    for damaged in (
        b"",
        whole[: header - 1],
        whole[:header],  # between two files
        whole[: header + 100],
        whole[:content],
        whole[:header] + b"?" * 512 + whole[content:],
    ):
        (packed / last).write_bytes(damaged)
        with pytest.raises(BadInput, match=f"{last}: not a whole tar file"):
            shards.unpack(str(packed), tmp_path / "out")
    (packed / last).unlink()
    with pytest.raises(BadInput, match=f"{last}: found no such shard"):
        shards.unpack(str(packed), tmp_path / "out")
    with pytest.raises(BadInput, match=r"other\.tar: found no such shard in shards\.json"):
        list(shards.samples(str(packed), ["rgb"], ["other.tar"]))
    assert [entry.name for entry in tmp_path.iterdir()] == ["shards"]
    with pytest.raises(BadInput, match=r"found no shards\.json"):
        shards.unpack(str(tmp_path), tmp_path / "out")
