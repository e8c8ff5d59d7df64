"""The ways in which a request ends without a result."""

import errno
import re

_WISHES = {
    **dict.fromkeys(
        (errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EPERM, errno.EROFS),
        "a writable place with free space",
    ),
    **dict.fromkeys((errno.ENOTDIR, errno.EEXIST), "a folder, or nothing yet"),
    errno.ENAMETOOLONG: "a shorter name",
}

_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-_])")
"""Terminal codes: colours and cursors, titles and links, and the short ones."""
_UNSAFE = re.compile(
    r"weights_only|allow_pickle|safe_globals|trust|unsafe|can still be loaded|pickle\.load",
    re.IGNORECASE,
)
"""What only a sentence says that advises to load a file without the checks."""
_CLAUSE = re.compile(r",? (?:when|with|if|unless|because) `?(?:weights_only|allow_pickle)\b.*")
"""The same advice at the end of a sentence that gives the reason."""
_LONGEST = 300


class BadInput(Exception):
    """Input that cannot be used: one line with what and where, what was found, what was expected.

    The command line prints the line on stderr and exits with 2.
    """


class Infeasible(Exception):
    """A well-formed request that no taxonomy satisfies; the command line exits with 3."""


class StageFailed(RuntimeError):
    """A stage ended in an error that is not bad input; one line, with the place of the log."""


def unusable(error: OSError) -> str | None:
    """One line for a place that the user gave and that cannot be used; None for other errors."""
    if error.errno not in _WISHES:
        return None
    place = error.filename or "the output"
    return f"{place}: {error.strerror}; expected {_WISHES[error.errno]}"


def one_line(error: BaseException) -> str:
    """Return what an exception of other people's code says, as one line that can be printed.

    The first line that says something, without terminal codes, of `_LONGEST` characters at most; an
    exception without a message gives the name of its class, a `KeyError` that name and the key. A
    library's advice to load a file without its checks is left out: the reader of the line does not
    know what the file would then run.
    """
    kind = type(error).__name__
    try:
        message = str(error)
    except Exception:  # An exception of a user's own, whose `__str__` raises one in its turn.
        return kind
    lines = (_without_advice(line) for line in _ESCAPES.sub("", message).splitlines())
    line = next((line for line in lines if line), "")
    if not line:
        return kind
    if isinstance(error, KeyError):
        line = f"{kind}: {line}"
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 3]}..."


def _without_advice(line: str) -> str:
    """Return a line without control characters, runs of blanks and advice to load unsafely."""
    plain = " ".join("".join(c if c.isprintable() else " " for c in line).split())
    sentences = (_CLAUSE.sub("", part) for part in re.split(r"(?<=[.!?])\s+", plain))
    return " ".join(part for part in sentences if not _UNSAFE.search(part))
