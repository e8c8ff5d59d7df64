"""MLflow's server, asked as a pod would ask it."""

import os
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import urllib3

from taskonomy.cluster.checks.finding import Finding, fault, note, ok

_SECONDS = 10
# How MLflow refuses a request by the name that it was called by, whoever asks.
_STRANGE_HOST = b"Invalid Host header"
_USER, _PASSWORD = "MLFLOW_TRACKING_USERNAME", "MLFLOW_TRACKING_PASSWORD"


def check(tracking: str) -> Iterator[Finding]:
    """Its health, and whether it takes our password and nobody else's."""
    subject, fix = f"MLflow {tracking}", "kubectl --namespace taskonomy describe deployment mlflow"
    pool = urllib3.PoolManager(timeout=_SECONDS, retries=False)
    try:
        health = pool.request("GET", f"{tracking}/health").status
        anybody = _search(pool, tracking, {})
        ours: dict[str, str] = {}
        if _USER in os.environ:
            login = f"{os.environ[_USER]}:{os.environ.get(_PASSWORD, '')}"
            ours = urllib3.make_headers(basic_auth=login)
        known = _search(pool, tracking, ours)
    except (urllib3.exceptions.HTTPError, ValueError) as error:
        yield fault(subject, f"no answer ({' '.join(str(error).split())})", fix)
        return
    if health != 200:
        yield fault(subject, f"health {health}", fix)
    elif known.status == 403 and _STRANGE_HOST in known.data:
        host = urlsplit(tracking).netloc
        fix = (
            "forward its own port (kubectl --namespace taskonomy port-forward service/mlflow 5000) "
            f"and give http://localhost:5000, or name {host} in MLFLOW_SERVER_ALLOWED_HOSTS "
            "(k8s/base/mlflow.yaml)"
        )
        yield fault(subject, f"403: it was not told that it is called {host}", fix)
    elif known.status in (401, 403):
        fix = f"set {_USER} and {_PASSWORD} to a user that MLflow knows (k8s/README.md)"
        yield fault(subject, f"{known.status}: it does not take the password", fix)
    elif known.status != 200:
        yield fault(subject, f"its API answers {known.status}", "look for MLflow at this address")
    elif anybody.status == 200:
        yield note(subject, "answers without a password", "start it with --app-name=basic-auth")
    else:
        yield ok(subject, "healthy, and takes our password")


def _search(pool: urllib3.PoolManager, tracking: str, headers: dict[str, str]) -> Any:
    url = f"{tracking}/api/2.0/mlflow/experiments/search"
    return pool.request("GET", url, fields={"max_results": "1"}, headers=headers)
