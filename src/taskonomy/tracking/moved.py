"""MLflow's database in a run's folder, after the folder was moved or copied.

MLflow keeps absolute paths of artifacts. Those below `mlartifacts` beside the database are mended
when the database is opened: `python -m taskonomy.tracking.moved OUT` does only that, for MLflow's
own pages. Nothing here imports MLflow.
"""

import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

ARTIFACTS = "mlartifacts"
"""The folder beside the database that holds the artifacts of every experiment."""

_PLACES = (
    ("experiments", "artifact_location"),
    ("runs", "artifact_uri"),
    ("logged_models", "artifact_location"),
    ("model_versions", "source"),
    ("model_versions", "storage_location"),
)
"""Columns of MLflow's tables that hold places of artifacts."""


def mend(database: Path) -> bool:
    """Let a database find the artifacts beside it, wherever both have come to lie.

    Experiments whose artifacts lie elsewhere, or did not come along, are left as they are; so is a
    database that cannot be written, or is none: whoever uses it will say so.

    Args:
        database: the SQLite file; it may be absent.

    Returns:
        Whether anything was mended.
    """
    if not database.is_file():
        return False
    here = database.resolve().parent / ARTIFACTS
    try:
        with closing(sqlite3.connect(database, timeout=60)) as connection, connection:
            moved = sorted(set(_moved(connection, here)))
            for before in moved:
                for table, column in _columns(connection):
                    connection.execute(
                        f"UPDATE {table} SET {column} = ? || substr({column}, ?) "
                        f"WHERE substr({column}, 1, ?) = ?",
                        (f"{here}/", len(before) + 1, len(before), before),
                    )
    except sqlite3.Error:
        return False
    return bool(moved)


def _moved(connection: sqlite3.Connection, here: Path) -> Iterator[str]:
    """Where artifacts lay that lie here now, with a slash at the end."""
    if "experiments" not in _tables(connection):
        return
    for name, place in connection.execute("SELECT name, artifact_location FROM experiments"):
        end = f"/{ARTIFACTS}/{name}"
        if not place or not place.endswith(end) or not (here / name).is_dir():
            continue
        before = place.removesuffix(name)
        if before != f"{here}/":
            yield before


def _columns(connection: sqlite3.Connection) -> Iterator[tuple[str, str]]:
    """The places that this version of MLflow has."""
    known = _tables(connection)
    for table, column in _PLACES:
        if table in known:
            names = {row[1] for row in connection.execute(f"PRAGMA table_info({table})")}
            if column in names:
                yield table, column


def _tables(connection: sqlite3.Connection) -> set[str]:
    return {
        name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type='table'")
    }


if __name__ == "__main__":
    mend(Path(sys.argv[1]) / "mlflow.db")
