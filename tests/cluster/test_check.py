"""`taskonomy cluster check` against a server that speaks the Kubernetes API."""

from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from taskonomy.commands.main import main

from .kubernetes import KUEUE, NAMESPACE, Kubernetes, node, serving

Check = Callable[..., tuple[int, dict[str, list[str]]]]


@pytest.fixture
def kubernetes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Kubernetes]:
    with serving(Kubernetes(), tmp_path) as server:
        monkeypatch.setenv("KUBECONFIG", str(server.configuration))
        yield server


@pytest.fixture
def check(
    capsys: pytest.CaptureFixture[str],
    kubernetes: Kubernetes,  # noqa: ARG001
) -> Check:
    """The command: its exit code, and its lines by their state."""

    def run(*arguments: str) -> tuple[int, dict[str, list[str]]]:
        code = main(["cluster", "check", *arguments])
        *lines, last = capsys.readouterr().out.splitlines()
        found: dict[str, list[str]] = {"ok": [], "note": [], "fault": []}
        for line in lines:
            found[line[:6].strip()].append(line[6:])
        assert last.startswith(str(len(found["fault"]) or "no"))
        return code, found

    return run


def test_a_cluster_that_is_ready(check: Check) -> None:
    code, found = check()
    assert code == 0
    assert found["fault"] == []
    assert found["note"] == [
        "MLflow: not asked; give --tracking URL, as it is reached from here",
        "object store: not tried; give --store s3://BUCKET/PREFIX",
    ]
    for line in (
        "Kubernetes: v1.34.1",
        "namespace taskonomy: active, Pod Security Standard restricted",
        "secret object-store: access-key-id, secret-access-key",
        "pool taxonomy-spot: 4 GPUs on 1 nodes",
        "quota requests.nvidia.com/gpu: 7 of 8 used, a step needs 1",
    ):
        assert line in found["ok"]


def gone(path: str) -> Callable[[Kubernetes], Any]:
    return lambda kubernetes: kubernetes.objects.pop(path)


def held(path: str, **changes: Any) -> Callable[[Kubernetes], Any]:
    return lambda kubernetes: kubernetes.objects[path].update(changes)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (gone(NAMESPACE), ("namespace taskonomy: absent", "kubectl apply --kustomize")),
        (held(NAMESPACE, status={"phase": "Terminating"}), ("terminating", "wait")),
        (gone(f"{NAMESPACE}/serviceaccounts/taskonomy-pipeline"), ("taskonomy-pipeline: absent",)),
        (gone(f"{NAMESPACE}/secrets/mlflow-client"), ("mlflow-client: absent", "k8s/README.md")),
        (
            held(f"{NAMESPACE}/secrets/object-store", data={"access-key-id": "YQ=="}),
            ("secret object-store: without secret-access-key",),
        ),
        (
            gone("/apis/scheduling.k8s.io/v1/priorityclasses/taxonomy-spot"),
            ("priority class taxonomy-spot: absent",),
        ),
        (held("/api/v1/nodes", items=[node("a", "spot", 0)]), ("GPUs: none on 1 ready nodes",)),
        (
            held("/api/v1/nodes", items=[node("a", "spot", 4, ready="False")]),
            ("GPUs: none on 0 ready nodes", "nvidia.com/gpu"),
        ),
        (held("/api/v1/nodes", items=[node("a", "other", 2)]), ("GPUs: 2, but in no pool",)),
        (
            held(
                f"{NAMESPACE}/resourcequotas/taskonomy",
                status={"hard": {"requests.cpu": "64"}, "used": {"requests.cpu": "61500m"}},
            ),
            ("quota requests.cpu: 61500m of 64 used, a step needs 4", "k8s/base/limits.yaml"),
        ),
        (lambda k: k.denied.add(" retry runs"), ("your rights: not retry runs.pipelines",)),
        (
            lambda k: k.denied.add("taskonomy-pipeline get secrets"),
            ("rights of taskonomy-pipeline: not get secrets mlpipeline-minio-artifact",),
        ),
    ],
)
def test_what_a_run_cannot_do_without_is_a_fault_with_its_fix(
    change: Callable[[Kubernetes], Any],
    words: tuple[str, ...],
    kubernetes: Kubernetes,
    check: Check,
) -> None:
    change(kubernetes)
    code, found = check()
    assert code == 1
    (line,) = found["fault"]
    assert all(word in line for word in words), line
    assert "; " in line, "a fix follows"


def test_what_may_not_be_seen_and_what_is_only_better_are_notes(
    kubernetes: Kubernetes, check: Check
) -> None:
    kubernetes.forbidden |= {
        "/api/v1/nodes",
        f"{NAMESPACE}/secrets/mlflow-auth",
        f"{NAMESPACE}/resourcequotas/taskonomy",
        "/apis/authorization.k8s.io/v1/subjectaccessreviews",
    }
    gone(f"{KUEUE}/namespaces/taskonomy/localqueues/taskonomy")(kubernetes)
    code, found = check()
    assert code == 0
    subjects = [line.partition(":")[0] for line in found["note"]]
    assert subjects == [
        "secret mlflow-auth",
        "rights of taskonomy-pipeline",
        "queue taskonomy",
        "nodes",
        "quota",
        "MLflow",
        "object store",
    ]


def test_the_flavors_of_the_cluster_say_which_nodes_are_a_pool(
    kubernetes: Kubernetes, check: Check
) -> None:
    labels = {"cloud.google.com/gke-provisioning": "spot"}
    kubernetes.objects[f"{KUEUE}/resourceflavors/taxonomy-spot"]["spec"]["nodeLabels"] = labels
    kubernetes.objects["/api/v1/nodes"]["items"][0]["metadata"]["labels"] = labels
    assert "pool taxonomy-spot: 4 GPUs on 1 nodes" in check()[1]["ok"]


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda text: text.replace("right", "wrong"), ("401 Unauthorized",)),
        (lambda text: text.replace("127.0.0.1", "127.0.0.1:1/"), ("no answer",)),
        (lambda _: "", ("no cluster is known",)),
    ],
)
def test_a_cluster_that_does_not_answer_is_bad_input(
    spoil: Callable[[str], str],
    words: tuple[str, ...],
    kubernetes: Kubernetes,
    capsys: pytest.CaptureFixture[str],
) -> None:
    kubernetes.configuration.write_text(spoil(kubernetes.configuration.read_text()))
    assert main(["cluster", "check"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert all(word in line for word in words), line


class _Mlflow(BaseHTTPRequestHandler):
    """What MLflow's server answers: anybody may ask its health, its API wants a password."""

    login = "Basic cGlwZWxpbmU6d29yZA=="  # pipeline:word

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        open_ = self.path == "/health" or self.headers.get("Authorization") == self.login
        self.send_response(200 if open_ else 401)
        self.send_header("Content-Length", "0")
        self.end_headers()


def test_mlflow_is_asked_with_our_password(check: Check, monkeypatch: pytest.MonkeyPatch) -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Mlflow)
    Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}"
    try:
        monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", "pipeline")
        monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", "word")
        code, found = check("--tracking", url)
        assert code == 0
        assert f"MLflow {url}: healthy, and takes our password" in found["ok"]
        monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", "another")
        assert "does not take the password" in check("--tracking", url)[1]["fault"][0]
    finally:
        server.shutdown()
        server.server_close()
    assert "no answer" in check("--tracking", url)[1]["fault"][0]
