"""The files that declare a user's tasks, kept in the store, so that every process finds them."""

from taskonomy.dictionary import Task
from taskonomy.store import Store
from taskonomy.targets.declared import Declaration, load


def keep(store: Store, declared: Declaration) -> None:
    """Write a file of declarations into the store."""
    store.write_bytes(declared.content, *_place(declared.code))


def declaration(store: Store, task: Task) -> Declaration:
    """The file that declares a task, run.

    Raises:
        BadInput: it can no longer be run.
    """
    return load(store.local(*_place(task.code)), f"the file that declares {task.name}")


def _place(code: str) -> tuple[str, str]:
    return ("dictionary", f"{code}.py")
