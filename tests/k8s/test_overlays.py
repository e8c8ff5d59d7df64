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
