"""A target of the user's own: whatever its code raises or returns amiss is one line."""

from collections.abc import Callable
from typing import Any

import numpy as np
from jaxtyping import Int
from torch import Tensor

from taskonomy.errors import BadInput
from taskonomy.foreign import Foreign
from taskonomy.targets.target import Target

_METHODS = ("fit", "guess", "level", "guess_losses", "drawn")
"""What is called beside `encode` and `batch`, whose arguments and results say more."""


def guarded(target: Target) -> Target:
    """Return the target, with every call of its methods guarded.

    A label function may return what its kind of target cannot encode, and a kind of a user's own
    is the user's code throughout.
    """
    for name in _METHODS:
        what = f"{target.task.name}: {name} of the kind {target.task.kind!r}"
        setattr(target, name, _guarded(getattr(target, name), what, "it to run"))
    encode, batch, task = target.encode, target.batch, target.task
    expected = f"what a target of the kind {task.kind!r} is made of"

    def guarded_encode(example: tuple[int, ...]) -> Any:
        views = " and ".join(str(target.view(i)) for i in example)
        with Foreign(f"{task.name}: label of {views}", expected):
            found = encode(example)
        if not isinstance(found, np.ndarray):
            kind = type(found).__name__
            raise BadInput(f"{task.name}: label of {views}: encoded as a {kind}; expected an array")
        return found

    def guarded_batch(labels: Any, examples: Int[np.ndarray, "n k"]) -> Any:
        with Foreign(f"{task.name}: batch of the kind {task.kind!r}", expected):
            found = batch(labels, examples)
        _check(found, len(examples), f"{task.name}: batch of the kind {task.kind!r}")
        return found

    target.encode = guarded_encode  # type: ignore[method-assign]
    target.batch = guarded_batch  # type: ignore[method-assign]
    return target


def _guarded(method: Callable[..., Any], what: str, expected: str) -> Callable[..., Any]:
    def call(*arguments: Any) -> Any:
        with Foreign(what, expected):
            return method(*arguments)

    return call


def _check(found: object, count: int, what: str) -> None:
    """Targets and masks are two tensors of as many rows as there are examples."""
    expected = f"two tensors, targets and their mask, of {count} rows each"
    if not isinstance(found, tuple) or len(found) != 2:
        raise BadInput(f"{what}: returned a {type(found).__name__}; expected {expected}")
    for part in found:
        if not isinstance(part, Tensor) or part.ndim == 0 or len(part) != count:
            shape = tuple(part.shape) if isinstance(part, Tensor) else f"a {type(part).__name__}"
            raise BadInput(f"{what}: returned {shape}; expected {expected}")
