"""The training core runs where there is nothing but torch, numpy and pydantic."""

import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.engine_profiles import SHAPES, profile
from taskonomy.config import load

ROOT = Path(__file__).parents[2]
BARE = """
import importlib.machinery, importlib.metadata, re, sys

def name(requirement):
    return re.split(r"[^\\w.-]", requirement)[0].lower().replace("_", "-")

def whole(found, names):
    for each in names:
        if each not in found:
            found.add(each)
            try:
                asked = importlib.metadata.requires(each) or []
            except importlib.metadata.PackageNotFoundError:
                continue
            whole(found, [name(r) for r in asked if "extra ==" not in r])
    return found

allowed = whole(set(), ["torch", "torchvision", "numpy", "scipy", "jaxtyping", "pydantic"])
homes = importlib.metadata.packages_distributions()

class Bare(importlib.machinery.PathFinder):
    @classmethod
    def find_spec(cls, module, path=None, target=None):
        owners = [o.lower().replace("_", "-") for o in homes.get(module.partition(".")[0], [])]
        if owners and not {*owners} & {*allowed, "taskonomy"}:
            return None
        return super().find_spec(module, path, target)

sys.meta_path = [Bare if f is importlib.machinery.PathFinder else f for f in sys.meta_path]
try:
    import yaml
except ModuleNotFoundError:
    pass
else:
    raise SystemExit("yaml was not refused")
from benchmarks.engine import Problem
[found] = Problem("demo", "normal", 1, 1, examples=4, steps=1, batch=2).train(stacked=True)
print(found.status)
"""


def test_a_readout_is_trained_without_any_other_library():
    done = subprocess.run(
        [sys.executable, "-c", BARE], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.returncode) == ("finished\n", 0), done.stderr


@pytest.mark.parametrize("name", SHAPES)
def test_the_shapes_are_those_of_the_profiles(name: str):
    params, bare = load(ROOT / "params.yaml", name), profile(name)
    assert (bare.network, bare.transfer) == (params.network, params.transfer)
