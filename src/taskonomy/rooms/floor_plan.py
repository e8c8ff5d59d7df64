"""Where things stand: along walls, mid-room, on walls and on each other, without collisions."""

from dataclasses import dataclass, field
from math import cos, pi, sin
from typing import NamedTuple

import numpy as np

from taskonomy.rooms.shapes import Number, Thing, Top, Vector

WALL_YAW = (0.0, pi / 2, pi, -pi / 2)
"""Yaw that turns a thing's back to the wall at y = 0, x = W, y = D, x = 0."""

_TRIES = 24


@dataclass(frozen=True)
class Placed:
    """A thing in the room: the world position of its origin, and its yaw in radians."""

    thing: Thing
    x: Number
    y: Number
    z: Number
    yaw: Number

    def at(self, x: Number, y: Number) -> tuple[Number, Number]:
        """World coordinates of a place in the thing's frame."""
        c, s = cos(self.yaw), sin(self.yaw)
        return self.x + c * x - s * y, self.y + s * x + c * y


Rectangle = tuple[Number, Number, Number, Number]


class Span(NamedTuple):
    """A stretch of a wall that is taken: its heights, and what it takes seen from above."""

    wall: int
    foot: Number
    head: Number
    area: Rectangle


@dataclass
class FloorPlan:
    """The growing furnishing of a room of `size` (metres).

    Attributes:
        placed: everything so far.
        taken: rectangles of the floor (x0, y0, x1, y1) that things or door swings occupy.
        spans: stretches of the walls that are taken.
    """

    rng: np.random.Generator
    size: Vector
    placed: list[Placed] = field(default_factory=list)
    taken: list[Rectangle] = field(default_factory=list)
    spans: list[Span] = field(default_factory=list)

    def length(self, wall: int) -> float:
        """The length of a wall."""
        return self.size[wall % 2]

    def place_fixed(
        self, thing: Thing, x: Number, y: Number, z: Number = 0.0, yaw: Number = 0.0
    ) -> Placed:
        """Place without asking whether there is room."""
        placed = Placed(thing, x, y, z, yaw)
        self.placed.append(placed)
        return placed

    def against_wall(
        self,
        thing: Thing,
        walls: tuple[int, ...] = (0, 1, 2, 3),
        *,
        clear: Number = 0.0,
        corner: bool = False,
        at: Number | None = None,
    ) -> Placed | None:
        """Place on the floor with its back to one of the walls, or None where nowhere is free.

        Args:
            clear: metres of free floor to keep in front of it.
            corner: push it into a corner.
            at: the place along the wall, where it is given.
        """
        for _ in range(_TRIES):
            wall = int(walls[self.rng.integers(len(walls))])
            half, room = thing.width / 2 + 0.02, self.length(wall)
            if room < 2 * half:
                continue
            u = float(self.rng.uniform(half, room - half))
            if corner:
                u = half if self.rng.random() < 0.5 else room - half
            u = u if at is None else at
            deep = thing.depth + 0.03
            if not self._floor_free(self._footprint(wall, u, thing.width, deep + clear)):
                continue
            span = Span(wall, 0.0, thing.height, self._footprint(wall, u, 2 * half, deep))
            if self._wall_free(span):
                self.taken.append(self._footprint(wall, u, thing.width, deep))
                self.spans.append(span)
                x, y = self._at_wall(wall, u, thing.depth / 2 + 0.03)
                return self.place_fixed(thing, x, y, 0.0, WALL_YAW[wall])
        return None

    def on_wall(
        self,
        thing: Thing,
        height: tuple[Number, Number],
        walls: tuple[int, ...] = (0, 1, 2, 3),
        *,
        swing: Number = 0.0,
        keep: Vector = (0.0, 0.0, 0.0),
        near: Number | None = None,
    ) -> Placed | None:
        """Hang on a wall with its foot at a height drawn from the range, or None.

        Args:
            swing: metres of floor in front that must stay free (a door's).
            keep: metres of wall to keep for it to either side, below and above (a curtain's,
                what stands on a shelf).
            near: the place along the wall, where it is given.
        """
        for _ in range(_TRIES):
            wall = int(walls[self.rng.integers(len(walls))])
            half, room = thing.width / 2 + 0.05 + keep[0], self.length(wall)
            if room < 2 * half:
                continue
            u = float(self.rng.uniform(half, room - half)) if near is None else near
            foot = float(self.rng.uniform(*height))
            head = foot + thing.height + keep[2]
            area = self._footprint(wall, u, 2 * half, thing.depth + 0.03)
            span = Span(wall, foot - keep[1], head, area)
            inside = half <= u <= room - half
            if not inside or not self._wall_free(span):
                continue
            if swing:
                floor = self._footprint(wall, u, thing.width, swing)
                if not self._floor_free(floor):
                    continue
                self.taken.append(floor)
            self.spans.append(span)
            x, y = self._at_wall(wall, u, 0.0)
            return self.place_fixed(thing, x, y, foot, WALL_YAW[wall])
        return None

    def in_room(
        self, thing: Thing, *, margin: Number = 0.5, turned: bool = False, clear: Number = 0.0
    ) -> Placed | None:
        """Place away from the walls by `margin`, at a right angle or (`turned`) any, or None."""
        for _ in range(_TRIES):
            yaw = float(self.rng.uniform(0, 2 * pi)) if turned else WALL_YAW[self.rng.integers(4)]
            reach = _extent(thing, yaw)
            low = [r / 2 + margin for r in reach]
            high = [s - r / 2 - margin for s, r in zip(self.size[:2], reach, strict=True)]
            if low[0] > high[0] or low[1] > high[1]:
                continue
            x, y = (float(self.rng.uniform(a, b)) for a, b in zip(low, high, strict=True))
            if self._stands(thing, x, y, yaw, clear):
                return self.place_fixed(thing, x, y, 0.0, yaw)
        return None

    def beside(
        self, thing: Thing, other: Placed, x: Number, y: Number, yaw: Number = 0.0
    ) -> Placed | None:
        """Place at (x, y) of another thing's frame, turned by `yaw` against it, or None."""
        wx, wy = other.at(x, y)
        turn = other.yaw + yaw
        if self._stands(thing, wx, wy, turn, 0.0):
            return self.place_fixed(thing, wx, wy, 0.0, turn)
        return None

    def on_top(
        self, items: list[Thing], other: Placed, top: Top, *, facing: Number | None = None
    ) -> list[Placed]:
        """Stand small things on a top, each where it fits; returns those that did.

        Args:
            facing: their yaw against the thing below; any where None.
        """
        taken: list[Vector] = []
        done = []
        for item in items:
            radius = 0.5 * max(item.width, item.depth)
            for _ in range(_TRIES // 2):
                fx, fy = max(top.width / 2 - radius, 0), max(top.depth / 2 - radius, 0)
                x = top.x + float(self.rng.uniform(-fx, fx))
                y = top.y + float(self.rng.uniform(-fy, fy))
                if all(np.hypot(x - a, y - b) > radius + r for a, b, r in taken):
                    taken.append((x, y, radius))
                    yaw = float(self.rng.uniform(-pi, pi)) if facing is None else facing
                    wx, wy = other.at(x, y)
                    z = other.z + top.z
                    done.append(self.place_fixed(item, wx, wy, z, other.yaw + yaw))
                    break
        return done

    def _at_wall(self, wall: int, u: Number, out: Number) -> tuple[Number, Number]:
        w, d, _ = self.size
        return ((u, out), (w - out, u), (u, d - out), (out, u))[wall]

    def _footprint(self, wall: int, u: Number, width: Number, depth: Number) -> Rectangle:
        a, b = u - width / 2, u + width / 2
        if wall % 2 == 0:
            low, high = (0.0, depth) if wall == 0 else (self.size[1] - depth, self.size[1])
            return a, low, b, high
        low, high = (0.0, depth) if wall == 3 else (self.size[0] - depth, self.size[0])
        return low, a, high, b

    def _wall_free(self, new: Span) -> bool:
        """Whether no other meets it both in height and seen from above, on its wall or in a corner.

        Two stretches of one wall meet seen from above wherever they overlap along it.
        """
        _, foot, head, area = new
        # A loop, since any() of a generator takes three times as long, and rooms ask often.
        for _, low, high, other in self.spans:
            if low < head and foot < high and _overlap(other, area):
                return False
        return True

    def _floor_free(self, new: Rectangle) -> bool:
        for old in self.taken:  # noqa: SIM110
            if _overlap(old, new):
                return False
        return True

    def _stands(self, thing: Thing, x: Number, y: Number, yaw: Number, clear: Number) -> bool:
        rx, ry = (r / 2 for r in _extent(thing, yaw))
        area = (x - rx, y - ry, x + rx, y + ry)
        w, d, _ = self.size
        inside = area[0] >= 0 and area[1] >= 0 and area[2] <= w and area[3] <= d
        wide = (area[0] - clear, area[1] - clear, area[2] + clear, area[3] + clear)
        if not inside or not self._floor_free(wide):
            return False
        self.taken.append(area)
        return True


def _overlap(a: Rectangle, b: Rectangle) -> bool:
    return bool(a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3])


def _extent(thing: Thing, yaw: Number) -> tuple[Number, Number]:
    """The box of a turned thing, along the world's x and y."""
    c, s = abs(cos(yaw)), abs(sin(yaw))
    return c * thing.width + s * thing.depth, s * thing.width + c * thing.depth
