"""The hash of a data set: what its labels hold, whatever files or shards they lie in.

It is over the sorted triples (view, domain, MD5 of the file's bytes) of every view that has an
image, and of every point that has such a view where a file is of a whole point. A domain counts
under its own name, however its folder and files spell it. The declaration, the table of splits, a
README and whatever else is no label of a view do not count.
"""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from hashlib import md5, sha256
from typing import NamedTuple, TypeVar

import fsspec
from tqdm import tqdm

from taskonomy.data import catalogue, shards, unreadable
from taskonomy.data.catalogue import Catalogue
from taskonomy.data.codecs import DOMAINS
from taskonomy.data.layout import View
from taskonomy.errors import BadInput
from taskonomy.workers import cores, each

_WORTH_PROCESSES = 20_000
"""Files that take longer to digest than processes take to start."""

Unit = TypeVar("Unit")


class Label(NamedTuple):
    """A view's file of a domain, by the digest of its bytes."""

    view: View
    domain: str
    digest: str


def digest(content: bytes) -> str:
    """Return the digest of a file's bytes: MD5, which DVC and object stores know files by too."""
    return md5(content, usedforsecurity=False).hexdigest()


def combine(labels: Iterable[Label]) -> str:
    """Return the hash of a data set that holds these labels, given in any order, as 64 digits.

    Sorting them takes about 250 bytes of memory a label.

    Raises:
        BadInput: a view has two files of one domain.
    """
    listed = sorted(labels)
    with_image = {one.view for one in listed if one.domain == "rgb"}
    with_image |= {view.every for view in with_image}
    sha = sha256()
    before: tuple[View, str] | None = None
    for one in listed:
        if (one.view, one.domain) == before:
            raise BadInput(f"{one.view}: found two files of {one.domain}, expected one")
        before = one.view, one.domain
        if one.view in with_image:
            # No name holds a zero byte, so that no two data sets give the same text.
            sha.update(os.fsencode(f"{one.view}.{one.domain} {one.digest}\0"))
    return sha.hexdigest()


def content(source: str) -> str:
    """Return the hash of a data set: a folder or URL in the real layout, or one of tar shards.

    Every byte of the labels, or of the tar files, is read once; where there are many files, by one
    process a core. (`verify` reads them all anyway and gives the same hash.) A million files take a
    quarter of a gigabyte of memory, as `combine` says; beside, each process holds one file.

    Raises:
        BadInput: there is no data set, a shard is damaged, a file that is listed cannot be read, or
            a view has two files of one domain.
    """
    fs, base = fsspec.core.url_to_fs(source)
    if fs.exists(f"{base}/{shards.INDEX}"):
        sizes = {shard["name"]: shard["files"] for shard in shards.index(source)["shards"]}
        return combine(_digested(partial(_of_shard, source), list(sizes.items()), sizes.values()))
    found = catalogue.scan(source)
    folders = [
        replace(found, places={key: found.places[key]}, files={key: rows})
        for key, rows in found.files.items()
    ]
    return combine(_digested(_of_folder, folders, map(len, found.files.values())))


def _digested(
    labels_of: Callable[[Unit], list[Label]], units: Sequence[Unit], files: Iterable[int]
) -> Iterator[Label]:
    count = sum(files)
    processes = 1 if count < _WORTH_PROCESSES else cores()
    with tqdm(total=count, desc="hash", unit="file", mininterval=1) as bar:
        for labels in each(labels_of, units, processes):
            bar.update(len(labels))
            yield from labels


def _of_shard(source: str, shard: tuple[str, int]) -> list[Label]:
    name, files = shard
    return [
        Label(view, domain, digest(file))
        for view, domain, file in shards.members(f"{source}/{name}", files, DOMAINS)
        if file is not None
    ]


def _of_folder(folder: Catalogue) -> list[Label]:
    """The labels of one building in one domain."""
    fs, base = fsspec.core.url_to_fs(folder.root)
    labels = []
    for (building, domain), rows in folder.files.items():
        for view in (View(building, *row) for row in rows.tolist()):
            address = f"{base}/{folder.address(view, domain)}"
            found = unreadable.content(fs, address, f"the {domain} of {view}")
            labels.append(Label(view, domain, digest(found)))
    return labels
