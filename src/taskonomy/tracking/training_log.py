"""What training recorded of its models, logged to MLflow."""

import os
from collections.abc import Sequence

from taskonomy.tracking.runs import Logged, log_models
from taskonomy.training import record
from taskonomy.training.hyperparameters import hyperparameters
from taskonomy.training.identity import ModelRef, model_path
from taskonomy.training.workspace import Workspace


def log(tracking: str, experiment: str, workspace: Workspace, refs: Sequence[ModelRef]) -> None:
    """Give every model its MLflow run, with its hyperparameters, loss curve and file."""
    log_models(tracking, experiment, [_logged(workspace, ref) for ref in refs])


def _logged(workspace: Workspace, ref: ModelRef) -> Logged:
    found = record.read(workspace.store, ref.identity)
    measured = {"test_loss": found.test_loss, "best_step": found.best_step}
    return Logged(
        model_id=ref.identity,
        name="-".join((found.kind, *found.sources, found.target)),
        params=hyperparameters(workspace, found),
        tags={
            "kind": found.kind,
            "target": found.target,
            "sources": ",".join(found.sources),
            "order": str(found.order),
            "seed": str(found.seed),
            "regime": str(found.regime or ""),
            "readout_seed": str(found.readout_seed),
            "status": found.status,
            "dataset": workspace.content,
            **origin(),
        },
        metrics={name: value for name, value in measured.items() if value is not None},
        curve=found.curve,
        artifact=workspace.store.local(*model_path(ref.identity)),
    )


def origin() -> dict[str, str]:
    """Tags that lead back: the Kubeflow run that this is a step of, its pipeline, and the MLflow
    run that Kubeflow began for it; none on this machine."""
    names = {
        "kubeflow.run_id": "KFP_RUN_ID",
        "kubeflow.pipeline": "TASKONOMY_PIPELINE",
        "mlflow.parentRunId": "MLFLOW_RUN_ID",
    }
    return {tag: os.environ[name] for tag, name in names.items() if os.environ.get(name)}
