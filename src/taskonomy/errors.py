"""The two ways in which a request ends without a result."""


class BadInput(Exception):
    """Input that cannot be used: one line with what and where, what was found, what was expected.

    The command line prints the line on stderr and exits with 2.
    """


class Infeasible(Exception):
    """A well-formed request that no taxonomy satisfies; the command line exits with 3."""


class StageFailed(RuntimeError):
    """A stage ended in an error that is not bad input; one line, with the place of the log."""
