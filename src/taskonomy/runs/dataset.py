"""A data set of a run: verified, split, and its version recorded in the store."""

import sys
from datetime import UTC, datetime
from pathlib import Path

from taskonomy import formats
from taskonomy.config import Config
from taskonomy.dictionary import DICTIONARY, Dictionary, Task
from taskonomy.errors import BadInput
from taskonomy.runs.context import Context, open_workspace, recorded_content
from taskonomy.store import Store, digest


def record(context: Context, root: Path, source: str, started: str) -> str:
    """Verify a data set, split it, and record its version.

    Args:
        context: where and how to run.
        root: the data set's folder.
        source: what it was asked for by; empty for the embedded rooms.
        started: when the run began, as `now` says it.

    Returns:
        The data set's key; `version-data/<key>/dataset.json` holds its folder, the hash of its
        content, DVC's version, splits, the tasks it has labels for and those it has none for, with
        the reason.

    Raises:
        BadInput: the data set is faulty or lacks labels that it should have.
    """
    from taskonomy.data import availability, layout, splits, verify, version

    store, config = context.open()
    dataset = layout.index(root)
    dictionary = declared_dictionary(store, config)
    asked = [dictionary[name] for name in config.tasks or dictionary.names]
    have, missing = availability.tasks(dataset, asked)
    for name, reason in missing.items():
        print(f"taskonomy: {name} is left out: {reason}", file=sys.stderr)
    report = verify.verify(root)
    if report.faults:
        others = f" (and {len(report.faults) - 1} more)" if len(report.faults) > 1 else ""
        raise BadInput(f"{report.faults[0]}{others}")
    parts = splits.split(dataset)
    recorded = version.version(root, Path(store.path("version-data", "dvc")))
    table = {part: getattr(parts, part).tolist() for part in ("train", "val", "test")}
    facts = {
        "root": store.within(root),
        "source": source or "scenes",
        "content": report.content,
        "dvc": recorded,
        "tasks": have,
        "left_out": missing,
        "dictionary": [task.as_json() for task in dictionary.declared],
        "classes": availability.classes(root),
        "split": {"kind": parts.kind, "note": parts.note, **table},
        "views": len(dataset.views),
        "buildings": len(dataset.buildings),
    }
    key = digest(
        stage="version-data",
        content=recorded_content(facts),
        tasks=have,
        classes=facts["classes"],
        dictionary=facts["dictionary"],
    )
    store.write_json(formats.DATASET_RECORD.stamped(facts), "version-data", key, "dataset.json")
    _try_labels(context, key, dictionary)
    store.finish("version-data", key, started=started)
    return key


def declared_dictionary(store: Store, config: Config) -> Dictionary:
    """The 26 tasks and those that the profile's files declare, which the store keeps.

    Raises:
        BadInput: a file cannot be used; the line begins with its place.
    """
    if not config.dictionary:
        return DICTIONARY
    from taskonomy.targets import declared
    from taskonomy.training.declarations import keep

    for place in config.dictionary:
        keep(store, declared.read(place))
    return declared.dictionary(config.dictionary)


def _try_labels(context: Context, key: str, dictionary: Dictionary) -> None:
    """Try one label of every declared task, so that a wrong one ends the run at its beginning."""
    if not dictionary.declared:
        return
    from taskonomy.training.session import Session

    session = Session(open_workspace(context, key))
    for name in session.workspace.config.tasks:
        task = dictionary[name]
        if task.code and task.trained:
            try:
                session.try_label(task)
            except BadInput as error:
                raise BadInput(f"{_file_of(task, session.workspace.config)}: {error}") from error


def _file_of(task: Task, config: Config) -> str:
    """The file that declares a task, as the user named it."""
    from taskonomy.targets import declared

    return next(place for place in config.dictionary if declared.read(place).code == task.code)


def now() -> str:
    """The time in UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")
