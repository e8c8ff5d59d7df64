"""The ways in which a request ends without a result."""

import errno

_WISHES = {
    **dict.fromkeys(
        (errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EPERM, errno.EROFS),
        "a writable place with free space",
    ),
    **dict.fromkeys((errno.ENOTDIR, errno.EEXIST), "a folder, or nothing yet"),
    errno.ENAMETOOLONG: "a shorter name",
}


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
