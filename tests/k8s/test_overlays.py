"""The overlays in the repository render and pass; the command says so, and what it lacks."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from k8s.check import findings
from k8s.checks.manifests import folders, read

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("folder", folders(), ids=lambda folder: folder.name)
def test_an_overlay_renders_and_passes(folder: Path) -> None:
    if not shutil.which("kubectl"):
        pytest.skip("kubectl, which renders the overlays, is not on PATH")
    assert [str(finding) for finding in findings(read(folder))] == []


@pytest.mark.parametrize("folder", folders(), ids=lambda folder: folder.name)
def test_the_namespace_is_a_profile_of_kubeflow(folder: Path) -> None:
    if not shutil.which("kubectl"):
        pytest.skip("kubectl, which renders the overlays, is not on PATH")
    (namespace,) = read(folder).of("Namespace")
    labels = namespace["metadata"]["labels"]
    # What the policy of Kubeflow's store admits, and what Kubeflow Pipelines looks for.
    assert labels["app.kubernetes.io/part-of"] == "kubeflow-profile"
    assert labels["pipelines.kubeflow.org/enabled"] == "true"
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"


@pytest.mark.parametrize("folder", folders(), ids=lambda folder: folder.name)
def test_whoever_submits_may_start_runs_and_read_their_pods_and_nothing_else(folder: Path) -> None:
    if not shutil.which("kubectl"):
        pytest.skip("kubectl, which renders the overlays, is not on PATH")
    rules = [
        rule
        for role in read(folder).of("Role")
        if role["metadata"]["name"] == "taskonomy-submitter"
        for rule in role["rules"]
    ]
    assert {
        (verb, resource)
        for rule in rules
        for verb in rule["verbs"]
        for resource in rule["resources"]
    } == {
        # Without the last, the page of a run shows no step's logs.
        *((verb, "runs") for verb in ("create", "get", "retry")),
        *((verb, of) for verb in ("create", "list") for of in ("experiments", "pipelines")),
        ("get", "pods"),
    }


def test_without_kubectl_the_command_says_what_to_install(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "k8s.check"],
        cwd=ROOT,
        env={"PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("k8s.check: kubectl is not installed; install version")
    assert done.stderr.count("\n") == 1
