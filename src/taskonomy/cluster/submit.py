"""Submit a pipeline, follow its run, and start again what failed."""

import sys
import time
from typing import Any

from kfp_server_api import V2beta1Run
from tqdm import tqdm

from taskonomy.cluster.backend import LIVE, Backend, Refused, Unreachable
from taskonomy.cluster.order import Order
from taskonomy.cluster.progress import Node, failures, nodes, running
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
    told: list[str] = []
    silent = 0
    with tqdm(desc=identity[:8], unit="step", mininterval=0) as bar:
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
            found = nodes(run)
            _show(bar, run, found)
            for name in failures(found):
                if name not in told:
                    told.append(name)
                    tqdm.write(f"failed: {name}", file=sys.stderr)
            if run.state not in LIVE:
                break
            time.sleep(pause)
    if run.state != "SUCCEEDED":
        raise StageFailed(_failure(backend, run, failures(found), running(found)))


def _show(bar: "tqdm[Any]", run: V2beta1Run, found: list[Node]) -> None:
    """Steps that have ended, of those that have begun; names of those that run.

    The list of a run that has succeeded may have stopped before its end.
    """
    steps = [node for node in found if node.step]
    succeeded = run.state == "SUCCEEDED"
    bar.total = len(steps) or None
    bar.n = len(steps) if succeeded else sum(not node.live for node in steps)
    names = [] if succeeded else running(found)
    words = (run.state or "PENDING").lower()
    bar.set_postfix_str(f"{words} {', '.join(names)}".rstrip(), refresh=True)


def _failure(backend: Backend, run: V2beta1Run, failed: list[str], last: list[str]) -> str:
    """A run's end in a line; where Kubeflow's list stopped before it, what was running last."""
    what = f"run {run.run_id} {(run.state or '').lower()}"
    where = f": {', '.join(failed)}" if failed else ""
    if not failed and last:
        where = f"; Kubeflow names no failed step, last running: {', '.join(last)}"
    again = f"taskonomy submit --resume {run.run_id}"
    return f"{what}{where}; {backend.link(run.run_id)}; start again what failed: {again}"
