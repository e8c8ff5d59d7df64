"""Surface patterns: how much of a material's second colour a place on the surface has.

Each pattern maps surface coordinates (u, v) in periods of the material, plus the material's seed,
to a mix in 0..1 and a brightness factor around 1. A few draw a picture and give colours instead.
"""

from collections.abc import Callable

import numpy as np
from jaxtyping import Float, Int

from taskonomy.rooms.noise import fractal, hashed, smooth

Values = Float[np.ndarray, " n"]
Seeds = Int[np.ndarray, " n"]
Colours = Float[np.ndarray, "3 n"]


def colour(
    texture: str, u: Values, v: Values, width: Values, seed: Seeds, a: Colours, b: Colours
) -> Colours:
    """Linear RGB of surface places, as planes.

    Args:
        texture: a name in TEXTURES or PICTURES.
        u, v: surface coordinates in periods (PICTURES: -1..1 over the surface).
        width: a pixel's width in the same units, beyond which detail fades.
        a, b: the material's colours at each place.
    """
    if texture in PICTURES:
        return PICTURES[texture](u, v, width, seed, a, b)
    mix, shade = TEXTURES[texture](u, v, width, seed)
    return np.asarray((a + (b - a) * mix) * shade)


Pattern = tuple[Values, Values]


def _cells(x: Values) -> Int[np.ndarray, " n"]:
    whole: Seeds = np.floor(x).astype(np.int32)
    return whole


def _edge(x: Values, width: float) -> Values:
    """1 within `width` of a whole number, else 0."""
    f = x - np.floor(x)
    return np.asarray((np.minimum(f, 1 - f) < width).astype(x.dtype))


def _detail(w: Values, cell: float, strength: float) -> Values:
    """The strength of a detail `cell` periods wide, seen through pixels `w` periods wide."""
    return np.asarray(strength * np.clip(1.5 - 0.7 * w / cell, 0, 1), w.dtype)


def _plain(u: Values, v: Values, _w: Values, seed: Seeds) -> Pattern:
    return np.zeros_like(u), 0.97 + 0.06 * smooth(u * 4, v * 4, seed)


def _wood(u: Values, v: Values, w: Values, seed: Seeds) -> Pattern:
    """Grain along u."""
    bend = 0.6 * smooth(u * 1.5, v * 3, seed)
    rings = smooth(u * 0.8, (v + 0.15 * bend) * 22, seed + 7)
    fine = smooth(u * 2, v * 60, seed + 3) - 0.5
    return 0.75 * rings, 1 + _detail(w, 0.016, 0.2) * fine


def _planks(u: Values, v: Values, _w: Values, seed: Seeds) -> Pattern:
    """Boards one period wide and six long, each of its own tone."""
    row = _cells(v)
    shift = hashed(row, np.zeros_like(row), seed) * 6
    board = _cells((u + shift) / 6)
    tone = hashed(row, board, seed + 1)
    grain = smooth(u * 0.7, v * 9 + 40 * tone, seed + 2)
    seam = np.maximum(_edge(v, 0.03), _edge((u + shift) / 6, 0.006))
    return np.clip(0.7 * tone + 0.35 * grain, 0, 1), (0.85 + 0.25 * tone) * (1 - 0.55 * seam)


def _herringbone(u: Values, v: Values, _w: Values, seed: Seeds) -> Pattern:
    s, t = (u + v) * 0.7071, (u - v) * 0.7071
    odd = (_cells(s / 2) + _cells(t / 2)) % 2 == 0
    along, across = np.where(odd, s, t), np.where(odd, t, s)
    tone = hashed(_cells(across * 2), _cells(along / 2), seed)
    grain = smooth(along, across * 16, seed + 1)
    return np.clip(0.75 * tone + 0.3 * grain, 0, 1), 1 - 0.4 * _edge(across * 2, 0.06)


def _tiles(u: Values, v: Values, _w: Values, seed: Seeds) -> Pattern:
    """Square tiles of slightly different tones; the second colour is the grout."""
    tone = hashed(_cells(u), _cells(v), seed)
    cloud = smooth(u * 3, v * 3, seed + 1)
    return np.maximum(_edge(u, 0.025), _edge(v, 0.025)), 0.88 + 0.14 * tone + 0.08 * cloud


def _bricks(u: Values, v: Values, _w: Values, seed: Seeds) -> Pattern:
    """Courses two periods long, one high, shifted by half; the second colour is the mortar."""
    row = _cells(v)
    x = u / 2 + 0.5 * (row % 2)
    tone = hashed(_cells(x), row, seed)
    rough = fractal(u * 4, v * 4, seed + 1, 2)
    mortar = np.maximum(_edge(x, 0.03), _edge(v, 0.06))
    return mortar, 0.7 + 0.4 * tone + 0.2 * rough


def _checks(u: Values, v: Values, _w: Values, seed: Seeds) -> Pattern:
    mix = ((_cells(u) + _cells(v)) % 2).astype(u.dtype)
    return mix, 0.93 + 0.12 * smooth(u * 2, v * 2, seed)


def _stripes(u: Values, v: Values, _w: Values, seed: Seeds) -> Pattern:
    f = u - np.floor(u)
    return ((f < 0.5) | ((f > 0.7) & (f < 0.78))).astype(u.dtype), 0.96 + 0.06 * smooth(
        u * 9, v * 9, seed
    )


def _plaid(u: Values, v: Values, _w: Values, seed: Seeds) -> Pattern:
    bands = 0.5 * (u - np.floor(u) < 0.4) + 0.5 * (v - np.floor(v) < 0.4)
    lines = np.maximum(_edge(u + 0.2, 0.03), _edge(v + 0.2, 0.03))
    return np.asarray(bands, u.dtype), (1 + 0.5 * lines) * (
        0.94 + 0.1 * smooth(u * 20, v * 20, seed)
    )


def _dots(u: Values, v: Values, _w: Values, seed: Seeds) -> Pattern:
    row = _cells(v)
    x = u + 0.5 * (row % 2)
    r = np.hypot(x - np.floor(x) - 0.5, v - row - 0.5)
    return (r < 0.26).astype(u.dtype), 0.96 + 0.06 * smooth(u * 5, v * 5, seed)


def _floral(u: Values, v: Values, _w: Values, seed: Seeds) -> Pattern:
    """Flowers of five petals on a staggered grid, with stems."""
    row = _cells(v)
    x = u + 0.5 * (row % 2)
    dx, dy = x - np.floor(x) - 0.5, v - row - 0.5
    r, angle = np.hypot(dx, dy), np.arctan2(dy, dx)
    turn = 6.28 * hashed(_cells(x), row, seed)
    petals = r < 0.2 + 0.12 * np.cos(5 * angle + turn)
    stem = (np.abs(dx - 0.08 * np.sin(6 * dy)) < 0.03) & (dy < 0)
    return 0.8 * (petals & (r > 0.07)) + 0.5 * (stem & ~petals), np.where(r < 0.07, 1.15, 1.0)


def _diamonds(u: Values, v: Values, _w: Values, seed: Seeds) -> Pattern:
    s, t = u + v, u - v
    lines = np.maximum(_edge(s, 0.07), _edge(t, 0.07))
    inner = hashed(_cells(s), _cells(t), seed) > 0.5
    return np.maximum(lines, 0.35 * inner), np.ones_like(u)


def _weave(u: Values, v: Values, w: Values, seed: Seeds) -> Pattern:
    """Coarse cloth."""
    over = ((_cells(u * 2) + _cells(v * 2)) % 2).astype(u.dtype)
    thread = hashed(_cells(u * 8), _cells(v * 8), seed) - 0.5
    mix = _detail(w, 0.5, 0.25) * over + _detail(w, 1.0, 0.5) * (smooth(u, v, seed) - 0.5)
    return 0.25 + mix, 1 + _detail(w, 0.12, 0.3) * thread


def _pile(u: Values, v: Values, w: Values, seed: Seeds) -> Pattern:
    """Carpet: fine speckle over slow patches."""
    speckle = hashed(_cells(u * 40), _cells(v * 40), seed) - 0.5
    return 0.6 * fractal(u * 2, v * 2, seed, 2), 1 + _detail(w, 0.025, 0.5) * speckle


def _marble(u: Values, v: Values, _w: Values, seed: Seeds) -> Pattern:
    warp = fractal(u, v, seed, 4)
    vein = np.abs(np.sin(3.1 * (u + 0.6 * v + 3.2 * warp)))
    return (1 - vein) ** 4, 0.94 + 0.1 * warp


def _terrazzo(u: Values, v: Values, _w: Values, seed: Seeds) -> Pattern:
    blobs = smooth(u * 14, v * 14, seed)
    chips = hashed(_cells(u * 14), _cells(v * 14), seed + 1)
    return (blobs > 0.66) * (0.15 + 0.4 * chips), 0.97 + 0.06 * chips


def _plaster(u: Values, v: Values, w: Values, seed: Seeds) -> Pattern:
    grain = smooth(u * 14, v * 14, seed + 5) - 0.5
    return 0.3 * smooth(u, v, seed), 1 + _detail(w, 0.07, 0.12) * grain


def _leaf(u: Values, v: Values, _w: Values, seed: Seeds) -> Pattern:
    vein = _edge(u * 0.5 + 0.5 * np.abs(v), 0.08)
    return fractal(u, v, seed, 2), 1 - 0.25 * vein


def _wicker(u: Values, v: Values, w: Values, seed: Seeds) -> Pattern:
    strand = np.abs(np.sin(3.1416 * (v + 0.5 * (_cells(u) % 2))))
    tone = hashed(_cells(u), _cells(v), seed) - 0.5
    return 0.4 + _detail(w, 0.5, 0.8) * (0.5 - strand), 1 + _detail(w, 1.0, 0.3) * tone


TEXTURES: dict[str, Callable[[Values, Values, Values, Seeds], Pattern]] = {
    "plain": _plain,
    "wood": _wood,
    "planks": _planks,
    "herringbone": _herringbone,
    "tiles": _tiles,
    "bricks": _bricks,
    "checks": _checks,
    "stripes": _stripes,
    "plaid": _plaid,
    "dots": _dots,
    "floral": _floral,
    "diamonds": _diamonds,
    "weave": _weave,
    "pile": _pile,
    "marble": _marble,
    "terrazzo": _terrazzo,
    "plaster": _plaster,
    "leaf": _leaf,
    "wicker": _wicker,
}


def _painting(u: Values, v: Values, _w: Values, seed: Seeds, a: Colours, b: Colours) -> Colours:
    """A landscape or an abstract of overlapping fields, by seed; a is the sky, b the land."""
    ridge = 0.5 * fractal(u * 2, np.zeros_like(u), seed, 3) - 0.3
    near = 0.6 * fractal(u * 3, np.ones_like(u), seed + 9, 2) - 0.85
    dusk = np.clip(0.5 + 0.5 * v, 0, 1)
    land = np.where(v < near, b * 0.5, b)
    scenery = np.where(v < ridge, land, a * (1.1 - 0.5 * dusk) + 0.15 * (1 - dusk))
    disc = np.hypot(u - 0.4, v - 0.45) < 0.18
    scenery = np.where(disc, np.array([[0.95], [0.8], [0.5]], np.float32), scenery)
    field = fractal(u * 1.3 + 3, v * 1.3, seed + 4, 2)
    wheel = np.stack([hashed(_cells(field * 9), np.full_like(seed, k), seed) for k in range(3)])
    abstract = 0.5 * wheel + 0.5 * np.where(field > 0.5, a, b)
    return np.where(seed % 2 == 0, scenery, abstract)


def _rug(u: Values, v: Values, w: Values, seed: Seeds, a: Colours, b: Colours) -> Colours:
    """A rug: borders, and a medallion, diamonds or stripes inside."""
    rim = np.maximum(np.abs(u), np.abs(v))
    border = ((rim > 0.82) & (rim < 0.92)) | ((rim > 0.7) & (rim < 0.73))
    medallion = np.cos(9 * np.hypot(u, v)) > 0.2
    lattice = (_cells(4 * (u + v)) + _cells(4 * (u - v))) % 2 == 0
    bars = _cells(6 * v) % 2 == 0
    style = seed % 3
    inside = np.where(style == 0, medallion, np.where(style == 1, lattice, bars))
    mix = np.where(rim > 0.7, border, inside & (rim < 0.7)).astype(u.dtype)
    speckle = 1 + _detail(w, 0.011, 0.35) * (hashed(_cells(u * 90), _cells(v * 90), seed) - 0.5)
    return np.asarray((a + (b - a) * mix) * speckle)


def _sky(u: Values, v: Values, _w: Values, seed: Seeds, a: Colours, b: Colours) -> Colours:
    """What a window shows: sky with clouds (a), and hills or houses (b) below."""
    cloud = np.clip(2.2 * fractal(u * 1.5, v * 3, seed, 3) - 1, 0, 1)
    sky = a * (1.0 - 0.25 * v) * (1 - cloud) + cloud * a.max(0)
    house = _cells(u * 3)
    roof = np.where(
        seed % 2 == 0,
        hashed(house, np.zeros_like(house), seed) * 0.8 - 0.6,
        0.5 * fractal(u * 2, np.zeros_like(u), seed + 1, 2) - 0.4,
    )
    lit = hashed(_cells(u * 12), _cells(v * 12), seed) > 0.6
    town = b * np.where((seed % 2 == 0) & lit, 1.6, 1.0)
    return np.asarray(np.where(v < roof, town, sky))


def _screen(u: Values, v: Values, _w: Values, seed: Seeds, a: Colours, b: Colours) -> Colours:
    """A screen: a scene of soft fields, or a page with a bar and lines of text."""
    field = fractal(u * 2, v * 2, seed, 3)
    film = a * field + b * (1 - field)
    line = (hashed(_cells(u * 10), _cells(v * 9), seed) > 0.35) & (np.abs(v * 9 % 1 - 0.5) < 0.25)
    page = np.where(line & (np.abs(u) < 0.8) & (v < 0.6), b, 0.85 + 0 * a)
    page = np.where(v > 0.75, a, page)
    return np.where(seed % 2 == 0, film, page)


def _dial(u: Values, v: Values, _w: Values, seed: Seeds, a: Colours, b: Colours) -> Colours:
    """A clock's face (a) with marks and hands (b)."""
    r, angle = np.hypot(u, v), np.arctan2(u, v)
    hours = 12 * hashed(seed, seed, seed)
    marks = (r > 0.72) & (r < 0.9) & (np.abs(((angle * 6 / np.pi) + 0.5) % 1 - 0.5) < 0.13)

    def hand(turn: Values, length: float, width: float) -> Values:
        along = u * np.sin(turn) + v * np.cos(turn)
        across = np.abs(u * np.cos(turn) - v * np.sin(turn))
        return np.asarray((along > -0.08) & (along < length) & (across < width), u.dtype)

    hands = hand(hours * np.pi / 6, 0.48, 0.07) + hand(hours * 2 * np.pi, 0.7, 0.05)
    return np.where(marks | (hands > 0), b, a)


def _cover(u: Values, v: Values, _w: Values, seed: Seeds, a: Colours, b: Colours) -> Colours:
    """A book's cover or spine: bands and a block of title."""
    bands = np.abs(np.abs(v) - 0.8) < 0.06
    title = (np.abs(v - 0.3) < 0.25) & (np.abs(u) < 0.6)
    title &= hashed(_cells(u * 9), _cells(v * 9), seed) > 0.4
    return np.where(bands | title, b, a)


PICTURES: dict[str, Callable[[Values, Values, Values, Seeds, Colours, Colours], Colours]] = {
    "painting": _painting,
    "rug": _rug,
    "sky": _sky,
    "screen": _screen,
    "dial": _dial,
    "cover": _cover,
}
