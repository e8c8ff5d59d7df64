"""`taskonomy cluster check` against a server that speaks the Kubernetes API."""

from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from taskonomy.cluster.site import site
from taskonomy.commands.main import main

from .kubernetes import ARGO, KUEUE, NAMESPACE, Kubernetes, node, resource, serving

# MLflow's own words (mlflow/server/security_utils.py).
STRANGE_HOST = b"Invalid Host header - possible DNS rebinding attack detected"

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
        found: dict[str, list[str]] = {"ok": [], "note": [], "fault": [], "unseen": []}
        for line in lines:
            found[line[:8].strip()].append(line[8:])
        hidden = ", ".join(line.partition(": may not")[0] for line in found["unseen"])
        assert last.endswith(f"unseen: {hidden}" if hidden else ("fault", "faults"))
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
        "namespace taskonomy: a profile of Kubeflow's",
        "secret object-store: access-key-id, secret-access-key, endpoint-url",
        "workflows.argoproj.io: v1alpha1, which Kubeflow Pipelines runs pipelines as",
        "config map kfp-launcher: there",
        "config map artifact-repositories: there",
        "your rights: all 8 that submitting needs",
        "pool taxonomy-spot: 4 GPUs on 1 nodes",
        "quota requests.nvidia.com/gpu: 7 of 8 used, a step needs 1",
    ):
        assert line in found["ok"]


CONTROLLER = "/api/v1/namespaces/kubeflow/configmaps/workflow-controller-configmap"
RETRIED = """
spec:
  templateDefaults:
    retryStrategy: {limit: '2', retryPolicy: OnError}
"""


@pytest.mark.parametrize(
    ("data", "state", "words"),
    [
        ({"workflowDefaults": RETRIED}, "note", "doubles a run's Workflow; for loops of many"),
        ({"workflowDefaults": "spec: {ttlStrategy: {}}"}, "ok", "not by default (kubeflow/workflo"),
        ({}, "ok", "not by default"),
    ],
)
def test_argo_s_retries_by_default_are_told(
    data: dict[str, str], state: str, words: str, check: Check, kubernetes: Kubernetes
) -> None:
    kubernetes.objects[CONTROLLER] = {"data": data}
    code, found = check()
    assert code == 0
    (line,) = (line for line in found[state] if line.startswith("Argo's retries: "))
    assert words in line


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
            held(
                f"{NAMESPACE}/resourcequotas/taskonomy",
                status={"hard": {"limits.memory": "20Gi"}, "used": {"limits.memory": "8Gi"}},
            ),
            ("quota limits.memory: 8Gi of 20Gi used, a step needs 16Gi",),
        ),
        (gone(ARGO), ("workflows.argoproj.io: absent", "install Kubeflow Pipelines")),
        (held(ARGO, resources=[resource("cronworkflows")]), ("workflows.argoproj.io: absent",)),
        (
            gone(f"{NAMESPACE}/configmaps/kfp-launcher"),
            ("config map kfp-launcher: absent", "pipelines.kubeflow.org/enabled=true"),
        ),
        (
            held(
                NAMESPACE,
                metadata={
                    "labels": {
                        "pod-security.kubernetes.io/enforce": "restricted",
                        "pipelines.kubeflow.org/enabled": "true",
                        "app.kubernetes.io/part-of": "taskonomy",
                    }
                },
            ),
            ("no profile of Kubeflow's", "part-of=kubeflow-profile", "k8s/README.md"),
        ),
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


def test_what_may_not_be_seen_is_said_and_stops_nothing(
    kubernetes: Kubernetes, check: Check
) -> None:
    """An ordinary user of a namespace sees neither cluster-wide objects nor secrets."""
    kubernetes.forbidden |= {
        NAMESPACE,
        "/api/v1/nodes",
        "/apis/scheduling.k8s.io/v1/priorityclasses/taxonomy-spot",
        *(path for path in kubernetes.objects if path.startswith(f"{NAMESPACE}/secrets/")),
        f"{KUEUE}/namespaces/taskonomy/localqueues/taskonomy",
        "/apis/authorization.k8s.io/v1/subjectaccessreviews",
    }
    code, found = check()
    assert code == 0
    subjects = [line.partition(":")[0] for line in found["unseen"]]
    assert subjects == [
        "namespace taskonomy",
        "priority class taxonomy-spot",
        *(f"secret {secret.name}" for secret in site().secrets),
        "rights of taskonomy-pipeline",
        "queue taskonomy",
        "nodes",
    ]
    assert "service account taskonomy-pipeline: there" in found["ok"]
    assert "quota requests.cpu: 500m of 64 used, a step needs 4" in found["ok"]


def test_a_fault_is_found_behind_what_may_not_be_seen(kubernetes: Kubernetes, check: Check) -> None:
    kubernetes.forbidden.add(NAMESPACE)
    gone(f"{NAMESPACE}/secrets/mlflow-auth")(kubernetes)
    code, found = check()
    assert code == 1
    assert found["fault"] == ["secret mlflow-auth: absent; make it as k8s/README.md says"]


def test_what_is_only_better_is_a_note(kubernetes: Kubernetes, check: Check) -> None:
    gone(f"{KUEUE}/namespaces/taskonomy/localqueues/taskonomy")(kubernetes)
    kubernetes.objects[f"{NAMESPACE}/secrets/object-store"]["data"].pop("endpoint-url")
    code, found = check()
    assert code == 0
    secret, queue, *_ = found["note"]
    assert secret.startswith("secret object-store: without endpoint-url; ")
    assert secret.endswith("unless S3 is at AWS")
    assert queue.startswith("queue taskonomy: absent")


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
    """What MLflow's server answers: anybody may ask its health, its API wants a password.

    By a name that it was not told of, it refuses all but its health.
    """

    login = "Basic cGlwZWxpbmU6d29yZA=="  # pipeline:word

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        content, status = b"", 200
        if self.path != "/health":
            if not self.headers["Host"].startswith("127.0.0.1"):
                content, status = STRANGE_HOST, 403
            elif self.headers.get("Authorization") != self.login:
                status = 401
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


@pytest.fixture
def mlflow(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """The server's port, with the right password in the environment."""
    monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", "pipeline")
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", "word")
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Mlflow)
    Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()


def test_mlflow_is_asked_with_our_password(
    check: Check, monkeypatch: pytest.MonkeyPatch, mlflow: int
) -> None:
    url = f"http://127.0.0.1:{mlflow}"
    code, found = check("--tracking", url)
    assert code == 0
    assert f"MLflow {url}: healthy, and takes our password" in found["ok"]
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", "another")
    assert "does not take the password" in check("--tracking", url)[1]["fault"][0]
    assert "no answer" in check("--tracking", "http://127.0.0.1:1")[1]["fault"][0]


def test_mlflow_under_a_name_that_it_was_not_told_of_is_not_the_password_s_fault(
    check: Check, mlflow: int
) -> None:
    (line,) = check("--tracking", f"http://localhost:{mlflow}")[1]["fault"]
    assert "password" not in line
    assert f"it was not told that it is called localhost:{mlflow}" in line
    assert "port-forward service/mlflow 5000" in line
    assert "MLFLOW_SERVER_ALLOWED_HOSTS" in line
