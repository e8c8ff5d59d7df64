"""Outputs appear whole or not at all, and a marker says which ones are finished."""

from pathlib import Path

import pytest

from taskonomy.store import Store, digest


@pytest.fixture(params=["folder", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    return Store(str(tmp_path) if request.param == "folder" else f"memory://{tmp_path.name}")


def test_an_output_is_finished_only_after_its_block(store: Store) -> None:
    with store.output("affinity", "k1", rows=3) as folder:
        (folder / "table.txt").write_text("p")
        assert not store.finished("affinity", "k1")
    assert store.finished("affinity", "k1")
    assert store.read_bytes("affinity", "k1", "table.txt") == b"p"
    assert store.read_json("affinity", "k1", "done.json") == {"rows": 3}


def test_an_output_that_fails_leaves_nothing(store: Store) -> None:
    def half() -> None:
        with store.output("affinity", "k2") as folder:
            (folder / "half.txt").write_text("ha")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        half()
    assert not store.exists("affinity", "k2")


def test_a_place_inside_a_store_is_kept_so_that_the_store_can_be_moved(tmp_path: Path) -> None:
    store, rooms, elsewhere = Store(str(tmp_path / "a")), tmp_path / "a" / "rooms", tmp_path / "b"
    rooms.mkdir(parents=True)
    kept, outside = store.within(rooms), store.within(elsewhere)
    (tmp_path / "a").rename(tmp_path / "moved")
    moved = Store(str(tmp_path / "moved"))
    assert moved.located(kept) == tmp_path / "moved" / "rooms"
    assert moved.located(outside) == elsewhere


def test_what_an_interrupted_run_left_is_replaced(tmp_path: Path) -> None:
    store = Store(str(tmp_path))
    (tmp_path / "affinity" / "k3").mkdir(parents=True)
    (tmp_path / "affinity" / "k3" / "half.txt").write_text("ha")
    with store.output("affinity", "k3") as folder:
        (folder / "whole.txt").write_text("whole")
    left = {path.name for path in (tmp_path / "affinity" / "k3").iterdir()}
    assert left == {"whole.txt", "done.json"}


def test_a_failed_write_keeps_the_former_file(tmp_path: Path) -> None:
    store = Store(str(tmp_path))
    store.write_bytes(b"old", "a", "b")
    with pytest.raises(TypeError):
        store.write_json({"unwritable": object()}, "a", "b")
    assert store.read_bytes("a", "b") == b"old"
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["b"]


def test_a_key_depends_on_values_and_not_on_their_order() -> None:
    assert digest(a=1, b=[2]) == digest(b=[2], a=1) != digest(a=1, b=[3])


def test_an_address_is_a_url_where_the_store_is_remote(tmp_path: Path) -> None:
    assert Store("s3://bucket/runs/").address("publish", "k1") == "s3://bucket/runs/publish/k1"
    assert Store(str(tmp_path)).address("publish", "k1") == f"{tmp_path}/publish/k1"
