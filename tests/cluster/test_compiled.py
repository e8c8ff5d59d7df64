"""A compiled pipeline as it is read: its steps, and its parameters by their types."""

from pathlib import Path

import pytest

from taskonomy.cluster.compiled import Step, arguments, read
from taskonomy.cluster.cost import gpus
from taskonomy.errors import BadInput

POOLED = str(Path(__file__).with_name("pools.yaml"))


def test_the_taxonomy_pipeline_has_three_loops_whose_steps_hold_gpus() -> None:
    found = read("taxonomy")
    loops = [step.loop for step in found.steps if step.gpus]
    assert sorted(loops) == ["first-order", "higher-order", "task-networks"]
    outside = {step.component for step in found.steps if not step.loop}
    assert outside >= {"version-data", "plan", "solve-taxonomy", "publish"}


def test_pools_by_parameters() -> None:
    pipeline = read(POOLED)
    train, plan = pipeline.steps
    assert plan == Step("Plan task networks", "plan", "", 0)
    assert train.loop == "task-networks"
    assert gpus(train, pipeline, {}) == 2.0
    assert gpus(train, pipeline, {"spot": {"gpus": "4"}}) == 4.0
    assert pipeline.largest == {
        "requests.cpu": "1",
        "requests.memory": "2Gi",
        "limits.memory": "2Gi",
        "requests.nvidia.com/gpu": "1",
    }


def test_the_largest_step_is_reckoned_with_the_parameters_defaults() -> None:
    assert read("taxonomy").largest == {
        "requests.cpu": "4",
        "requests.memory": "16Gi",
        "limits.memory": "16Gi",
        "requests.nvidia.com/gpu": "1",
    }


def test_the_default_of_an_integer_is_one() -> None:
    """kfp writes 2.0, which a dry run would show."""
    (attempts,) = (entry for entry in read("taxonomy").parameters if entry.name == "spot_attempts")
    assert repr(attempts.default) == "2"


def test_values_have_their_parameters_types() -> None:
    given = {"store": "2", "spot": '{"gpus": "1"}', "attempts": "3", "steps": "[1]"}
    expected = {"store": "2", "spot": {"gpus": "1"}, "attempts": 3, "steps": [1]}
    assert arguments(read(POOLED), given) == expected


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("attempts", "two", "found two; expected number_integer"),
        ("attempts", "true", "found true; expected number_integer"),
        ("spot", "[]", "expected struct"),
        ("steps", "a, b", "expected list"),
        ("spots", "{}", "unknown to the pipeline pooled"),
    ],
)
def test_a_value_of_another_type(name: str, value: str, words: str) -> None:
    with pytest.raises(BadInput, match=words):
        arguments(read(POOLED), {"store": "s3://a/b", name: value})


@pytest.mark.parametrize("text", ["", "a: 1", "[", "components: 3"])
def test_a_file_that_is_no_pipeline(tmp_path: Path, text: str) -> None:
    file = tmp_path / "other.yaml"
    file.write_text(text)
    with pytest.raises(BadInput, match="no compiled pipeline"):
        read(str(file))
