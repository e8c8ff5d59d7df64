"""Whether a data set is what it should be: every file read, and what files say about each other."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from tqdm import tqdm

from taskonomy.data import catalogue, codecs, consistency, layout, splits
from taskonomy.data.availability import DECLARATION, declaration
from taskonomy.data.catalogue import Catalogue
from taskonomy.data.consistency import Findings
from taskonomy.data.content import Label, combine, digest
from taskonomy.data.layout import Dataset, View
from taskonomy.data.reprojection import pair_errors
from taskonomy.data.unreadable import unreadable
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
        views, buildings, files: counts.
        domains: the kinds of labels present, sorted.
        angle: the median over views of the median angle between normals and depth, in degrees; nan
            where one of the two is absent.
        reprojected: the median over pairs of views of the median difference between one's points
            and the other's depth, in metres; nan where there are no such pairs.
        split: how the data set splits, or why it cannot be split.
        content: the data set's hash, as of `content.content`; empty for a faulty one.
        faults: one line each, naming the file; empty for a sound data set.
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
        return "\n".join([*lines, f"{len(self.faults)} fault(s)"])


class _Checked(NamedTuple):
    files: int
    faults: list[str]
    digests: dict[str, str]
    found: Findings


def verify(root: Path) -> Report:
    """Check a data set.

    Every file is decoded, and all else in the folder must be readable; sizes, ranges, soft
    labels, normals, depths, distances, shading, poses and sightings are checked against each other,
    within views and across them; each domain must have a file for every view and none besides; no
    image may be there twice, and no building in two splits.

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
    faults = [*_missing(root, listed), *_without_image(root, listed)]
    checked = list(
        tqdm(
            _check_all(dataset), total=len(dataset.views), desc="verify", unit="view", mininterval=1
        )
    )
    for result in checked:
        faults += result.faults
    faults += _unreadable(root, faults)
    faults += _disagreeing(dataset, checked)
    of_split = np.full(len(dataset.views), -1)
    try:
        parts = splits.split(dataset)
    except BadInput as error:
        split = f"none: {error}"
        if splits.tables(root):
            faults.append(str(error))
    else:
        split = parts.note
        for number, name in enumerate(splits.NAMES):
            of_split[getattr(parts, name)] = number
    faults += _twice(dataset, of_split.tolist(), checked)
    angles = [result.found.angle for result in checked if np.isfinite(result.found.angle)]
    # Broken files have been named; what they say is not asked for.
    errors = np.zeros(0) if faults else pair_errors(dataset, "fixated_pair", _PAIRS, seed=0)
    return Report(
        views=len(dataset.views),
        buildings=len(dataset.buildings),
        files=sum(result.files for result in checked),
        domains=tuple(sorted(dataset.domains)),
        angle=float(np.median(angles)) if angles else float("nan"),
        reprojected=float(np.median(errors)) if len(errors) else float("nan"),
        split=split,
        content="" if faults else combine(_labels(dataset, checked)),
        faults=tuple(faults),
    )


def _missing(root: Path, listed: Catalogue) -> Iterator[str]:
    declared = set[str]()
    try:
        declared = set((declaration(root) or {}).get("labels", ()))
    except BadInput as error:
        yield str(error)
    except TypeError as error:
        yield f"{root / DECLARATION}: labels: {error}; expected a list of label folders"
    for domain in sorted(listed.domains | (declared & set(codecs.DOMAINS))):
        absent = listed.missing(domain)
        if absent:
            file = layout.path(root, absent[0], domain)
            others = f" and {len(absent) - 1} more" if len(absent) > 1 else ""
            yield f"{file}{others}: missing, expected a file for each of {len(listed.views)} views"


def _without_image(root: Path, listed: Catalogue) -> Iterator[str]:
    """Labels of views that have no image: nobody would miss them, or ever see them."""
    for domain in sorted(listed.domains):
        alone = listed.alone(domain)
        if alone:
            others = f" and {len(alone) - 1} more" if len(alone) > 1 else ""
            file = root / listed.address(alone[0], domain)
            yield f"{file}{others}: found a label of a view that has no rgb image"


def _unreadable(root: Path, named: Sequence[str]) -> Iterator[str]:
    """What is no label of a view and cannot be read, or is a label that is not named yet."""
    places = {fault.partition(": ")[0] for fault in named}
    for found in unreadable(root):
        if str(found.place) not in places:
            yield str(found)


def _check_all(dataset: Dataset) -> Iterator[_Checked]:
    """Every view, in order; by processes where there are enough to pay for starting them."""
    if cores() == 1 or len(dataset.views) < _WORTH_PROCESSES:
        yield from (_check(dataset, view) for view in dataset.views)
        return
    chunks = [dataset.views[i : i + _CHUNK] for i in range(0, len(dataset.views), _CHUNK)]
    for results in each(partial(_check_some, dataset.root), chunks, cores()):
        yield from results


def _check_some(root: Path, views: Sequence[View]) -> list[_Checked]:
    dataset = _indexed(root)
    return [_check(dataset, view) for view in views]


# A worker's own: cheaper than to be sent the index with every chunk.
_indexed = cache(layout.index)


def _check(dataset: Dataset, view: View) -> _Checked:
    """All files of a view."""
    values: dict[str, Any] = {}
    faults: list[str] = []
    count, digests = 0, dict[str, str]()
    for domain in sorted(dataset.domains):
        if (view.building, domain) not in dataset.places:
            continue
        file = layout.locate(dataset, view, domain)
        try:
            content = file.read_bytes()
            values[domain] = codecs.decode(codecs.DOMAINS[domain], content, str(file))
        except FileNotFoundError:
            if file.is_symlink():
                faults.append(f"{file}: found a link to nothing, expected the {domain} of {view}")
            continue  # listed among the missing
        except OSError as error:
            faults.append(f"{file}: cannot be read ({error.strerror})")
            continue
        except BadInput as error:
            faults.append(str(error))
            continue
        finally:
            count += 1
        digests[domain] = digest(content)
        if domain == "normal":
            faults += _lengths(content, file)
    said = [*consistency.within_view(values), *_sightings(dataset, view.building, values)]
    faults += (f"{layout.locate(dataset, view, domain)}: {text}" for domain, text in said)
    # A view with a fault of its own is no witness of what is wrong with a building.
    return _Checked(count, faults, digests, consistency.findings({} if faults else values))


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
    for point, number in consistency.sightings(record):
        view = View(building, point, number)
        try:
            info = layout.read(dataset, view, "point_info")
        except BadInput:
            continue  # of another download, or named among the faults
        if consistency.out_of_sight(record, info):
            yield "nonfixated_matches", f"found {view} to see the point, which it has out of sight"
            return


def _disagreeing(dataset: Dataset, checked: Sequence[_Checked]) -> Iterator[str]:
    """What views say about each other, of every building and over all."""
    of_building: dict[str, list[Findings]] = {}
    for view, result in zip(dataset.views, checked, strict=True):
        of_building.setdefault(view.building, []).append(result.found)
    for building, found in of_building.items():
        for domain, text in consistency.within_building(found):
            yield f"{dataset.root / building / dataset.places[building, domain].folder}: {text}"
    everything = [result.found for result in checked]
    for view, domain, text in consistency.across_views(dataset.views, everything):
        yield f"{layout.locate(dataset, view, domain)}: {text}"


def _labels(dataset: Dataset, checked: Sequence[_Checked]) -> Iterator[Label]:
    for view, result in zip(dataset.views, checked, strict=True):
        yield from (Label(view, *of_domain) for of_domain in result.digests.items())


def _twice(dataset: Dataset, of_split: list[int], checked: Sequence[_Checked]) -> Iterator[str]:
    """Images that are there more than once; between splits they leak."""
    first: dict[str, int] = {}
    for i, (view, result) in enumerate(zip(dataset.views, checked, strict=True)):
        before = first.setdefault(result.digests["rgb"], i) if "rgb" in result.digests else i
        if before == i:
            continue
        here, there = (splits.NAMES[of_split[k]] if of_split[k] >= 0 else "" for k in (i, before))
        leak = f" in {there}" if there else ""
        file = layout.locate(dataset, view, "rgb")
        whose = f"in {here}, " if here else ""
        yield f"{file}: {whose}found the same image as {dataset.views[before]}{leak}"
