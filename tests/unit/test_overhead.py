"""What orchestration takes of a run: known answers, and what holds for any run."""

import builtins
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from taskonomy.execution.overhead import Overhead, Spent, Step, measure, timed


def test_steps_one_after_another_add_up() -> None:
    # Two seconds of kfp, then 1 + 2 + 7, a gap of 3, then 1 + 0 + 4.
    steps = [Step(12.0, Spent(9.0, 2.0, 1.0)), Step(20.0, Spent(4.0, 0.0, 1.0))]
    found = measure(20.0, steps)
    assert found == Overhead(steps=2, wall=20.0, own=pytest.approx(11))
    assert found.orchestration == pytest.approx(9)


def test_shards_side_by_side_share_their_moments() -> None:
    # Both live for ten seconds, eight of them at work: one hides no import of the other.
    both = [Step(10.0, Spent(9.0, 1.0, 1.0))] * 2
    assert measure(10.0, both).own == pytest.approx(8)
    # One starts and imports for five seconds beside one that works for ten.
    found = measure(10.0, [Step(10.0, Spent(10.0, 0.0, 0.0)), Step(5.0, Spent(4.0, 4.0, 1.0))])
    assert found.own == pytest.approx(7.5)


@pytest.mark.parametrize("seed", range(20))
def test_own_work_and_orchestration_make_up_the_wall_time(seed: int) -> None:
    rng = np.random.default_rng(seed)
    wall = float(rng.uniform(1, 100))
    steps = []
    for _ in range(seed):
        end, body, start = map(float, rng.uniform(0, 100, 3))
        steps.append(Step(end, Spent(body, body * float(rng.uniform()), start)))
    found = measure(wall, steps)
    assert 0 <= found.own <= wall
    assert 0 <= found.orchestration <= wall
    assert found.own + found.orchestration == pytest.approx(wall)
    assert found.own <= sum(step.spent.own for step in steps) + 1e-9


def test_what_a_step_says_is_understood() -> None:
    spent = Spent(body=61.25, imports=5.5, start=2.0)
    assert Spent.find(str(spent)) == Spent(61.2, 5.5, 2.0)
    assert Spent.find("failed: no room") is None


def test_only_imports_are_counted_as_imports(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "outer_module.py").write_text("import inner_module\nimport time\ntime.sleep(0.02)")
    (tmp_path / "inner_module.py").write_text("import time\ntime.sleep(0.02)")
    original = builtins.__import__
    with timed() as spent:
        time.sleep(0.02)
        before = spent()
        import outer_module  # type: ignore[import-not-found]  # noqa: F401

        after = spent()
    assert builtins.__import__ is original
    # Once, though one module imports the other.
    assert 0.04 <= after.imports <= after.body - before.body
    assert before.imports == 0
    for name in ("outer_module", "inner_module"):
        del sys.modules[name]


def test_a_line_for_people() -> None:
    assert str(Overhead(steps=14, wall=552.0, own=486.0)) == (
        "14 steps, 9.2 min: 8.1 min own work, 1.1 min (12%) orchestration and imports"
    )
