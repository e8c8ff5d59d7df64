"""The road as dvc.yaml runs it: the first stage keeps the configuration, the others read it."""

import json
from pathlib import Path

import pytest

from taskonomy.config import Config, load
from taskonomy.data.layout import View
from taskonomy.errors import BadInput
from taskonomy.execution.dvc import run_stage
from taskonomy.runs.context import Context
from taskonomy.store import Store
from tests.unit.houses import add

PARAMS = Path(__file__).parents[2] / "params.yaml"


@pytest.fixture
def config() -> Config:
    return load(PARAMS, "demo").updated(tasks=("normal", "class_scene"))


@pytest.fixture
def houses(tmp_path: Path) -> Path:
    for number in range(8):
        add(tmp_path / "houses", View(f"house_{number // 2}", 0, number % 2), seed=number)
    (tmp_path / "houses" / "dataset.json").write_text('{"labels": ["normal", "class_scene"]}')
    return tmp_path / "houses"


def test_stages_after_the_first_read_the_configuration_that_it_has_kept(
    config: Config, houses: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    run_stage("version-data", out, config, houses)
    keys = json.loads((out / "keys" / "version-data.json").read_text())
    context = Context.at(out, config)
    assert keys["configuration"] == context.key
    assert Context.kept(context.store, keys["configuration"], context.tracking) == context

    # Whatever the file of parameters says by now: DVC runs the first stage again where it changed.
    run_stage("plan", out, config.updated(shards=7), None)
    plan = json.loads((out / "keys" / "plan.json").read_text())["key"]
    content = Store(context.store).read_json("plan", plan, "plan.json")
    assert content["configuration"] == context.key
    assert content["dataset"] == keys["dataset"]
    shard = f"{plan}/{next(iter(content['task_shards']))}"
    assert Context.of_shard(context.store, shard) == context


def test_a_key_that_an_older_version_has_left(config: Config, tmp_path: Path) -> None:
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "version-data.json").write_text('"0123456789abcdef0123"\n')
    with pytest.raises(BadInput, match="an older version has left it"):
        run_stage("plan", tmp_path, config, None)
