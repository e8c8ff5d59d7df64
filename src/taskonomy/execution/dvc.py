"""The road as single steps, for dvc.yaml: each stage reads and leaves keys under `<out>/keys`."""

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from taskonomy import files, workers
from taskonomy.config import Config
from taskonomy.errors import BadInput
from taskonomy.runs.context import Context
from taskonomy.stages import (
    compute_affinity,
    evaluate,
    plan,
    publish,
    select_candidates,
    solve_taxonomy,
    train_task,
    train_transfers,
    version_data,
)


def run_stage(name: str, out: Path, config: Config, data: Path | None) -> None:
    """Run one stage; its keys are read from and written to `<out>/keys/<stage>.json`.

    Raises:
        BadInput: there is no such stage, or a stage before it has not run.
    """
    keys = out / "keys"
    steps: dict[str, Callable[[], Any]] = {
        "version-data": lambda: {
            "dataset": version_data.version_data(context, str(data or "")),
            "configuration": context.keep(),
        },
        "plan": lambda: plan.plan(context, _first(keys)["dataset"]),
        "train-task": lambda: _train_tasks(context, keys),
        "train-transfers": lambda: _train_transfers(context, keys, "plan"),
        "select-candidates": lambda: select_candidates.select_candidates(
            context, _read(keys, "plan")["key"]
        ),
        "train-higher-order": lambda: _train_transfers(context, keys, "select-candidates"),
        "compute-affinity": lambda: compute_affinity.compute_affinity(
            context, _read(keys, "plan")["key"], _read(keys, "select-candidates")["key"]
        ),
        "solve-taxonomy": lambda: solve_taxonomy.solve_taxonomy(
            context, _read(keys, "compute-affinity")
        ),
        "evaluate": lambda: evaluate.evaluate(
            context, _read(keys, "compute-affinity"), _read(keys, "solve-taxonomy")
        ),
        "publish": lambda: _publish(context, keys, out),
    }
    if name not in steps:
        raise BadInput(f"unknown stage {name!r}; expected one of: {', '.join(steps)}")
    context = _context(name, out, config)
    result = steps[name]()
    plain = result._asdict() if hasattr(result, "_asdict") else result
    files.write(keys / f"{name}.json", (json.dumps(plain, indent=1) + "\n").encode())


def _context(name: str, out: Path, config: Config) -> Context:
    """Where and how to run: the first stage keeps the profile, and the others read it there."""
    at = Context.at(out, config)
    if name == "version-data":
        return at
    return Context.kept(at.store, _first(out / "keys")["configuration"], at.tracking)


def _first(keys: Path) -> dict[str, str]:
    """What the first stage has left."""
    found = _read(keys, "version-data")
    if not isinstance(found, dict):
        raise BadInput(
            f"{keys / 'version-data.json'}: an older version has left it; expected the stage "
            "version-data to have run with this one"
        )
    return found


def _train_tasks(context: Context, keys: Path) -> list[str]:
    shards = _read(keys, "plan")["task_shards"]
    return _in_parallel(partial(train_task.train_task, context), shards)


def _train_transfers(context: Context, keys: Path, planned: str) -> list[str]:
    planned_shards = _read(keys, planned)
    train = partial(train_transfers.train_transfers, context)
    return _in_parallel(train, planned_shards["transfer_shards"])


def _publish(context: Context, keys: Path, out: Path) -> str:
    key = publish.publish(
        context,
        _read(keys, "plan")["key"],
        _read(keys, "select-candidates")["key"],
        _read(keys, "compute-affinity"),
        _read(keys, "solve-taxonomy"),
        _read(keys, "evaluate"),
    )
    publish.export(context, key, out)
    return key


def _in_parallel(train: Callable[[str], str], shards: list[str]) -> list[str]:
    with workers.pool(workers.WORKERS) as pool:
        return list(pool.map(train, shards))


def _read(keys: Path, stage: str) -> Any:
    path = keys / f"{stage}.json"
    if not path.is_file():
        raise BadInput(f"{path}: not there; expected the stage {stage} to have run before")
    return json.loads(path.read_text())
