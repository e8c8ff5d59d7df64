"""A question as plain data, as a model server or a notebook has it, and its answer as such."""

from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from taskonomy.affinity.candidate import Candidate
from taskonomy.dictionary import Dictionary
from taskonomy.errors import BadInput, Infeasible
from taskonomy.taxonomy.hypergraph import Question
from taskonomy.taxonomy.scales import DEFAULT, named

MAX_ORDER = 2
"""The most sources of one transfer where a request names none, as in `taskonomy.solve`."""

NAMES = ("sources", "targets", "novel", "must_use", "must_not_use")
NUMBERS = ("cost", "importance")
SWITCHES = ("with_own_readouts", "with_random", "must_beat_guess")
ARGUMENTS = ("budget", "max_order", "scale", "regime", *NAMES, *NUMBERS, *SWITCHES)
"""What a request may hold; the keys of `taskonomy.solve`, and which regime."""


def answer(
    candidates: Sequence[Candidate], dictionary: Dictionary, regime: str, request: Any
) -> dict[str, Any]:
    """Return the optimal policy that a request asks for, as `Policy.as_json`.

    Where no policy answers, it is `{"status": "infeasible", "reason": ...}`, as `taskonomy solve
    --json` has it.

    Args:
        candidates: of one or more regimes.
        dictionary: the tasks whose names and aliases are known.
        regime: which regime is asked where the request names none.
        request: a mapping with a `budget` and any other of `ARGUMENTS`; None stands for an argument
            that is not given.

    Raises:
        BadInput: the request is no such mapping, or makes no sense for these candidates.
    """
    # The image that publishes describes requests and has no OR-Tools to answer them.
    from taskonomy.taxonomy.policy import find

    given = _given(request)
    budget = _number("budget", given.pop("budget", None))
    chosen = _text("regime", given.pop("regime", regime))
    rows = [candidate for candidate in candidates if candidate.regime == chosen]
    if not rows:
        known = ", ".join(sorted({candidate.regime for candidate in candidates}))
        raise BadInput(f"regime: found {chosen!r}, expected one of {known}")
    max_order = _whole("max_order", given.pop("max_order", MAX_ORDER))
    scale = named(_text("scale", given.pop("scale", DEFAULT)))
    rest: dict[str, Any] = {name: _READERS[name](name, value) for name, value in given.items()}
    question = Question(max_order=max_order, scale=scale, dictionary=dictionary, **rest)
    try:
        return find(rows, question, budget).as_json()
    except Infeasible as reason:
        return {"status": "infeasible", "reason": str(reason)}


def _given(request: Any) -> dict[str, Any]:
    if not isinstance(request, Mapping):
        found = type(request).__name__
        raise BadInput(f"found a {found}, expected a mapping such as {{'budget': 4}}")
    for name in request:
        if name not in ARGUMENTS:
            near = get_close_matches(str(name), ARGUMENTS, n=1)
            hint = f"did you mean {near[0]}?" if near else f"expected some of {_listed(ARGUMENTS)}"
            raise BadInput(f"unknown argument {name!r}: {hint}")
    return {name: value for name, value in request.items() if value is not None}


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names)


def _number(name: str, value: Any) -> float | int:
    if isinstance(value, bool) or not isinstance(value, int | float):
        found = "none" if value is None else repr(value)
        raise BadInput(f"{name}: found {found}, expected a number")
    return value


def _whole(name: str, value: Any) -> int:
    number = _number(name, value)
    if not float(number).is_integer():
        raise BadInput(f"{name}: found {number}, expected a whole number")
    return int(number)


def _text(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise BadInput(f"{name}: found {value!r}, expected text")
    return value


def _names(name: str, value: Any) -> tuple[str, ...]:
    if not isinstance(value, list | tuple) or not all(isinstance(one, str) for one in value):
        raise BadInput(f"{name}: found {value!r}, expected a list of names of tasks")
    return tuple(value)


def _numbers(name: str, value: Any) -> dict[str, float | int]:
    if not isinstance(value, Mapping) or not all(isinstance(task, str) for task in value):
        raise BadInput(f"{name}: found {value!r}, expected a mapping of tasks to numbers")
    return {task: _number(f"{name} of {task}", number) for task, number in value.items()}


def _switch(name: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise BadInput(f"{name}: found {value!r}, expected true or false")
    return value


_READERS: dict[str, Callable[[str, Any], Any]] = {
    **dict.fromkeys(NAMES, _names),
    **dict.fromkeys(NUMBERS, _numbers),
    **dict.fromkeys(SWITCHES, _switch),
}
