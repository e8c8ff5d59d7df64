"""A declared task, inserted into a run's taxonomy by the compiled pipeline, through kfp.local."""

import json
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from mlflow import MlflowClient

from taskonomy.commands.main import main
from taskonomy.config import load
from taskonomy.errors import BadInput
from taskonomy.execution import kubeflow_pages
from taskonomy.execution.local import execute
from taskonomy.runs import outcomes
from taskonomy.runs.configuration import parameters
from taskonomy.runs.context import Context
from taskonomy.stages.novel_task import plan_novel
from taskonomy.store import Store
from taskonomy.training import record

from .conftest import TASKS, Run

# MLflow's own, when it opens its database.
pytestmark = pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SADeprecationWarning")

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "depth_code.py"


@dataclass(frozen=True)
class Inserted:
    """What the pipeline left: the run's copy, the publication, the key of the task's files."""

    context: Context
    taxonomy: str
    key: str

    def rows(self, table: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]]
        store = Store(self.context.store)
        found = pq.read_table(store.local("novel", self.key) / f"{table}.parquet").to_pylist()
        return found


@dataclass
class Artifact:
    """What kfp hands to a component for each output."""

    path: str
    metadata: dict[str, Any] = field(default_factory=dict)


@pytest.fixture(scope="module")
def inserted(run: Run, tmp_path_factory: pytest.TempPathFactory) -> Inserted:
    out = tmp_path_factory.mktemp("inserted") / "out"
    shutil.copytree(run.out, out)
    # One shard a loop: a second one would only import torch a second time.
    context = Context.at(out, load(run.folder / "params.yaml", "tiny", shards=1))
    (taxonomy,) = (path.name for path in (out / "store" / "publish").iterdir())
    arguments = {
        **parameters(context.open()[1]),
        "store": context.store,
        "tracking": context.tracking,
        "taxonomy": taxonomy,
        "task": str(EXAMPLE),
    }
    key, _ = execute("novel_task", arguments)
    return Inserted(context, taxonomy, key)


def test_every_source_and_the_sets_of_the_best_ones_compete(inserted: Inserted) -> None:
    found = inserted.rows("candidates")
    # The random projection is an opponent, no candidate.
    assert len(found) == len(TASKS) - 1 + 3
    assert sum(row["affinity"] for row in found) == pytest.approx(1)
    assert found[0]["affinity choice"] == max(row["affinity choice"] for row in found)
    words = Store(inserted.context.store).read_bytes("novel", inserted.key, "depth_code.txt")
    assert found[0]["sources"] in words.decode()


def test_in_each_taxonomy_the_task_takes_the_best_edge_from_what_is_labelled(
    inserted: Inserted,
) -> None:
    store = Store(inserted.context.store)
    policies = store.read_json("publish", inserted.taxonomy, "taxonomy.json")["policies"]
    candidates = inserted.rows("candidates")
    found = inserted.rows("taxonomies")
    assert len(found) == len(policies) == 6
    for row, policy in zip(found, policies, strict=True):
        allowed = [
            (candidate["affinity choice"], candidate["affinity"])
            for candidate in candidates
            if set(candidate["sources"].split(" + ")) <= set(policy["sources"])
            and candidate["order"] <= policy["max_order"]
        ]
        assert (row["budget"], row["max order"]) == (policy["budget"], policy["max_order"])
        assert row["affinity"] == max(allowed, default=(None, None))[1]


def test_its_models_are_kept_logged_and_accounted_for(inserted: Inserted) -> None:
    store = Store(inserted.context.store)
    client = MlflowClient(inserted.context.tracking)
    experiment = client.get_experiment_by_name("taskonomy")
    runs = client.search_runs([experiment.experiment_id], "tags.target = 'depth_code'")
    # The scratch network, a readout a source, three pairs.
    assert len(runs) == 1 + len(TASKS) + 3
    for run in runs:
        losses = record.read(store, run.data.tags["taskonomy.model_id"]).test_losses
        assert np.isfinite(losses).all()
    plans = [key for stage in ("plan-novel", "select-novel") for key in store.keys(stage)]
    for key in plans:
        for path in Path(store.path("outcomes", key)).iterdir():
            outcome = outcomes.read(store, f"{key}/{path.stem}")
            assert outcome is not None
            assert (outcome.status, outcome.attempts) == ("finished", 1)


def test_its_summary_says_which_data_and_which_taxonomy(inserted: Inserted, tmp_path: Path) -> None:
    summary, figures = Artifact(str(tmp_path / "summary")), Artifact(str(tmp_path / "figures"))
    (plan,) = Store(inserted.context.store).keys("plan-novel")
    kubeflow_pages.inserted(inserted.context, plan, inserted.key, summary, figures)
    text = Path(summary.path).read_text()
    assert text.startswith("# Depth code\n")
    assert summary.metadata["data_hash"] in text
    assert summary.metadata["publication"] == inserted.taxonomy
    kept = MlflowClient(inserted.context.tracking).get_run(summary.metadata["mlflow_run_id"])
    assert kept.data.tags["taskonomy.digest"] == inserted.taxonomy
    assert figures.metadata["affinity"] == inserted.rows("candidates")[0]["affinity"]


def test_what_cannot_be_inserted_is_named(inserted: Inserted, tmp_path: Path) -> None:
    context, taxonomy = inserted.context, inserted.taxonomy
    (tmp_path / "mine.py").write_text("TASK = 1")
    for key, task, message in (
        (taxonomy, str(tmp_path / "absent.py"), r"absent\.py: no such file"),
        (taxonomy, str(tmp_path / "mine.py"), rf"^{tmp_path}/mine\.py: found no taskonomy"),
        ("absent", str(EXAMPLE), "absent: no finished publication"),
    ):
        with pytest.raises(BadInput, match=message):
            plan_novel(context, key, task)
    other = json.dumps(json.loads(context.config) | {"seed": 7})
    with pytest.raises(BadInput, match=r"seed 7 .*; expected the profile that it was made with"):
        plan_novel(Context(context.store, other, context.tracking), taxonomy, str(EXAMPLE))


def test_submit_tells_what_it_would_send(capsys: pytest.CaptureFixture[str]) -> None:
    given = {"store": "s3://taskonomy/store", "taxonomy": "abc", "task": "s3://taskonomy/mine.py"}
    sets = [word for name, value in given.items() for word in ("--set", f"{name}={value}")]
    assert main(["submit", "novel-task", "--dry-run", *sets]) == 0
    told = capsys.readouterr().out
    assert "novel-task (novel_task.yaml)" in told
    # The demo's sources and ten sets of the best ones, and the scratch network.
    assert "models      37" in told
    assert "2 first-order, 2 higher-order" in told
