"""What a check says."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Finding:
    """One line of a check.

    Attributes:
        state: `ok`; `note`, with which a run still works; `fault`, with which it does not;
            `unseen`, which this account may not look at.
        subject: what was looked at.
        text: what was found.
        fix: what to do about it; empty if it is ok.
    """

    state: Literal["ok", "note", "fault", "unseen"]
    subject: str
    text: str
    fix: str = ""

    def __str__(self) -> str:
        return f"{self.state:8}{self.subject}: {self.text}" + (f"; {self.fix}" if self.fix else "")


def ok(subject: str, text: str) -> Finding:
    """As it should be."""
    return Finding("ok", subject, text)


def note(subject: str, text: str, fix: str) -> Finding:
    """A run works, but not as well as it could, or this was not asked for."""
    return Finding("note", subject, text, fix)


def fault(subject: str, text: str, fix: str) -> Finding:
    """A run does not work."""
    return Finding("fault", subject, text, fix)


def unseen(subject: str) -> Finding:
    """Nobody knows: this account may not look at it."""
    fix = "look with an account that may, or ask somebody who has one"
    return Finding("unseen", subject, "may not be looked at", fix)
