"""Which views train task networks, train readouts, and test: by building, never by image."""

import csv
import io
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Literal

import numpy as np
from jaxtyping import Int64

from taskonomy.data import layout
from taskonomy.data.layout import Dataset
from taskonomy.errors import BadInput
from taskonomy.text import read_text

NAMES = ("train", "val", "test")
TABLES = (
    "splits.csv",
    *(f"train_val_test_{size}.csv" for size in ("tiny", "medium", "full", "fullplus")),
)
"""A split table's names: ours, and the real data set's own for each of its sizes."""
PROPORTIONS = (0.68, 0.15, 0.17)
"""Shares of the views where no splits.csv says otherwise."""
GAP = 0.04
"""Share of a single building's frames that is dropped at each of its two borders."""


@dataclass(frozen=True)
class Splits:
    """Indices into `dataset.views`, ascending.

    Attributes:
        train: for task-specific networks.
        val: for readouts (transfers are trained on subsets of it).
        test: for every comparison.
        kind: `building`: no building is in two of them; `stretch`: a single building's contiguous
            stretches of frames.
        note: one sentence for the report: how the split was made and what was left out.
        gap: views dropped between stretches.
    """

    train: Int64[np.ndarray, " _"]
    val: Int64[np.ndarray, " _"]
    test: Int64[np.ndarray, " _"]
    kind: Literal["building", "stretch"]
    note: str
    gap: int = 0


def split(dataset: Dataset) -> Splits:
    """Split a data set.

    A table at the root decides (columns id, train, val, test holding 0 or 1): `splits.csv`, or the
    real data set's own, `train_val_test_tiny.csv` and so on. Without one, buildings are dealt by a
    hash of their names to shares of `PROPORTIONS`. A single building is cut into three stretches of
    its frames (`frame` in its point_info; else its points) with a gap between them.

    Raises:
        BadInput: the table is malformed, puts a building in two splits or leaves one empty; there
            are several tables; or two buildings, which can be neither dealt nor cut.
    """
    found = tables(dataset.root)
    if len(found) > 1:
        names = " and ".join(table.name for table in found)
        raise BadInput(f"{dataset.root}: found the split tables {names}, expected one of them")
    if found:
        return _listed(dataset, found[0])
    if len(dataset.buildings) == 1:
        return _stretches(dataset)
    if len(dataset.buildings) == 2:
        names = " and ".join(dataset.buildings)
        raise BadInput(
            f"{dataset.root}: found two buildings ({names}), expected one or at least three to "
            "split by building"
        )
    return _dealt(dataset)


def tables(root: Path) -> list[Path]:
    """Return the split tables at a data set's root: `splits.csv` alone if it is there."""
    found = [root / name for name in TABLES if (root / name).is_file()]
    return found[:1] if found and found[0].name == TABLES[0] else found


def _listed(dataset: Dataset, table: Path) -> Splits:
    of_building = read_table(table)
    number = np.array([of_building.get(view.building, -1) for view in dataset.views])
    absent = sorted({b for b in dataset.buildings if b not in of_building})
    note = f"by building, as {table.name} says"
    if absent:
        note += f"; {len(absent)} building(s) that it does not list are left out"
    found = _splits(number, "building", note)
    for name in NAMES:
        if not len(getattr(found, name)):
            raise BadInput(f"{table}: no view of this data set is in {name}, expected at least one")
    return found


def read_table(table: Path) -> dict[str, int]:
    """Return each building's split (an index into `NAMES`, -1 for none) from a splits.csv.

    Raises:
        BadInput: it is no text, columns or values are wrong, or a building is in two splits.
    """
    rows = csv.DictReader(io.StringIO(read_text(table)))
    if not {"id", *NAMES} <= set(rows.fieldnames or ()):
        found = ",".join(rows.fieldnames or ()) or "nothing"
        raise BadInput(f"{table}: found columns {found}, expected id,train,val,test")
    of_building: dict[str, int] = {}
    for line, row in enumerate(rows, start=2):
        marks = [(row[name] or "").strip() for name in NAMES]
        if not set(marks) <= {"0", "1"}:
            raise BadInput(f"{table}:{line}: found {','.join(marks)}, expected 0 or 1 each")
        inside = [i for i, mark in enumerate(marks) if mark == "1"]
        before = of_building.get(row["id"], -1)
        both = sorted({*inside, *([before] if before >= 0 else [])})
        if len(both) > 1:
            names = " and ".join(NAMES[i] for i in both)
            raise BadInput(
                f"{table}:{line}: building {row['id']} is in {names}, expected one split"
            )
        of_building[row["id"]] = both[0] if both else -1
    return of_building


def _dealt(dataset: Dataset) -> Splits:
    """Each building, in the order of its hash, to the split that lacks most views."""
    sizes = dict.fromkeys(dataset.buildings, 0)
    for view in dataset.views:
        sizes[view.building] += 1
    lacking = np.array(PROPORTIONS) * len(dataset.views)
    chosen: dict[str, int] = {}
    order = sorted(sizes, key=lambda name: sha256(name.encode()).digest())
    for left, building in zip(range(len(order), 0, -1), order, strict=True):
        empty = [i for i in range(len(NAMES)) if i not in chosen.values()]
        open_to = empty if left <= len(empty) else range(len(NAMES))
        chosen[building] = max(open_to, key=lambda i: lacking[i])
        lacking[chosen[building]] -= sizes[building]
    number = np.array([chosen[view.building] for view in dataset.views])
    return _splits(number, "building", f"by building, {len(order)} dealt by a hash of their names")


def _stretches(dataset: Dataset) -> Splits:
    times = np.array(_times(dataset))
    moments = np.unique(times)
    gap = max(1, round(GAP * len(moments)))
    # The gaps are paid for in proportion by all three.
    ends = np.rint(np.cumsum(PROPORTIONS) * (len(moments) - 2 * gap)).astype(int)
    if ends[0] < 1 or ends[1] <= ends[0] or ends[2] <= ends[1]:
        raise BadInput(
            f"{dataset.root}: found one building of {len(moments)} moment(s), too few to cut into "
            "three stretches with gaps"
        )
    of_moment = np.full(len(moments), -1)
    start = 0
    for i, end in enumerate(ends):
        of_moment[start + i * gap : end + i * gap] = i
        start = end
    number = of_moment[np.searchsorted(moments, times)]
    note = (
        f"one building ({dataset.buildings[0]}): contiguous stretches with gaps of {gap} moment(s) "
        "between them, so the test images are of the same place as the training images"
    )
    return _splits(number, "stretch", note, gap=int((number < 0).sum()))


def _times(dataset: Dataset) -> list[int]:
    """When each view was taken, as far as is known: its frame, else the number of its point."""
    if "point_info" not in dataset.domains:
        return [view.point for view in dataset.views]
    infos = [layout.read(dataset, view, "point_info") for view in dataset.views]
    if all(isinstance(info.get("frame"), int) for info in infos):
        return [info["frame"] for info in infos]
    return [view.point for view in dataset.views]


def _splits(
    number: Int64[np.ndarray, " n"],
    kind: Literal["building", "stretch"],
    note: str,
    gap: int = 0,
) -> Splits:
    train, val, test = (np.flatnonzero(number == i).astype(np.int64) for i in range(len(NAMES)))
    return Splits(train, val, test, kind, note, gap)
