"""Taskonomy: which visual tasks transfer to which, and which ones to label (docs/api.md).

The names below are public. Each is imported on first use, so that `import taskonomy` and
`taskonomy --help` wait for no library.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from taskonomy.affinity.candidate import Candidate
    from taskonomy.api import load_affinities, run, solve
    from taskonomy.dictionary import Task
    from taskonomy.errors import BadInput, Infeasible, StageFailed
    from taskonomy.taxonomy.policy import Policy

__version__ = "0.1.0"

__all__ = [
    "BadInput",
    "Candidate",
    "Infeasible",
    "Policy",
    "StageFailed",
    "Task",
    "load_affinities",
    "run",
    "solve",
]

_PLACES = {
    "BadInput": "errors",
    "Candidate": "affinity.candidate",
    "Infeasible": "errors",
    "Policy": "taxonomy.policy",
    "StageFailed": "errors",
    "Task": "dictionary",
    "load_affinities": "api",
    "run": "api",
    "solve": "api",
}
"""The module of every public name."""

# Hidden from type checkers, which would take every misspelt name for an attribute.
if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        if name not in _PLACES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(f"{__name__}.{_PLACES[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
