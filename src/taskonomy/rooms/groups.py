"""Arrangements that several kinds of room share: a laid table, filled shelves, wall hangings."""

from collections.abc import Callable
from math import pi

import numpy as np

from taskonomy.rooms import seats, small, tables, tall
from taskonomy.rooms.floor_plan import WALL_YAW, FloorPlan, Placed
from taskonomy.rooms.palette import Palette
from taskonomy.rooms.shapes import Number, Thing, Top, Vector


def clutter(p: Palette, count: int) -> list[Thing]:
    """Small things that stand on any furniture."""
    makers: list[Callable[[], Thing]] = [
        lambda: small.vase(p),
        lambda: small.pile_of_books(p),
        lambda: small.potted_plant(p, float(p.rng.uniform(0.22, 0.42))),
        lambda: small.bottle(p),
        lambda: small.cup(p),
        lambda: small.carton(p),
        lambda: small.bowl(p, fruit=False)[0],
    ]
    weights = np.array([3, 3, 2, 2, 1, 1, 1.0])
    chosen = p.rng.choice(len(makers), count, p=weights / weights.sum())
    return [makers[int(k)]() for k in chosen]


def fill_shelves(plan: FloorPlan, p: Palette, case: Placed, books: Number = 0.75) -> None:
    """Rows of books and small things on every board."""
    tops = case.thing.tops
    for k, top in enumerate(tops):
        gap = (tops[k + 1].z - top.z - 0.04) if k + 1 < len(tops) else 0.35
        x = -top.width / 2
        while x < top.width / 2 - 0.18:
            length = min(float(p.rng.uniform(0.22, 0.6)), top.width / 2 - x)
            spot = Top(top.x + x + length / 2, top.y, top.z, length, top.depth)
            if p.rng.random() < books and k + 1 < len(tops):
                items = [small.row_of_books(p, length, min(0.29, gap))]
            else:
                items = [t for t in clutter(p, 1) if t.height < gap or k + 1 == len(tops)]
            wx, wy = case.at(spot.x, spot.y)
            for item in items:
                plan.place_fixed(item, wx, wy, case.z + spot.z, case.yaw)
            x += length + 0.03


def bookcases(
    plan: FloorPlan,
    p: Palette,
    count: int,
    heights: tuple[Number, Number],
    walls: tuple[int, ...] = (0, 1, 2, 3),
    *,
    books: Number = 0.8,
) -> None:
    """Up to `count` filled book cases along the walls, half of them pushed into corners."""
    for _ in range(count):
        width, height = float(p.rng.uniform(0.8, 1.3)), float(p.rng.uniform(*heights))
        corner = bool(p.rng.random() < 0.5)
        thing = tables.bookcase(p, width, height)
        case = plan.against_wall(thing, walls, clear=0.3, corner=corner)
        if case:
            fill_shelves(plan, p, case, books)


def sit_around(plan: FloorPlan, p: Palette, table: Placed, round_table: bool, count: int) -> None:
    """Chairs at a table, some pulled out a little, some turned."""
    wood, cloth = p.wood(), p.fabric() if p.rng.random() < 0.6 else p.paint()
    state = p.rng.integers(1 << 30)
    w, d = table.thing.width, table.thing.depth
    spots: list[Vector] = []
    if round_table:
        for k in range(count):
            a = 2 * pi * k / count
            r = w / 2 + 0.12
            spots.append((r * np.cos(a), r * np.sin(a), a + pi / 2))
    else:
        row = max(1, round((w - 0.2) / 0.55))
        for k in range(row):
            x = (k - (row - 1) / 2) * (w - 0.2) / row
            spots += [(x, d / 2 + 0.14, pi), (x, -d / 2 - 0.14, 0.0)]
        if count > 2 * row:
            spots += [(w / 2 + 0.14, 0, pi / 2), (-w / 2 - 0.14, 0, -pi / 2)]
    for x, y, yaw in spots[:count]:
        one = Palette(
            np.random.default_rng(state), p.wall_hue, p.accents, p.wood_tones, p.metal_tone
        )
        chair = seats.dining_chair(one, wood, cloth)
        out = 1 + float(p.rng.choice([0.0, 0.0, 0.12, 0.3]))
        wx, wy = table.at(x * out, y * out)
        turn = table.yaw + yaw + float(p.rng.normal(0, 0.12))
        if 0.25 < wx < plan.size[0] - 0.25 and 0.25 < wy < plan.size[1] - 0.25:
            plan.place_fixed(chair, wx, wy, 0, turn)
            plan.taken.append((wx - 0.24, wy - 0.24, wx + 0.24, wy + 0.24))


def hang_on_walls(plan: FloorPlan, p: Palette, count: int) -> None:
    """Shelves, pictures, a clock, perhaps a mirror on the walls."""
    if p.rng.random() < 0.65:
        plan.on_wall(small.clock(p), (1.5, 1.9))
    for _ in range(count):
        kind = p.rng.random()
        if kind < 0.45:
            _shelf_on_wall(plan, p)
        elif kind < 0.9:
            w, h = (float(x) for x in p.rng.uniform((0.35, 0.35), (0.95, 0.8)))
            plan.on_wall(small.picture(p, w, h), (1.15, 1.45))
        else:
            h = float(p.rng.uniform(0.5, 0.9))
            plan.on_wall(small.mirror(p, 0.5, h), (1.1, 1.3))


def _shelf_on_wall(plan: FloorPlan, p: Palette) -> None:
    """A board on a wall with books, plants, bottles or vases."""
    width = float(p.rng.uniform(0.8, 1.4))
    shelf = plan.on_wall(tables.wall_shelf(p, width), (1.15, 1.5), keep=(0.0, 0.0, 0.4))
    if shelf is None:
        return
    top, choice = shelf.thing.tops[0], p.rng.random()
    if choice < 0.45:
        items = [small.row_of_books(p, width * 0.55, 0.28), *clutter(p, 2)]
    elif choice < 0.65:
        items = [small.potted_plant(p, float(p.rng.uniform(0.3, 0.42))) for _ in range(4)]
    elif choice < 0.8:
        items = [small.bottle(p) for _ in range(8)]
    else:
        items = [small.vase(p) for _ in range(4)]
    plan.on_top(items, shelf, top, facing=0.0)


def media(plan: FloorPlan, p: Palette) -> None:
    """A sideboard with a television on it, or one on the wall above it."""
    width = float(p.rng.uniform(1.3, 1.8))
    board = plan.against_wall(tables.dresser(p, width, low=True), clear=0.8)
    if board:
        on_wall = bool(p.rng.random() < 0.5)
        tv = small.television(p, float(p.rng.uniform(1.25, 1.75)), wall=on_wall)
        if on_wall:
            hang_behind(plan, tv, board)
        else:
            plan.place_fixed(tv, *board.at(0, -0.05), board.thing.height, board.yaw)
        end = Top(width * 0.42, 0.05, board.thing.height, 0.2, 0.25)
        plan.on_top(clutter(p, 1), board, end)


def hang_behind(plan: FloorPlan, thing: Thing, below: Placed) -> None:
    """Hang a thing, above what stands against a wall, on that wall."""
    wall = WALL_YAW.index(below.yaw)
    plan.on_wall(thing, (1.0, 1.2), (wall,), near=below.x if wall % 2 == 0 else below.y)


def seat_and_plant(plan: FloorPlan, p: Palette) -> None:
    """Armchairs with a lamp, tall plants in corners, a tall vase."""
    for _ in range(int(p.rng.integers(1, 3))):
        chair = plan.in_room(seats.armchair(p), margin=0.15, turned=True)
        if chair and p.rng.random() < 0.4:
            plan.beside(small.floor_lamp(p), chair, 0.65, -0.2)
    tall_plants(plan, p, 3, (1.2, 1.9))
    if p.rng.random() < 0.5:
        plan.against_wall(tall.floor_vase(p))


def tall_plants(
    plan: FloorPlan,
    p: Palette,
    count: int,
    sizes: tuple[Number, Number],
    walls: tuple[int, ...] = (0, 1, 2, 3),
) -> None:
    """Plants of so many metres in corners, or along the walls where those are taken."""
    for _ in range(count):
        plant = small.potted_plant(p, float(p.rng.uniform(*sizes)))
        if not plan.against_wall(plant, walls, corner=True):
            plan.against_wall(plant, walls)


def dining_group(plan: FloorPlan, p: Palette, count: int, margin: Number) -> Placed | None:
    """A laid table with its chairs, a rug below and a lamp above."""
    table = plan.in_room(tables.dining_table(p, p.wood(), count), margin=margin, clear=0.25)
    if table is None:
        return None
    top = table.thing.tops[0]
    is_round = table.thing.width == table.thing.depth
    plan.taken.pop()
    sit_around(plan, p, table, is_round, count)
    w, d = table.thing.width, table.thing.depth
    plan.taken.append((table.x - w / 2, table.y - w / 2, table.x + w / 2, table.y + w / 2))
    if p.rng.random() < 0.6:
        mat = small.rug(p, w + 1.1, d + 1.0, round_=is_round)
        plan.place_fixed(mat, table.x, table.y, 0, table.yaw)
    items: list[Thing] = [small.vase(p, flowers=True)] if p.rng.random() < 0.6 else []
    if p.rng.random() < 0.5:
        bowl = small.bowl(p, fruit=True)
        spots = plan.on_top(bowl[:1], table, Top(top.x, top.y, top.z, 0.3, 0.2))
        for spot in spots:
            plan.place_fixed(bowl[1], spot.x, spot.y, spot.z, 0)
    items += [small.plate(p) for _ in range(int(p.rng.integers(0, count + 1)))]
    items += [small.bottle(p), small.cup(p)] if p.rng.random() < 0.7 else [small.pile_of_books(p)]
    plan.on_top(items, table, top)
    return table
