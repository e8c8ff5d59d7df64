"""A data set's hash is over views, domains and bytes, whatever files or shards they lie in."""

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import fsspec
import numpy as np
import pytest

from taskonomy.data import content as hashing
from taskonomy.data import layout, shards
from taskonomy.data.content import content
from taskonomy.data.layout import View
from taskonomy.errors import BadInput

VIEWS = [View(f"house_{i // 4}", i % 4 // 2, i % 2) for i in range(12)]
FIRST, SECOND = VIEWS[:2]


@pytest.fixture(scope="module")
def houses(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three houses of four views with files of each kind; one view lacks a label."""
    root = tmp_path_factory.mktemp("houses") / "houses"
    rng = np.random.default_rng(0)
    for number, view in enumerate(VIEWS):
        layout.write(root, view, "rgb", rng.integers(0, 256, (8, 8, 3), dtype=np.uint8))
        layout.write(root, view, "depth_zbuffer", np.full((8, 8), 1 + number, np.float32))
        layout.write(root, view, "depth_euclidean", np.full((8, 8), 2 + number, np.float32))
        layout.write(root, view, "point_info", {"view_id": number})
        layout.write(root, view, "class_scene", np.float32([number / 16, 1 - number / 16]))
    layout.path(root, VIEWS[-1], "point_info").unlink()
    return root


@pytest.fixture
def copy(houses: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(houses, tmp_path / "copy"))


def pack(source: Path, out: Path, monkeypatch: pytest.MonkeyPatch, size: int) -> str:
    monkeypatch.setattr(shards, "SHARD_BYTES", size)
    shards.pack(str(source), out)
    return str(out)


def test_it_is_over_the_sorted_views_domains_and_digests(houses: Path) -> None:
    files = {
        f"{view}.{domain}": layout.path(houses, view, domain)
        for view in VIEWS
        for domain in ("rgb", "depth_zbuffer", "depth_euclidean", "point_info", "class_scene")
    }
    listing = "".join(
        f"{name} {hashlib.md5(file.read_bytes()).hexdigest()}\0"
        for name, file in sorted(files.items())
        if file.exists()
    )
    assert content(str(houses)) == hashlib.sha256(listing.encode()).hexdigest()


def test_files_and_shards_have_the_same(
    houses: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = pack(houses, tmp_path / "one", monkeypatch, 1 << 20)
    many = pack(houses, tmp_path / "many", monkeypatch, 1)
    assert [len(list(Path(packed).glob("*.tar"))) for packed in (one, many)] == [1, 6]
    assert content(one) == content(many) == content(str(houses))


def test_object_stores_have_the_same(
    houses: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = fsspec.filesystem("memory")
    store.put(str(houses), "/bucket/houses", recursive=True)
    store.put(
        pack(houses, tmp_path / "shards", monkeypatch, 4000), "/bucket/shards", recursive=True
    )
    found = {content("memory://bucket/houses"), content("memory://bucket/shards")}
    store.rm("/bucket", recursive=True)
    assert found == {content(str(houses))}


def test_processes_find_the_same(
    houses: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected, packed = content(str(houses)), pack(houses, tmp_path / "s", monkeypatch, 4000)
    monkeypatch.setattr(hashing, "_WORTH_PROCESSES", 1)
    monkeypatch.setattr(hashing, "cores", lambda: 2)
    assert content(packed) == expected


def test_what_is_no_label_of_a_view_does_not_count(copy: Path, houses: Path) -> None:
    (copy / "README.md").write_text("of three houses")
    (copy / "dataset.json").write_text('{"labels": ["rgb"]}')
    (copy / "splits.csv").write_text("id,train,val,test\n")
    (copy / "house_0.dvc").write_text("outs: []\n")
    (copy / "house_0/rgb/Thumbs.db").write_bytes(b"thumbs")
    (copy / "plans/house").mkdir(parents=True)
    # Of another download: nothing is learned from a label without its image.
    layout.write(copy, View("house_0", 9, 9), "class_scene", np.float32([0.5, 0.5]))
    assert content(str(copy)) == content(str(houses))


def test_older_names_of_a_domain_count_as_that_domain(copy: Path, houses: Path) -> None:
    for old, new in (("depth", "depth_zbuffer"), ("class_places", "class_scene")):
        folder = (copy / "house_1" / new).rename(copy / "house_1" / old)
        for file in list(folder.iterdir()):
            file.rename(folder / file.name.replace(f"domain_{new}", f"domain_{old}"))
    assert not layout.path(copy, View("house_1", 0, 0), "class_scene").exists()
    assert content(str(copy)) == content(str(houses))


def change_a_byte(root: Path) -> None:
    file = layout.path(root, FIRST, "depth_zbuffer")
    changed = bytearray(file.read_bytes())
    changed[-1] ^= 1
    file.write_bytes(changed)


def rename_a_view(root: Path) -> None:
    for file in root.rglob("house_0/*/point_0_view_0_*"):
        file.rename(file.with_name(file.name.replace("view_0", "view_7")))


def swap(first: Path, second: Path) -> None:
    aside = first.rename(first.with_name("aside"))
    second.rename(first)
    aside.rename(second)


CHANGES: dict[str, Callable[[Path], object]] = {
    "a changed byte": change_a_byte,
    "a renamed view": rename_a_view,
    "a removed label": lambda root: layout.path(root, FIRST, "point_info").unlink(),
    "a removed image": lambda root: layout.path(root, FIRST, "rgb").unlink(),
    "an added label": lambda root: layout.write(root, VIEWS[-1], "point_info", {"view_id": 11}),
    "a removed building": lambda root: shutil.rmtree(root / "house_1"),
    "a renamed building": lambda root: (root / "house_1").rename(root / "house_9"),
    "two buildings swapped": lambda root: swap(root / "house_0", root / "house_1"),
    "two views' labels swapped": lambda root: swap(
        layout.path(root, FIRST, "class_scene"), layout.path(root, SECOND, "class_scene")
    ),
    "two domains swapped": lambda root: swap(
        layout.path(root, FIRST, "depth_zbuffer"), layout.path(root, FIRST, "depth_euclidean")
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_gives_another_to_files_and_shards(
    copy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    before = content(str(copy))
    CHANGES[change](copy)
    after = content(str(copy))
    assert after != before
    assert content(pack(copy, tmp_path / "shards", monkeypatch, 4000)) == after


def test_what_cannot_be_read_is_named(copy: Path) -> None:
    file = layout.path(copy, SECOND, "rgb")
    file.unlink()
    file.symlink_to("moved.png")
    with pytest.raises(BadInput, match=r"view_1_domain_rgb\.png: cannot be read \(a link to noth"):
        content(str(copy))
    file.unlink()
    file.mkdir()
    with pytest.raises(BadInput, match=r"view_1_domain_rgb\.png: cannot be read \(Is a directory"):
        content(str(copy))
    file.rmdir()
    shutil.rmtree(copy / "house_1/class_scene")
    (copy / "house_1/class_scene").symlink_to(copy / "elsewhere")
    with pytest.raises(BadInput, match="house_1/class_scene: found a link to nothing"):
        content(str(copy))
    shutil.rmtree(copy / "house_1")
    (copy / "house_1").symlink_to(copy / "elsewhere")
    with pytest.raises(BadInput, match="house_1: found a link to nothing"):
        content(str(copy))
    with pytest.raises(BadInput, match="found nothing, expected a folder of buildings"):
        content(str(copy / "house_9"))


def test_faulty_shards_are_named(
    houses: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    packed = Path(pack(houses, tmp_path / "shards", monkeypatch, 4000))
    index = json.loads((packed / shards.INDEX).read_text())
    (packed / "again.tar").write_bytes((packed / "shard-000000.tar").read_bytes())
    twice = index | {"shards": [*index["shards"], index["shards"][0] | {"name": "again.tar"}]}
    (packed / shards.INDEX).write_text(json.dumps(twice))
    with pytest.raises(BadInput, match=f"{FIRST}: found two files of class_scene, expected one"):
        content(str(packed))
    (packed / "again.tar").unlink()
    with pytest.raises(BadInput, match=r"again\.tar: found no such shard"):
        content(str(packed))
