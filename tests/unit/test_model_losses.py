"""From the losses of stored models to affinities; no model is trained for it."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from taskonomy.affinity.candidate import Candidate
from taskonomy.config import Config
from taskonomy.data.layout import Dataset
from taskonomy.data.splits import Splits
from taskonomy.store import Store
from taskonomy.training import model_losses, record
from taskonomy.training.identity import model_id, model_ref
from taskonomy.training.job import Job
from taskonomy.training.record import Record
from taskonomy.training.workspace import Kind, Workspace

TARGET, IMAGES = "normal", 40
SOURCES = ("autoencoding", "colorization", "reshading")
JOBS = [
    Job("scratch", TARGET, (), 8),
    *(Job("transfer", TARGET, (source,), 8) for source in SOURCES),
]


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
    choice: float | None = None,
    failed: bool = False,
    readout_seed: int = 0,
    regime: int = 8,
) -> None:
    """Store a model of TARGET with losses of its own; `choice`: its skill on choice images."""
    rng = np.random.default_rng([int(10 * skill), len(kind)])
    losses = np.full(IMAGES, np.nan) if failed else rng.exponential(size=IMAGES) - skill
    held = np.zeros(0) if choice is None else rng.exponential(size=IMAGES) - choice
    identity = model_id(workspace, kind, TARGET, sources, regime, readout_seed)
    made = Record(
        model_id=identity,
        kind=kind,
        target=TARGET,
        sources=sources,
        regime=regime if kind in ("transfer", "scratch") else 0,
        seed=0,
        readout_seed=readout_seed,
        status="failed: diverged" if failed else "finished",
        steps=1,
        train_images=1,
        seconds=0.0,
        choice_losses=held.astype(np.float32),
        test_losses=losses.astype(np.float32),
        curve=np.zeros((0, 2), np.float32),
    )
    record.save(workspace.store, made, {})


def standing(workspace: Workspace, jobs: list[Job]) -> list[Candidate]:
    return model_losses.affinities(workspace, jobs)


def test_a_failed_readout_changes_nobody_elses_affinity(empty: Workspace) -> None:
    put(empty, "task", skill=0.5)
    put(empty, "informed_guess")
    put(empty, "scratch")
    put(empty, "transfer", ("autoencoding",), skill=0.1)
    put(empty, "transfer", ("colorization",), failed=True)
    put(empty, "transfer", ("reshading",), skill=0.3)

    found = standing(empty, JOBS)
    without = standing(empty, [job for job in JOBS if job.sources != ("colorization",)])

    assert found == without
    assert [c.sources[0] for c in found] == [TARGET, "autoencoding", "reshading"]
    np.testing.assert_allclose(sum(c.affinity for c in found), 1)
    assert model_losses.first_order_ranks(empty, JOBS) == {
        (8, TARGET): ["reshading", "autoencoding"]
    }


def test_a_target_whose_baseline_failed_is_named_and_has_no_tournament(
    empty: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    put(empty, "task", failed=True)
    put(empty, "informed_guess")
    put(empty, "scratch")
    for source in SOURCES:
        put(empty, "transfer", (source,))

    assert standing(empty, JOBS) == []
    assert f"{TARGET}: its baseline failed" in capsys.readouterr().err


def test_readouts_of_several_seeds_compete_with_their_mean_losses(empty: Workspace) -> None:
    put(empty, "task", skill=0.5)
    for seed in (0, 1):
        put(empty, "scratch", readout_seed=seed)
        put(empty, "transfer", ("autoencoding",), skill=0.1 + seed, readout_seed=seed)
    jobs = [replace(job, readout_seed=seed) for job in JOBS[:2] for seed in (0, 1)]
    refs = [model_ref(empty, "task", TARGET), *model_losses.job_models(empty, jobs)]

    (held,) = model_losses.tournaments(empty.store, refs)

    each = [record.read(empty.store, ref.identity).test_losses for ref in refs[3:]]
    assert held.entries == (("supervised", (TARGET,)), ("transfer", ("autoencoding",)))
    np.testing.assert_allclose(held.losses[1], np.mean(each, axis=0), rtol=1e-6)


def test_every_regime_has_a_tournament_of_its_own(empty: Workspace) -> None:
    jobs = [replace(job, regime=regime) for job in JOBS[:2] for regime in (8, 16)]
    put(empty, "task")
    put(empty, "informed_guess")
    for job in jobs:
        put(empty, job.kind, job.sources, regime=job.regime)

    found = model_losses.affinities(empty, jobs)

    assert sorted({row.regime for row in found}) == ["16", "8"]
    assert all(
        sum(row.affinity for row in found if row.regime == regime) == pytest.approx(1)
        for regime in ("8", "16")
    )


def chosen_against_the_test(workspace: Workspace, *, everywhere: bool) -> None:
    """Models of which the choice images say the reverse of what the test images say."""
    put(workspace, "task", skill=2.0, choice=2.0)
    put(workspace, "informed_guess", skill=0.4, choice=0.0)
    put(workspace, "scratch", choice=0.0)
    put(workspace, "transfer", ("autoencoding",), skill=0.1, choice=1.5)
    put(workspace, "transfer", ("colorization",), skill=0.5, choice=0.7)
    put(workspace, "transfer", ("reshading",), skill=1.2, choice=0.1 if everywhere else None)


def test_candidates_are_ranked_by_images_to_choose_by_and_measured_on_test_images(
    empty: Workspace,
) -> None:
    chosen_against_the_test(empty, everywhere=True)

    ranks = model_losses.first_order_ranks(empty, JOBS)[8, TARGET]
    found = {c.sources[0]: c for c in standing(empty, JOBS)}

    assert ranks == ["autoencoding", "colorization", "reshading"]
    assert sorted(ranks, key=lambda name: -found[name].ranking_affinity) == ranks
    assert sorted(ranks, key=lambda name: -found[name].affinity) == ranks[::-1]
    assert sum(c.affinity_choice for c in found.values()) == pytest.approx(1)
    assert {c.n_choice for c in found.values()} == {IMAGES}


def test_where_one_has_no_image_to_choose_by_the_test_images_rank(empty: Workspace) -> None:
    chosen_against_the_test(empty, everywhere=False)

    ranks = model_losses.first_order_ranks(empty, JOBS)[8, TARGET]
    found = standing(empty, JOBS)

    assert ranks == ["reshading", "colorization", "autoencoding"]
    assert all(np.isnan(c.affinity_choice) and c.n_choice == 0 for c in found)


def test_every_candidate_is_held_against_the_informed_guess(empty: Workspace) -> None:
    chosen_against_the_test(empty, everywhere=True)

    guess = record.read(empty.store, model_id(empty, "informed_guess", TARGET)).test_losses
    for c in standing(empty, JOBS):
        kind: Kind = "task" if c.kind == "supervised" else "transfer"
        sources = () if kind == "task" else c.sources
        mine = record.read(empty.store, model_id(empty, kind, TARGET, sources, 8)).test_losses
        assert c.win_vs_guess == pytest.approx(np.mean(mine < guess))
        assert c.win_vs_guess_low < c.win_vs_guess < c.win_vs_guess_high
        assert c.beats_guess == (c.win_vs_guess > 0.5)
