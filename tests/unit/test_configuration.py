"""What a run is asked for, and the configuration that its first step makes of it and keeps."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as some

from taskonomy.config import Config, load
from taskonomy.errors import BadInput
from taskonomy.files import shipped
from taskonomy.runs import configuration
from taskonomy.runs.configuration import effective, keep, kept, parameters
from taskonomy.runs.context import Context
from taskonomy.store import Store

DEMO = load(shipped("params.yaml"), "demo")


@pytest.mark.parametrize("profile", ["demo", "full", "paper"])
def test_a_profile_that_images_hold_is_asked_for_by_its_name_alone(profile: str) -> None:
    config = load(shipped("params.yaml"), profile)
    asked = parameters(config)
    assert asked.pop("profile") == profile
    assert not any(asked.values())
    assert effective(profile=profile, overrides={}).to_json() == config.to_json()


def test_what_people_change_most_has_a_field_and_all_else_is_an_override() -> None:
    config = DEMO.updated(
        seed=3,
        tasks=("normal", "reshading"),
        regimes=(40, 16),
        seeds=2,
        data={"images": 240},
        training={"weight_decay": 0.25},
        taxonomy={"budgets": (1, 2), "costs": {"normal": 2.0}},
    )
    assert parameters(config) == {
        "profile": "demo",
        "dictionary": [],
        "seed": "3",
        "tasks": ["normal", "reshading"],
        "images": "240",
        "regimes": [40, 16],
        "budgets": [1, 2],
        "overrides": {
            "seeds": 2,
            "training": {"weight_decay": 0.25},
            "taxonomy": {"costs": {"normal": 2.0}},
        },
    }


def as_kubeflow_carries(value: Any) -> Any:
    """Every number of a list or a mapping is a double there."""
    if isinstance(value, dict):
        return {key: as_kubeflow_carries(of) for key, of in value.items()}
    if isinstance(value, list):
        return [as_kubeflow_carries(of) for of in value]
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


configurations = some.builds(
    lambda profile, values: load(shipped("params.yaml"), profile).updated(**values),
    some.sampled_from(["demo", "full", "paper"]),
    some.fixed_dictionaries(
        {},
        optional={
            "profile": some.sampled_from(["tiny", "demo", "paper"]),
            "seed": some.integers(0, 9),
            "shards": some.integers(1, 40),
            "regimes": some.lists(some.integers(8, 99), min_size=1, max_size=3, unique=True).map(
                tuple
            ),
            "dictionary": some.lists(some.just("s3://bucket/task.py"), max_size=1).map(tuple),
            "tasks": some.sampled_from([(), ("normal",), ("normal", "reshading")]),
            "data": some.fixed_dictionaries({"images": some.integers(24, 99)}),
            "training": some.fixed_dictionaries(
                {"gan": some.booleans(), "learning_rate": some.sampled_from([1e-6, 0.5, 1.0])}
            ),
            "taxonomy": some.fixed_dictionaries(
                {"costs": some.sampled_from([{}, {"normal": 2.0}, {"normal": 0.5}])}
            ),
        },
    ),
)


@settings(deadline=None, max_examples=30)
@given(configurations)
def test_a_run_gets_the_very_configuration_that_it_is_asked_for(config: Config) -> None:
    """Equal text means equal names of every plan and every model."""
    asked = parameters(config)
    assert effective(**asked).to_json() == config.to_json()
    assert effective(**as_kubeflow_carries(asked)).to_json() == config.to_json()


@pytest.mark.parametrize(
    ("asked", "line"),
    [
        (
            {"profile": "dmo"},
            r"no profile 'dmo'; expected one of: demo, full, paper",
        ),
        (
            {"overrides": {"transfer": {"stpes": 4}}},
            r"the run's parameters: demo\.transfer\.stpes: unknown key; expected one of: .*steps",
        ),
        ({"overrides": {"sead": 4}}, r"demo\.sead: unknown key; expected one of: .*seed"),
        ({"overrides": {"transfer": {"steps": 2.5}}}, r"transfer\.steps: found 2\.5; expected int"),
        ({"overrides": {"transfer": 3}}, r"transfer: found 3; expected a mapping"),
        ({"overrides": {"data": 3}, "images": "30"}, r"data: found 3; expected a mapping"),
        ({"overrides": {"profile": "x"}}, r"overrides\.profile: unknown key; .*parameter profile"),
        ({"seed": "one"}, r"seed: found 'one'; expected a whole number, or nothing"),
        ({"seed": "-1"}, r"seed: found -1; expected a value from 0"),
        ({"images": "2"}, r"data\.images: found 2; expected a value from 24"),
        ({"tasks": ["norml"]}, r"tasks: .*norml"),
        ({"budgets": ["one"]}, r"budgets: found 'one'; expected int"),
        (
            {"images": "30", "overrides": {"data": {"images": 40}}},
            r"images and overrides\.data\.images: both are given; expected one",
        ),
        ({"profile": "own", "overrides": {"seed": 1}}, r"own\.shards: missing; expected a value"),
    ],
)
def test_a_wrong_value_is_named_in_one_line(asked: dict[str, Any], line: str) -> None:
    with pytest.raises(BadInput, match=line) as found:
        effective(**{"profile": "demo", "overrides": {}, **asked})
    assert "\n" not in str(found.value)


def test_a_configuration_lies_in_the_store_under_the_hash_of_its_content(tmp_path: Path) -> None:
    store = Store(str(tmp_path))
    context = Context(str(tmp_path), DEMO.to_json(), "sqlite:///x")
    assert context.keep() == keep(store, DEMO) == context.key
    assert store.keys(configuration.STAGE) == [context.key]
    assert Context.kept(str(tmp_path), context.key, "sqlite:///x") == context
    assert context.config == DEMO.to_json()
    assert keep(store, DEMO.updated(seed=1)) != context.key


def test_a_configuration_that_is_not_there_or_not_what_its_key_says(tmp_path: Path) -> None:
    store = Store(str(tmp_path))
    with pytest.raises(BadInput, match="no finished configuration"):
        kept(store, "0" * 20)
    key = keep(store, DEMO)
    (tmp_path / configuration.STAGE / key / "done.json").unlink()
    with pytest.raises(BadInput, match="no finished configuration"):
        kept(store, key)  # its marker comes last
    keep(store, DEMO)
    (tmp_path / configuration.STAGE / key / "configuration.json").write_text("{}")
    with pytest.raises(BadInput, match="found other content than its name says"):
        kept(store, key)


def test_the_page_of_a_configuration_shows_every_value_and_what_was_changed() -> None:
    config = DEMO.updated(seed=4, transfer={"steps": 7})
    page = configuration.page(config)
    assert '`{"seed": "4", "overrides": {"transfer": {"steps": 7}}}`' in page
    listed = page.partition("```yaml\n")[2].partition("```")[0]
    assert yaml.safe_load(listed)["demo"] == {
        key: value for key, value in json.loads(config.to_json()).items() if key != "profile"
    }
    assert "Profile demo, unchanged." in configuration.page(DEMO)
