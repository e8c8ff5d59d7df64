"""What kind of file some bytes are, whatever the file is called."""

import pickletools
from typing import Literal

from taskonomy.errors import BadInput

Kind = Literal["parquet", "npy", "pickle", "text"]

_MARKS: tuple[tuple[bytes, Kind], ...] = ((b"PAR1", "parquet"), (b"\x93NUMPY", "npy"))
_OTHERS = (
    (b"\x1f\x8b", "a file compressed by gzip (gunzip unpacks it)"),
    (b"\x28\xb5\x2f\xfd", "a file compressed by zstd (unzstd unpacks it)"),
    (b"BZh", "a file compressed by bzip2 (bunzip2 unpacks it)"),
    (b"\xfd7zXZ", "a file compressed by xz (unxz unpacks it)"),
    (b"PK\x03\x04", "a zip archive, as .npz and .xlsx files are"),
    (b"PARE", "an encrypted Parquet file"),
    (b"ARROW1", "an Arrow file, as Feather is"),
    (b"\xff\xff\xff\xff", "an Arrow stream"),
    (b"FEA1", "a Feather file of the first version"),
    (b"ORC", "an ORC file"),
    (b"Obj\x01", "an Avro file"),
    (b"\x89HDF\r\n\x1a\n", "an HDF5 file"),
    (b"MATLAB", "a MATLAB file"),
    (b"SQLite format 3\0", "an SQLite database"),
    (b"%PDF", "a PDF"),
    (b"version https://git-lfs", "a pointer of Git LFS (git lfs pull gets the file)"),
)
_WEB = (b"<!doctype", b"<html", b"<?xml")


def kind(content: bytes) -> Kind:
    """Return the kind of a file.

    A text is whatever else is there: its reader says what is wrong with it. A pickle of protocol 0
    or 1 has no mark of its own and is known by its commands, none of which is carried out.

    Raises:
        BadInput: it is of a kind that holds no affinities; the line says which.
    """
    if not content:
        raise BadInput("found an empty file")
    for mark, known in _MARKS:
        if content.startswith(mark):
            return known
    for mark, words in _OTHERS:
        if content.startswith(mark):
            raise BadInput(f"found {words}")
    head = content[:64].lstrip().lower()
    if head.startswith(_WEB):
        raise BadInput("found a page of the web (HTML or XML)")
    if head.startswith(b"{"):
        raise BadInput("found a JSON object")
    return "pickle" if content[:1] == b"\x80" or _is_old_pickle(content) else "text"


def _is_old_pickle(content: bytes) -> bool:
    if not content.endswith(b"."):
        return False
    try:
        for _ in pickletools.genops(content):
            pass
    except Exception:  # Whatever bytes that are no pickle make the parser raise.
        return False
    return True
