"""How a data set's folders are nested: by building, or by domain as the real set's parts come.

By building: `<root>/<building>/<folder>/`. By domain: `<root>/<folder>/<building>/`, or with the
name of the part between them, `<root>/<folder>/taskonomy/<building>/`. What lists a folder is
given, so that folders and object stores are looked at alike.
"""

import re
from collections.abc import Callable, Iterator

from taskonomy.data.codecs import DOMAINS, Domain
from taskonomy.errors import BadInput

FILE = re.compile(r"point_(\d+)_view_(\d+|all)_domain_(\w+)(\.png|\.json|\.npy)", re.MULTILINE)
"""A file's name: its point, its view, the word for its domain, its suffix."""

Names = Callable[[str], list[str]]
"""Lists the names in a folder below the root."""

_FOLDERS = frozenset(folder for domain in DOMAINS.values() for folder in domain.folders)


def is_of(domain: Domain, match: re.Match[str]) -> bool:
    """Whether a file's name is one that the domain's files have."""
    of_point = match[2] == "all"
    return match[3] in domain.files and match[4] == domain.suffix and of_point == domain.of_point


def buildings(root: str, names: Names) -> dict[str, dict[str, str]]:
    """Return the folders of each building, by their names as domains have them, below the root.

    Whether there are files in them is not asked. Hidden entries are ignored.

    Args:
        root: the data set, as an error names it.
        names: lists a folder.

    Raises:
        BadInput: two parts of a data set have a building of one name.
    """
    top = sorted(_shown(names("")))
    if not any(folder in top for folder in DOMAINS["rgb"].folders):
        inside = ((building, _FOLDERS.intersection(names(building))) for building in top)
        return {
            building: {folder: f"{building}/{folder}" for folder in sorted(folders)}
            for building, folders in inside
        }
    found: dict[str, dict[str, str]] = {}
    part_of: dict[str, str] = {}
    for folder in (name for name in top if name in _FOLDERS):
        for part, building, place in _of_domain(folder, names):
            if part_of.setdefault(building, part) != part:
                raise BadInput(
                    f"{root}: found a building {building} in {part_of[building] or '.'} and in "
                    f"{part or '.'}, expected each name once"
                )
            found.setdefault(building, {})[folder] = place
    return found


def _of_domain(folder: str, names: Names) -> Iterator[tuple[str, str, str]]:
    """The part, the building and the place of each building in the folder of a domain."""
    for entry in sorted(_shown(names(folder))):
        if FILE.fullmatch(entry):
            continue  # of a data set's one building, whose folder was given as the root
        inside = list(_shown(names(f"{folder}/{entry}")))
        if any(map(FILE.fullmatch, inside)):
            yield "", entry, f"{folder}/{entry}"
            continue
        for building in sorted(inside):
            yield entry, building, f"{folder}/{entry}/{building}"


def _shown(names: list[str]) -> Iterator[str]:
    return (name for name in names if not name.startswith("."))


def nothing(root: str) -> BadInput:
    """The error of a folder without an image in either arrangement."""
    return BadInput(
        f"{root}: found no rgb image, expected <building>/rgb/point_0_view_0_domain_rgb.png or "
        "rgb/<building>/point_0_view_0_domain_rgb.png"
    )
