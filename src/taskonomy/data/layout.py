"""The files of a data set: `<root>/<building>/<folder>/point_{P}_view_{V}_domain_{DOMAIN}.png`.

The real Taskonomy and Omnidata layout, read in place with either generation of folder and file
names, a folder a building or (`arrangement`) a folder a domain, and the layout that rooms and
captures are written in. What a file holds is in `codecs`.
"""

import os
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from taskonomy import files
from taskonomy.data import arrangement
from taskonomy.data.codecs import DOMAINS, Domain, decode, encode
from taskonomy.errors import BadInput

DEPTH = "depth_zbuffer"
"""The label folder of z-depth, whose holes are missing in other labels too."""
ALL = -1
"""In place of a view's number: all views of a point."""


class View(NamedTuple):
    """One photograph: a camera's `view` of a fixated `point` in a `building`."""

    building: str
    point: int
    view: int

    def __str__(self) -> str:
        number = "all" if self.view == ALL else self.view
        return f"{self.building}/point_{self.point}_view_{number}"

    @property
    def every(self) -> "View":
        """All views of this one's point, which some files are of."""
        return self._replace(view=ALL)


class Place(NamedTuple):
    """Where a building keeps a domain: the folder, below the data set's root, and the word after
    `_domain_` in its files."""

    folder: str
    word: str


@dataclass(frozen=True)
class Dataset:
    """An indexed data set.

    Attributes:
        root: the folder that holds the buildings.
        views: every view that has an rgb image, sorted.
        domains: the domains that at least one building has a non-empty folder for.
        places: where each building keeps each domain.
    """

    root: Path
    views: tuple[View, ...]
    domains: frozenset[str]
    places: dict[tuple[str, str], Place] = field(repr=False)

    @property
    def buildings(self) -> tuple[str, ...]:
        """The buildings' names, sorted."""
        return tuple(sorted({view.building for view in self.views}))

    def without(self, views: Collection[View]) -> "Dataset":
        """The data set as if it did not have those views."""
        if not views:
            return self
        return replace(self, views=tuple(view for view in self.views if view not in views))


def index(root: Path) -> Dataset:
    """Return what lies under `root`, looking at names only.

    Hidden entries, files beside the buildings and folders without an rgb folder are ignored.

    Raises:
        BadInput: `root` is missing, is no folder, or holds no rgb image in this layout.
    """
    if not root.is_dir():
        found = "a file" if root.exists() else "nothing"
        raise BadInput(f"{root}: found {found}, expected a folder of buildings")
    views: list[View] = []
    places: dict[tuple[str, str], Place] = {}
    for building, folders in arrangement.buildings(str(root), _names(root)).items():
        here = {
            domain: place
            for domain in DOMAINS.values()
            if (place := _place(root, folders, domain)) is not None
        }
        if not any(domain.name == "rgb" for domain in here):
            continue
        places.update({(building, domain.name): place for domain, place in here.items()})
        views += (View(building, p, v) for p, v in _listed(root, building, "rgb", places))
    if not views:
        raise arrangement.nothing(str(root))
    present = frozenset(domain for _, domain in places)
    return Dataset(root, tuple(sorted(views)), present, places)


def path(root: Path, view: View, domain: str) -> Path:
    """Return where `write` puts a view's file of a domain."""
    folder = f"{view.building}/{DOMAINS[domain].folders[0]}"
    return root / address(view, domain, Place(folder, DOMAINS[domain].files[0]))


def address(view: View, domain: str, place: Place) -> str:
    """Return where a view's file of a domain lies, below the root."""
    number = "all" if DOMAINS[domain].of_point or view.view == ALL else view.view
    name = f"point_{view.point}_view_{number}_domain_{place.word}{DOMAINS[domain].suffix}"
    return f"{place.folder}/{name}"


def locate(source: Dataset | Path, view: View, domain: str) -> Path:
    """Return where a view's file of a domain lies, by the building's own naming.

    Raises:
        BadInput: the building has no folder for that domain.
    """
    root, place = _found(source, view.building, domain)
    if place is None:
        folders = " or ".join(DOMAINS[domain].folders)
        raise BadInput(f"{root / view.building}: label folder missing, expected {folders}")
    # Not joined as paths: this is asked of every file.
    return Path(f"{root}/{address(view, domain, place)}")


def read(source: Dataset | Path, view: View, domain: str) -> Any:
    """Return the physical value of a view's file; kinds, shapes and units as in `codecs.decode`.

    `principal_curvature` is nan where the view's z-depth is missing, since its file cannot say so.
    `nonfixated_matches` is the file of the view's point.

    Raises:
        BadInput: the file or its folder is missing, or it cannot be such a file.
    """
    file = locate(source, view, domain)
    try:
        content = file.read_bytes()
    except FileNotFoundError as error:
        raise BadInput(f"{file}: found no such file, expected the {domain} of {view}") from error
    except OSError as error:
        raise BadInput(f"{file}: cannot be read ({error.strerror})") from error
    value = decode(DOMAINS[domain], content, str(file))
    if domain == "principal_curvature" and _found(source, view.building, DEPTH)[1] is not None:
        hole = np.isnan(read(source, view, DEPTH))
        if hole.shape != value.shape[:2]:
            raise BadInput(f"{file}: found size {value.shape[:2]}, the view's depth {hole.shape}")
        value[hole] = np.nan
    return value


def write(root: Path, view: View, domain: str, value: Any) -> None:
    """Write a view's file of a domain; units as in `codecs.decode`.

    Whoever makes a data set writes it under a hidden name and renames it when it is whole.
    """
    files.fill(path(root, view, domain), encode(DOMAINS[domain], value))


def missing(dataset: Dataset, domain: str) -> list[View]:
    """Return the views that have no file of a domain, sorted."""
    found: set[View] = set()
    for building in dataset.buildings:
        if (building, domain) in dataset.places:
            listed = _listed(dataset.root, building, domain, dataset.places)
            found.update(View(building, p, v) for p, v in listed)
    whole = DOMAINS[domain].of_point
    return [view for view in dataset.views if (view.every if whole else view) not in found]


def _found(source: Dataset | Path, building: str, domain: str) -> tuple[Path, Place | None]:
    """The root, and where a building keeps a domain."""
    if isinstance(source, Dataset):
        return source.root, source.places.get((building, domain))
    folders = {folder: f"{building}/{folder}" for folder in DOMAINS[domain].folders}
    return source, _place(source, folders, DOMAINS[domain])


def _names(root: Path) -> arrangement.Names:
    """What lists the entries of a folder below a root; none of what is no folder."""

    def names(folder: str) -> list[str]:
        try:
            return [entry.name for entry in (root / folder).iterdir()]
        except (FileNotFoundError, NotADirectoryError):
            return []

    return names


def _place(root: Path, folders: dict[str, str], domain: Domain) -> Place | None:
    """Which of a domain's known folders holds files of a known name, looking at one file each."""
    for folder in (folders[name] for name in domain.folders if name in folders):
        try:
            entries = os.scandir(root / folder)
        except (FileNotFoundError, NotADirectoryError):
            continue
        with entries:
            for entry in entries:
                match = arrangement.FILE.fullmatch(entry.name)
                if match and arrangement.is_of(domain, match):
                    return Place(folder, match[3])
    return None


def _listed(
    root: Path, building: str, domain: str, places: dict[tuple[str, str], Place]
) -> Iterator[tuple[int, int]]:
    place = places[building, domain]
    with os.scandir(root / place.folder) as entries:
        for entry in entries:
            match = arrangement.FILE.fullmatch(entry.name)
            if match and match[3] == place.word and arrangement.is_of(DOMAINS[domain], match):
                yield int(match[1]), ALL if match[2] == "all" else int(match[2])
