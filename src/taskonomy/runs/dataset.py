"""A data set of a run: verified, split, and its version recorded in the store."""

import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import fsspec

from taskonomy import formats
from taskonomy.config import Config, SourceConfig
from taskonomy.dictionary import DICTIONARY, Dictionary, Task
from taskonomy.errors import BadInput, one_line
from taskonomy.runs.context import Context, open_workspace, recorded_content
from taskonomy.store import Store, digest

if TYPE_CHECKING:
    from taskonomy.data.gaps import Need
    from taskonomy.data.layout import Dataset
    from taskonomy.data.verify import Report


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
        the reason, and so the views that are left out as incomplete or damaged.

    Raises:
        BadInput: the data set is faulty or lacks labels that it should have.
    """
    from taskonomy.data import availability, layout, splits, verify

    store, config = context.open()
    dataset = layout.index(root)
    dictionary = declared_dictionary(store, config, context.tracking)
    own = tuple(source.name for source in config.sources)
    names = dict.fromkeys((*config.tasks, *own) if config.tasks else dictionary.names)
    asked = [dictionary[name] for name in names]
    have, missing = availability.tasks(dataset, asked)
    for name, reason in missing.items():
        print(f"taskonomy: {name} is left out: {reason}", file=sys.stderr)
    tasks = [dictionary[name] for name in have]
    report = verify.verify(root, _needs(dataset, tasks), config.data.left_out)
    if report.faults:
        others = f" (and {len(report.faults) - 1} more)" if len(report.faults) > 1 else ""
        raise BadInput(f"{report.faults[0]}{others}")
    _say(report)
    dataset = dataset.without(report.left_out)
    parts = splits.split(dataset)
    recorded = _recorded(store, root, report)
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
        "views_left_out": [
            {**view._asdict(), "reason": reason} for view, reason in report.left_out.items()
        ],
    }
    key = digest(
        stage="version-data",
        content=recorded_content(facts),
        tasks=have,
        classes=facts["classes"],
        dictionary=facts["dictionary"],
    )
    store.write_json(formats.DATASET_RECORD.stamped(facts), "version-data", key, "dataset.json")
    _try_declared(context, key, dictionary)
    store.finish("version-data", key, started=started)
    return key


def _recorded(store: Store, root: Path, report: "Report") -> dict[str, Any]:
    """What DVC says of a data set; of one with damaged files, which DVC may be unable to read, that
    it has said nothing, and why."""
    from taskonomy.data import version

    try:
        return version.version(root, Path(store.path("version-data", "dvc")))
    except BadInput as error:
        if not report.left_out and not report.notes:
            raise
        print(f"taskonomy: no version by DVC: {error}", file=sys.stderr)
        return {"md5": None, "revision": None, "reason": str(error)}


def _needs(dataset: "Dataset", tasks: Sequence[Task]) -> "list[Need]":
    """What a view must have to be complete for these tasks: their labels, and the z-depth whose
    holes mask them where there is one."""
    from taskonomy.data.gaps import Need
    from taskonomy.data.layout import DEPTH

    needs = [Need(task.label, task.keys) for task in tasks if task.label]
    masked = DEPTH in dataset.domains and any(task.masked for task in tasks)
    return [*needs, Need(DEPTH)] if masked else needs


def _say(report: "Report") -> None:
    """What is left out, by name, and what is to be known."""
    for view, reason in report.left_out.items():
        print(f"taskonomy: {view} is left out: {reason}", file=sys.stderr)
    if report.left_out:
        every = report.views + len(report.left_out)
        print(
            f"taskonomy: {len(report.left_out)} of {every} views are left out as incomplete or"
            " damaged",
            file=sys.stderr,
        )
    for note in report.notes:
        print(f"taskonomy: {note}", file=sys.stderr)


def declared_dictionary(store: Store, config: Config, tracking: str) -> Dictionary:
    """The 26 tasks, those that the profile's files declare, and its encoders; the store keeps files
    and weights.

    Raises:
        BadInput: a file or an encoder cannot be used; the line begins with its place or name.
    """
    found = DICTIONARY
    if config.dictionary:
        from taskonomy.targets import declared
        from taskonomy.training.declarations import keep

        for place in config.dictionary:
            keep(store, declared.read(place))
        found = declared.dictionary(config.dictionary)
    return found.joined(_own_sources(store, config, tracking))


def _own_sources(store: Store, config: Config, tracking: str) -> list[Task]:
    """What the dictionary has of the profile's `sources`, whose weights the store keeps."""
    if not config.sources:
        return []
    from taskonomy.training.own_sources import keep

    return [
        keep(store, source, config, _weights(source, tracking) if source.weights else None)
        for source in config.sources
    ]


def _weights(source: SourceConfig, tracking: str) -> bytes:
    """The content of an encoder's file of weights."""
    where = f"sources.{source.name}: weights {source.weights}"
    if source.weights.startswith("models:/"):
        from taskonomy.tracking.registry import registered_weights

        return registered_weights(tracking, source.weights)
    try:
        with fsspec.open(source.weights, "rb") as file:
            content: bytes = file.read()
    except (FileNotFoundError, IsADirectoryError) as error:
        raise BadInput(f"{where}: no such file; expected weights") from error
    except (OSError, ValueError, ImportError) as error:
        raise BadInput(f"{where}: cannot be read ({one_line(error)}); expected weights") from error
    return content


def _try_declared(context: Context, key: str, dictionary: Dictionary) -> None:
    """Try one label of every declared task, and one image of every encoder, so that a wrong one
    ends the run at its beginning."""
    if not dictionary.declared:
        return
    from taskonomy.training.representations import codes_of
    from taskonomy.training.session import Session

    session = Session(open_workspace(context, key))
    for name in session.workspace.config.tasks:
        task = dictionary[name]
        if task.pretrained:
            codes_of(session, name, session.represented[:1])
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
