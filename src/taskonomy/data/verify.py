"""Whether a data set is what it should be: every file read, and what files say about each other."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from tqdm import tqdm

from taskonomy.data import catalogue, codecs, consistency, layout, splits
from taskonomy.data.availability import DECLARATION, declaration, lacking
from taskonomy.data.consistency import Findings
from taskonomy.data.content import Label, combine, digest
from taskonomy.data.gaps import Gaps, Need
from taskonomy.data.layout import Dataset, View
from taskonomy.data.reprojection import pair_errors
from taskonomy.data.unreadable import unreadable
from taskonomy.dictionary import DICTIONARY
from taskonomy.errors import BadInput
from taskonomy.workers import cores, each

NOT_UNIT = 0.1
"""How far from 1 a stored normal may be: eight bits a coordinate, and averaging at edges."""

_CHUNK = 32
_WORTH_PROCESSES = 256
"""Views that take longer to check than processes take to start."""
_PAIRS = 100
"""Pairs of views of one point whose points are projected from one into the other."""


@dataclass(frozen=True)
class Report:
    """What was found.

    Attributes:
        views, buildings, files: counts; of the views, those that are not left out.
        domains: the kinds of labels present, sorted.
        angle: the median over views of the median angle between normals and depth, in degrees; nan
            where one of the two is absent.
        reprojected: the median over pairs of views of the median difference between one's points
            and the other's depth, in metres; nan where there are no such pairs.
        split: how the data set splits, or why it cannot be split.
        content: the hash of the data set without the views left out, as of `content.content`;
            empty for a faulty one.
        faults: one line each, naming the file; empty for a sound data set.
        left_out: incomplete and damaged views, with the first reason, where they are left out.
        notes: what is no fault and should be known, one line each.
    """

    views: int
    buildings: int
    files: int
    domains: tuple[str, ...]
    angle: float
    reprojected: float
    split: str
    content: str
    faults: tuple[str, ...]
    left_out: Mapping[View, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The report in words, without the faults' lines."""
        lines = [
            f"{self.views} views in {self.buildings} building(s), {self.files} files",
            f"domains: {', '.join(self.domains)}",
            f"split: {self.split}",
        ]
        if np.isfinite(self.angle):
            lines.append(f"normals and depth agree within {self.angle:.1f} degrees (median)")
        if np.isfinite(self.reprojected):
            text = f"{100 * self.reprojected:.1f} cm (median)"
            lines.append(f"views of one point agree on depth within {text}")
        if self.content:
            lines.append(f"hash: {self.content}")
        if self.left_out:
            every = self.views + len(self.left_out)
            lines.append(f"left out: {len(self.left_out)} of {every} views, incomplete or damaged")
        lines += [f"note: {note}" for note in self.notes]
        return "\n".join([*lines, f"{len(self.faults)} fault(s)"])


class _Checked(NamedTuple):
    """Of one view: how many files were read; the faults of what they say; by domain, why a file
    cannot be used; the files' digests; the keys of its camera's record; what others are held
    against."""

    files: int
    faults: list[str]
    damage: dict[str, str]
    digests: dict[str, str]
    keys: frozenset[str]
    found: Findings

    @property
    def whole(self) -> set[str]:
        """The domains whose files could be read."""
        return set(self.digests) - set(self.damage)


def verify(root: Path, needed: Collection[Need] | None = None, left_out: float = 0.0) -> Report:
    """Check a data set.

    Every file is decoded, and all else in the folder must be readable; sizes, ranges, soft
    labels, normals, depths, distances, shading, poses and sightings are checked against each other,
    within views and across them; each domain must have a file for every view and none besides; no
    image may be there twice, and no building in two splits.

    Args:
        root: the data set.
        needed: the labels that views must have to be complete, and the keys of their records;
            every domain that is there or declared, and no key, unless given. What is wrong with
            files that are not needed is noted.
        left_out: the share of the views that may be incomplete or damaged and are left out then;
            by more, each is a fault.

    Raises:
        BadInput: `root` is no data set at all, or a folder of it cannot be listed.
    """
    try:
        listed = catalogue.scan(str(root))
    except OSError as error:
        raise BadInput(
            f"{error.filename or root}: cannot be read ({error.strerror}), expected a data set's "
            "folder"
        ) from error
    dataset = listed.dataset()
    declared, faults = _declared(root)
    needs = [Need("rgb"), *needed] if needed is not None else _all(listed.domains | declared)
    bar = tqdm(
        _check_all(dataset), total=len(dataset.views), desc="verify", unit="view", mininterval=1
    )
    checked = dict(zip(dataset.views, bar, strict=True))
    gaps = Gaps(listed)
    gaps.look(needs, {view: (result.damage, result.keys) for view, result in checked.items()})
    allowed = len(gaps.views) <= left_out * (len(dataset.views) + len(gaps.without_image))
    if left_out and not allowed:
        gaps.faults[0] += (
            f"; {gaps.count}, more than the share of {left_out:g} that may be left out"
        )
    faults += [] if allowed else gaps.faults
    kept = dataset.without(gaps.views.keys()) if allowed else dataset
    sound = {view: checked[view] for view in kept.views}
    for result in sound.values():
        faults += result.faults
    faults += _unreadable(root, {fault.partition(": ")[0] for fault in faults} | gaps.damaged)
    faults += _disagreeing(kept, sound)
    split, of_split, wrong = _split(kept)
    faults += wrong
    faults += _twice(kept, of_split, sound)
    angles = [result.found.angle for result in sound.values() if np.isfinite(result.found.angle)]
    # Broken files have been named; what they say is not asked for.
    blind = {v for v, each in sound.items() if not {"depth_zbuffer", "point_info"} <= each.whole}
    witnesses = kept.without(blind)
    errors = np.zeros(0) if faults else pair_errors(witnesses, "fixated_pair", _PAIRS, seed=0)
    return Report(
        views=len(kept.views),
        buildings=len(kept.buildings),
        files=sum(result.files for result in checked.values()),
        domains=tuple(sorted(dataset.domains)),
        angle=float(np.median(angles)) if angles else float("nan"),
        reprojected=float(np.median(errors)) if len(errors) else float("nan"),
        split=split,
        content="" if faults else combine(_labels(sound, checked)),
        faults=tuple(faults),
        left_out=gaps.views if allowed else {},
        notes=(*gaps.notes, *_without_keys(dataset)),
    )


def _all(domains: Collection[str]) -> list[Need]:
    """Everything that tasks read, and every other domain."""
    keys: dict[str, list[str]] = {domain: [] for domain in sorted(domains)}
    for task in DICTIONARY:
        if task.label in keys:
            keys[task.label] += task.keys
    return [Need(domain, tuple(of_domain)) for domain, of_domain in keys.items()]


def _without_keys(dataset: Dataset) -> Iterator[str]:
    """Tasks whose labels' folder is there without what they read of it."""
    there = [task for task in DICTIONARY if task.keys and task.label in dataset.domains]
    for name, reason in lacking(dataset, there).items():
        yield f"{name} lacks its label: {reason}"


def _declared(root: Path) -> tuple[set[str], list[str]]:
    """The label folders that a data set declares, and what is wrong with its declaration."""
    try:
        declared = set((declaration(root) or {}).get("labels", ()))
    except BadInput as error:
        return set(), [str(error)]
    except TypeError as error:
        place = root / DECLARATION
        return set(), [f"{place}: labels: {error}; expected a list of label folders"]
    return declared & set(codecs.DOMAINS), []


def _split(dataset: Dataset) -> tuple[str, list[int], list[str]]:
    """How a data set splits, or why it does not; each view's split, -1 for none; faults of it."""
    of_split = np.full(len(dataset.views), -1)
    try:
        parts = splits.split(dataset)
    except BadInput as error:
        wrong = [str(error)] if splits.tables(dataset.root) else []
        return f"none: {error}", of_split.tolist(), wrong
    for number, name in enumerate(splits.NAMES):
        of_split[getattr(parts, name)] = number
    return parts.note, of_split.tolist(), []


def _unreadable(root: Path, named: Collection[str]) -> Iterator[str]:
    """What is no label of a view and cannot be read, or is a label that is not named yet."""
    for found in unreadable(root):
        if str(found.place) not in named:
            yield str(found)


def _check_all(dataset: Dataset) -> Iterator[_Checked]:
    """Every view, in order; by processes where there are enough to pay for starting them."""
    before = [None, *dataset.views]
    # A file of a whole point is read with the point's first view.
    first = [a is None or a.every != b.every for a, b in zip(before, dataset.views, strict=False)]
    orders = list(zip(dataset.views, first, strict=True))
    if cores() == 1 or len(orders) < _WORTH_PROCESSES:
        yield from (_check(dataset, *order) for order in orders)
        return
    chunks = [orders[i : i + _CHUNK] for i in range(0, len(orders), _CHUNK)]
    for results in each(partial(_check_some, dataset.root), chunks, cores()):
        yield from results


def _check_some(root: Path, orders: Sequence[tuple[View, bool]]) -> list[_Checked]:
    dataset = _indexed(root)
    return [_check(dataset, *order) for order in orders]


# A worker's own: cheaper than to be sent the index with every chunk.
_indexed = cache(layout.index)


def _check(dataset: Dataset, view: View, first: bool) -> _Checked:
    """All files of a view, and those of its point if it is the point's first."""
    values: dict[str, Any] = {}
    faults: list[str] = []
    damage, digests = dict[str, str](), dict[str, str]()
    count = 0
    for domain in sorted(dataset.domains):
        of_point = codecs.DOMAINS[domain].of_point
        if (view.building, domain) not in dataset.places or (of_point and not first):
            continue
        file = layout.locate(dataset, view, domain)
        try:
            content = file.read_bytes()
            values[domain] = codecs.decode(codecs.DOMAINS[domain], content, str(file))
        except FileNotFoundError:
            if file.is_symlink():
                damage[domain] = f"found a link to nothing, expected the {domain} of {view}"
            else:
                continue  # listed among the missing
        except OSError as error:
            damage[domain] = f"cannot be read ({error.strerror})"
        except BadInput as error:
            digests[domain] = digest(content)
            damage[domain] = str(error).removeprefix(f"{file}: ")
        else:
            digests[domain] = digest(content)
            if domain == "normal":
                faults += _lengths(content, file)
        count += 1
    said = [*consistency.within_view(values), *_sightings(dataset, view.building, values)]
    faults += (f"{layout.locate(dataset, view, domain)}: {text}" for domain, text in said)
    keys = frozenset(values.get("point_info", ()))
    # A view with a fault of its own is no witness of what is wrong with a building.
    found = consistency.findings({} if faults or damage else values)
    return _Checked(count, faults, damage, digests, keys, found)


def _lengths(content: bytes, file: Path) -> Iterator[str]:
    levels = codecs.pixels(content, str(file), (8,), (3,)).astype(np.float32)
    length = np.linalg.norm((levels - codecs.NORMAL_CENTRE) / codecs.NORMAL_CENTRE, axis=-1)
    off = np.abs(length[length > 0.5] - 1) > NOT_UNIT
    if len(off) and off.mean() > 0.05:
        yield f"{file}: found {off.mean():.0%} of the normals not of unit length"


def _sightings(
    dataset: Dataset, building: str, values: dict[str, Any]
) -> Iterator[tuple[str, str]]:
    """Views that are said to see the point and cannot."""
    record = values.get("nonfixated_matches", {})
    for point, number, seen in consistency.sightings(record):
        view = View(building, point, number)
        try:
            info = layout.read(dataset, view, "point_info")
        except BadInput:
            continue  # of another download, or named among the faults
        if wrong := consistency.out_of_sight(record, seen, info):
            yield "nonfixated_matches", f"found {view} to see the point, {wrong}"
            return


def _disagreeing(dataset: Dataset, checked: Mapping[View, _Checked]) -> Iterator[str]:
    """What views say about each other, of every building and over all."""
    of_building: dict[str, list[Findings]] = {}
    for view, result in checked.items():
        of_building.setdefault(view.building, []).append(result.found)
    for building, found in of_building.items():
        for domain, text in consistency.within_building(found):
            place = dataset.places.get((building, domain))
            folder = dataset.root / (place.folder if place else building)
            yield f"{folder}: {text}"
    everything = [result.found for result in checked.values()]
    for view, domain, text in consistency.across_views(dataset.views, everything):
        yield f"{layout.locate(dataset, view, domain)}: {text}"


def _labels(sound: Collection[View], checked: Mapping[View, _Checked]) -> Iterator[Label]:
    """The labels of the views that are kept; those of points whichever view they were read with."""
    for view, result in checked.items():
        for domain, of_file in result.digests.items():
            if codecs.DOMAINS[domain].of_point:
                yield Label(view.every, domain, of_file)
            elif view in sound:
                yield Label(view, domain, of_file)


def _twice(
    dataset: Dataset, of_split: list[int], checked: Mapping[View, _Checked]
) -> Iterator[str]:
    """Images that are there more than once; between splits they leak."""
    first: dict[str, int] = {}
    for i, (view, result) in enumerate(checked.items()):
        before = first.setdefault(result.digests["rgb"], i) if "rgb" in result.digests else i
        if before == i:
            continue
        here, there = (splits.NAMES[of_split[k]] if of_split[k] >= 0 else "" for k in (i, before))
        leak = f" in {there}" if there else ""
        file = layout.locate(dataset, view, "rgb")
        whose = f"in {here}, " if here else ""
        yield f"{file}: {whose}found the same image as {dataset.views[before]}{leak}"
