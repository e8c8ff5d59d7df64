"""Which tasks a data set has labels for."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from taskonomy import formats
from taskonomy.data.layout import Dataset, read
from taskonomy.dictionary import Task
from taskonomy.errors import BadInput

DECLARATION = "dataset.json"
"""At a data set's root; its key `labels` lists the label folders that the data set holds."""
SAMPLE = 100
"""Views whose records are asked for their keys, evenly apart."""
CONVENTIONS = {"scenes": 5, "capture": 4}
"""By source, the version from which on labels follow the real files: before it normals pointed the
other way, and vanishing points, boxes and sightings were other ones."""

_RECORDS = ""
"""In place of a key: any record."""


def tasks(dataset: Dataset, asked: Sequence[Task]) -> tuple[list[str], dict[str, str]]:
    """Split tasks into those that the data set has labels for and those it declares it has not.

    A data set that declares its labels (rooms and captures do) leaves out the tasks of the others;
    one that declares nothing must have the labels of every task asked for. Views that lack a file
    are `verify`'s to name.

    Args:
        dataset: an indexed data set.
        asked: the tasks asked for.

    Returns:
        The names of the tasks to train, in the order given, and a reason for each one left out.

    Raises:
        BadInput: labels that should be there are not; the line names every such task.
    """
    declared = _declared(dataset.root)
    wanted, left_out = [], {}
    for task in asked:
        if task.label and declared is not None and task.label not in declared:
            left_out[task.name] = f"the data set declares no {task.label} labels"
        else:
            wanted.append(task)
    absent = lacking(dataset, wanted)
    if absent:
        (name, reason), *others = absent.items()
        more = f"; nor are there labels for {', '.join(name for name, _ in others)}"
        raise BadInput(
            f"{dataset.root}: {reason}, which the task {name} needs{more if others else ''}; "
            "expected it in every building (params.yaml's `tasks` chooses the tasks of a run)"
        )
    return [task.name for task in wanted], left_out


def lacking(dataset: Dataset, asked: Sequence[Task]) -> dict[str, str]:
    """Why a data set has no label for a task, of those tasks for which it has none: no building has
    the label's folder, or most records lack a key that the task reads (of `SAMPLE` views).

    A file that cannot be read says nothing of keys.
    """
    keys: dict[str, Counter[str]] = {}
    found: dict[str, str] = {}
    for task in asked:
        if task.label and task.label not in dataset.domains:
            found[task.name] = f"found no label folder {task.label!r}"
        elif task.keys:
            if task.label not in keys:
                keys[task.label] = _keys(dataset, task.label)
            counts = keys[task.label]
            absent = [key for key in task.keys if 2 * counts[key] <= counts[_RECORDS]]
            if absent and counts[_RECORDS]:
                found[task.name] = f"found no {' or '.join(absent)} in {task.label}"
    return found


def _keys(dataset: Dataset, domain: str) -> Counter[str]:
    """How many of some records have each key, and how many records those are."""
    views = dataset.views
    chosen = np.unique(np.linspace(0, len(views) - 1, min(SAMPLE, len(views))).round().astype(int))
    counts = Counter[str]()
    for view in (views[i] for i in chosen):
        try:
            counts.update(read(dataset, view, domain).keys() | {_RECORDS})
        except BadInput:
            continue
    return counts


def classes(root: Path) -> dict[str, list[str]]:
    """The names of the classes of `class_object` and `class_scene`, where they are declared.

    Raises:
        BadInput: as `declaration`.
    """
    named = (declaration(root) or {}).get("classes", {})
    return {f"class_{kind}": list(names) for kind, names in named.items()}


def declaration(root: Path) -> dict[str, Any] | None:
    """What a data set declares of itself; None where it declares nothing.

    Raises:
        BadInput: the declaration is no JSON object, or one of a newer version; or it is of rooms
            or a capture with labels of other conventions than today's.
    """
    path = root / DECLARATION
    if not path.is_file():
        return None
    found = formats.DATASET.read(path)
    source, version = found.get("source"), found.get("version")
    if isinstance(version, int) and version < CONVENTIONS.get(str(source), 0):
        raise BadInput(
            f"{path}: found version {version} of {source}, whose normals, vanishing points and"
            f" boxes are not those of the real files; expected version {CONVENTIONS[str(source)]}: "
            f"{'render' if source == 'scenes' else 'annotate'} it again"
        )
    return found


def _declared(root: Path) -> frozenset[str] | None:
    declared = declaration(root)
    if declared is None:
        return None
    try:
        return frozenset(declared["labels"])
    except (KeyError, TypeError) as error:
        raise BadInput(
            f"{root / DECLARATION}: no list 'labels' in it; expected the label folders"
        ) from error
