"""One whole run of a tiny profile, shared by the tests of the pipeline."""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

PARAMS = Path(__file__).parents[2] / "params.yaml"

TASKS = [
    "denoising",
    "colorization",
    "jigsaw",
    "random_projection",
    "keypoints2d",
    "normal",
    "depth_euclidean",
    "segment_unsup25d",
    "vanishing_point",
    "fixated_pose",
    "egomotion",
    "class_scene",
    "segment_semantic",
]
"""Every kind of input, item, head and loss."""


def tiny() -> dict[str, object]:
    """The demo profile, shrunk to seconds a stage."""
    profile: dict[str, object] = yaml.safe_load(PARAMS.read_text())["demo"]
    profile["tasks"] = TASKS
    profile["data"] = {"images": 120, "size": 32}
    profile["network"] |= {  # type: ignore[operator]
        "image_size": 32, "target_size": 16, "widths": [4, 8, 8], "hidden": 16,
    }  # fmt: skip
    profile["training"] |= {"epochs": 4, "batch": 8}  # type: ignore[operator]
    profile["transfer"] |= {"images": 16, "test_images": 16, "steps": 2, "batch": 8, "top": 3}  # type: ignore[operator]
    profile["affinity"] = {"replicates": 50}
    profile["taxonomy"] |= {"budgets": [1, 3, 9]}  # type: ignore[operator]
    return profile


@dataclass(frozen=True)
class Run:
    """A finished run: the folder it ran in, its outputs, and what it printed."""

    folder: Path
    out: Path
    printed: str


def taxonomy(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command line in a folder that holds the tiny params.yaml."""
    (folder / "params.yaml").write_text(yaml.safe_dump({"tiny": tiny()}))
    return subprocess.run(
        [sys.executable, "-m", "taskonomy.cli", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("run")
    done = taxonomy(folder, "run", "--profile", "tiny")
    assert done.returncode == 0, done.stderr[-3000:]
    return Run(folder, folder / "out", done.stdout + done.stderr)
