"""`taskonomy evaluate` on a finished run: tables, page and configuration, without training."""

import json
import shutil
from pathlib import Path

import numpy as np
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

from taskonomy.affinity import table
from taskonomy.config import load
from taskonomy.errors import BadInput
from taskonomy.runs import evaluation
from taskonomy.runs.context import Context
from taskonomy.stages.publish import export
from taskonomy.store import Store

from .conftest import Run


@pytest.fixture(scope="module")
def folder(run: Run) -> Path:
    """The run's evaluation, its taxonomies solved again on few replicates."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(appraisal, "SOLVED", 2)
        return evaluation.evaluate(run.out, load(run.folder / "params.yaml", "tiny"))


def test_every_table_is_parquet_and_csv_and_says_what_it_was_made_with(folder: Path) -> None:
    tables = {path.stem for path in folder.glob("*.parquet")}
    assert tables == {path.stem for path in folder.glob("*.csv")}
    assert {"affinities", "agreement", "baselines", "consensus", "edge_shares"} <= tables
    assert {"fronts", "novel", "policies", "sanity", "significance", "tree"} <= tables
    for name in tables:
        content = pq.read_table(folder / f"{name}.parquet")
        assert content.num_rows
        assert pyarrow.csv.read_csv(folder / f"{name}.csv").shape == content.shape
    configuration = json.loads((folder / "configuration.json").read_bytes())
    assert configuration["run"]["profile"] == "tiny"
    assert configuration["replicates"] == 500
    assert "building" in configuration["buildings"]


def test_affinities_and_win_rates_are_those_of_the_run(run: Run, folder: Path) -> None:
    published = {(c.target, c.kind, c.sources): c for c in table.read(run.out / "affinity.parquet")}
    rows = pq.read_table(folder / "affinities.parquet").to_pylist()
    assert len(rows) == len(published)
    for row in rows:
        c = published[row["target"], row["kind"], tuple(row["sources"].split("+"))]
        assert row["affinity"] == pytest.approx(c.affinity, rel=1e-9)
        assert row["gain"] == c.win_vs_scratch
        assert row["quality"] == c.win_vs_supervised
        assert row["affinity_image_low"] <= row["affinity_image_high"]


def test_the_taxonomies_are_those_of_the_run_and_lie_on_their_fronts(
    run: Run, folder: Path
) -> None:
    published = json.loads((run.out / "taxonomy.json").read_bytes())["policies"]
    rows = pq.read_table(folder / "budgets.parquet").to_pylist()
    assert [(r["max_order"], r["budget"]) for r in rows] == [
        (p["max_order"], p["budget"]) for p in published
    ]
    fronts = pq.read_table(folder / "fronts.parquet").to_pylist()
    for row, policy in zip(rows, published, strict=True):
        assert row["gain"] == policy["mean_gain"]
        assert row["quality"] == policy["mean_quality"]
        same = [f for f in fronts if f["max_order"] == row["max_order"]]
        cheaper = [f["objective"] for f in same if f["budget"] <= row["budget"]]
        assert max(cheaper) == pytest.approx(policy["objective"], abs=1e-9)


def test_shares_of_one_target_s_edges_sum_to_one(folder: Path) -> None:
    rows = pq.read_table(folder / "edge_shares.parquet").to_pylist()
    total: dict[tuple[float, str], float] = {}
    for row in rows:
        key = row["budget"], row["target"]
        total[key] = total.get(key, 0) + row["share"]
    np.testing.assert_allclose([*total.values()], 1)


def test_the_page_fetches_nothing_and_the_report_leads_to_it(
    run: Run, folder: Path, tmp_path: Path
) -> None:
    page = (folder / "evaluation.html").read_text()
    assert "src=" not in page
    assert "http" not in page
    led = (run.out / "report.html").read_text()
    assert led.count('href="evaluation/evaluation.html"') == 1

    # Published again, as by a second run into the same folder, the report still leads to it.
    context = Context.at(run.out, load(run.folder / "params.yaml", "tiny"))
    (key,) = Store(context.store).keys("publish")
    shutil.copytree(folder, tmp_path / folder.name)
    export(context, key, tmp_path)
    assert (tmp_path / "report.html").read_text() == led


def test_another_profile_than_the_run_s_is_refused(run: Run) -> None:
    config = load(run.folder / "params.yaml", "tiny", seed=7)
    with pytest.raises(BadInput, match="seed 0; the profile tiny has 7"):
        evaluation.evaluate(run.out, config)
    with pytest.raises(BadInput, match=r"models\.parquet: no such file"):
        evaluation.evaluate(run.folder, config)
