"""Every file of a data set in the real layout, listed once and kept.

`layout.index` looks at images alone and lists them anew each time. A catalogue holds the files of
all domains, of a folder or of an object store (any fsspec URL), and a large one is kept in the
user's cache: beside the data it would change the data's version.
"""

import json
import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property, partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import fsspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from jaxtyping import Int64
from tqdm import tqdm

from taskonomy import files
from taskonomy.data import arrangement, layout
from taskonomy.data.codecs import DOMAINS, Domain
from taskonomy.data.layout import ALL, Dataset, Place, View
from taskonomy.errors import BadInput

WORTH_KEEPING = 100_000
"""Files from which on a catalogue is kept: fewer are listed in a second."""

_THREADS = 16
"""Folders listed at once: an object store answers late, not slowly."""
_SETTLED = 2_000_000_000
"""Nanoseconds after which a folder's time of change tells of every change before."""
_KIND = 2
"""Raised whenever a kept catalogue would be misunderstood; it is part of a catalogue's name."""

Key = tuple[str, str]
Files = dict[Key, Int64[np.ndarray, "n 2"]]


@dataclass(frozen=True)
class Catalogue:
    """The files of a data set.

    Attributes:
        root: a folder, or any URL that fsspec knows.
        places: where each building keeps each domain, as in `layout.Dataset`.
        files: rows of (point, view), sorted, of each of these; of a file of a whole point the view
            is `ALL`.
        others: what lies in the folders of domains and is no file of theirs, below the root: named
            otherwise, and so left out everywhere.
    """

    root: str
    places: dict[Key, Place]
    files: Files
    others: tuple[str, ...] = ()

    @cached_property
    def views(self) -> tuple[View, ...]:
        """Every view that has an rgb image, sorted."""
        images = sorted(key for key in self.files if key[1] == "rgb")
        return tuple(
            View(building, point, view)
            for building, domain in images
            for point, view in self.files[building, domain].tolist()
        )

    @property
    def count(self) -> int:
        """The number of files."""
        return sum(map(len, self.files.values()))

    @property
    def domains(self) -> frozenset[str]:
        """The domains that at least one building has."""
        return frozenset(domain for _, domain in self.places)

    def dataset(self) -> Dataset:
        """What `layout.index` returns of the same folder."""
        return Dataset(Path(self.root), self.views, self.domains, self.places)

    def missing(self, domain: str) -> list[View]:
        """The views that have no file of a domain, sorted."""
        return sorted(set(self.views) - self.having(domain))

    def alone(self, domain: str) -> list[View]:
        """The views, or points, that have a file of a domain and no image, sorted."""
        images = set(self.views)
        if DOMAINS[domain].of_point:
            images = {view.every for view in images}
        return sorted(self.listed(domain) - images)

    def address(self, view: View, domain: str) -> str:
        """Where a view's file lies, below the root."""
        return layout.address(view, domain, self.places[view.building, domain])

    def having(self, domain: str) -> set[View]:
        """The views that have a file of a domain, of their own or of their point."""
        found = self.listed(domain)
        if DOMAINS[domain].of_point:
            return {view for view in self.views if view.every in found}
        return found

    def listed(self, domain: str) -> set[View]:
        """The views that have a file of a domain, or the points (`View.every`) of one of points."""
        return {
            View(building, point, view)
            for (building, name), rows in self.files.items()
            if name == domain
            for point, view in rows.tolist()
        }


def index(root: Path) -> Dataset:
    """Return what lies under a folder, as `layout.index` does, from a kept catalogue if it has one.

    Raises:
        BadInput: as `layout.index`.
    """
    return catalogue(str(root)).dataset()


def catalogue(root: str) -> Catalogue:
    """Return the kept catalogue of a folder while no folder of it has changed, of a URL always;
    where there is none, list the files, and keep the catalogue of many.

    Raises:
        BadInput: there is no data set in the layout.
    """
    found = _kept(root)
    if found is None:
        found = scan(root)
        if found.count >= WORTH_KEEPING:
            keep(found)
    return found


def scan(root: str) -> Catalogue:
    """List every file of a data set, looking at names only.

    Hidden entries, files beside the buildings and folders without an rgb folder are ignored.

    Raises:
        BadInput: `root` is missing, is no folder, or holds no rgb image in this layout; a folder is
            a link to nothing.
    """
    fs, base = fsspec.core.url_to_fs(root)
    if not fs.isdir(base):
        found = "a file" if fs.exists(base) else "nothing"
        raise BadInput(f"{root}: found {found}, expected a folder of buildings")
    top = _names(fs, base.rstrip("/"))
    places: dict[Key, Place] = {}
    listed: Files = {}
    others: list[str] = []
    with ThreadPoolExecutor(_THREADS) as threads:
        below = threads.map(lambda name: _names(fs, f"{base}/{name}"), top)
        inside = {"": top, **dict(zip(top, below, strict=True))}

        def names(folder: str) -> list[str]:
            return inside[folder] if folder in inside else _names(fs, f"{base}/{folder}")

        folders = arrangement.buildings(root, names)
        each = threads.map(partial(_building, fs, base), folders.values())
        bar = tqdm(each, total=len(folders), desc="index", unit="building", mininterval=1)
        for name, (building, beside) in zip(folders, bar, strict=True):
            if "rgb" in building:
                others += beside
                for domain, (place, rows) in building.items():
                    places[name, domain] = place
                    listed[name, domain] = rows
    if not places:
        raise arrangement.nothing(root)
    return Catalogue(root, places, listed, tuple(sorted(others)))


def _names(fs: Any, folder: str) -> list[str]:
    if Path(folder).is_symlink() and not Path(folder).exists():
        raise BadInput(f"{folder}: found a link to nothing, expected what it links to")
    try:
        listed = fs.ls(folder, detail=False)
    except (FileNotFoundError, NotADirectoryError):
        return []
    names = [path.rstrip("/").rsplit("/", 1)[-1] for path in listed]
    # Of a file, its own name: that is no folder.
    return [] if [path.rstrip("/") for path in listed] == [folder] else names


def _building(
    fs: Any, base: str, folders: dict[str, str]
) -> tuple[dict[str, tuple[Place, Int64[np.ndarray, "n 2"]]], list[str]]:
    """Where a building keeps each domain, and which views it has of it; and what else is there."""
    found, others = {}, []
    for domain in DOMAINS.values():
        for folder in (folders[name] for name in domain.folders if name in folders):
            names = _names(fs, f"{base}/{folder}")
            listed = None if domain.name in found else _listed(names, domain)
            if listed is not None:
                found[domain.name] = (Place(folder, listed[0]), listed[1])
            shown = {name for name in names if not name.startswith(".")}
            others += [f"{folder}/{name}" for name in shown - (listed[2] if listed else set())]
    return found, others


def _listed(
    names: list[str], domain: Domain
) -> tuple[str, Int64[np.ndarray, "n 2"], set[str]] | None:
    """The first of the domain's words that files have, those files' views, and their names."""
    matches = [m for m in map(arrangement.FILE.fullmatch, names) if m]
    matches = [match for match in matches if arrangement.is_of(domain, match)]
    for word in domain.files:
        chosen = [match for match in matches if match[3] == word]
        if chosen:
            numbers = [(int(m[1]), ALL if m[2] == "all" else int(m[2])) for m in chosen]
            rows = np.array(numbers).astype(np.int64)
            ordered = rows[np.lexsort((rows[:, 1], rows[:, 0]))]
            return word, ordered, {match[0] for match in chosen}
    return None


# --- Kept in the user's cache ---------------------------------------------------------------------


def place_of(root: str) -> Path:
    """Return where the catalogue of a data set is kept."""
    caches = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    name = f"{sha256(f'{_KIND} {_absolute(root)}'.encode()).hexdigest()[:20]}.parquet"
    return Path(caches) / "taskonomy" / "catalogues" / name


def keep(found: Catalogue) -> None:
    """Write a catalogue into the user's cache; one of folders that have just changed is not, since
    a change within the clock's resolution would not be seen."""
    stamps = dict(_stamps(found.root, found.places))
    newest = max(stamps.values(), default=0)
    if newest and newest > time.time_ns() - _SETTLED:
        return
    keys = sorted(found.files)
    lengths = [len(found.files[key]) for key in keys]
    rows = np.concatenate([found.files[key] for key in keys])
    columns = {
        "building": [building for building, _ in keys],
        "domain": [domain for _, domain in keys],
        "folder": [found.places[key].folder for key in keys],
        "word": [found.places[key].word for key in keys],
        "files": lengths,
    }
    folders = pa.table(columns).to_pylist()
    facts = {"root": _absolute(found.root), "folders": folders, "stamps": stamps}
    facts |= {"others": found.others}
    table = pa.table({"point": rows[:, 0], "view": rows[:, 1]})
    table = table.replace_schema_metadata({"catalogue": json.dumps(facts)})
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd")
    files.write(place_of(found.root), sink.getvalue().to_pybytes())


def _kept(root: str) -> Catalogue | None:
    place = place_of(root)
    if not place.is_file():
        return None
    table = pq.read_table(place)
    facts = json.loads(table.schema.metadata[b"catalogue"])
    folders = facts["folders"]
    places = {(f["building"], f["domain"]): Place(f["folder"], f["word"]) for f in folders}
    if dict(_stamps(root, places)) != facts["stamps"]:
        return None
    rows = np.stack([table["point"].to_numpy(), table["view"].to_numpy()], 1)
    ends = np.cumsum([f["files"] for f in folders])
    parts = np.split(rows, ends[:-1])
    return Catalogue(root, places, dict(zip(places, parts, strict=True)), tuple(facts["others"]))


def _absolute(root: str) -> str:
    return root if "://" in root else str(Path(root).resolve())


def _stamps(root: str, places: dict[Key, Place]) -> Iterator[tuple[str, int]]:
    """When each folder last changed; an object store's folders have no such time."""
    if "://" in root:
        return
    inside = {place.folder for place in places.values()}
    # And every folder above these: a new building appears in one of them.
    above = {folder.rsplit("/", n)[0] for folder in inside for n in range(1, folder.count("/") + 1)}
    for name in ("", *sorted(above | inside)):
        try:
            yield name, Path(root, name).stat().st_mtime_ns
        except OSError:
            yield name, 0
