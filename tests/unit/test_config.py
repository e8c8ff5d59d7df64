"""A wrong configuration is named: the key, what was found, what is allowed."""

from pathlib import Path

import pytest
import yaml

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
        ({"transfer__images": 3}, r"demo.transfer.images: found 3; expected a value from 8 to"),
        ({"network__widths": []}, r"demo.network.widths: found \[\]; expected a non-empty list"),
        ({"network__widths": [16, 3, 64]}, r"demo.network.widths: found 3; expected"),
        ({"network__layers": [1]}, r"demo.network: layers, widths and strides have lengths 1, 3"),
        ({"network__block": "vgg"}, r"demo.network.block: found 'vgg'; expected one of: basic"),
        ({"training__gan": 1}, r"demo.training.gan: found 1; expected bool"),
        ({"training__epoch": 4}, r"demo.training.epoch: unknown key; expected one of: epochs"),
        ({"tasks": ["normals"]}, r"unknown task 'normals'"),
        ({"taxonomy__costs": {"depht": 2}}, r"unknown task 'depht': did you mean depth"),
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
