"""The task dictionary: the 26 tasks, each declared once, and what joins them."""

from taskonomy.dictionary.dictionary import Dictionary
from taskonomy.dictionary.task import Group, Head, Inputs, Items, Loss, Role, Task
from taskonomy.dictionary.tasks import DICTIONARY

__all__ = [
    "DICTIONARY",
    "Dictionary",
    "Group",
    "Head",
    "Inputs",
    "Items",
    "Loss",
    "Role",
    "Task",
]
