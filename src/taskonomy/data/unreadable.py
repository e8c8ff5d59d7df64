"""What lies in a data set's folder and cannot be read: links to nothing, what may not be opened.

DVC reads whatever lies below the root, labels or not, so a link into a cache that was not fetched
(of DVC, of git-annex) leaves a data set without a version wherever it lies.
"""

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from taskonomy.errors import BadInput


class Unreadable(NamedTuple):
    """A file or folder that cannot be read, and what was found in its place."""

    place: Path
    found: str

    def __str__(self) -> str:
        return f"{self.place}: found {self.found}, expected a file that can be read"


def unreadable(root: Path) -> Iterator[Unreadable]:
    """Yield every entry below a folder that cannot be read, sorted within each folder.

    Hidden entries count, links to folders are followed, and no file is opened.
    """
    yield from _below(root, {_identity(root.stat())})


def content(fs: Any, address: str, what: str) -> bytes:
    """Return the bytes of a file of an fsspec file system.

    Args:
        fs: the file system.
        address: the file's place in it.
        what: what the file should be, in words.

    Raises:
        BadInput: it cannot be read.
    """
    try:
        found: bytes = fs.cat_file(address)
    except OSError as error:
        reason = "a link to nothing" if Path(address).is_symlink() else error.strerror or error
        raise BadInput(f"{address}: cannot be read ({reason}), expected {what}") from error
    return found


def _below(folder: Path, seen: set[tuple[int, int]]) -> Iterator[Unreadable]:
    try:
        with os.scandir(folder) as entries:
            listed = sorted(entries, key=lambda entry: entry.name)
    except OSError as error:
        yield Unreadable(folder, f"a folder that cannot be listed ({error.strerror})")
        return
    for entry in listed:
        place = folder / entry.name
        try:
            # A link's target; of all else the folder itself tells folders from files.
            is_folder, is_file = entry.is_dir(), entry.is_file()
            status = entry.stat() if is_folder or entry.is_symlink() else None
        except OSError as error:
            yield Unreadable(place, _why(entry, error))
            continue
        if is_folder and status is not None:
            if _identity(status) not in seen:
                seen.add(_identity(status))
                yield from _below(place, seen)
        elif not is_file:
            yield Unreadable(place, _kind(place))
        elif not os.access(place, os.R_OK):
            yield Unreadable(place, "a file without permission to read it")


def _identity(status: os.stat_result) -> tuple[int, int]:
    return status.st_dev, status.st_ino


def _why(entry: os.DirEntry[str], error: OSError) -> str:
    if not entry.is_symlink():
        return f"an entry that cannot be looked at ({error.strerror})"
    if isinstance(error, FileNotFoundError):
        return f"a link to nothing ({Path(entry.path).readlink()})"
    return f"a link that cannot be followed ({error.strerror})"


def _kind(place: Path) -> str:
    """What is neither a file nor a folder; whoever opens a pipe waits for its writer for ever."""
    mode = place.stat().st_mode
    kinds = {stat.S_IFIFO: "a named pipe", stat.S_IFSOCK: "a socket"}
    return kinds.get(stat.S_IFMT(mode), "a device")
