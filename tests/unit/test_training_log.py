"""A stock client reads from a model's run what the model was trained with."""

from dataclasses import replace
from pathlib import Path

import pytest
from mlflow import MlflowClient

from taskonomy.tracking.training_log import log
from taskonomy.training.hyperparameters import hyperparameters
from taskonomy.training.identity import ModelRef, job_ref, model_ref
from taskonomy.training.job import Job
from taskonomy.training.record import read
from taskonomy.training.shard import train_tasks, train_transfers
from taskonomy.training.workspace import Workspace

# Raised by SQLAlchemy about MLflow's tables.
pytestmark = pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SADeprecationWarning")

ENCODER = {
    "image_size": "32",
    "block": "basic",
    "stem": "conv3",
    "layers": "[1, 1]",
    "widths": "[8, 16]",
    "strides": "[1, 2]",
    "code_channels": "4",
}
TRAINING = {"batch": "8", "learning_rate": "0.004", "weight_decay": "0.0"}
TRANSFER = {"batch": "4", "learning_rate": "0.01", "weight_decay": "0.0"}
IMAGE = {"decoder": "[8]", "doublings": "0"}
NORMAL = {"loss": "l1", "optimizer": "adam", "target_size": "16", **IMAGE}
JIGSAW = {
    "loss": "cross_entropy",
    "optimizer": "adam",
    "head_layers": "3",
    "head_width": "1.0",
    "hidden": "16",
    "dropout": "0.5",
}
READOUT = {"regime": "8", "readout_seed": "0"}


def expected(workspace: Workspace, ref: ModelRef, values: dict[str, str]) -> dict[str, str]:
    found = read(workspace.store, ref.identity)
    facts = {"seed": 0, "steps": found.steps, "train_images": found.train_images}
    return values | {name: str(value) for name, value in facts.items()}


def test_a_run_carries_what_its_kind_of_model_was_trained_with(
    workspace: Workspace, tmp_path: Path
) -> None:
    train_tasks(workspace, ["normal", "jigsaw", "random_projection"])
    jobs = [
        Job("transfer", "normal", ("jigsaw",), 8),
        Job("transfer", "normal", ("jigsaw", "random_projection"), 8, 1),
        Job("scratch", "normal", (), 8),
    ]
    train_transfers(workspace, jobs)
    readout, pair, scratch = (job_ref(workspace, job) for job in jobs)
    network, tiles = (model_ref(workspace, "task", name) for name in ("normal", "jigsaw"))
    random = model_ref(workspace, "random", "random_projection")
    guess = model_ref(workspace, "informed_guess", "normal")
    wanted = {
        network: {**ENCODER, **TRAINING, **NORMAL, "gan": "False"},
        tiles: {**ENCODER, **TRAINING, **JIGSAW, "gan": "False"},
        readout: {**ENCODER, **TRANSFER, **NORMAL, **READOUT, "order": "1", "width": "8"},
        pair: {
            **ENCODER,
            **TRANSFER,
            **NORMAL,
            **READOUT,
            **{"readout_seed": "1", "order": "2", "width": "8"},
        },
        scratch: {**ENCODER, **TRANSFER, **NORMAL, **READOUT},
        random: ENCODER,
        guess: {},
    }
    uri = f"sqlite:///{tmp_path}/mlflow.db"

    log(uri, "models", workspace, list(wanted))

    client = MlflowClient(uri)
    experiment = client.get_experiment_by_name("models")
    assert experiment is not None
    runs = {
        run.data.tags["taskonomy.model_id"]: run.data.params
        for run in client.search_runs([experiment.experiment_id])
    }
    assert len(runs) == len(wanted)
    for ref, values in wanted.items():
        assert runs[ref.identity] == expected(workspace, ref, values), ref


@pytest.mark.parametrize(
    ("name", "kept", "left_out"),
    [
        ("segment_unsup2d", {"segment_size": 8, "segment_pixels": 20}, "target_size"),
        ("colorization", {"reduction": 4}, "target_size"),
        ("egomotion", {"head_layers": 3, "head_width": 0.5, "dropout": 0.5}, "decoder"),
    ],
)
def test_a_head_is_described_by_what_it_is_made_of(
    workspace: Workspace, name: str, kept: dict[str, float], left_out: str
) -> None:
    train_tasks(workspace, [name])
    ref = model_ref(workspace, "task", name)
    found = hyperparameters(workspace, read(workspace.store, ref.identity))
    assert found.items() >= kept.items()
    assert left_out not in found


def test_an_encoder_of_the_users_own_is_not_described(workspace: Workspace) -> None:
    train_tasks(workspace, ["normal", "jigsaw"])
    job = Job("transfer", "normal", ("jigsaw",), 8)
    train_transfers(workspace, [job])
    found = read(workspace.store, job_ref(workspace, job).identity)
    assert hyperparameters(workspace, found).keys() >= ENCODER.keys()
    own = replace(found, sources=("imagenet",))
    assert not hyperparameters(workspace, own).keys() & ENCODER.keys()
