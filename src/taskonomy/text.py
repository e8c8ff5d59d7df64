"""Text as people and their tools save it: UTF-8, or what a byte order mark says."""

import codecs
from pathlib import Path

from taskonomy.errors import BadInput

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    # UTF-32's mark in little endian begins with UTF-16's.
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


def decode_text(content: bytes, where: Path | str) -> str:
    """Return a file's text without its byte order mark, its lines ended by a newline each.

    Args:
        content: the file's bytes, in UTF-8, or in UTF-16 or UTF-32 with a byte order mark.
        where: the file, as an error names it.

    Raises:
        BadInput: it is text of another encoding, such as Latin-1, or none at all.
    """
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            return _decode(content[len(mark) :], encoding, where)
    return _decode(content, "utf-8", where)


def read_text(path: Path) -> str:
    """Return the text of a file, as `decode_text` does.

    Raises:
        BadInput: it is no text that `decode_text` reads.
        OSError: it cannot be read.
    """
    return decode_text(path.read_bytes(), path)


def _decode(content: bytes, encoding: str, where: Path | str) -> str:
    name = encoding.removesuffix("-le").removesuffix("-be").upper()
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise BadInput(
            f"{where}: line {line} is not {name} (byte 0x{content[error.start]:02x}"
            f"{_guess(content)}); expected text in UTF-8"
        ) from error
    if "\0" in text:
        raise BadInput(f"{where}: found zero bytes{_guess(content)}; expected text in UTF-8")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _guess(content: bytes) -> str:
    """What else the bytes may be, in words."""
    zeros = content.count(0)
    if zeros == 0:
        return ", as in Latin-1 or Windows-1252"
    return ", as in UTF-16 without a byte order mark" if zeros > len(content) // 4 else ""
