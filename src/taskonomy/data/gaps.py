"""Views that lack a label or hold a damaged file: named, counted, and left out or refused."""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import NamedTuple

from taskonomy.data.catalogue import Catalogue
from taskonomy.data.codecs import DOMAINS
from taskonomy.data.layout import View, address, path

RECORD = "point_info"


class Need(NamedTuple):
    """A label that a complete view has: a domain, and keys of its record where that is one."""

    domain: str
    keys: tuple[str, ...] = ()


class Gaps:
    """What a data set's views lack of what is needed of them.

    Attributes:
        views: each incomplete or damaged view, with the first reason.
        without_image: those of them that have a label and no image.
        faults: a line for each reason; equal gaps of several views are one line.
        notes: a line for what is wrong with files that nothing needs.
        damaged: the places of files that cannot be used.
    """

    def __init__(self, listed: Catalogue) -> None:
        self._listed = listed
        self._root = Path(listed.root)
        self.views: dict[View, str] = {}
        self.without_image: list[View] = []
        self.faults: list[str] = []
        self.notes: list[str] = []
        self.damaged: set[str] = set()

    @property
    def count(self) -> str:
        """How many views there are of all, in words."""
        every = len(self._listed.views) + len(self.without_image)
        return f"{len(self.views)} of {every} views are incomplete or damaged"

    def look(
        self,
        needs: Collection[Need],
        read: Mapping[View, tuple[Mapping[str, str], frozenset[str]]],
    ) -> None:
        """Find the gaps.

        Args:
            needs: what a complete view has.
            read: of each view with an image, why a file of a domain cannot be used, and the keys
                of its camera's record.
        """
        needed = {need.domain for need in needs}
        for domain in sorted(self._listed.domains | needed):
            self._missing(domain, domain in needed)
        for domain in sorted(self._listed.domains):
            self._alone(domain, domain in needed)
        unread: dict[str, list[str]] = {}
        for view, (damage, _) in read.items():
            for domain, text in damage.items():
                self.damaged.add(self._place(view, domain))
                line = f"{self._place(view, domain)}: {text}"
                if domain in needed:
                    self.faults.append(line)
                    self._name(view, line)
                else:
                    unread.setdefault(domain, []).append(line)
        for lines in unread.values():
            more = f" (so it is with {len(lines) - 1} more)" if len(lines) > 1 else ""
            self.notes.append(f"{lines[0]}{more}; no task that was asked for reads it")
        # A record without a pose is named where its pose is looked at.
        records = {v: keys for v, (_, keys) in read.items() if "camera_location" in keys}
        for key in sorted({key for need in needs if need.domain == RECORD for key in need.keys}):
            self._without_key(key, records)
        if others := self._listed.others:
            self.notes.append(
                f"{self._root / others[0]}{_more(len(others))}: named as no file of its folder's "
                "domain is, and left out"
            )

    def _missing(self, domain: str, needed: bool) -> None:
        absent = self._listed.missing(domain)
        if not absent:
            return
        file = f"{self._place(absent[0], domain)}{_more(len(absent))}"
        text = f"{file}: missing, expected a file for each of {len(self._listed.views)} views"
        if not needed:
            self.notes.append(text)
            return
        self.faults.append(text)
        for view in absent:
            self._name(view, f"{self._place(view, domain)}: missing")

    def _alone(self, domain: str, needed: bool) -> None:
        """Labels of views that have no image: nobody would miss them, or ever see them."""
        alone = self._listed.alone(domain)
        if not alone:
            return
        file = f"{self._place(alone[0], domain)}{_more(len(alone))}"
        whose = (
            "point none of whose views has an" if DOMAINS[domain].of_point else "view that has no"
        )
        text = f"{file}: found a label of a {whose} rgb image"
        if not needed or DOMAINS[domain].of_point:
            self.notes.append(text)
            return
        self.faults.append(text)
        for view in alone:
            if view not in self.views:
                self.without_image.append(view)
            self._name(view, f"{self._place(view, domain)}: a label without an rgb image")

    def _without_key(self, key: str, records: Mapping[View, frozenset[str]]) -> None:
        """Records without a key that most have; where most have none, their task has no label."""
        lacking = [view for view, keys in records.items() if key not in keys]
        if not lacking or 2 * len(lacking) >= len(records):
            return
        file = f"{self._place(lacking[0], RECORD)}{_more(len(lacking))}"
        self.faults.append(f"{file}: found no {key}, which the other views have")
        for view in lacking:
            self._name(view, f"{self._place(view, RECORD)}: found no {key}")

    def _name(self, view: View, reason: str) -> None:
        self.views.setdefault(view, reason)

    def _place(self, view: View, domain: str) -> str:
        place = self._listed.places.get((view.building, domain))
        if place is None:
            return str(path(self._root, view, domain))
        return f"{self._root}/{address(view, domain, place)}"


def _more(count: int) -> str:
    return f" and {count - 1} more" if count > 1 else ""
