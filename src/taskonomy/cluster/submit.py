"""Submit a pipeline, follow its run, and start again what failed."""

import sys
import time
from typing import Any

from kfp_server_api import V2beta1Run
from tqdm import tqdm

from taskonomy.cluster.backend import LIVE, Backend, Refused, Unreachable
from taskonomy.cluster.order import Order
from taskonomy.errors import StageFailed

# Answers that may fail to come in a row before following a run is given up.
_PATIENCE = 20


def start(backend: Backend, order: Order) -> str:
    """Upload the version if the server does not have it, and start a run; return the run's id."""
    pipeline, version, new = backend.pipeline_version(
        order.pipeline.path, order.pipeline.name, order.version
    )
    print(f"version {order.version} of {order.pipeline.name}: {'uploaded' if new else 'known'}")
    return backend.start(
        name=order.name,
        experiment=backend.experiment(order.experiment),
        pipeline=pipeline,
        version=version,
        parameters=order.parameters,
        account=order.account,
    )


def resume(backend: Backend, identity: str) -> str:
    """Start again only what failed of a run; return the id of the run that does it.

    A run that goes on or has succeeded is left as it is. Where the backend cannot retry, a new run
    of the same version with the same parameters finds in the store what is finished, and skips it.
    """
    run = backend.run(identity)
    if run.state in (*LIVE, "SUCCEEDED"):
        return identity
    try:
        backend.retry(identity)
    except Refused as reason:
        print(f"taskonomy: no retry ({reason}); a new run skips what is finished", file=sys.stderr)
        return backend.again(run)
    return identity


def follow(backend: Backend, identity: str, pause: float) -> None:
    """Show a run's progress until it ends.

    Args:
        backend: the server.
        identity: the run.
        pause: seconds between two looks.

    Raises:
        StageFailed: it failed or was cancelled, or the server has been silent for long.
    """
    told: set[str] = set()
    silent = 0
    with tqdm(desc=identity[:8], unit="pod", mininterval=0) as bar:
        while True:
            try:
                run, silent = backend.run(identity), 0
            except Unreachable as error:
                silent += 1
                if silent == _PATIENCE:
                    raise StageFailed(
                        f"{error}; the run may go on: taskonomy submit --resume {identity}"
                    ) from error
                time.sleep(pause)
                continue
            pods = _pods(run)
            _show(bar, run, pods)
            for name in [name for name, state in pods if state == "FAILED"]:
                if name not in told:
                    told.add(name)
                    tqdm.write(f"failed: {name}", file=sys.stderr)
            if run.state not in LIVE:
                break
            time.sleep(pause)
    if run.state != "SUCCEEDED":
        raise StageFailed(_failure(backend, run, sorted(told)))


def _show(bar: "tqdm[Any]", run: V2beta1Run, pods: list[tuple[str, str]]) -> None:
    running = sorted({name for name, state in pods if state == "RUNNING"})
    bar.total = len(pods) or None
    bar.n = sum(state not in LIVE for _, state in pods)
    bar.set_postfix_str(f"{(run.state or 'PENDING').lower()} {', '.join(running)}", refresh=True)


def _pods(run: V2beta1Run) -> list[tuple[str, str]]:
    """Name and state of each pod that does a step's work.

    Kubeflow lists drivers and groups as well; the pod of a step is called `executor`, and the entry
    that it is a child of has the step's name.
    """
    tasks = (run.run_details.task_details if run.run_details else None) or []
    parents = {
        child.pod_name: task.display_name
        for task in tasks
        for child in task.child_tasks or []
        if child.pod_name
    }
    return [
        (parents.get(task.pod_name) or task.display_name or "", task.state or "PENDING")
        for task in tasks
        if task.pod_name and not (task.display_name or "").endswith("-driver")
    ]


def _failure(backend: Backend, run: V2beta1Run, names: list[str]) -> str:
    what = f"run {run.run_id} {(run.state or '').lower()}"
    where = f": {', '.join(names)}" if names else ""
    why = f": {' '.join(run.error.message.split())}" if run.error and run.error.message else ""
    again = f"taskonomy submit --resume {run.run_id}"
    return f"{what}{where}{why}; {backend.link(run.run_id)}; start again what failed: {again}"
