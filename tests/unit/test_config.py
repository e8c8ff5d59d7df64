"""A wrong configuration is named: the key, what was found, what is allowed."""

import json
from pathlib import Path

import pytest
import yaml
from pydantic import ValidationError

from taskonomy.config import Config, load
from taskonomy.errors import BadInput

PARAMS = Path(__file__).parents[2] / "params.yaml"


@pytest.mark.parametrize("profile", ["demo", "full", "paper"])
def test_every_profile_loads_and_survives_its_json(profile: str) -> None:
    config = load(PARAMS, profile)
    assert Config.from_json(config.to_json()) == config


def test_the_paper_profile_has_the_papers_sizes() -> None:
    config = load(PARAMS, "paper")
    assert (config.network.image_size, config.network.block) == (256, "bottleneck")
    assert (config.network.layers, config.network.code_channels) == ((3, 4, 6, 3), 8)


def changed(tmp_path: Path, **values: object) -> Path:
    profiles = yaml.safe_load(PARAMS.read_text())
    for key, value in values.items():
        place = profiles["demo"]
        *folders, last = key.split("__")
        for folder in folders:
            place = place[folder]
        place[last] = value
    path = tmp_path / "params.yaml"
    path.write_text(yaml.safe_dump(profiles))
    return path


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"seed": -1}, r"params.yaml: demo.seed: found -1; expected a value from 0 to"),
        ({"regimes": [3]}, r"demo.regimes: found 3; expected a value from 8 to"),
        ({"network__widths": []}, r"demo.network.widths: found \[\]; expected a non-empty list"),
        ({"network__widths": [16, 3, 64]}, r"demo.network.widths: found 3; expected"),
        ({"network__layers": [1]}, r"demo.network: layers, widths and strides have lengths 1, 3"),
        ({"network__block": "vgg"}, r"demo.network.block: found 'vgg'; expected one of: basic"),
        ({"training__gan": 1}, r"demo.training.gan: found 1; expected bool"),
        ({"training__epoch": 4}, r"demo.training.epoch: unknown key; expected one of: epochs"),
        ({"tasks": ["normals"]}, r"unknown task 'normals'"),
        ({"taxonomy__costs": {"depht": 2}}, r"unknown task 'depht': did you mean depth"),
        ({"taxonomy__costs": {"normal": -1}}, r"taxonomy.costs.normal: found -1.0; expected a"),
        ({"taxonomy__costs": {1: 2}}, r"demo.taxonomy.costs: found 1; expected str"),
        ({"training": {True: 4}}, r"demo.training.True: unknown key; expected one of: epochs"),
        ({"taxonomy__costs": []}, r"demo.taxonomy.costs: found \[\]; expected a mapping$"),
        ({"affinity": 3}, r"demo.affinity: found 3; expected a mapping of keys to values"),
        ({"shards": True}, r"demo.shards: found True; expected int"),
        ({"shards": 2.0}, r"demo.shards: found 2.0; expected int"),
        ({"network__strides": [2, 2, True]}, r"demo.network.strides: found True; expected int"),
        ({"network__layers": "111"}, r"demo.network.layers: found '111'; expected a list"),
        ({"network__dropout": float("nan")}, r"demo.network.dropout: found nan; expected a value"),
        ({"network__hidden": 4}, r"network.hidden: found 4; expected a value from 8 to 8192$"),
        ({"network__target_size": 24}, r"demo.network: image_size 64 at stride 8 with target_size"),
        # Of several, an unknown key comes first, then the order of params.yaml's sections.
        ({"seed": -1, "affinity__replicate": 5}, r"demo.affinity.replicate: unknown key"),
        ({"transfer__top": 1, "network__hidden": 4, "seed": -1}, r"demo.seed: found -1"),
        ({"transfer__top": 1, "network__hidden": 4}, r"demo.network.hidden: found 4"),
    ],
)
def test_a_wrong_value_is_named(tmp_path: Path, values: dict[str, object], message: str) -> None:
    with pytest.raises(BadInput, match=message):
        load(changed(tmp_path, **values), "demo")


def test_an_unknown_profile_and_a_missing_file_are_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"no profile 'tiny'; expected one of: demo, full, paper"):
        load(PARAMS, "tiny")
    with pytest.raises(BadInput, match=r"absent.yaml: no such file"):
        load(tmp_path / "absent.yaml", "demo")


def test_an_override_is_checked_like_the_file() -> None:
    assert load(PARAMS, "demo", seed=7).seed == 7
    with pytest.raises(BadInput, match=r"demo.seed: found 'x'; expected int"):
        load(PARAMS, "demo", seed="x")


def test_a_missing_key_is_named() -> None:
    values = json.loads(load(PARAMS, "demo").to_json())
    del values["transfer"]["steps"]
    values["seed"] = -1
    with pytest.raises(BadInput, match=r"^params demo.transfer.steps: missing; expected a value$"):
        Config.from_json(json.dumps(values))


def test_a_whole_number_is_a_float_where_one_is_expected(tmp_path: Path) -> None:
    path = changed(tmp_path, network__dropout=0, taxonomy__costs={"normal": 2})
    config = load(path, "demo")
    assert isinstance(config.network.dropout, float)
    assert config.to_json() == load(path, "demo", taxonomy=costing(2.0)).to_json()


def costing(normal: float) -> dict[str, object]:
    return {**load(PARAMS, "demo").taxonomy.model_dump(), "costs": {"normal": normal}}


def test_no_value_can_be_set() -> None:
    config = load(PARAMS, "demo")
    with pytest.raises(ValidationError, match="frozen"):
        config.network.hidden = 64  # type: ignore[misc]


def test_an_update_changes_what_it_names_and_is_checked() -> None:
    config = load(PARAMS, "demo")
    other = config.updated(seed=7, transfer={"top": 3})
    expected = config.transfer.model_dump() | {"top": 3}
    assert (other.seed, other.transfer.model_dump()) == (7, expected)
    assert other.network == config.network
    with pytest.raises(BadInput, match=r"params demo.transfer.top: found 1; expected a value from"):
        config.updated(transfer={"top": 1})
    with pytest.raises(BadInput, match=r"params demo.network: layers, widths and strides have"):
        config.updated(network={"layers": (1,)})
