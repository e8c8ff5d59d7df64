"""The height of every pixel above the floor: what a robot drives over, under, or into.

A posed capture yields it, and so do rooms: depth says where each pixel's surface lies in the
camera's frame, the camera's pose where that is in the world, whose z axis is up. The floor is the
lowest thing that any view of the building sees, so a building has one storey here.
"""

from bisect import bisect_left, bisect_right
from functools import cache
from operator import attrgetter
from pathlib import Path

import numpy as np

from taskonomy.data.cameras import euler_to_matrix, unproject
from taskonomy.data.layout import Dataset, View, read
from taskonomy.dictionary import Task

TOP = 3.0
"""Metres above the floor that 1 stands for, and all above it; -1 is the floor."""

TASK = Task(
    name="height_map",
    title="Height above the floor",
    group="3D",
    kind="map",
    target="height above the floor, 0 to 3 m, in [-1, 1]",
    channels=1,
    loss="l1",
    head="image",
)


def label(dataset: Dataset, view: View) -> np.ndarray:
    """The heights of a view's pixels in [-1, 1], [H, W]; nan where depth is missing."""
    info = read(dataset, view, "point_info")
    world = unproject(
        read(dataset, view, "depth_zbuffer"),
        np.array(info["camera_location"]),
        euler_to_matrix(*info["camera_rotation_final"]),
        info["field_of_view_rads"],
    )
    height = world[..., 2] - floor(dataset.root, neighbours(dataset, view))
    return np.clip(2 * height / TOP - 1, -1, 1)


def neighbours(dataset: Dataset, view: View) -> tuple[View, ...]:
    """All views of a view's building; a data set's views are sorted."""
    building = attrgetter("building")
    first = bisect_left(dataset.views, view.building, key=building)
    return dataset.views[first : bisect_right(dataset.views, view.building, key=building)]


@cache
def floor(root: Path, views: tuple[View, ...]) -> float:
    """The lowest z that these views see, in metres."""
    boxes = (read(root, view, "point_info")["bounding_box_ranges"] for view in views)
    return float(min(box["z"][0] for box in boxes))
