"""Derive unit costs from a finished run of `taskonomy run`."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from taskonomy import formats
from taskonomy.cluster import amounts, loads
from taskonomy.cluster.units import Effort, Rate, Units
from taskonomy.config import Config
from taskonomy.errors import BadInput
from taskonomy.execution.overhead import Spent

_STAGE = re.compile(r" *stage (?P<name>[\w-]+)(?: [\w-]+)?: (?P<spent>.*)")
_RENDER, _TASKS, _TRANSFERS = "version-data", "train-task", "train-transfers"


def units(out: Path, config: Config, device: str) -> Units:
    """What the run in a folder took, each unit an average over the whole run.

    Args:
        out: the folder of a run that rendered and trained everything itself.
        config: its profile.
        device: what trained, in words.

    Raises:
        BadInput: the folder holds no such run, or that of another profile.
    """
    from taskonomy.publishing import models

    rows = models.read(out / "models.parquet").to_pylist()
    walls = _walls(out / "store" / "logs")
    rates = _rates(rows, config)
    spent = {
        _TASKS: [
            row for row in rows if row["kind"] in ("task", "informed_guess", "random", "encoder")
        ],
        _TRANSFERS: [row for row in rows if row["kind"] in ("transfer", "scratch")],
    }
    rooms = [room for room in (out / "store" / "rooms").iterdir() if room.is_dir()]
    pixels = len(rooms) * config.data.images * config.data.size**2
    provenance = formats.PROVENANCE.read(out / "provenance.json")
    cores = provenance["machine"]["cores"]
    return Units(
        command=f"taskonomy run --profile {config.profile}; taskonomy cluster units",
        machine={"device": device, "cores": cores, "finished": provenance["finished"]},
        config=config.to_json(),
        shards=config.shards,
        rates=rates,
        beside={
            stage: (_whole(walls[stage]) - sum(row["seconds"] for row in of)) / len(of)
            for stage, of in spent.items()
        },
        stages={
            stage: Effort(
                sum(one.start + one.imports for one in walls[stage]),
                sum(one.own for one in walls[stage]),
                amount,
            )
            for stage, amount in amounts.stages(config, amounts.models(config)).items()
        },
        rendering=_whole(walls[_RENDER]) / config.data.images,
        image=sum(map(_bytes, rooms)) / pixels,
        tracking=(out / "mlflow.db").stat().st_size / len(rows),
    )


def _whole(steps: Iterable[Spent]) -> float:
    return sum(one.whole for one in steps)


def _walls(logs: Path) -> dict[str, list[Spent]]:
    """What each stage took, one entry a step, in the longest run that was logged."""
    runs = []
    for path in sorted(logs.glob("*.log")):
        steps: dict[str, list[Spent]] = defaultdict(list)
        for line in path.read_text(errors="replace").splitlines():
            found = _STAGE.fullmatch(line)
            if found and (spent := Spent.find(found["spent"])):
                steps[found["name"]].append(spent)
        runs.append(steps)
    whole = [run for run in runs if {_RENDER, _TASKS, _TRANSFERS, "publish"} <= set(run)]
    if not whole:
        raise BadInput(f"{logs}: no log of a whole run; expected the folder of `taskonomy run`")
    return max(whole, key=lambda run: sum(map(_whole, run.values())))


def _rates(rows: Iterable[Mapping[str, Any]], config: Config) -> dict[str, Rate]:
    """Seconds and operations by kind of model, of those that finished."""
    amount, batches = amounts.examples(config), {"task": config.training.batch}
    found: dict[str, list[tuple[float, float]]] = defaultdict(list)

    counted, known = loads.Loads(config), amounts.dictionary(config)
    tasks = {task.name: task for task in known}
    for row in rows:
        kind, order = row["kind"], row["order"]
        if row["status"] != "finished" or kind in ("random", "informed_guess", "encoder"):
            continue
        target = tasks[row["target"]]
        trained = row["steps"] * batches.get(kind, config.transfer.batch)
        load = counted.readout(target, order) if order else counted.network(target)
        operations = trained * load.train + amount.held * load.test
        found[f"order {order}" if order else kind].append((row["seconds"], operations))
    return {
        kind: Rate(len(pairs), *(sum(column) for column in zip(*pairs, strict=True)))
        for kind, pairs in sorted(found.items())
    }


def _bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
