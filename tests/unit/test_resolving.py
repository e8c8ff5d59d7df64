"""New taxonomies from stored affinities: every argument of `taskonomy solve` that has a meaning."""

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from taskonomy.affinity import table
from taskonomy.affinity.candidate import Candidate
from taskonomy.errors import BadInput, Infeasible
from taskonomy.stages.resolve import question, resolve
from taskonomy.store import Store
from taskonomy.taxonomy.policy import find

TASKS = ("normal", "reshading", "edge_texture", "class_scene")


@pytest.fixture
def rows() -> list[Candidate]:
    """Four tasks: full supervision is best, and the 3D tasks serve each other well."""
    found = []
    for t, target in enumerate(TASKS):
        for s, source in enumerate(TASKS):
            own = target == source
            found.append(
                Candidate(
                    regime="220",
                    target=target,
                    sources=(source,),
                    kind="supervised" if own else "transfer",
                    affinity=0.5 if own else 0.1 + 0.1 / (1 + abs(t - s)),
                    affinity_low=0.0,
                    affinity_high=1.0,
                    win_vs_scratch=0.9 if own else 0.6,
                    win_vs_supervised=0.5 if own else 0.3,
                    n_test=10,
                )
            )
    return found


@pytest.fixture
def stored(rows: list[Candidate], tmp_path: Path) -> str:
    """A store that holds these affinities under the key `a`."""
    with Store(str(tmp_path)).output("compute-affinity", "a") as folder:
        table.write(folder / "affinity.parquet", rows)
    return str(tmp_path)


def ask(**given: Any) -> Any:
    """A question as the pipeline asks it, with its defaults."""
    plain = {"max_order": 1, "scale": "saturating", "sources": [], "targets": []}
    return question({**plain, "cost": {}, "importance": {}, **given})


def solved(store: str, asked: Any, budgets: list[Any], k_best: int = 1) -> list[dict[str, Any]]:
    key = resolve(store, "a", asked, budgets, k_best, "")
    policies: list[dict[str, Any]]
    policies = Store(store).read_json("resolve", key, "policies.json")["policies"]
    return policies


def test_a_budget_s_policy_is_that_of_the_solver(stored: str, rows: list[Candidate]) -> None:
    asked = ask(cost={"normal": 2.0}, must_not_use=["class_scene"])
    (policy,) = solved(stored, asked, [3])
    best = find(rows, asked, 3)
    assert policy["sources"] == list(best.sources)
    assert policy["objective"] == best.objective
    assert policy["proven"]
    assert "class_scene" not in policy["sources"]


def test_without_budgets_every_budget_is_solved_that_buys_more(stored: str) -> None:
    policies = solved(stored, ask(), [])
    assert [policy["budget"] for policy in policies] == [1, 2, 3, 4]
    assert all(a["objective"] < b["objective"] for a, b in pairwise(policies))


def test_novel_targets_are_solved_and_never_labelled(stored: str) -> None:
    for policy in solved(stored, ask(novel=["reshading"], importance={"reshading": 2}), [1, 3.0]):
        assert "reshading" not in policy["sources"]
        assert "reshading" in {edge["target"] for edge in policy["edges"]}


def test_the_next_best_sets_of_tasks_are_in_the_words(stored: str) -> None:
    key = resolve(stored, "a", ask(), [2], 3, "220")
    words = Store(stored).read_bytes("resolve", key, "resolved.txt").decode()
    assert words.startswith("Budget 2\nLabel 2: ")
    assert "in place of the best's" in words


def test_a_budget_without_a_policy_is_said_and_the_others_are_solved(stored: str) -> None:
    policies = solved(stored, ask(), [0, 2])
    assert [policy["budget"] for policy in policies] == [2]
    with pytest.raises(Infeasible):
        resolve(stored, "a", ask(), [0], 1, "")


def test_affinities_may_lie_in_a_file_and_equal_ones_are_solved_once(stored: str) -> None:
    place = Store(stored).path("compute-affinity", "a", "affinity.parquet")
    first = resolve(stored, "a", ask(), [2], 1, "")
    marker = Store(stored).local("resolve", first, "done.json")
    before = marker.stat().st_mtime_ns
    assert resolve(stored, place, ask(), [2], 1, "") == first
    assert marker.stat().st_mtime_ns == before


def test_affinities_may_lie_in_any_table(
    stored: str, rows: list[Candidate], tmp_path: Path
) -> None:
    lines = [f"{row.target},{'+'.join(row.sources)},{row.kind},{row.affinity}" for row in rows]
    header = "target,sources,kind,affinity"
    (tmp_path / "t.csv").write_text("\n".join([header, *lines, lines[0]]) + "\n")
    expected = solved(stored, ask(), [2])
    key = resolve(stored, str(tmp_path / "t.csv"), ask(), [2], 1, "table")
    found = Store(stored).read_json("resolve", key, "policies.json")["policies"]
    assert [p["sources"] for p in found] == [p["sources"] for p in expected]
    words = Store(stored).read_bytes("resolve", key, "resolved.txt").decode()
    assert words.startswith(f"suspect rows: {len(rows)} repeats 0")
    (tmp_path / "t.csv").write_text("target,sources\n")
    with pytest.raises(BadInput, match=r"t\.csv: column 'regime' is missing"):
        resolve(stored, str(tmp_path / "t.csv"), ask(), [2], 1, "")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"affinity": "b"}, "no finished affinities; expected the key"),
        ({"affinity": "/nowhere/affinity.parquet"}, "no such file; expected an affinity.parquet"),
        ({"budgets": ["many"]}, 'budget: found "many"; expected a number'),
        ({"budgets": [-1]}, "--budget: found -1.0, expected a finite number"),
        ({"k_best": 0}, "k_best: found 0; expected 1, or more together with budgets"),
        ({"budgets": [], "k_best": 2}, "k_best: found 2; expected 1, or more together with"),
        ({"regime": "16000"}, "no regime '16000'; expected one of: 220"),
    ],
)
def test_a_question_that_makes_no_sense_is_bad_input(
    change: dict[str, Any], message: str, stored: str
) -> None:
    given = {"affinity": "a", "budgets": [2], "k_best": 1, "regime": "", **change}
    with pytest.raises(BadInput, match=message):
        resolve(stored, asked=ask(), **given)
    with pytest.raises(BadInput, match="cost of normal: found true; expected a number"):
        ask(cost={"normal": True})
    assert not [path for path in Path(stored).glob("resolve/*") if not path.is_dir()]
