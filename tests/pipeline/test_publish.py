"""A taxonomy is published from whole runs alone."""

from pathlib import Path

import pytest

from taskonomy.config import load
from taskonomy.errors import BadInput
from taskonomy.runs.context import Context
from taskonomy.stages.publish import publish

from .conftest import Run

# MLflow's own, when it opens its database.
pytestmark = pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SADeprecationWarning")


def test_a_shard_that_did_not_log_its_models_is_missed(run: Run, tmp_path: Path) -> None:
    config = load(run.folder / "params.yaml", "tiny")
    elsewhere = f"sqlite:///{tmp_path}/mlflow.db"
    context = Context(str(run.out / "store"), config.to_json(), elsewhere)
    before = ["plan", "select-candidates", "compute-affinity", "solve-taxonomy", "evaluate"]
    keys = [next((run.out / "store" / stage).iterdir()).name for stage in before]

    with pytest.raises(BadInput, match=r"no run of model \w+ and \d+ more; expected every shard"):
        publish(context, *keys)
