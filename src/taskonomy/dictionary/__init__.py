"""The task dictionary: the 26 tasks, each declared once."""

from taskonomy.dictionary.tasks import DICTIONARY, SOURCES, TARGETS, task
from taskonomy.dictionary.types import Group, Head, Inputs, Items, Loss, Role, Task

__all__ = [
    "DICTIONARY",
    "SOURCES",
    "TARGETS",
    "Group",
    "Head",
    "Inputs",
    "Items",
    "Loss",
    "Role",
    "Task",
    "task",
]
