"""A small server that speaks the calls of the Kubernetes API that the check of a cluster makes."""

import json
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import yaml

from taskonomy.cluster.site import site

NAMESPACE = "/api/v1/namespaces/taskonomy"
KUEUE = "/apis/kueue.x-k8s.io/v1beta2"
ARGO = "/apis/argoproj.io/v1alpha1"
TOKEN = "right"


def node(name: str, pool: str, gpus: int, ready: str = "True") -> dict[str, Any]:
    """A node of a pool, as the base's flavors label it."""
    return {
        "metadata": {"name": name, "labels": {"taskonomy/pool": pool}},
        "spec": {},
        "status": {
            "allocatable": {"cpu": "8"} | ({"nvidia.com/gpu": str(gpus)} if gpus else {}),
            "conditions": [{"type": "Ready", "status": ready}],
        },
    }


def resource(name: str) -> dict[str, Any]:
    """A kind of objects, as discovery lists it."""
    return {"name": name, "singularName": "", "namespaced": True, "kind": name, "verbs": ["get"]}


def ready_cluster() -> dict[str, dict[str, Any]]:
    """What answers each path on a cluster that is ready."""
    names = site()
    objects: dict[str, dict[str, Any]] = {
        "/version": {
            **dict.fromkeys(("buildDate", "compiler", "gitCommit", "gitTreeState"), ""),
            **dict.fromkeys(("goVersion", "platform"), ""),
            **{"gitVersion": "v1.34.1", "major": "1", "minor": "34"},
        },
        NAMESPACE: {
            "metadata": {
                "labels": {"pod-security.kubernetes.io/enforce": "restricted", **names.profile}
            },
            "status": {"phase": "Active"},
        },
        f"{NAMESPACE}/serviceaccounts/{names.account}": {},
        "/api/v1/nodes": {"items": [node("a", "spot", 4), node("b", "on-demand", 1)]},
        f"{KUEUE}/namespaces/taskonomy/localqueues/{names.queue}": {
            "spec": {"clusterQueue": "taskonomy"}
        },
        f"{NAMESPACE}/resourcequotas/{names.quota}": {
            "status": {
                "hard": {"pods": "200", "requests.cpu": "64", "requests.nvidia.com/gpu": "8"},
                "used": {"pods": "12", "requests.cpu": "500m", "requests.nvidia.com/gpu": "7"},
            }
        },
    }
    for name in names.priorities:
        objects[f"/apis/scheduling.k8s.io/v1/priorityclasses/{name}"] = {"value": 1000}
    for secret in names.secrets:
        data = {key: b64encode(b"word").decode() for key in (*secret.keys, *secret.optional)}
        objects[f"{NAMESPACE}/secrets/{secret.name}"] = {"data": data}
    for name in ("kfp-launcher", "artifact-repositories"):
        objects[f"{NAMESPACE}/configmaps/{name}"] = {"data": {}}
    objects[ARGO] = {"groupVersion": "argoproj.io/v1alpha1", "resources": [resource("workflows")]}
    for name, labels in names.flavors.items():
        objects[f"{KUEUE}/resourceflavors/{name}"] = {"spec": {"nodeLabels": dict(labels)}}
    return objects


@dataclass
class Kubernetes:
    """What the server holds.

    Attributes:
        objects: what answers each path; any other path is 404.
        forbidden: paths that answer 403.
        denied: `user verb resource` that a review of access says no to; the user is empty for
            whoever asks.
        configuration: a file of kubectl's, for this server.
    """

    objects: dict[str, dict[str, Any]] = field(default_factory=ready_cluster)
    forbidden: set[str] = field(default_factory=set)
    denied: set[str] = field(default_factory=set)
    configuration: Path = Path()


@contextmanager
def serving(kubernetes: Kubernetes, folder: Path) -> Iterator[Kubernetes]:
    """The server on a free port, and kubectl's configuration for it in a folder."""

    class Handler(_Handler):
        held = kubernetes

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    kubernetes.configuration = folder / "kubeconfig"
    kubernetes.configuration.write_text(yaml.safe_dump(_configuration(server.server_port)))
    try:
        yield kubernetes
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _configuration(port: int) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "here", "cluster": {"server": f"http://127.0.0.1:{port}"}}],
        "users": [{"name": "me", "user": {"token": TOKEN}}],
        "contexts": [{"name": "test", "context": {"cluster": "here", "user": "me"}}],
        "current-context": "test",
    }


class _Handler(BaseHTTPRequestHandler):
    held: Kubernetes

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        path = self.path.rstrip("/")
        if self.headers.get("Authorization") != f"Bearer {TOKEN}":
            self._say(401, {"kind": "Status"})
        elif path in self.held.forbidden:
            self._say(403, {"kind": "Status"})
        elif path in self.held.objects:
            self._say(200, self.held.objects[path])
        else:
            self._say(404, {"kind": "Status"})

    def do_POST(self) -> None:
        review = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path in self.held.forbidden:
            self._say(403, {"kind": "Status"})
            return
        asked = review["spec"]["resourceAttributes"]
        user = review["spec"].get("user", "").rpartition(":")[2]
        allowed = f"{user} {asked['verb']} {asked['resource']}" not in self.held.denied
        self._say(201, review | {"status": {"allowed": allowed}})

    def _say(self, status: int, value: dict[str, Any]) -> None:
        content = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
