"""The numbers that Kubeflow keeps of a run, which its page "Compare runs" sets side by side."""

from typing import Any

import pyarrow as pa

from taskonomy.affinity.candidate import Candidate
from taskonomy.dictionary import DICTIONARY
from taskonomy.publishing.cards import Facts, figures

MODELS = [
    ("task", "normal", "finished", 0.2),
    ("task", "keypoints2d", "finished", 0.3),
    ("task", "reshading", "finished", 0.9),
    ("task", "jigsaw", "failed: nan", None),
    ("informed_guess", "normal", "finished", 0.5),
    ("informed_guess", "keypoints2d", "finished", 0.5),
    ("informed_guess", "reshading", "finished", 0.5),
    ("informed_guess", "jigsaw", "finished", 0.5),
    # Readouts are no task networks, however well they do.
    ("transfer", "reshading", "finished", 0.1),
]


def facts(policies: list[dict[str, Any]]) -> Facts:
    names = ("kind", "target", "status", "test_loss")
    columns = {name: [model[index] for model in MODELS] for index, name in enumerate(names)}
    return Facts(
        profile="demo",
        taxonomy={"dictionary": [{}, {}, {}], "policies": policies},
        models=pa.table(columns),
        dataset={"views": 120},
        dictionary=DICTIONARY,
        place="out",
        links={},
        candidates=[
            Candidate(regime="8", target="normal", sources=(f"{i}",), kind="transfer", affinity=0.0)
            for i in range(17)
        ],
    )


def test_counts_stand_beside_gain_and_quality() -> None:
    policy = {
        "status": "optimal",
        "budget": 2,
        "max_order": 1,
        "sources": ["normal"],
        "mean_gain": 0.8,
        "mean_quality": 0.6,
    }
    assert figures(facts([policy])) == {
        "tasks": 3.0,
        "models": 9.0,
        "failed_models": 1.0,
        "networks_beating_the_guess": 2.0,
        "candidates": 17.0,
        "views": 120.0,
        "budget": 2.0,
        "labelled_tasks": 1.0,
        "mean_gain": 0.8,
        "mean_quality": 0.6,
    }


def test_a_run_without_a_policy_still_counts() -> None:
    assert "mean_gain" not in figures(facts([]))
    assert figures(facts([]))["models"] == 9.0
