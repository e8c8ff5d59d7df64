"""Encoders of a user's own as sources of a run: measured, combined and bought like its own."""

import json

import pyarrow.parquet as pq
import pytest
import torch
from safetensors.torch import save_file
from torchvision.models import squeezenet1_1

from taskonomy.affinity import table

from .conftest import Run, tiny
from .conftest import taxonomy as command

OWN = "torchvision:squeezenet1_1"


def profile_with(*sources: dict[str, object]) -> dict[str, object]:
    profile = tiny()
    profile["tasks"] = ["denoising", "random_projection", "normal", "class_scene"]
    profile["sources"] = list(sources)
    return profile


@pytest.fixture(scope="module")
def joined(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run with a small network of torchvision at a size of its own, of random weights."""
    folder = tmp_path_factory.mktemp("joined")
    torch.manual_seed(0)
    save_file(squeezenet1_1().state_dict(), folder / "weights.safetensors")
    weights = str(folder / "weights.safetensors")
    source = {"name": "own", "encoder": OWN, "weights": weights, "resolution": 48}
    done = command(folder, "run", "--profile", "tiny", profile=profile_with(source))
    assert done.returncode == 0, done.stderr[-3000:]
    return Run(folder, folder / "out", done.stdout + done.stderr)


def test_it_is_measured_for_every_target_and_combined_with_the_runs_sources(joined: Run) -> None:
    rows = table.read(joined.out / "affinity.parquet")
    first = {row.target for row in rows if row.sources == ("own",)}
    assert first == {"denoising", "normal", "class_scene"}
    assert any(row.order == 2 and "own" in row.sources for row in rows)


def test_nothing_is_trained_for_it(joined: Run) -> None:
    rows = pq.read_table(joined.out / "models.parquet").to_pylist()
    (own,) = [row for row in rows if row["target"] == "own"]
    assert (own["kind"], own["steps"], own["status"]) == ("encoder", 0, "finished")


def test_a_taxonomy_buys_it_at_its_cost(joined: Run) -> None:
    content = json.loads((joined.out / "taxonomy.json").read_bytes())
    (entry,) = [task for task in content["dictionary"] if task["name"] == "own"]
    assert entry["cost"] == 0
    solve = ("solve", "out/affinity.parquet", "--json", "--scale", "raw", "--max-order", "1")
    found = []
    for more in (("--sources", "own"), ("--sources", "own", "--cost", "own=1")):
        done = command(joined.folder, *solve, "--budget", "0", *more)
        found.append((done.returncode, json.loads(done.stdout).get("sources")))
    assert found[0] == (0, ["own"])
    assert found[1][0] == 3
