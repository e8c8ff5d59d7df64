"""A data set as tar shards, as WebDataset reads them: few large files instead of millions of small.

A shard holds the files of some points, as they are, each under the key of its view:
`<building>/point_{P}_view_{V}.<domain>.png`, or `point_{P}_view_all` where it is of a whole point.
Source and shards may lie in an object store (any fsspec URL); both are streamed.
"""

import io
import json
import re
import shutil
import tarfile
from collections.abc import Collection, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

import fsspec
from tqdm import tqdm

from taskonomy import files, formats
from taskonomy.data import catalogue, layout, unreadable
from taskonomy.data.availability import DECLARATION
from taskonomy.data.catalogue import Catalogue
from taskonomy.data.codecs import DOMAINS, decode
from taskonomy.data.layout import ALL, View
from taskonomy.data.splits import TABLES
from taskonomy.errors import BadInput

SHARD_BYTES = 256 << 20
"""About the size of a shard: large enough to stream, small enough to shuffle."""
INDEX = "shards.json"
"""Beside the shards, written last: their names in order, with the numbers of views and files."""

_MEMBER = re.compile(r"([^./][^/]*)/point_(\d+)_view_(\d+|all)\.(\w+)(\.png|\.json|\.npy)")
_THREADS = 16
_PROBED = 16


class Packed(NamedTuple):
    """What a packing came to; `others` are files in the folders of labels that are no labels."""

    views: int
    shards: int
    bytes: int
    others: tuple[str, ...]


def pack(source: str, out: Path) -> Packed:
    """Repack a data set into shards of whole points, in the views' order.

    Equal data give equal shards. Each appears when it is whole, and one that is there is kept, so
    that an interrupted packing goes on.

    Args:
        source: a folder or URL in the real layout.
        out: the folder for the shards: new, or of the same packing interrupted.

    Raises:
        BadInput: there is no data set, a file of it cannot be read, or `out` holds something else.
    """
    found = catalogue.catalogue(source)
    fs, base = fsspec.core.url_to_fs(source)
    domains = sorted(found.domains)
    have = {domain: found.listed(domain) for domain in domains}

    def read(view: View) -> list[tuple[str, bytes]]:
        return [
            (
                _member(view, domain),
                unreadable.content(
                    fs, f"{base}/{found.address(view, domain)}", f"the {domain} of {view}"
                ),
            )
            for domain in domains
            if view in have[domain]
        ]

    keys = _keys(found)
    about = {"source": found.count, "views": len(found.views)}
    _open(out, about)
    probed = found.views[:_PROBED]
    size = max(sum(len(content) for _, content in read(view)) for view in probed)
    chunks = _chunks(keys, max(1, SHARD_BYTES // size))
    names = [f"shard-{number:06d}.tar" for number in range(len(chunks))]
    with (
        ThreadPoolExecutor(_THREADS) as threads,
        tqdm(total=len(found.views), desc="pack", unit="view", mininterval=1) as bar,
    ):
        for name, chosen in zip(names, chunks, strict=True):
            if not (out / name).is_file():
                _write(out / name, threads.map(read, chosen))
            bar.update(_views(chosen))
    for name in (DECLARATION, *TABLES):
        if fs.exists(f"{base}/{name}"):
            files.write(out / name, fs.cat_file(f"{base}/{name}"))
    table = []
    for name, chosen in zip(names, chunks, strict=True):
        count = sum(view in have[domain] for domain in domains for view in chosen)
        table.append({"name": name, "views": _views(chosen), "files": count})
    listed = formats.SHARDS.stamped(about | {"shards": table})
    files.write(out / INDEX, (json.dumps(listed, indent=1) + "\n").encode())
    size = sum((out / name).stat().st_size for name in names)
    return Packed(len(found.views), len(names), size, found.others)


def _keys(found: Catalogue) -> list[View]:
    """The views, and before those of each point the point itself if it has a file."""
    points = {
        view
        for domain in found.domains
        if DOMAINS[domain].of_point
        for view in found.listed(domain)
    }
    return sorted({*found.views, *(points & {view.every for view in found.views})})


def _chunks(keys: Sequence[View], views: int) -> list[list[View]]:
    """The keys in parts of about so many views, none of which divides a point."""
    chunks: list[list[View]] = []
    room = 0
    for _, group in groupby(keys, key=lambda view: view[:2]):
        of_point = list(group)
        if room <= 0:
            chunks.append([])
            room = views
        chunks[-1] += of_point
        room -= _views(of_point)
    return chunks


def _views(keys: Iterable[View]) -> int:
    return sum(key.view != ALL for key in keys)


def _open(out: Path, about: dict[str, int]) -> None:
    """Make `out` ready: new, or what an interrupted packing of as many files left."""
    under_way = out / f".{INDEX}"
    inside = {entry.name for entry in out.iterdir()} if out.is_dir() else set()
    if out.is_file() or (inside and not inside & {INDEX, under_way.name}):
        raise BadInput(f"{out}: found something there, expected an absent or empty folder")
    place = out / INDEX if INDEX in inside else under_way
    if inside:
        before = formats.SHARDS.read(place)
        if {key: before.get(key) for key in about} != about:
            raise BadInput(
                f"{place}: found a packing of {before.get('source')} files, expected one of the "
                f"{about['source']} here, or another folder"
            )
    files.write(under_way, json.dumps(about).encode())


def _member(view: View, domain: str) -> str:
    return f"{view}.{domain}{DOMAINS[domain].suffix}"


def _write(place: Path, views: Iterator[list[tuple[str, bytes]]]) -> None:
    partial_ = place.with_name(f".{place.name}.{uuid4().hex}")
    try:
        with tarfile.open(partial_, "w", format=tarfile.USTAR_FORMAT) as tar:
            for members in views:
                for name, content in members:
                    entry = tarfile.TarInfo(name)
                    entry.size = len(content)
                    tar.addfile(entry, io.BytesIO(content))
        partial_.replace(place)
    finally:
        partial_.unlink(missing_ok=True)


def samples(
    source: str, domains: Sequence[str], shards: Sequence[str] | None = None
) -> Iterator[tuple[View, dict[str, Any]]]:
    """Stream views with their decoded labels and their point's, in the shards' order.

    Args:
        source: the folder or URL of the shards.
        domains: which files to decode; others are passed by.
        shards: which shards, all unless given.

    Raises:
        BadInput: there are no shards, or one is damaged.
    """
    point: tuple[View, dict[str, bytes]] | None = None
    for view, contents in _grouped(source, shards, domains):
        if view.view == ALL:
            point = view, contents
            continue
        if point is not None and point[0] == view.every:
            contents = point[1] | contents
        yield (
            view,
            {
                domain: decode(DOMAINS[domain], content, f"{view}.{domain}")
                for domain, content in contents.items()
            },
        )


def unpack(source: str, out: Path) -> int:
    """Write a data set in the real layout from its shards, whole or not at all; returns its views.

    Args:
        source: the folder or URL of the shards.
        out: the data set: absent or empty.

    Raises:
        BadInput: there are no shards, one is damaged, or `out` holds something.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise BadInput(f"{out}: found something there, expected an absent or empty folder")
    table = index(source)
    fs, base = fsspec.core.url_to_fs(source)
    temporary = out.parent / f".{out.name}.{uuid4().hex}"
    try:
        bar = tqdm(total=table["views"], desc="unpack", unit="view", mininterval=1)
        with bar, ThreadPoolExecutor(_THREADS) as threads:
            for view, contents in _grouped(source, None, DOMAINS):
                write = partial(_place, temporary, view)
                list(threads.map(write, contents.keys(), contents.values()))
                bar.update(_views([view]))
        for name in (DECLARATION, *TABLES):
            if fs.exists(f"{base}/{name}"):
                files.fill(temporary / name, fs.cat_file(f"{base}/{name}"))
        if out.exists():
            out.rmdir()
        temporary.rename(out)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return int(table["views"])


def _place(root: Path, view: View, domain: str, content: bytes) -> None:
    files.fill(layout.path(root, view, domain), content)


def index(source: str) -> dict[str, Any]:
    """Return what lies beside the shards: `views`, and of each of the `shards` its numbers of views
    and files.

    Raises:
        BadInput: there are no shards.
    """
    fs, base = fsspec.core.url_to_fs(source)
    if not fs.exists(f"{base}/{INDEX}"):
        raise BadInput(f"{source}: found no {INDEX}, expected a folder that `data pack` finished")
    return formats.SHARDS.parse(fs.cat_file(f"{base}/{INDEX}"), f"{source}/{INDEX}")


def _grouped(
    source: str, shards: Sequence[str] | None, domains: Collection[str]
) -> Iterator[tuple[View, dict[str, bytes]]]:
    """Each view's files of those domains, by domain."""
    counts = {shard["name"]: shard["files"] for shard in index(source)["shards"]}
    for name in counts if shards is None else shards:
        if name not in counts:
            raise BadInput(f"{source}/{name}: found no such shard in {INDEX}")
        before: View | None = None
        contents: dict[str, bytes] = {}
        for view, domain, content in members(f"{source}/{name}", counts[name], domains):
            if before is not None and view != before:
                yield before, contents
                contents = {}
            before = view
            if content is not None:
                contents[domain] = content
        if before is not None:
            yield before, contents


def members(
    where: str, expected: int, domains: Collection[str]
) -> Iterator[tuple[View, str, bytes | None]]:
    """Return each file's view, domain and, if it is one of those domains, content.

    Args:
        where: a shard's path or URL.
        expected: how many files it holds.
        domains: whose files to read; others are passed by.

    Raises:
        BadInput: the shard is missing or damaged.
    """
    found = 0
    with (
        _damage_named(where),
        fsspec.open(where, "rb") as stream,
        tarfile.open(fileobj=stream, mode="r|") as tar,
    ):
        for entry in tar:
            match = _MEMBER.fullmatch(entry.name)
            if match is None or match[4] not in DOMAINS or not entry.isfile():
                raise BadInput(f"{where}: found {entry.name!r}, expected a view's file of a domain")
            if (match[3] == "all") != DOMAINS[match[4]].of_point:
                raise BadInput(
                    f"{where}: found {entry.name!r}, expected a {match[4]} a "
                    f"{'point' if DOMAINS[match[4]].of_point else 'view'}"
                )
            number = ALL if match[3] == "all" else int(match[3])
            file = tar.extractfile(entry) if match[4] in domains else None
            content = file.read() if file is not None else None
            yield View(match[1], int(match[2]), number), match[4], content
            found += 1
    # A tar file that ends between two files, or goes on with rubbish, reads as a shorter one.
    if found != expected:
        raise BadInput(f"{where}: not a whole tar file (found {found} files, expected {expected})")


@contextmanager
def _damage_named(where: str) -> Iterator[None]:
    try:
        yield
    except (tarfile.TarError, EOFError) as error:
        raise BadInput(f"{where}: not a whole tar file ({error})") from error
    except FileNotFoundError as error:
        raise BadInput(f"{where}: found no such shard, though {INDEX} lists it") from error
