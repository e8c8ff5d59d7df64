"""A network of a run and a transfer are exported, and compute what they computed in the run."""

import json
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pyarrow.parquet as pq
import pytest
import torch

from taskonomy.config import load
from taskonomy.runs.run import open_run
from taskonomy.training import record
from taskonomy.training.identity import model_id
from taskonomy.training.session import Session

from .conftest import Run, taxonomy


# The command runs in a process of its own: what it exports is not to be wrapped by the checks of
# shapes that tests put around every function.
def exported(run: Run, *arguments: str) -> str:
    done = taxonomy(run.folder, "export", *arguments, "--profile", "tiny")
    assert done.returncode == 0, done.stderr[-2000:]
    assert "differ by" in done.stdout
    assert "one example takes" in done.stdout
    return done.stdout


def refused(run: Run, *arguments: str) -> str:
    done = taxonomy(run.folder, "export", *arguments, "--profile", "tiny")
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    return done.stderr


@pytest.mark.filterwarnings("ignore")  # torch's own, when it loads a program
def test_a_task_network_as_a_program_has_the_losses_of_the_run(run: Run) -> None:
    said = exported(run, "normal")
    assert "takes images [n, 1, 3, 32, 32] in [-1, 1], gives [n, 3, 16, 16]" in said
    extra = {"taskonomy.json": ""}
    program = torch.export.load(run.out / "export" / "normal.pt2", extra_files=extra).module()
    about = json.loads(extra["taskonomy.json"])
    assert (about["kind"], about["target"], about["sources"]) == ("task", "normal", "[]")

    whole = open_run(run.out, load(run.folder / "params.yaml", "tiny")).workspace
    assert about["model_id"] == model_id(whole, "task", "normal")
    session, task = Session(whole), whole.dictionary["normal"]
    batch = session.data(task).batch(session.examples(task).test)
    losses = ((program(batch.inputs) - batch.target).abs() * batch.mask).sum(dim=(1, 2, 3))
    losses /= batch.mask.expand_as(batch.target).sum(dim=(1, 2, 3))
    measured = record.read(whole.store, about["model_id"]).test_losses
    np.testing.assert_allclose(losses.numpy(), measured, rtol=1e-3)


def test_a_transfer_of_two_sources_is_run_by_onnx_runtime(run: Run) -> None:
    rows = pq.read_table(run.out / "models.parquet").to_pylist()
    row = next(row for row in rows if row["kind"] == "transfer" and row["order"] == 2)
    sources = [part for source in row["sources"] for part in ("--source", source)]
    file = run.folder / "transfer.onnx"
    exported(run, row["target"], *sources, "--file", str(file))
    about = {entry.key: entry.value for entry in onnx.load(file).metadata_props}
    assert about["model_id"] == row["model_id"]
    assert json.loads(about["sources"]) == row["sources"]

    running = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    for count in (1, 5):
        given = {
            one.name: np.zeros((count, *one.shape[1:]), np.float32) for one in running.get_inputs()
        }
        assert len(running.run(None, given)[0]) == count


def test_what_cannot_be_exported_is_named_and_leaves_nothing(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "network.h5"
    assert "found the suffix '.h5', expected .pt2 or .onnx" in refused(
        run, "normal", "--file", str(file)
    )
    assert "found no network of it in out; expected one of" in refused(run, "random_projection")
    assert "found no readout of reshading in out; expected one of" in refused(
        run, "normal", "--source", "reshading"
    )
    assert "unknown task 'normals'" in refused(run, "normals")
    assert not list(tmp_path.iterdir())


def test_a_network_of_triplets_takes_any_number_of_examples(run: Run) -> None:
    said = exported(run, "egomotion")
    assert "takes images [n, 3, 3, 32, 32] in [-1, 1], gives [n, 18]" in said
