"""The eight kinds of room: what each holds and how it is arranged."""

from collections.abc import Callable
from math import pi

from taskonomy.rooms import seats, shell, small, tables, tall, wet
from taskonomy.rooms.floor_plan import FloorPlan, Placed
from taskonomy.rooms.groups import (
    bookcases,
    clutter,
    dining_group,
    hang_behind,
    hang_on_walls,
    media,
    seat_and_plant,
    tall_plants,
)
from taskonomy.rooms.palette import Palette
from taskonomy.rooms.shapes import Material, Thing, Top


def bedroom(plan: FloorPlan, p: Palette) -> None:
    """Beds with night stands and lamps, an armoire, a dresser, book cases."""
    if p.rng.random() < 0.35:
        plan.against_wall(tall.bunk_bed(p), clear=0.5, corner=True)
    width = float(p.rng.choice([1.0, 1.5, 1.8]))
    make = tall.four_poster if p.rng.random() < 0.4 else seats.bed
    bed = plan.against_wall(make(p, width), clear=0.5) or plan.against_wall(seats.bed(p, 0.95))
    if bed:
        mat = small.rug(p, width + 1.1, 1.5)
        plan.place_fixed(mat, *bed.at(0, 0.5), 0, bed.yaw)
        for s in (-1, 1):
            y = -bed.thing.depth / 2 + 0.22
            stand = plan.beside(tables.nightstand(p), bed, s * (bed.thing.width / 2 + 0.27), y)
            if stand:
                lamp = [small.table_lamp(p)] if p.rng.random() < 0.7 else [small.vase(p)]
                plan.on_top([*lamp, small.pile_of_books(p, 3)], stand, stand.thing.tops[0])
        if p.rng.random() < 0.4:
            plan.on_top([small.pile_of_books(p, 2)], bed, bed.thing.tops[0])
    bookcases(plan, p, int(p.rng.integers(1, 3)), (1.5, 2.1))
    if p.rng.random() < 0.6:
        plan.against_wall(tables.armoire(p), clear=0.4)
    chest = plan.against_wall(tables.dresser(p, float(p.rng.uniform(0.9, 1.3))), clear=0.3)
    if chest:
        items = clutter(p, 3)
        if p.rng.random() < 0.5:
            hang_behind(plan, small.television(p, 1.1, wall=True), chest)
        else:
            items.insert(0, small.television(p, 0.75, wall=False))
        plan.on_top(items, chest, chest.thing.tops[0], facing=0.0)
    seat_and_plant(plan, p)
    plan.against_wall(small.basket(p), corner=True)


def kitchen(plan: FloorPlan, p: Palette) -> None:
    """A row of counters, sink, oven and refrigerator along a wall, and a small table."""
    body, stone = p.paint() if p.rng.random() < 0.7 else p.wood(), p.stone()
    bare = [k for k in range(4) if k not in {span.wall for span in plan.spans}]
    wall = int(p.rng.choice(bare))
    row = _kitchen_row(plan, p, wall, body, stone)
    for counter in row:
        top = counter.thing.tops[0]
        _dress_counter(plan, p, counter, top)
    other = tuple(k for k in range(4) if k != wall)
    if p.rng.random() < 0.6:
        second = plan.against_wall(
            wet.counter(p, float(p.rng.uniform(0.9, 1.5)), body, stone), other, clear=0.5
        )
        if second:
            _dress_counter(plan, p, second, second.thing.tops[0])
    dining_group(plan, p, int(p.rng.choice([4, 6])), margin=0.55)
    _ensure_toaster(plan, p)
    bookcases(plan, p, 1, (1.3, 1.9), other, books=0.5)
    tall_plants(plan, p, 2, (1.0, 1.7), other)
    if p.rng.random() < 0.4:
        plan.against_wall(tall.floor_vase(p), other)
    plan.against_wall(small.basket(p), other, corner=True)


def _ensure_toaster(plan: FloorPlan, p: Palette) -> None:
    """Stand a toaster on the microwave oven where the counters had no room for one."""
    first = {placed.thing.name: placed for placed in reversed(plan.placed)}
    if "toaster" not in first and "microwave" in first:
        below = first["microwave"]
        plan.place_fixed(wet.toaster(p), below.x, below.y, below.z + 0.29, below.yaw)


def _kitchen_row(
    plan: FloorPlan, p: Palette, wall: int, body: Material, stone: Material
) -> list[Placed]:
    """Refrigerator, oven and counters side by side, cabinets and a hood above; the counters."""
    room = plan.length(wall)
    units: list[Thing] = [wet.refrigerator(p), wet.oven(p)]
    if room > 4 and p.rng.random() < 0.6:
        units.append(tall.oven_tower(p))
    left = room - sum(u.width for u in units) - 0.1
    count = max(1, int(left / 0.9))
    # Tall units first and last, a counter on either side of the hob.
    first = len(units)
    units += [wet.counter(p, min(left / count, 1.5), body, stone)] * count
    counters = list(range(first, len(units)))
    order = [0, counters[0], 1, *counters[1:], *range(2, first)]
    if p.rng.random() < 0.5:
        order = order[::-1]
    u, found = 0.04, []
    for k in order:
        unit = units[k]
        centre = u + unit.width / 2
        u += unit.width
        placed = plan.against_wall(unit, (wall,), at=centre)
        if placed is None:
            if unit.name != "counter":
                plan.against_wall(unit, clear=0.4)
            continue
        if unit.name == "counter":
            found.append(placed)
            if p.rng.random() < 0.8:
                above = wet.wall_cabinet(p, unit.width - 0.02, body)
                plan.on_wall(above, (1.45, 1.46), (wall,), near=centre)
        elif unit.name == "oven":
            plan.on_wall(wet.range_hood(p), (1.55, 1.6), (wall,), near=centre)
            if p.rng.random() < 0.7:
                x, y = placed.at(float(p.rng.choice([-0.14, 0.14])), 0.1)
                plan.place_fixed(wet.pot(p), x, y, 0.91, placed.yaw)
    return found


def _dress_counter(plan: FloorPlan, p: Palette, counter: Placed, top: Top) -> None:
    """A sink, a microwave or a toaster on a counter, and what stands around it."""
    have = {placed.thing.name for placed in plan.placed}
    items: list[Thing] = []
    if "sink" not in have:
        items.append(wet.sink(p, kitchen=True))
        if top.width > 0.95:
            items.append(wet.toaster(p))
    elif "microwave" not in have:
        items += [wet.microwave(p), wet.toaster(p)]
    elif "toaster" not in have or p.rng.random() < 0.3:
        items += [wet.toaster(p), *small.bowl(p, fruit=False)]
    items += [small.bottle(p) for _ in range(int(p.rng.integers(1, 4)))]
    items += [small.cup(p), small.plate(p)] if p.rng.random() < 0.6 else [small.vase(p)]
    plan.on_top(items, counter, top, facing=0.0)


def living_room(plan: FloorPlan, p: Palette) -> None:
    """Couches with a low table on a rug, a television, armchairs, shelves, a tall clock."""
    sofa = plan.against_wall(seats.couch(p, int(p.rng.integers(2, 5))), clear=1.0)
    if sofa:
        gap = sofa.thing.depth / 2 + 0.65
        plan.place_fixed(small.rug(p, 2.2, 1.5), *sofa.at(0, gap), 0, sofa.yaw)
        table = plan.beside(tables.coffee_table(p), sofa, 0, gap + 0.05)
        if table:
            items = clutter(p, int(p.rng.integers(2, 4)))
            plan.on_top(items, table, table.thing.tops[0])
        side = float(p.rng.choice([-1, 1]))
        x = side * (sofa.thing.width / 2 + 0.3)
        plan.beside(small.floor_lamp(p), sofa, x, -0.15)
        plan.beside(
            seats.armchair(p), sofa, -side * (sofa.thing.width / 2 + 0.35), 1.25, side * pi / 2
        )
    plan.against_wall(seats.couch(p, 2), clear=0.4)
    media(plan, p)
    seat_and_plant(plan, p)
    bookcases(plan, p, int(p.rng.integers(2, 4)), (1.5, 2.15))
    if p.rng.random() < 0.4:
        plan.against_wall(tall.longcase_clock(p), clear=0.2)


def dining_room(plan: FloorPlan, p: Palette) -> None:
    """A table for four to six, a sideboard, book cases, a tall clock, plants."""
    dining_group(plan, p, int(p.rng.choice([6, 8])), margin=0.8)
    board = plan.against_wall(tables.dresser(p, float(p.rng.uniform(1.1, 1.6))), clear=0.3)
    if board:
        plan.on_top([*clutter(p, 4), small.table_lamp(p)], board, board.thing.tops[0], facing=0.0)
        if p.rng.random() < 0.4:
            hang_behind(plan, small.television(p, 1.1, wall=True), board)
    if p.rng.random() < 0.5:
        plan.against_wall(tall.longcase_clock(p), clear=0.2)
    seat_and_plant(plan, p)
    bookcases(plan, p, 2, (1.5, 2.1), books=0.65)


def office(plan: FloorPlan, p: Palette) -> None:
    """Desks with computers and swivel chairs, book cases, a couch if there is room."""
    for _ in range(int(p.rng.integers(2, 4))):
        desk = plan.against_wall(tables.desk(p), clear=0.75)
        if not desk:
            continue
        chair = seats.office_chair(p)
        wx, wy = desk.at(float(p.rng.uniform(-0.2, 0.2)), 0.62)
        yaw = desk.yaw + pi + float(p.rng.normal(0, 0.5))
        plan.place_fixed(chair, wx, wy, 0, yaw)
        plan.taken.append((wx - 0.33, wy - 0.33, wx + 0.33, wy + 0.33))
        h, half = desk.thing.height, desk.thing.width / 2
        if p.rng.random() < 0.6:
            plan.place_fixed(small.television(p, 0.6, wall=False), *desk.at(0, -0.15), h, desk.yaw)
        else:
            plan.place_fixed(small.laptop(p), *desk.at(0, 0), h, desk.yaw)
        lamp = [small.table_lamp(p)] if p.rng.random() < 0.6 else [small.vase(p)]
        plan.on_top(lamp, desk, Top(-half + 0.2, -0.1, h, 0.2, 0.2))
        books = [small.pile_of_books(p), small.cup(p)]
        plan.on_top(books, desk, Top(half - 0.25, 0.05, h, 0.35, 0.4))
    if p.rng.random() < 0.6:
        plan.against_wall(seats.couch(p, 2), clear=0.4)
    board = plan.against_wall(tables.dresser(p, 1.2, low=True), clear=0.5)
    if board:
        hang_behind(plan, small.television(p, 1.3, wall=True), board)
    seat_and_plant(plan, p)
    bookcases(plan, p, int(p.rng.integers(2, 5)), (1.7, 2.1))
    plan.against_wall(small.basket(p), corner=True)


def bathroom(plan: FloorPlan, p: Palette) -> None:
    """A toilet, basins below a mirror, a bath or a shower, towels, plants, a rack."""
    tub = wet.bathtub(p) if p.rng.random() < 0.6 else wet.shower(p)
    plan.against_wall(tub, corner=True)
    bowl = plan.against_wall(wet.toilet(p), clear=0.4)
    if bowl and p.rng.random() < 0.6:
        plan.on_top([small.bottle(p)], bowl, bowl.thing.tops[0])
    if p.rng.random() < 0.5:
        basin = plan.against_wall(wet.washstand(p), clear=0.4)
    else:
        basin = plan.against_wall(tables.dresser(p, 0.9, low=True), clear=0.4)
        if basin:
            h = basin.thing.height
            plan.place_fixed(wet.sink(p, kitchen=False), *basin.at(0.05, 0.02), h, basin.yaw)
            ends = Top(-0.36, 0, h, 0.16, 0.3)
            plan.on_top([small.bottle(p), small.cup(p), small.bottle(p)], basin, ends)
    if basin:
        hang_behind(plan, small.mirror(p, 0.6, 0.75), basin)
    plan.against_wall(wet.pedestal_sink(p), clear=0.3)
    for _ in range(2):
        plan.on_wall(small.towel(p), (0.85, 1.1))
    tall_plants(plan, p, 2, (1.0, 1.7))
    plan.against_wall(seats.dining_chair(p, p.wood(), p.fabric()), clear=0.2)
    if p.rng.random() < 0.5:
        plan.against_wall(tall.floor_vase(p))
    else:
        cabinet = plan.against_wall(tables.dresser(p, 0.6), clear=0.2)
        if cabinet:
            plan.on_top(clutter(p, 2), cabinet, cabinet.thing.tops[0])
    bookcases(plan, p, 1, (1.0, 1.6), books=0.3)
    plan.against_wall(small.basket(p), corner=True)
    mat = plan.in_room(small.rug(p, 0.9, 0.6), margin=0.2)
    if mat:
        plan.taken.pop()


def corridor(plan: FloorPlan, p: Palette) -> None:
    """A long runner; book cases, seats and plants along the walls; doors and many pictures."""
    w, d, _ = plan.size
    plan.place_fixed(small.rug(p, min(w - 0.6, 1.1), d * 0.75), w / 2, d / 2, 0)
    side = (1, 3)
    bookcases(plan, p, 4, (1.5, 2.1), side, books=0.75)
    plan.against_wall(seats.couch(p, 2), side)
    table = plan.against_wall(tables.dresser(p, float(p.rng.uniform(0.7, 1.1))), side)
    if table:
        items = [*clutter(p, 3), small.table_lamp(p)]
        plan.on_top(items, table, table.thing.tops[0], facing=0.0)
    if p.rng.random() < 0.6:
        plan.against_wall(tall.longcase_clock(p))
    for _ in range(4):
        chair = seats.dining_chair(p, p.wood(), p.fabric())
        plan.against_wall(chair, side)
    tall_plants(plan, p, 5, (1.1, 1.8))
    plan.against_wall(tall.floor_vase(p), side)
    if p.rng.random() < 0.6:
        plan.against_wall(seats.armchair(p), (0, 2))
    hang_on_walls(plan, p, 3)


def library(plan: FloorPlan, p: Palette) -> None:
    """Walls of books, reading chairs and a table, a tall clock."""
    bookcases(plan, p, 6, (1.6, 2.15), books=0.92)
    if p.rng.random() < 0.4:
        plan.against_wall(tall.longcase_clock(p))
    if p.rng.random() < 0.5:
        table = dining_group(plan, p, 4, margin=0.6)
        if table:
            plan.on_top([small.pile_of_books(p, 4) for _ in range(2)], table, table.thing.tops[0])
    else:
        plan.in_room(seats.couch(p, 2), margin=0.6, clear=0.1)
        table = plan.in_room(tables.coffee_table(p), margin=0.7, clear=0.2)
        if table:
            items = [small.pile_of_books(p, 4), small.pile_of_books(p, 3), small.vase(p)]
            plan.on_top(items, table, table.thing.tops[0])
    seat_and_plant(plan, p)
    plan.in_room(seats.stool(p), margin=0.4)


KINDS: dict[
    str, tuple[Callable[[FloorPlan, Palette], None], tuple[float, float], tuple[float, float]]
]
KINDS = {
    "bathroom": (bathroom, (2.4, 3.0), (2.6, 3.6)),
    "bedroom": (bedroom, (3.8, 4.8), (4.2, 5.8)),
    "corridor": (corridor, (2.3, 2.8), (5.0, 7.5)),
    "dining room": (dining_room, (4.2, 5.2), (4.8, 6.6)),
    "kitchen": (kitchen, (3.8, 4.8), (4.2, 6.0)),
    "library": (library, (4.2, 5.6), (5.0, 7.0)),
    "living room": (living_room, (4.2, 5.2), (4.6, 6.4)),
    "office": (office, (3.8, 4.8), (4.2, 6.0)),
}
"""Each kind's arrangement, and the ranges of the room's two horizontal extents in metres."""


def furnish(plan: FloorPlan, p: Palette, kind: str, day: bool) -> list[Placed]:
    """Put in doors, windows, furniture and wall hangings; returns the windows."""
    plan.on_wall(shell.door(p), (0, 0), (0, 2) if kind == "corridor" else (0, 1, 2, 3), swing=0.9)
    if kind == "corridor":
        for _ in range(2):
            plan.on_wall(shell.door(p), (0, 0), (1, 3), swing=0.1)
    windows = _windows(plan, p, kind, day)
    KINDS[kind][0](plan, p)
    if p.rng.random() < 0.6:
        windows += _windows(plan, p, kind, day)
    hang_on_walls(plan, p, int(p.rng.integers(2, 5)))
    return windows


def _windows(plan: FloorPlan, p: Palette, kind: str, day: bool) -> list[Placed]:
    """A window, mostly with curtains; a list of one, or empty where no wall is free."""
    high = kind == "bathroom"
    w = float(p.rng.uniform(0.6, 0.9) if high else p.rng.uniform(0.9, 1.9))
    h = float(p.rng.uniform(0.6, 0.9) if high else p.rng.uniform(1.0, 1.4))
    drawn, long = not high and bool(p.rng.random() < 0.65), bool(p.rng.random() < 0.5)
    # Curtains hang beside the window, and before what is below it where they are long.
    keep = (0.22, 0.75 if long else 0.05, 0.2) if drawn else (0.0, 0.0, 0.0)
    pane = shell.window(p, w, h, day)
    placed = plan.on_wall(pane, (1.15, 1.3) if high else (0.9, 1.0), keep=keep)
    if placed is None:
        return []
    if drawn:
        head = min(placed.z + h + 0.2, plan.size[2] - 0.1)
        foot = placed.z - 0.7 if long else placed.z - 0.05
        cloth = shell.curtains(p, w, head - foot)
        plan.place_fixed(cloth, placed.x, placed.y, foot, placed.yaw)
    return [placed]
