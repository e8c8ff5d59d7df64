"""The journal of a run: what training recorded of its models, told to MLflow."""

from collections.abc import Sequence

from taskonomy.tracking.runs import Logged, log_models
from taskonomy.training import record
from taskonomy.training.identity import model_path
from taskonomy.training.standings import Ref
from taskonomy.training.workspace import Workspace


def log(tracking: str, experiment: str, workspace: Workspace, refs: Sequence[Ref]) -> None:
    """Give every model its MLflow run, with its loss curve and its file."""
    log_models(tracking, experiment, [_logged(workspace, ref) for ref in refs])


def _logged(workspace: Workspace, ref: Ref) -> Logged:
    found = record.read(workspace.store, ref.identity)
    return Logged(
        model_id=ref.identity,
        name="-".join((found.kind, *found.sources, found.target)),
        params={"steps": found.steps, "train_images": found.train_images},
        tags={
            "kind": found.kind,
            "target": found.target,
            "sources": ",".join(found.sources),
            "order": str(found.order),
            "seed": str(found.seed),
            "regime": found.regime,
            "status": found.status,
            "dataset": workspace.dataset_key,
        },
        metrics={} if found.test_loss is None else {"test_loss": found.test_loss},
        curve=found.curve,
        artifact=workspace.store.local(*model_path(ref.identity)),
    )
