"""Tasks that a user declares in a file of Python.

The file holds `TASK`, a `taskonomy.dictionary.Task`, or `TASKS`, several of them. For a task whose
declaration names no label folder it holds `label(dataset, view)`, which reads the target of one
view; for a kind of target of its own, `KINDS`, a dict of names and `taskonomy.targets.Target`s.
"""

import importlib.util
import inspect
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType
from typing import Any

import fsspec

from taskonomy.data.codecs import DOMAINS
from taskonomy.dictionary import DICTIONARY, Dictionary, Task
from taskonomy.dictionary.task import check
from taskonomy.errors import BadInput, one_line
from taskonomy.foreign import Foreign
from taskonomy.targets import Label, Target, kind_of


@dataclass(frozen=True)
class Declaration:
    """What one file declares.

    Attributes:
        tasks: the tasks; their `code` is the hash of the file.
        label: reads the label of one view; None where every task names a label folder.
        kinds: kinds of target of the file's own.
        content: the file's bytes.
    """

    tasks: tuple[Task, ...]
    label: Label | None
    kinds: Mapping[str, type[Target]]
    content: bytes

    @property
    def code(self) -> str:
        """The hash of the file."""
        return _code(self.content)


def read(place: str) -> Declaration:
    """Read a declaration from a file or from any URL of fsspec.

    Raises:
        BadInput: there is no such file, it cannot be run, or what it declares is no task.
    """
    try:
        with fsspec.open(place, "rb") as source:
            content: bytes = source.read()
    except (FileNotFoundError, IsADirectoryError) as error:
        raise BadInput(f"{place}: no such file; expected one that declares TASK") from error
    except (OSError, ValueError, ImportError) as error:
        raise BadInput(
            f"{place}: cannot be read ({one_line(error)}); expected a file that declares TASK"
        ) from error
    with TemporaryDirectory() as folder:
        file = Path(folder) / f"{_code(content)}.py"
        file.write_bytes(content)
        return load(file, place)


def load(file: Path, place: str = "") -> Declaration:
    """Run a local file that declares tasks; `place` is what errors call it.

    Raises:
        BadInput: as `read`.
    """
    where, content = place or str(file), file.read_bytes()
    module = _module(file, where)
    tasks = _tasks(module, where)
    label, kinds = getattr(module, "label", None), getattr(module, "KINDS", {})
    if label is not None and not callable(label):
        raise BadInput(
            f"{where}: label is a {type(label).__name__}; expected a function of a data set and a "
            "view"
        )
    if label is not None:
        _check_arguments(label, where)
    if not isinstance(kinds, Mapping) or not all(
        isinstance(kind, type) and issubclass(kind, Target) for kind in kinds.values()
    ):
        raise BadInput(f"{where}: KINDS is wrong; expected a dict of names and Targets")
    declared = tuple(replace(task, code=_code(content)) for task in tasks)
    for task in declared:
        try:
            with Foreign("a field of another kind", "those of taskonomy.dictionary.Task"):
                _check(task, label, kinds)
        except BadInput as error:
            raise BadInput(f"{where}: task {task.name!r} has {error}") from error
    return Declaration(declared, label, kinds, content)


def _tasks(module: ModuleType, where: str) -> tuple[Task, ...]:
    found: Any = getattr(module, "TASKS", None) or (getattr(module, "TASK", None),)
    with Foreign(f"{where}: TASKS", "a list of taskonomy.dictionary.Task"):
        tasks = tuple(found)
    if not all(isinstance(task, Task) for task in tasks):
        raise BadInput(
            f"{where}: found no taskonomy.dictionary.Task; expected TASK, or TASKS of several"
        )
    return tasks


def _check_arguments(label: Label, where: str) -> None:
    """Whether a label function can be called with a data set and a view."""
    try:
        signature = inspect.signature(label)
    except (TypeError, ValueError):
        return  # one that says nothing of its arguments, such as a built-in one
    try:
        signature.bind(None, None)
    except TypeError as error:
        raise BadInput(
            f"{where}: label{signature}: {error}; expected a function of a data set and a view"
        ) from error


def dictionary(places: Iterable[str]) -> Dictionary:
    """The 26 tasks with those that files declare.

    Raises:
        BadInput: as `read`, or a name stands for a task already.
    """
    found = DICTIONARY
    for place in places:
        try:
            found = found.joined(read(place).tasks)
        except BadInput as error:
            if str(error).startswith(place):
                raise
            raise BadInput(f"{place}: {error}") from error
    return found


def _check(task: Task, label: Label | None, kinds: Mapping[str, type[Target]]) -> None:
    check(task)
    if not task.trained:
        return
    target = kind_of(task, kinds)
    if not task.label and label is None and target.reads_label:
        raise BadInput("no label folder, and the file no label function: expected one of them")
    if task.label and task.label not in DOMAINS:
        raise BadInput(f"label {task.label!r}: expected one of {', '.join(DOMAINS)}")
    if task.channels < 1 and label is not None and not task.label:
        raise BadInput(f"channels {task.channels}: expected 1 or more")


def _module(file: Path, where: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"declared_{file.stem}", file)
    if spec is None or spec.loader is None:
        raise BadInput(f"{where}: not a Python file; expected one that declares TASK")
    module = importlib.util.module_from_spec(spec)
    try:
        with Foreign(where, "it to run"):
            spec.loader.exec_module(module)
    except BadInput as error:  # of this package, which the file calls
        line = str(error)
        raise BadInput(line if line.startswith(where) else f"{where}: {line}") from error
    return module


def _code(content: bytes) -> str:
    return sha256(content).hexdigest()[:20]
