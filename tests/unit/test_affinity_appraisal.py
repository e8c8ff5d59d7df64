"""`taskonomy evaluate` on affinities and win rates alone: tables and page without any losses."""

import json
import pickle
from itertools import combinations
from math import exp
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from taskonomy.affinity.candidate import Candidate
from taskonomy.commands.main import main
from taskonomy.config import load
from taskonomy.errors import BadInput
from taskonomy.runs import affinity_evaluation
from taskonomy.taxonomy import released

PARAMS = Path(__file__).parents[2] / "params.yaml"
NAMES = ("denoise", "edge2d", "rgb2sfnorm", "reshade")
"""As the released files call them."""


def generated(folder: Path) -> list[Path]:
    """Affinities and both win rates of all candidates of orders 1 and 2, as released files."""
    rng = np.random.default_rng(0)
    affinities: dict[str, float] = {}
    for target in NAMES:
        others = [name for name in NAMES if name != target]
        pairs = ("__".join(pair) for pair in combinations(others, 2))
        keys = [*NAMES, *pairs, "self"]
        shares = rng.dirichlet(np.ones(len(keys)))
        affinities |= {f"{key}__{target}": p for key, p in zip(keys, shares, strict=True)}
    gains = {key: float(rng.random()) for key in affinities} | {"edge2d__reshade": 1.0}
    qualities = {key: float(rng.random()) for key in affinities if "self" not in key}
    contents = {"affinities": affinities, "gains": gains, "qualities": qualities}
    for name, content in contents.items():
        (folder / f"{name}.pkl").write_bytes(pickle.dumps(content, protocol=2))
    return [folder / f"{name}.pkl" for name in contents]


def optimum(affinities: dict[str, float], bought: tuple[str, ...]) -> float:
    """The best saturating sum of affinities of one edge a target that reads bought tasks alone."""
    total = 0.0
    for target in NAMES:
        worths = [
            1 - exp(-20 * p)
            for key, p in affinities.items()
            for *sources, to in [key.replace("self", target).split("__")]
            if to == target and set(sources) <= set(bought) and key != f"{target}__{target}"
        ]
        total += max(worths)
    return total


def rows(folder: Path, name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = pq.read_table(folder / f"{name}.parquet").to_pylist()
    return found


def test_files_of_affinities_become_tables_and_a_page(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    affinities, gains, qualities = generated(tmp_path)
    wins = ["--wins-vs-scratch", str(gains), "--wins-vs-supervised", str(qualities)]
    assert main(["evaluate", str(affinities), *wins, "--out", str(tmp_path / "new" / "out")]) == 0
    folder = tmp_path / "new" / "out" / "evaluation"
    assert str(folder) in (told := capsys.readouterr()).out
    assert "suspect entry edge2d__reshade: gain is exactly 1" in told.err

    numbers = pickle.loads(affinities.read_bytes())
    for row in rows(folder, "fronts"):
        assert row["max_order"] in (1, 2)
        if row["max_order"] == 2:
            sets = combinations(NAMES, int(row["budget"]))
            best = max(optimum(numbers, bought) for bought in sets)
            assert row["objective"] == pytest.approx(best, abs=1e-9)
    assert {row["source"] for row in rows(folder, "baselines")} == {"denoise"}
    assert [row["share"] for row in rows(folder, "tree")] == [None] * (len(NAMES) - 1)
    absent = ("affinities", "significance", "sanity", "tree_stability", "consensus")
    assert not any((folder / f"{name}.parquet").exists() for name in absent)

    page = (folder / "evaluation.html").read_text()
    assert "src=" not in page
    assert "http" not in page
    assert "Surface normals" in page
    assert "edge2d__reshade: gain is exactly 1" in page
    configuration = json.loads((folder / "configuration.json").read_bytes())
    assert set(configuration["files"]) == {"affinities.pkl", "gains.pkl", "qualities.pkl"}
    assert configuration["question"]["profile"] == "demo"


def test_without_win_rates_gain_and_quality_are_unknown(tmp_path: Path) -> None:
    affinities, *_ = generated(tmp_path)
    config = load(PARAMS, "demo").updated(taxonomy={"max_order": 1, "budgets": (2,)})
    found = released.candidates(released.read(affinities))
    folder = affinity_evaluation.evaluate(tmp_path, config, found, [])
    (row,) = rows(folder, "budgets")
    assert (row["gain"], row["random_quality_mean"]) == (None, None)
    assert row["labelled"] == 2


def test_the_evaluation_of_a_run_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "taxonomy.json").write_text("{}")
    with pytest.raises(BadInput, match="found a run there, expected a folder without one"):
        affinity_evaluation.evaluate(tmp_path, load(PARAMS, "demo"), [], [])
    assert [path.name for path in tmp_path.iterdir()] == ["taxonomy.json"]


def test_the_released_files_give_the_known_figures(
    released_candidates: list[Candidate], results: Path, tmp_path: Path
) -> None:
    """At order 1 on the raw scale: optima at every budget, novel tasks, self-supervised sources."""
    asked = {"scale": "raw", "max_order": 1, "budgets": (2,)}
    config = load(PARAMS, "paper").updated(taxonomy=asked)
    folder = affinity_evaluation.evaluate(tmp_path, config, released_candidates, [])
    golden = json.loads((results / "golden_16k.json").read_bytes())["orders"]["1"]
    fronts = rows(folder, "fronts")
    assert len(fronts) > 20
    for row in [*fronts, *rows(folder, "budgets")]:
        known = golden["budgets"][f"{row['budget']:g}"]
        assert row.get("objective", known["objective"]) == pytest.approx(known["objective"])
        assert row["gain"] == pytest.approx(known["mean_gain"], abs=1e-6)
        assert row["quality"] == pytest.approx(known["mean_quality"], abs=1e-6)
    novel = rows(folder, "novel")
    assert len(novel) == 22
    assert np.mean([row["gain"] for row in novel]) == pytest.approx(0.684, abs=5e-4)
    assert np.mean([row["quality"] for row in novel]) == pytest.approx(0.242, abs=5e-4)
    sources = {row["source"] for row in rows(folder, "baselines")}
    assert sources == {"colorization", "denoise", "ego_motion", "impainting_whole", "jigsaw"}
    assert len(rows(folder, "tree")) == 26
