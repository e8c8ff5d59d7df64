"""Policies are solved on validation images where they can be, and edges held against the guess."""

import json
from dataclasses import replace
from math import nan
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

import taskonomy
from taskonomy.affinity import table
from taskonomy.affinity.candidate import Candidate
from taskonomy.commands.main import main
from taskonomy.dictionary import DICTIONARY
from taskonomy.errors import BadInput, Infeasible
from taskonomy.evaluation.consensus import consensus
from taskonomy.evaluation.novel import all_for_one
from taskonomy.taxonomy.hypergraph import Question
from taskonomy.taxonomy.policy import Policy, find
from taskonomy.taxonomy.request import answer
from taskonomy.taxonomy.words import text

RAW = Question(scale="raw", targets=("normal",))


def edge(source: str, p: float, choice: float, guess: float) -> Candidate:
    return Candidate(
        regime="8",
        target="normal",
        sources=(source,),
        kind="supervised" if source == "normal" else "transfer",
        affinity=p,
        win_vs_scratch=p + 0.2,
        win_vs_supervised=p,
        n_test=40,
        win_vs_guess=guess,
        win_vs_guess_low=guess - 0.1,
        win_vs_guess_high=min(guess + 0.1, 1.0),
        affinity_choice=choice,
        n_choice=30,
    )


ROWS = [
    edge("reshading", 0.5, choice=0.2, guess=0.9),
    edge("jigsaw", 0.2, choice=0.5, guess=0.4),
    edge("denoising", 0.2, choice=0.1, guess=0.6),
    edge("normal", 0.1, choice=0.2, guess=0.5),
]
"""On the test images reshading serves best; on those to choose by it is jigsaw, which the informed
guess beats on the test images."""


def without(rows: list[Candidate], **absent: float) -> list[Candidate]:
    return [replace(row, **absent) for row in rows]


UNCHOSEN = without(ROWS, affinity_choice=nan, n_choice=0)
OLD = without(UNCHOSEN, win_vs_guess=nan, win_vs_guess_low=nan, win_vs_guess_high=nan)


def the(policy: Policy) -> Candidate:
    (found,) = policy.edges
    return found


def test_the_images_to_choose_by_choose_and_the_test_images_measure() -> None:
    found = find(ROWS, RAW, budget=1)
    assert the(found) == ROWS[1]
    assert (found.objective, found.mean_gain, found.mean_quality) == (0.5, 0.4, 0.2)
    assert found.as_json()["solved_on"] == "affinity_choice"
    assert found.as_json()["edges"][0]["affinity"] == 0.2
    assert found.as_json()["edges"][0]["affinity_choice"] == 0.5
    assert "Solved on affinities of validation images; gain and quality are of test" in text(found)


@pytest.mark.parametrize(("rows", "scale"), [(UNCHOSEN, "raw"), (ROWS, "quality")])
def test_where_test_images_decide_nothing_else_is_said(rows: list[Candidate], scale: str) -> None:
    """Win rates are known of test images alone."""
    found = find(rows, replace(RAW, scale=scale), budget=1)
    assert the(found).sources == ("reshading",)
    assert "solved_on" not in found.as_json()
    assert "validation" not in text(found)


def test_a_table_without_these_columns_is_answered_as_ever() -> None:
    found = find(OLD, RAW, budget=1)
    assert list(found.as_json()) == [
        "status", "objective", "bound", "scale", "sources", "edges", "tied", "mean_gain",
        "mean_quality", "mean_gain_transferred", "mean_quality_transferred", "solver",
    ]  # fmt: skip
    assert list(found.as_json()["edges"][0]) == [
        "target", "sources", "order", "kind", "affinity", "win_vs_scratch", "win_vs_supervised",
    ]  # fmt: skip
    said = text(found)
    assert said.splitlines()[2] == f"{'target':30} {'gain':>6} {'quality':>8}  from"
    assert said.splitlines()[3] == f"{'normal':30}  0.700    0.500  reshading"
    assert "guess" not in said


def test_a_target_without_images_to_choose_by_is_named() -> None:
    other = [replace(row, target="reshading", sources=("jigsaw",)) for row in UNCHOSEN[1:2]]
    found = find([*ROWS, *other], Question(scale="raw"), budget=1)
    assert found.objective == 0.5 + 0.2
    assert "validation images, but for reshading;" in text(found)


def test_affinities_of_other_images_are_not_compared() -> None:
    with pytest.raises(BadInput, match="'normal' has an affinity_choice for some of its"):
        find([*ROWS[:3], *UNCHOSEN[3:]], RAW, budget=1)


def test_a_novel_task_s_best_edge_is_chosen_likewise() -> None:
    (found,) = all_for_one(ROWS[:3], 1).edges
    assert found.sources == ("jigsaw",)


def test_replicates_of_the_images_to_choose_by_are_what_a_consensus_is_of() -> None:
    drawn = np.array([[0.9, 0.0, 0.0, 0.1]] * 3 + [[0.0, 0.9, 0.0, 0.1]])
    (found,) = consensus(ROWS, drawn, RAW, [1])
    assert {e.sources[0]: share for e, share in found.edge_shares.items()} == {
        "reshading": 0.75,
        "jigsaw": 0.25,
    }


def test_an_edge_that_loses_to_the_guess_is_marked_and_may_be_barred() -> None:
    said = text(find(ROWS, RAW, budget=1))
    assert f"{'normal':30}  0.400    0.200  0.400 ! jigsaw" in said
    assert "! does not beat the informed guess, the best constant: normal." in said

    found = find(ROWS, replace(RAW, must_beat_guess=True), budget=1)
    assert the(found).sources == ("reshading",)
    assert "!" not in text(found)


def test_to_win_one_half_is_not_to_beat() -> None:
    assert [row.beats_guess for row in ROWS] == [True, False, True, False]
    assert OLD[0].beats_guess is None


def test_a_target_of_which_every_edge_loses_is_named() -> None:
    question = replace(RAW, must_beat_guess=True, sources=("jigsaw", "normal"))
    with pytest.raises(
        Infeasible, match=r"'normal' has 2 edges .* none of which beats the informed"
    ):
        find(ROWS, question, budget=1)


def test_what_no_table_says_cannot_be_asked() -> None:
    with pytest.raises(BadInput, match="--must-beat-guess: the affinities lack win rates"):
        find(OLD, replace(RAW, must_beat_guess=True), budget=1)


def test_every_door_bars_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table.write(tmp_path / "affinity.parquet", ROWS)
    arguments = ["--budget", "1", "--max-order", "1", "--scale", "raw", "--json"]
    place = str(tmp_path / "affinity.parquet")

    assert main(["solve", place, *arguments, "--must-beat-guess"]) == 0

    said = json.loads(capsys.readouterr().out)
    del said["seconds"]
    asked = {"budget": 1, "max_order": 1, "scale": "raw", "must_beat_guess": True}
    assert said["edges"][0]["sources"] == ["reshading"]
    assert said == answer(ROWS, DICTIONARY, "8", asked)
    assert said == taskonomy.solve(taskonomy.load_affinities(place), **asked).as_json()


def test_the_columns_come_back_as_written_and_may_be_absent(tmp_path: Path) -> None:
    place = tmp_path / "affinity.parquet"
    table.write(place, ROWS)
    assert sorted(table.read(place), key=str) == sorted(ROWS, key=str)

    table.write(place, OLD)
    written = pq.read_table(place)
    assert written["n_choice"].null_count == written["affinity_choice"].null_count == len(OLD)
    names = [name for name in written.column_names if "guess" in name or "choice" in name]
    pq.write_table(written.drop_columns(names), place)
    assert sorted(map(str, table.read(place))) == sorted(map(str, OLD))
