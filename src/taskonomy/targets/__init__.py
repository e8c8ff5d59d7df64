"""The kinds of target, by the names that declarations use."""

from collections.abc import Mapping

from taskonomy.dictionary import Task
from taskonomy.errors import BadInput
from taskonomy.targets.classes import Classes
from taskonomy.targets.colour_bins import ColourBins
from taskonomy.targets.map import Image, Map
from taskonomy.targets.match import Match
from taskonomy.targets.numbers import Box, Directions, Numbers, Pose
from taskonomy.targets.permutation import Permutation
from taskonomy.targets.pixel_classes import PixelClasses
from taskonomy.targets.segments import Segments
from taskonomy.targets.target import Label, Reader, Target

KINDS: Mapping[str, type[Target]] = {
    "image": Image,
    "map": Map,
    "segments": Segments,
    "pixel_classes": PixelClasses,
    "colour_bins": ColourBins,
    "classes": Classes,
    "permutation": Permutation,
    "match": Match,
    "numbers": Numbers,
    "directions": Directions,
    "box": Box,
    "pose": Pose,
}


def kind_of(task: Task, own: Mapping[str, type[Target]] | None = None) -> type[Target]:
    """Return the class of a declaration's kind of target.

    Args:
        task: the declaration of a task that has a target.
        own: further kinds, of the file that declares the task.

    Raises:
        BadInput: there is no such kind, or it has no such head or loss; the line says which.
    """
    known = {**KINDS, **(own or {})}
    if task.kind not in known:
        raise BadInput(f"kind {task.kind!r}: expected one of {', '.join(known)}")
    found = known[task.kind]
    if task.head not in found.heads:
        raise BadInput(
            f"kind {task.kind!r} with head {task.head!r}: expected {' or '.join(found.heads)}"
        )
    if task.loss not in found.losses:
        raise BadInput(
            f"kind {task.kind!r} with loss {task.loss!r}: expected {' or '.join(found.losses)}"
        )
    return found


__all__ = ["KINDS", "Label", "Reader", "Target", "kind_of"]
