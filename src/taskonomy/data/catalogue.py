"""Every file of a data set in the real layout, listed once and kept.

`layout.index` looks at images alone and lists them anew each time. A catalogue holds the files of
all domains, of a folder or of an object store (any fsspec URL), and a large one is kept in the
user's cache: beside the data it would change the data's version.
"""

import json
import os
import re
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
from taskonomy.data.codecs import DOMAINS, Domain
from taskonomy.data.layout import Dataset, Place, View
from taskonomy.errors import BadInput

WORTH_KEEPING = 100_000
"""Files from which on a catalogue is kept: fewer are listed in a second."""

_NAMES = re.compile(r"^point_(\d+)_view_(\d+)_domain_(\w+)(\.png|\.json|\.npy)$", re.MULTILINE)
_THREADS = 16
"""Folders listed at once: an object store answers late, not slowly."""
_SETTLED = 2_000_000_000
"""Nanoseconds after which a folder's time of change tells of every change before."""

Key = tuple[str, str]
Files = dict[Key, Int64[np.ndarray, "n 2"]]


@dataclass(frozen=True)
class Catalogue:
    """The files of a data set.

    Attributes:
        root: a folder, or any URL that fsspec knows.
        places: where each building keeps each domain, as in `layout.Dataset`.
        files: rows of (point, view), sorted, of each of these.
    """

    root: str
    places: dict[Key, Place]
    files: Files

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
        """The views that have a file of a domain and no image, sorted."""
        return sorted(self.having(domain) - set(self.views))

    def address(self, view: View, domain: str) -> str:
        """Where a view's file lies, below the root."""
        place = self.places[view.building, domain]
        name = f"point_{view.point}_view_{view.view}_domain_{place.word}{DOMAINS[domain].suffix}"
        return f"{view.building}/{place.folder}/{name}"

    def having(self, domain: str) -> set[View]:
        """The views that have a file of a domain."""
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
    names = sorted(name for name in _names(fs, base) if not name.startswith("."))
    places: dict[Key, Place] = {}
    listed: Files = {}
    with ThreadPoolExecutor(_THREADS) as threads:
        each = threads.map(partial(_building, fs, base), names)
        bar = tqdm(each, total=len(names), desc="index", unit="building", mininterval=1)
        for name, building in zip(names, bar, strict=True):
            if "rgb" in building:
                for domain, (place, rows) in building.items():
                    places[name, domain] = place
                    listed[name, domain] = rows
    if not places:
        raise BadInput(
            f"{root}: found no rgb image, expected <building>/rgb/point_0_view_0_domain_rgb.png"
        )
    return Catalogue(root, places, listed)


def _names(fs: Any, folder: str) -> list[str]:
    if Path(folder).is_symlink() and not Path(folder).exists():
        raise BadInput(f"{folder}: found a link to nothing, expected what it links to")
    return [path.rsplit("/", 1)[-1] for path in fs.ls(folder, detail=False)]


def _building(fs: Any, base: str, name: str) -> dict[str, tuple[Place, Int64[np.ndarray, "n 2"]]]:
    """Where a building keeps each domain, and which views it has of it."""
    inside = set(_names(fs, f"{base}/{name}"))
    found = {}
    for domain in DOMAINS.values():
        for folder in (folder for folder in domain.folders if folder in inside):
            listed = _listed(_names(fs, f"{base}/{name}/{folder}"), domain)
            if listed is not None:
                found[domain.name] = (Place(folder, listed[0]), listed[1])
                break
    return found


def _listed(names: list[str], domain: Domain) -> tuple[str, Int64[np.ndarray, "n 2"]] | None:
    """The first of the domain's words that files have, and those files' views."""
    matches = _NAMES.findall("\n".join(names))
    words = {word for _, _, word, suffix in matches if suffix == domain.suffix}
    for word in domain.files:
        if word in words:
            rows = np.array([(p, v) for p, v, w, _ in matches if w == word]).astype(np.int64)
            return word, rows[np.lexsort((rows[:, 1], rows[:, 0]))]
    return None


# --- Kept in the user's cache ---------------------------------------------------------------------


def place_of(root: str) -> Path:
    """Return where the catalogue of a data set is kept."""
    caches = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    name = f"{sha256(_absolute(root).encode()).hexdigest()[:20]}.parquet"
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
    return Catalogue(root, places, dict(zip(places, parts, strict=True)))


def _absolute(root: str) -> str:
    return root if "://" in root else str(Path(root).resolve())


def _stamps(root: str, places: dict[Key, Place]) -> Iterator[tuple[str, int]]:
    """When each folder last changed; an object store's folders have no such time."""
    if "://" in root:
        return
    inside = {f"{building}/{place.folder}" for (building, _), place in places.items()}
    for name in ("", *sorted({building for building, _ in places}), *sorted(inside)):
        try:
            yield name, Path(root, name).stat().st_mtime_ns
        except OSError:
            yield name, 0
