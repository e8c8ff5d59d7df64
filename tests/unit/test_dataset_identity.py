"""Equal labels are one data set to a run, and its models have equal names, wherever they lie."""

from pathlib import Path
from typing import Any

import pytest

from taskonomy.config import load
from taskonomy.data import shards
from taskonomy.data.content import content
from taskonomy.data.layout import View
from taskonomy.errors import BadInput
from taskonomy.runs.context import Context, open_workspace, recorded_content
from taskonomy.runs.dataset import now, record
from taskonomy.store import Store
from taskonomy.training.identity import model_id
from tests.unit.houses import add


def recorded(root: Path, out: Path) -> tuple[str, str, dict[str, Any]]:
    """The data set's key, the name of a model that is trained on it, and what the store says."""
    context = Context.at(out, load(Path(__file__).parents[2] / "params.yaml", "demo"))
    key = record(context, root, str(root), now())
    name = model_id(open_workspace(context, key), "task", "normal")
    return key, name, Store(context.store).read_json("version-data", key, "dataset.json")


def test_a_data_set_that_was_packed_and_unpacked_names_its_models_alike(tmp_path: Path) -> None:
    for number in range(8):
        add(tmp_path / "houses", View(f"house_{number // 2}", 0, number % 2), seed=number)
    (tmp_path / "houses" / "dataset.json").write_text('{"labels": ["normal", "class_scene"]}')
    shards.pack(str(tmp_path / "houses"), tmp_path / "packed")
    shards.unpack(str(tmp_path / "packed"), tmp_path / "unpacked")
    (tmp_path / "unpacked" / "README.md").write_text("four houses")
    here = recorded(tmp_path / "houses", tmp_path)
    there = recorded(tmp_path / "unpacked", tmp_path)
    assert there[:2] == here[:2]
    assert there[2]["content"] == here[2]["content"] == content(str(tmp_path / "packed"))
    # What DVC knows is kept as it knows it.
    assert there[2]["dvc"]["md5"] != here[2]["dvc"]["md5"]


FACTS = {"content": "a", "split": {"train": [0], "val": [1], "test": [2]}, "dvc": {"md5": "1.dir"}}


@pytest.mark.parametrize(
    "other", [{"content": "b"}, {"split": {"train": [1], "val": [0], "test": [2]}}]
)
def test_models_of_other_labels_or_splits_have_other_names(other: dict[str, Any]) -> None:
    assert recorded_content(FACTS | other) != recorded_content(FACTS)
    assert recorded_content(FACTS | {"dvc": {"md5": "2.dir"}}) == recorded_content(FACTS)


def test_what_an_older_version_recorded_is_refused_by_name() -> None:
    facts = {"root": "/data/rooms", "dvc": {"md5": "1.dir"}, "split": {}}
    with pytest.raises(BadInput, match="the record of /data/rooms: found no `content`"):
        recorded_content(facts)
