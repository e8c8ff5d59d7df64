"""The committed pipelines, and one whole run of a tiny profile that tests share."""

import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
PARAMS = ROOT / "params.yaml"

ROADS = ("taxonomy", "retrain")
"""The pipelines that train."""
PIPELINES = (*ROADS, "novel_task", "resolve")

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
        "image_size": 32, "target_size": 16, "widths": [8, 8, 8], "hidden": 16,
    }  # fmt: skip
    profile["training"] |= {"epochs": 4, "batch": 8}  # type: ignore[operator]
    profile["regimes"] = [12]
    profile["transfer"] |= {"test_images": 16, "steps": 2, "batch": 8, "top": 3}  # type: ignore[operator]
    profile["transfer"] |= {"scratch_steps": 3}  # type: ignore[operator]
    profile["affinity"] = {"replicates": 50}
    profile["taxonomy"] |= {"budgets": [1, 3, 9]}  # type: ignore[operator]
    return profile


@cache
def pipeline(name: str) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """A committed pipeline, and the Kubernetes configuration of its steps by executor."""
    text = (ROOT / "pipelines" / f"{name}.yaml").read_text()
    spec, platform = yaml.safe_load_all(text)
    return spec, platform["platforms"]["kubernetes"]["deploymentSpec"]["executors"]


def dags(spec: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The pipeline's graph and those of its loops, by name."""
    inner = {name: part["dag"] for name, part in spec["components"].items() if "dag" in part}
    return {"root": spec["root"]["dag"], **inner}


def steps(spec: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Every step that runs a container, by name."""
    return {
        name: step
        for dag in dags(spec).values()
        for name, step in dag["tasks"].items()
        if "parameterIterator" not in step
    }


@dataclass(frozen=True)
class Run:
    """A finished run: the folder it ran in, its outputs, and what it printed."""

    folder: Path
    out: Path
    printed: str


def taxonomy(
    folder: Path, *arguments: str, profile: dict[str, object] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run the command line in a folder that holds a params.yaml with the profile `tiny`."""
    params = folder / "params.yaml"
    if profile or not params.exists():
        params.write_text(yaml.safe_dump({"tiny": profile or tiny()}))
    return subprocess.run(
        [sys.executable, "-m", "taskonomy.commands.main", *arguments],
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
