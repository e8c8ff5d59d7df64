"""Requests in plain data are answered as the public interface answers them."""

import json
from dataclasses import replace
from typing import Any

import pytest

import taskonomy
from taskonomy.affinity.candidate import Candidate
from taskonomy.dictionary import DICTIONARY
from taskonomy.errors import BadInput
from taskonomy.taxonomy.request import answer
from tests.unit.published import REGIME, candidates

ROWS = candidates()


def ask(request: Any, rows: list[Candidate] = ROWS) -> dict[str, Any]:
    return answer(rows, DICTIONARY, REGIME, request)


@pytest.mark.parametrize(
    "request_",
    [
        {"budget": 4},
        {"budget": 3.5, "max_order": 1, "scale": "raw"},
        {"budget": 2, "targets": ["normal", "reshading"], "sources": ["keypoints2d", "normal"]},
        {"budget": 3, "novel": ["normal"], "must_use": ["jigsaw"], "must_not_use": ["denoising"]},
        {"budget": 5, "cost": {"normal": 2.5}, "importance": {"jigsaw": 0}},
        {"budget": 5, "with_own_readouts": True, "with_random": True},
    ],
)
def test_an_answer_is_that_of_the_public_interface(request_: dict[str, Any]) -> None:
    typed = {k: tuple(v) if isinstance(v, list) else v for k, v in request_.items()}
    expected = taskonomy.solve(ROWS, **typed).as_json()
    assert ask(request_) == json.loads(json.dumps(expected))
    assert ask({**request_, "regime": REGIME, "novel": request_.get("novel")}) == expected


def test_a_regime_is_chosen() -> None:
    others = [replace(row, regime="16", affinity=row.affinity / 2) for row in ROWS]
    both = [*ROWS, *others]
    asked = {"budget": 4, "scale": "raw"}
    assert ask(asked, both) == ask(asked)
    assert ask(asked | {"regime": "16"}, both) == taskonomy.solve(others, **asked).as_json()


def test_what_no_policy_answers_is_said_as_the_command_line_says_it() -> None:
    found = ask({"budget": 0})
    assert found["status"] == "infeasible"
    assert "the budget is 0" in found["reason"]


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        ({}, "budget: found none, expected a number"),
        ({"budget": None}, "budget: found none, expected a number"),
        ({"budget": "4"}, "budget: found '4', expected a number"),
        ({"budget": True}, "budget: found True, expected a number"),
        ({"budget": [4]}, r"budget: found \[4\], expected a number"),
        ({"budget": -1}, "budget: found -1, expected a finite number"),
        ({"budget": float("nan")}, "budget: found nan, expected a finite number"),
        ({"budget": float("inf")}, "budget: found inf, expected a finite number"),
        ({"bugdet": 4}, "unknown argument 'bugdet': did you mean budget"),
        ({"budget": 4, "k": 1}, "unknown argument 'k': expected some of budget, max_order"),
        ({"budget": 4, 7: 1}, "unknown argument 7"),
        ({"budget": 4, "max_order": 1.5}, "max_order: found 1.5, expected a whole number"),
        ({"budget": 4, "max_order": float("nan")}, "max_order: found nan, expected a whole number"),
        ({"budget": 4, "max_order": 0}, "found 0, expected at least 1"),
        ({"budget": 4, "scale": "cubic"}, "scale: found 'cubic', expected one of raw"),
        ({"budget": 4, "scale": 1}, "scale: found 1, expected text"),
        ({"budget": 4, "regime": "9"}, "regime: found '9', expected one of 256"),
        ({"budget": 4, "regime": 256}, "regime: found 256, expected text"),
        ({"budget": 4, "targets": "normal"}, "targets: found 'normal', expected a list of names"),
        ({"budget": 4, "targets": [1]}, "targets: found .1., expected a list of names"),
        ({"budget": 4, "targets": []}, "targets: found no task, expected at least one"),
        ({"budget": 4, "targets": ["norml"]}, "unknown task 'norml'.*normal"),
        ({"budget": 4, "cost": ["normal"]}, "cost: found .'normal'., expected a mapping of tasks"),
        ({"budget": 4, "cost": {1: 1}}, "cost: found .1: 1., expected a mapping of tasks"),
        ({"budget": 4, "cost": {"normal": "x"}}, "cost of normal: found 'x', expected a number"),
        ({"budget": 4, "cost": {"normal": -1}}, "cost: found normal=-1, expected a number >= 0"),
        ({"budget": 4, "with_random": 1}, "with_random: found 1, expected true or false"),
        (4, "found a int, expected a mapping"),
        ([["budget", 4]], "found a list, expected a mapping"),
        (None, "found a NoneType, expected a mapping"),
    ],
)
def test_what_makes_no_sense_is_one_line(request_: Any, message: str) -> None:
    with pytest.raises(BadInput, match=message) as raised:
        ask(request_)
    assert "\n" not in str(raised.value)
