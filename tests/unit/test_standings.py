"""From the losses of stored models to affinities; no model is trained for it."""

from pathlib import Path

import numpy as np
import pytest

from taskonomy.affinity.candidate import Candidate
from taskonomy.config import Config
from taskonomy.data.layout import Dataset
from taskonomy.data.splits import Splits
from taskonomy.store import Store
from taskonomy.training import model_losses, record
from taskonomy.training.identity import model_id
from taskonomy.training.record import Record
from taskonomy.training.workspace import Job, Kind, Workspace

TARGET, IMAGES = "normal", 40
SOURCES = ("autoencoding", "colorization", "reshading")
JOBS = [Job("scratch", TARGET), *(Job("transfer", TARGET, (source,)) for source in SOURCES)]


@pytest.fixture
def empty(small: Config, tmp_path: Path) -> Workspace:
    """A workspace without an image: the identities of models do not look at them."""
    none = np.array([], np.int64)
    dataset = Dataset(tmp_path, (), frozenset(), {})
    splits = Splits(none, none, none, "building", "")
    return Workspace(Store(str(tmp_path / "store")), small, dataset, "none", "none", splits)


def put(
    workspace: Workspace,
    kind: Kind,
    sources: tuple[str, ...] = (),
    *,
    skill: float = 0.0,
    failed: bool = False,
) -> None:
    """Store a model of TARGET with losses of its own."""
    rng = np.random.default_rng([int(10 * skill), len(kind)])
    losses = np.full(IMAGES, np.nan) if failed else rng.exponential(size=IMAGES) - skill
    identity = model_id(workspace, kind, TARGET, sources)
    made = Record(
        model_id=identity,
        kind=kind,
        target=TARGET,
        sources=sources,
        regime="8",
        seed=0,
        status="failed: diverged" if failed else "finished",
        steps=1,
        train_images=1,
        seconds=0.0,
        test_losses=losses.astype(np.float32),
        curve=np.zeros((0, 2), np.float32),
    )
    record.save(workspace.store, made, {})


def standing(workspace: Workspace, jobs: list[Job]) -> list[Candidate]:
    return model_losses.affinities(workspace, jobs)


def test_a_failed_readout_changes_nobody_elses_affinity(empty: Workspace) -> None:
    put(empty, "task", skill=0.5)
    put(empty, "scratch")
    put(empty, "transfer", ("autoencoding",), skill=0.1)
    put(empty, "transfer", ("colorization",), failed=True)
    put(empty, "transfer", ("reshading",), skill=0.3)

    found = standing(empty, JOBS)
    without = standing(empty, [job for job in JOBS if job.sources != ("colorization",)])

    assert found == without
    assert [c.sources[0] for c in found] == [TARGET, "autoencoding", "reshading"]
    np.testing.assert_allclose(sum(c.affinity for c in found), 1)
    assert model_losses.first_order_ranks(empty, JOBS) == {TARGET: ["reshading", "autoencoding"]}


def test_a_target_whose_baseline_failed_is_named_and_has_no_tournament(
    empty: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    put(empty, "task", failed=True)
    put(empty, "scratch")
    for source in SOURCES:
        put(empty, "transfer", (source,))

    assert standing(empty, JOBS) == []
    assert f"{TARGET}: its baseline failed" in capsys.readouterr().err
