"""The files of a data set: `<root>/<building>/<folder>/point_{P}_view_{V}_domain_{DOMAIN}.png`.

The real Taskonomy and Omnidata layout, read in place with either generation of folder and file
names, and the layout that rooms and captures are written in. What a file holds is in `codecs`.
"""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from taskonomy import files
from taskonomy.data.codecs import DOMAINS, Domain, decode, encode
from taskonomy.errors import BadInput

_FILE = re.compile(r"point_(\d+)_view_(\d+)_domain_(\w+)\.(png|json|npy)")

DEPTH = "depth_zbuffer"
"""The label folder of z-depth, whose holes are missing in other labels too."""


class View(NamedTuple):
    """One photograph: a camera's `view` of a fixated `point` in a `building`."""

    building: str
    point: int
    view: int

    def __str__(self) -> str:
        return f"{self.building}/point_{self.point}_view_{self.view}"


class Place(NamedTuple):
    """Where a building keeps a domain: the folder, and the word after `_domain_` in its files."""

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
    for building in sorted(_folders(root)):
        here = {
            domain: place
            for domain in DOMAINS.values()
            if (place := _place(root / building, domain)) is not None
        }
        if not any(domain.name == "rgb" for domain in here):
            continue
        places.update({(building, domain.name): place for domain, place in here.items()})
        views += (View(building, p, v) for p, v in _listed(root, building, "rgb", places))
    if not views:
        raise BadInput(
            f"{root}: found no rgb image, expected <building>/rgb/point_0_view_0_domain_rgb.png"
        )
    present = frozenset(domain for _, domain in places)
    return Dataset(root, tuple(sorted(views)), present, places)


def path(root: Path, view: View, domain: str) -> Path:
    """Return where `write` puts a view's file of a domain."""
    return _path(root, view, domain, Place(DOMAINS[domain].folders[0], DOMAINS[domain].files[0]))


def locate(source: Dataset | Path, view: View, domain: str) -> Path:
    """Return where a view's file of a domain lies, by the building's own naming.

    Raises:
        BadInput: the building has no folder for that domain.
    """
    if isinstance(source, Dataset):
        root, place = source.root, source.places.get((view.building, domain))
    else:
        root, place = source, _place(source / view.building, DOMAINS[domain])
    if place is None:
        folders = " or ".join(DOMAINS[domain].folders)
        raise BadInput(f"{root / view.building}: label folder missing, expected {folders}")
    return _path(root, view, domain, place)


def read(source: Dataset | Path, view: View, domain: str) -> Any:
    """Return the physical value of a view's file; kinds, shapes and units as in `codecs.decode`.

    `principal_curvature` is nan where the view's z-depth is missing, since its file cannot say so.

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
    if domain == "principal_curvature" and _has(source, view, DEPTH):
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
    return [view for view in dataset.views if view not in found]


def _has(source: Dataset | Path, view: View, domain: str) -> bool:
    if isinstance(source, Dataset):
        return (view.building, domain) in source.places
    return _place(source / view.building, DOMAINS[domain]) is not None


def _path(root: Path, view: View, domain: str, place: Place) -> Path:
    name = f"point_{view.point}_view_{view.view}_domain_{place.word}{DOMAINS[domain].suffix}"
    return Path(f"{root}/{view.building}/{place.folder}/{name}")


def _folders(root: Path) -> list[str]:
    with os.scandir(root) as entries:
        return [e.name for e in entries if not e.name.startswith(".") and e.is_dir()]


def _place(building: Path, domain: Domain) -> Place | None:
    """Which of a domain's known folders holds files of a known name, looking at one file each."""
    for folder in domain.folders:
        try:
            entries = os.scandir(building / folder)
        except (FileNotFoundError, NotADirectoryError):
            continue
        with entries:
            for entry in entries:
                match = _FILE.fullmatch(entry.name)
                if match and match[3] in domain.files and f".{match[4]}" == domain.suffix:
                    return Place(folder, match[3])
    return None


def _listed(
    root: Path, building: str, domain: str, places: dict[tuple[str, str], Place]
) -> Iterator[tuple[int, int]]:
    place = places[building, domain]
    with os.scandir(root / building / place.folder) as entries:
        for entry in entries:
            match = _FILE.fullmatch(entry.name)
            if match and match[3] == place.word:
                yield int(match[1]), int(match[2])
