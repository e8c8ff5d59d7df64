"""A small server that speaks what submitting uses of Kubeflow Pipelines' REST API v2beta1.

It keeps what it is given, and a run goes through the states that a test has written for it, one
state a look. A run is told as Kubeflow Pipelines 2.17 tells it: a failed one says nowhere why.
"""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

from .task_details import Steps, listed

TOKEN = "right"
BASE = "/apis/v2beta1"


@dataclass
class Kubeflow:
    """What the server holds, and how it behaves.

    Attributes:
        tag: the version that it says it has.
        story: what a run looks like at each look: its state, and its steps'. The last stays.
        retried: the story after a retry; None: the server refuses to retry.
        forbidden: why nothing but its health may be asked for; empty: everything may.
        silent: how many answers to looks at a run fail with 503 first.
    """

    tag: str = "2.15.0"
    multi_user: bool = True
    story: list[tuple[str, Steps]] = field(
        default_factory=lambda: [
            ("RUNNING", {"plan": "RUNNING"}),
            ("SUCCEEDED", {"plan": "SUCCEEDED"}),
        ]
    )
    retried: list[tuple[str, Steps]] | None = None
    forbidden: str = ""
    silent: int = 0
    pipelines: dict[str, dict[str, Any]] = field(default_factory=dict)
    versions: dict[str, dict[str, Any]] = field(default_factory=dict)
    experiments: dict[str, dict[str, Any]] = field(default_factory=dict)
    runs: dict[str, dict[str, Any]] = field(default_factory=dict)
    recurring: dict[str, dict[str, Any]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    host: str = ""


@contextmanager
def serving(kubeflow: Kubeflow) -> Iterator[Kubeflow]:
    """The server, on a free port of this machine."""

    class Handler(_Handler):
        held = kubeflow

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    kubeflow.host = f"http://127.0.0.1:{server.server_port}"
    try:
        yield kubeflow
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    held: Kubeflow

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        held, (path, query) = self.held, self._asked()
        if not self._known():
            return
        if path == f"{BASE}/healthz":
            facts = {"commit_sha": "unknown", "tag_name": held.tag, "multi_user": held.multi_user}
            self._say(200, facts)
        elif held.forbidden:
            self._say(403, {"code": 7, "message": held.forbidden})
        elif path == f"{BASE}/pipelines":
            self._say(200, {"pipelines": self._filtered(held.pipelines, query)})
        elif re.fullmatch(f"{BASE}/pipelines/[^/]+/versions", path):
            self._say(200, {"pipeline_versions": self._filtered(held.versions, query)})
        elif path == f"{BASE}/experiments":
            self._say(200, {"experiments": self._filtered(held.experiments, query)})
        elif found := re.fullmatch(f"{BASE}/runs/([^/]+)", path):
            self._look(found[1])
        else:
            self._say(404, {"message": f"{path} not found"})

    def do_POST(self) -> None:
        held, (path, query) = self.held, self._asked()
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if not self._known():
            return
        if path == f"{BASE}/pipelines":
            entry = json.loads(body) | {"pipeline_id": f"pipeline-{len(held.pipelines)}"}
            held.pipelines[entry["pipeline_id"]] = entry
            self._say(200, entry)
        elif path == f"{BASE}/pipelines/upload_version":
            self._keep(query, body)
        elif path == f"{BASE}/experiments":
            entry = json.loads(body) | {"experiment_id": f"experiment-{len(held.experiments)}"}
            held.experiments[entry["experiment_id"]] = entry
            self._say(200, entry)
        elif path == f"{BASE}/runs":
            entry = json.loads(body) | {"run_id": f"run-{len(held.runs)}", "looks": 0}
            held.runs[entry["run_id"]] = entry | {"story": list(held.story)}
            self._say(200, entry)
        elif path == f"{BASE}/recurringruns":
            entry = json.loads(body) | {"recurring_run_id": f"recurring-{len(held.recurring)}"}
            held.recurring[entry["recurring_run_id"]] = entry
            self._say(200, entry)
        elif found := re.fullmatch(f"{BASE}/runs/([^/]+):retry", path):
            self._retry(found[1])
        else:
            self._say(404, {"message": f"{path} not found"})

    def _asked(self) -> tuple[str, dict[str, str]]:
        url = urlsplit(self.path)
        self.held.asked.append(f"{self.command} {url.path.removeprefix(BASE)}")
        return url.path, {name: values[0] for name, values in parse_qs(url.query).items()}

    def _known(self) -> bool:
        if self.headers.get("Authorization") == f"Bearer {TOKEN}":
            return True
        self._say(401, {"message": "Request header error: there is no user identity header."})
        return False

    def _filtered(self, held: dict[str, Any], query: dict[str, str]) -> list[dict[str, Any]]:
        (predicate,) = json.loads(query["filter"])["predicates"]
        assert (predicate["operation"], predicate["key"]) == (1, "display_name")
        return [item for item in held.values() if item["display_name"] == predicate["stringValue"]]

    def _keep(self, query: dict[str, str], body: bytes) -> None:
        """Keep a version of a pipeline."""
        header = f"Content-Type: {self.headers['Content-Type']}\r\n\r\n".encode()
        (part,) = message_from_bytes(header + body).get_payload()
        entry = {
            "pipeline_version_id": f"pipeline_version-{len(self.held.versions)}",
            "pipeline_id": query["pipelineid"],
            "display_name": query["name"],
        }
        package = part.get_payload(decode=True)
        self.held.versions[entry["pipeline_version_id"]] = entry | {"package": package}
        self._say(200, entry)

    def _look(self, identity: str) -> None:
        if self.held.silent:
            self.held.silent -= 1
            self._say(503, {"message": "upstream connect error"})
            return
        if identity not in self.held.runs:
            self._say(404, {"message": f"Run {identity} not found"})
            return
        run = self.held.runs[identity]
        state, steps = run["story"][min(run["looks"], len(run["story"]) - 1)]
        run["looks"] += 1
        answer = {k: v for k, v in run.items() if k not in ("looks", "story")}
        self._say(200, answer | told(identity, state, steps))

    def _retry(self, identity: str) -> None:
        if self.held.retried is None:
            self._say(500, {"message": "Workflow cannot be retried with node in Omitted phase"})
            return
        self.held.runs[identity] |= {"looks": 0, "story": list(self.held.retried)}
        self._say(200, {})

    def _say(self, status: int, value: dict[str, Any]) -> None:
        content = json.dumps(value, default=repr).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


def told(identity: str, state: str, steps: Steps) -> dict[str, Any]:
    """What the server says of a run beside what it was started with."""
    since = "2026-11-28T12:19:42Z"
    ended = state in ("SUCCEEDED", "FAILED", "CANCELED")
    history = ["PENDING", "RUNNING", state] if ended else ["PENDING", "RUNNING"]
    return {
        "run_id": identity,
        "storage_state": "AVAILABLE",
        "created_at": since,
        "scheduled_at": since,
        "finished_at": since if ended else "1970-01-01T00:00:00Z",
        "state": state,
        "run_details": {"task_details": listed(identity, f"taxonomy-{identity}", state, steps)},
        "state_history": [{"update_time": since, "state": of} for of in history],
    }
