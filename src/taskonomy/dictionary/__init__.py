"""The task dictionary: the 26 tasks, each declared once."""

from taskonomy.dictionary.task import Group, Head, Inputs, Items, Loss, Role, Task
from taskonomy.dictionary.tasks import DICTIONARY, SOURCES, TARGETS, task

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
