"""The store: a directory or an object-store prefix in which every output has a computed place.

An output lies at `<root>/<stage>/<key>/`, where the key is the hash of what determines it. Files
are written under a temporary name and renamed, and a stage writes its marker last, so a finished
key can be skipped: a rerun, a retry and a resume are one mechanism.
"""

import hashlib
import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from shutil import rmtree
from tempfile import TemporaryDirectory
from typing import Any

import fsspec

from taskonomy import files
from taskonomy.formats import Format

MARKER = "done.json"


def digest(**parts: Any) -> str:
    """The key of an output: a hash of everything that determines it, as 20 hexadecimal digits."""
    text = json.dumps(parts, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:20]


@cache
def code_version(*packages: str) -> str:
    """A hash of the source of these modules or sub-packages of taskonomy, as 12 digits."""
    sha = hashlib.sha256()
    for package in packages:
        entry = resources.files("taskonomy") / package
        for name, source in sorted(_sources(entry, package)):
            sha.update(name.encode())
            sha.update(source)
    return sha.hexdigest()[:12]


def _sources(entry: Traversable, name: str) -> list[tuple[str, bytes]]:
    if entry.is_file():
        return [(name, entry.read_bytes())]
    return [
        found
        for child in entry.iterdir()
        if child.name.endswith(".py") or (child.is_dir() and child.name != "__pycache__")
        for found in _sources(child, f"{name}/{child.name}")
    ]


class Store:
    """Files under one root, local or remote (any fsspec URL)."""

    def __init__(self, root: str) -> None:
        self.root = root
        self._fs, self._base = fsspec.core.url_to_fs(root)
        self._local = "file" in _protocols(self._fs)

    def path(self, *parts: str) -> str:
        """The place of a file or folder below the root, as this file system names it."""
        return "/".join((self._base.rstrip("/"), *parts))

    def address(self, *parts: str) -> str:
        """The place of a file or folder as a reader elsewhere finds it: a URL if it is remote."""
        place = self.path(*parts)
        return place if self._local else str(self._fs.unstrip_protocol(place))

    def local(self, *parts: str) -> Path:
        """The place as a local path, fetched into a cache first if the store is remote."""
        if self._local:
            return Path(self.path(*parts))
        target = Path.home() / ".cache" / "taskonomy" / digest(root=self.root) / Path(*parts)
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            partial = target.with_name(f".{target.name}.{uuid.uuid4().hex}")
            self._fs.get(self.path(*parts), str(partial), recursive=True)
            partial.rename(target)
        return target

    def within(self, place: Path) -> str:
        """A place as a record in this store keeps it: relative to the root if it lies below it, so
        that the store can be moved with what lies in it."""
        root = Path(self._base).resolve()
        inside = self._local and place.resolve().is_relative_to(root)
        return str(place.resolve().relative_to(root) if inside else place)

    def located(self, place: str) -> Path:
        """The inverse of `within`."""
        return Path(place) if Path(place).is_absolute() else Path(self.path(place))

    def exists(self, *parts: str) -> bool:
        """Whether that file or folder is there."""
        return bool(self._fs.exists(self.path(*parts)))

    def finished(self, stage: str, key: str) -> bool:
        """Whether the stage has finished that key."""
        return self.exists(stage, key, MARKER)

    def keys(self, stage: str) -> list[str]:
        """The finished keys of a stage, sorted."""
        if not self.exists(stage):
            return []
        names = [
            str(entry).rstrip("/").rpartition("/")[2]
            for entry in self._fs.ls(self.path(stage), detail=False)
        ]
        return sorted(name for name in names if self.finished(stage, name))

    def finish(self, stage: str, key: str, **facts: Any) -> None:
        """Write the marker of a finished key, with facts about how it came to be."""
        self.write_json(facts, stage, key, MARKER)

    @contextmanager
    def output(self, stage: str, key: str, **facts: Any) -> Iterator[Path]:
        """A folder to write a stage's output into; it takes its place, whole, on leaving.

        The marker is written last, with the facts. Nothing is kept if the block raises.
        """
        with TemporaryDirectory(dir=self._scratch(stage), prefix=f".{key}.") as scratch:
            folder = Path(scratch) / key
            folder.mkdir()
            try:
                yield folder
            except OSError as error:
                # A full disk does not say by itself where it is.
                error.filename = error.filename or self.path(stage, key)
                raise
            if self._local:
                place = Path(self.path(stage, key))
                if place.exists():
                    rmtree(place)  # unfinished: it has no marker
                folder.rename(place)
            else:
                self._fs.put(str(folder), self.path(stage, key), recursive=True)
        self.finish(stage, key, **facts)

    def _scratch(self, stage: str) -> str | None:
        if not self._local:
            return None
        Path(self.path(stage)).mkdir(parents=True, exist_ok=True)
        return self.path(stage)

    def read_bytes(self, *parts: str) -> bytes:
        """The content of a file."""
        content: bytes = self._fs.cat_file(self.path(*parts))
        return content

    def write_bytes(self, content: bytes, *parts: str) -> None:
        """Write a file whole or not at all."""
        place = self.path(*parts)
        if not self._local:
            self._fs.pipe_file(place, content)
            return
        files.write(Path(place), content)

    def remove(self, *parts: str) -> None:
        """Remove a file, if it is there."""
        if self.exists(*parts):
            self._fs.rm_file(self.path(*parts))

    def read_json(self, *parts: str) -> Any:
        """The content of a JSON file."""
        return json.loads(self.read_bytes(*parts))

    def read_format(self, kind: Format, *parts: str) -> dict[str, Any]:
        """The content of a JSON file that says its format.

        Raises:
            BadInput: it is no such file, or a newer version has written it.
        """
        return kind.parse(self.read_bytes(*parts), self.path(*parts))

    def write_json(self, value: Any, *parts: str) -> None:
        """Write a JSON file whole or not at all."""
        self.write_bytes(json.dumps(value, indent=1, sort_keys=True).encode(), *parts)


def _protocols(fs: Any) -> tuple[str, ...]:
    return (fs.protocol,) if isinstance(fs.protocol, str) else tuple(fs.protocol)
