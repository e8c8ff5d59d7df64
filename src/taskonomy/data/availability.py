"""Which tasks a data set has labels for."""

import json
from collections.abc import Sequence
from pathlib import Path

from taskonomy.data.layout import Dataset, missing, path
from taskonomy.dictionary import Task
from taskonomy.errors import BadInput

DECLARATION = "dataset.json"
"""At a data set's root; its key `labels` lists the label folders that the data set holds."""


def tasks(dataset: Dataset, asked: Sequence[Task]) -> tuple[list[str], dict[str, str]]:
    """Split tasks into those that the data set has labels for and those it declares it has not.

    A data set that declares its labels (rooms and captures do) leaves out the tasks of the others;
    one that declares nothing must have the labels of every task asked for.

    Args:
        dataset: an indexed data set.
        asked: the tasks asked for.

    Returns:
        The names of the tasks to train, in the order given, and a reason for each one left out.

    Raises:
        BadInput: a label that should be there is not.
    """
    declared = _declared(dataset.root)
    have, left_out = [], {}
    for task in asked:
        name, label = task.name, task.label
        if label and declared is not None and label not in declared:
            left_out[name] = f"the data set declares no {label} labels"
            continue
        if label:
            _check(dataset, name, label)
        have.append(name)
    return have, left_out


def classes(root: Path) -> dict[str, list[str]]:
    """The names of the classes of `class_object` and `class_scene`, where they are declared."""
    path = root / DECLARATION
    named = json.loads(path.read_text()).get("classes", {}) if path.is_file() else {}
    return {f"class_{kind}": list(names) for kind, names in named.items()}


def _declared(root: Path) -> frozenset[str] | None:
    path = root / DECLARATION
    if not path.is_file():
        return None
    try:
        return frozenset(json.loads(path.read_text())["labels"])
    except (ValueError, KeyError, TypeError) as error:
        raise BadInput(f"{path}: no list 'labels' in it; expected the label folders") from error


def _check(dataset: Dataset, name: str, label: str) -> None:
    if label not in dataset.domains:
        raise BadInput(
            f"{dataset.root}: found no label folder {label!r}, which the task {name} needs; "
            "expected it in every building (params.yaml's `tasks` chooses the tasks of a run)"
        )
    if absent := missing(dataset, label):
        raise BadInput(
            f"{path(dataset.root, absent[0], label)}: found no such file, which the task {name} "
            f"needs ({len(absent)} of {len(dataset.views)} views lack it); expected one for every "
            "view"
        )
