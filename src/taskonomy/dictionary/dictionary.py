"""A dictionary: tasks by name and alias."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property

from taskonomy.dictionary.task import Group, Task
from taskonomy.errors import BadInput


@dataclass(frozen=True)
class Dictionary:
    """Tasks, each known by its name and its aliases.

    Attributes:
        tasks: the tasks, in the order in which people read them.
    """

    tasks: tuple[Task, ...]

    def __getitem__(self, name: str) -> Task:
        """Return the task of that name or alias.

        Raises:
            BadInput: the dictionary has no such task; the line names the nearest ones.
        """
        if name not in self._by_name:
            near = get_close_matches(name, self._by_name, n=3)
            known = ", ".join(self.names)
            hint = f"did you mean {', '.join(near)}?" if near else f"known: {known}"
            raise BadInput(f"unknown task {name!r}: {hint}")
        return self._by_name[name]

    def __contains__(self, name: object) -> bool:
        return name in self._by_name

    def __iter__(self) -> Iterator[Task]:
        return iter(self.tasks)

    def __len__(self) -> int:
        return len(self.tasks)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The names of all tasks; each may be a source."""
        return tuple(task.name for task in self.tasks)

    @cached_property
    def targets(self) -> tuple[str, ...]:
        """The names of the tasks that may be targets of transfers."""
        return tuple(task.name for task in self.tasks if task.role == "both")

    @cached_property
    def declared(self) -> tuple[Task, ...]:
        """The tasks that a user's files have declared."""
        return tuple(task for task in self.tasks if task.code)

    def title(self, name: str) -> str:
        """The title of a task; the name itself where the dictionary has none of that name."""
        return self[name].title if name in self else name

    def group(self, name: str) -> Group:
        """The group of a task; `none` where the dictionary has none of that name."""
        return self[name].group if name in self else "none"

    def untrained(self, name: str) -> bool:
        """Whether a name is that of a task without labels: a random projection."""
        return name in self and not self[name].trained and not self[name].pretrained

    def joined(self, tasks: Iterable[Task]) -> "Dictionary":
        """Return this dictionary with further tasks.

        Raises:
            BadInput: a name or alias stands for a task already.
        """
        known, every = dict(self._by_name), list(self.tasks)
        for task in tasks:
            for name in (task.name, *task.aliases):
                if name in known:
                    raise BadInput(
                        f"task {task.name!r}: the name {name!r} stands for {known[name].title!r} "
                        "already; expected a name of its own"
                    )
                known[name] = task
            every.append(task)
        return Dictionary(tuple(every))

    @cached_property
    def _by_name(self) -> dict[str, Task]:
        return {name: task for task in self.tasks for name in (task.name, *task.aliases)}
