"""A run of two regimes and two readout seeds, stage by stage: every regime has its taxonomies."""

import json
from pathlib import Path

import pytest

from taskonomy.affinity import table
from taskonomy.config import Config, load
from taskonomy.publishing import models
from taskonomy.rooms.dataset import render_dataset
from taskonomy.runs.context import Context
from taskonomy.runs.finished import read
from taskonomy.runs.run import Run, open_run
from taskonomy.stages.compute_affinity import compute_affinity
from taskonomy.stages.evaluate import evaluate
from taskonomy.stages.plan import plan
from taskonomy.stages.publish import export, publish
from taskonomy.stages.select_candidates import select_candidates
from taskonomy.stages.solve_taxonomy import solve_taxonomy
from taskonomy.stages.train_task import train_task
from taskonomy.stages.train_transfers import train_transfers
from taskonomy.stages.version_data import version_data
from taskonomy.studies import regimes

from .conftest import PARAMS, tiny

# MLflow's own, when it opens its database.
pytestmark = pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SADeprecationWarning")

TASKS = ("normal", "reshading", "edge_texture", "random_projection")
REGIMES, SEEDS = (16, 8), 2


@pytest.fixture(scope="module")
def config() -> Config:
    profile = tiny() | {"tasks": list(TASKS), "regimes": list(REGIMES), "seeds": SEEDS, "shards": 1}
    profile["taxonomy"] |= {"budgets": [1, 2]}  # type: ignore[operator]
    return load(PARAMS, "demo", **profile)


@pytest.fixture(scope="module")
def out(config: Config, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("regimes")
    render_dataset(folder / "rooms", config.data.images, config.data.size, 0, 1)
    context = Context.at(folder / "out", config)
    planned = plan(context, version_data(context, str(folder / "rooms")))
    for shard in planned.task_shards:
        train_task(context, shard)
    for shard in planned.transfer_shards:
        train_transfers(context, shard)
    chosen = select_candidates(context, planned.key)
    for shard in chosen.transfer_shards:
        train_transfers(context, shard)
    affinity = compute_affinity(context, planned.key, chosen.key)
    taxonomy = solve_taxonomy(context, affinity)
    evaluation = evaluate(context, affinity, taxonomy)
    key = publish(context, planned.key, chosen.key, affinity, taxonomy, evaluation)
    export(context, key, folder / "out")
    return folder / "out"


def test_every_regime_has_affinities_and_policies_of_its_own(out: Path) -> None:
    rows = table.read(out / "affinity.parquet")
    for regime in map(str, REGIMES):
        of_normal = [row for row in rows if row.regime == regime and row.target == "normal"]
        assert sum(row.affinity for row in of_normal) == pytest.approx(1)
    taxonomy = json.loads((out / "taxonomy.json").read_bytes())
    assert {policy["regime"] for policy in taxonomy["policies"]} == set(map(str, REGIMES))


def test_every_readout_is_trained_once_a_regime_and_seed(out: Path) -> None:
    rows = models.read(out / "models.parquet").to_pylist()
    first = [row for row in rows if row["kind"] == "transfer" and row["order"] == 1]
    assert len(first) == 3 * len(TASKS) * len(REGIMES) * SEEDS
    assert {row["readout_seed"] for row in first} == set(range(SEEDS))
    assert {(row["regime"], row["train_images"]) for row in first} == {("16", 16), ("8", 8)}
    assert {row["regime"] for row in rows if row["kind"] == "task"} == {""}


def test_evaluation_and_studies_look_at_the_first_regime(out: Path, config: Config) -> None:
    finished = read(out, config)
    assert {row.regime for row in finished.candidates} == {"16"}
    assert len(finished.tournaments) == 3
    run: Run = open_run(out, config)
    assert {job.regime for job in run.jobs} == set(REGIMES)
    assert run.regime == 16


def test_the_study_of_regimes_reads_a_run_that_has_several(out: Path, config: Config) -> None:
    run = open_run(out, config)
    assert not list(regimes.needs(run))
    found = regimes.measure(run)
    assert [row["images"] for row in found.tables["regimes"]] == [16, 8]
