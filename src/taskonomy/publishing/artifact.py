"""What is published: `taxonomy.json`, which the inputs determine, and `provenance.json`, the rest.

The first holds nothing that a second run with equal inputs could change: no time, no run id, no
machine. So two equal runs give equal bytes, and a difference between two files is a difference in
the result. Whatever tells one run from another lies beside it in the second.
"""

import importlib.metadata
import json
import math
import os
import platform
from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import Any

from taskonomy import formats
from taskonomy.dictionary import Dictionary, Task
from taskonomy.errors import BadInput

_POLICY_KEYS = (
    "regime", "budget", "max_order", "status", "reason", "objective", "bound", "scale", "solved_on",
    "sources", "edges", "tied", "mean_gain", "mean_quality", "mean_gain_transferred",
    "mean_quality_transferred", "solver",
)  # fmt: skip
_OPTIMALITY = 1e-6
_LIBRARIES = ("taskonomy", "jaxtyping", "kfp", "mlflow", "numpy", "ortools", "pyarrow", "torch")


def taxonomy(
    *,
    dictionary: Dictionary,
    tasks: Sequence[str],
    left_out: Mapping[str, str],
    costs: Mapping[str, float],
    policies: Sequence[Mapping[str, Any]],
    digests: Mapping[str, str],
) -> dict[str, Any]:
    """Assemble the content of `taxonomy.json`.

    Args:
        dictionary: the tasks that the run knows.
        tasks: the tasks that took part, in any order.
        left_out: tasks of the dictionary that did not, with the reason.
        costs: label costs that differ from the dictionary's.
        policies: one a regime, budget and order: the solver's JSON (docs/contract.md) with the keys
            `regime`, `budget` and `max_order`. What is not determined (`seconds`) is dropped.
        digests: the hashes of the data set, of the affinities and of whatever else went in.

    Raises:
        BadInput: an unknown task, or a policy without its regime, budget or order.
    """
    content = {
        "dictionary": [
            _entry(task, costs) for task in sorted((dictionary[name] for name in tasks), key=_place)
        ],
        "left_out": {dictionary[name].name: reason for name, reason in left_out.items()},
        "policies": sorted(
            (policy(solved) for solved in policies),
            key=lambda entry: (entry["regime"], entry["max_order"], entry["budget"]),
        ),
        "digests": dict(digests),
    }
    return formats.TAXONOMY.stamped(content)


def canonical(value: Mapping[str, Any]) -> bytes:
    """JSON whose bytes depend on the value alone: sorted keys, shortest floats, a last newline.

    Numbers that are not finite become null, because JSON has no others.
    """
    text = json.dumps(_finite(value), indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False)
    return text.encode() + b"\n"


def schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) that `taxonomy.json` satisfies."""
    text = (files("taskonomy.publishing") / "taxonomy.schema.json").read_text()
    value: dict[str, Any] = json.loads(text)
    return value


def provenance(
    *,
    runs: Mapping[str, str],
    started: str,
    finished: str,
    dvc_revision: str | None,
    image_digests: Mapping[str, str],
) -> dict[str, Any]:
    """Assemble the content of `provenance.json`: how, when and where this result came to be.

    Args:
        runs: the MLflow run of every model, by model id.
        started: the time of the start, ISO 8601 with its zone.
        finished: the time of the end, likewise.
        dvc_revision: the revision that holds the data's version, where there is one.
        image_digests: container images by name; empty where none was used.
    """
    content = {
        "runs": dict(runs),
        "started": started,
        "finished": finished,
        "machine": {
            "platform": platform.platform(),
            "architecture": platform.machine(),
            "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 0,
        },
        "versions": {"python": platform.python_version(), **_versions()},
        "image_digests": dict(image_digests),
        "dvc_revision": dvc_revision,
    }
    return formats.PROVENANCE.stamped(content)


def image_digests() -> dict[str, str]:
    """The image that this process runs in, by name; empty where it is not known by its digest."""
    name, _, digest = os.environ.get("TASKONOMY_IMAGE", "").partition("@")
    return {name: digest} if digest else {}


def _place(task: Task) -> tuple[int, str]:
    groups = ("2D", "3D", "geometric", "semantic", "none")
    return groups.index(task.group), task.name


def _entry(task: Task, costs: Mapping[str, float]) -> dict[str, Any]:
    return {
        "name": task.name,
        "title": task.title,
        "group": task.group,
        "role": task.role,
        "loss": task.loss,
        "cost": float(costs.get(task.name, task.cost)),
    }


def policy(solved: Mapping[str, Any]) -> dict[str, Any]:
    """A solved policy as it is published: without what differs between runs, and whether proven.

    Raises:
        BadInput: it lacks its regime, budget or order.
    """
    for key in ("regime", "budget", "max_order", "status"):
        if key not in solved:
            raise BadInput(f"policy: found no {key!r} among {sorted(solved)}; expected it")
    kept = {key: solved[key] for key in _POLICY_KEYS if key in solved}
    if solved["status"] == "optimal":
        gap = abs(float(solved["bound"]) - float(solved["objective"]))
        kept["proven"] = gap <= _OPTIMALITY * max(1.0, abs(float(solved["objective"])))
    return kept


def _finite(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def _versions() -> dict[str, str]:
    found = {}
    for name in _LIBRARIES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found
