"""The affinity matrices of the report: targets down, sources across, before and after the AHP.

Before: the mean test loss of every first-order readout, which cannot be compared between targets
(a cross entropy is not a distance). After: how often a readout wins, normalised over each target's
first-order transfers, so that rows can be compared (paper, figure 7).
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from taskonomy.affinity.candidate import Candidate
from taskonomy.dictionary import Dictionary

GROUPS = ("2D", "3D", "geometric", "semantic", "none")
_REACH_LOSS = 0.5  # relative difference in loss at which the colour is full
_REACH_AFFINITY = 2.0  # powers of two at which the colour is full: a quarter of chance, or 4 times


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One square. `shade` in [-1, 1]: above 0 the source serves the target better than usual."""

    shade: float
    tip: str
    own: bool = False
    group_starts: bool = False


@dataclass(frozen=True, kw_only=True)
class Matrix:
    """Rows of cells (None: no such readout), with the names of rows and columns."""

    sources: tuple[str, ...]
    targets: tuple[str, ...]
    rows: tuple[tuple[Cell | None, ...], ...]
    row_starts: tuple[bool, ...]


@dataclass(frozen=True, kw_only=True)
class Block:
    """The mean of one group of sources for one group of targets, in multiples of chance."""

    targets: str
    sources: str
    times_chance: float
    shade: float
    pairs: int


def by_group(names: Sequence[str], dictionary: Dictionary) -> tuple[str, ...]:
    """These tasks in the order of the groups, and within a group of the dictionary."""
    known = list(dict.fromkeys(names))
    return tuple(sorted(known, key=lambda name: GROUPS.index(dictionary[name].group)))


def first_order(candidates: Sequence[Candidate]) -> dict[tuple[str, str], Candidate]:
    """First-order transfers and own readouts by (target, source)."""
    return {
        (row.target, row.sources[0]): row
        for row in candidates
        if row.order == 1 and row.kind != "supervised"
    }


def before_ahp(losses: Mapping[tuple[str, str], float], dictionary: Dictionary) -> Matrix:
    """Mean test losses, shaded by their distance from the row's median.

    Args:
        losses: mean test loss of the first-order readouts by (target, source).
        dictionary: the tasks, in the order of the matrix within groups.
    """

    def cells(target: str, sources: Sequence[str]) -> dict[str, tuple[float, str]]:
        row = {source: losses[target, source] for source in sources if (target, source) in losses}
        middle = float(np.median(list(row.values())))
        found = {}
        for source, loss in row.items():
            relative = loss / middle - 1 if middle > 0 else 0.0
            words = f"loss {loss:.4g}, {abs(relative):.1%} {'above' if relative > 0 else 'below'}"
            found[source] = (_clip(-relative / _REACH_LOSS), f"{words} the row's median")
        return found

    return _matrix(losses, dictionary, cells)


def after_ahp(pairs: Mapping[tuple[str, str], Candidate], dictionary: Dictionary) -> Matrix:
    """Affinities, shaded by the logarithm of their multiple of chance.

    Args:
        pairs: first-order candidates by (target, source), as from `first_order`.
        dictionary: the tasks, in the order of the matrix within groups.
    """
    multiples = times_chance(pairs)

    def cells(target: str, sources: Sequence[str]) -> dict[str, tuple[float, str]]:
        found = {}
        for source in sources:
            if (row := pairs.get((target, source))) is None:
                continue
            times = multiples[target, source]
            interval = f" [{row.affinity_low:.4f}, {row.affinity_high:.4f}]"
            if math.isnan(row.affinity_low):
                interval = ""
            tip = (
                f"affinity {row.affinity:.4f}{interval}, {times:.2f} times chance; "
                f"wins {row.win_vs_scratch:.0%} against scratch, "
                f"{row.win_vs_supervised:.0%} against full supervision"
            )
            if row.beats_guess is not None:
                but = "" if row.beats_guess else ", which it does not beat"
                tip += f", {row.win_vs_guess:.0%} against the informed guess{but}"
            found[source] = (_clip(math.log2(max(times, 1e-9)) / _REACH_AFFINITY), tip)
        return found

    return _matrix(pairs, dictionary, cells)


def times_chance(pairs: Mapping[tuple[str, str], Candidate]) -> dict[tuple[str, str], float]:
    """Affinity over the mean affinity of the target's first-order transfers.

    The own readout (target = source) is measured on the same scale but not counted in the mean.
    """
    found = {}
    for target in dict.fromkeys(target for target, _ in pairs):
        row = {source: c for (t, source), c in pairs.items() if t == target}
        others = [c.affinity for source, c in row.items() if source != target]
        chance = float(np.mean(others)) if others else float("nan")
        for source, candidate in row.items():
            found[target, source] = candidate.affinity / chance if chance > 0 else float("nan")
    return found


def blocks(
    pairs: Mapping[tuple[str, str], Candidate], dictionary: Dictionary
) -> tuple[tuple[Block, ...], ...]:
    """Mean multiple of chance by group of targets (rows) and of sources, own readouts left out."""
    multiples = {key: value for key, value in times_chance(pairs).items() if key[0] != key[1]}
    targets = [g for g in GROUPS if any(dictionary[t].group == g for t, _ in multiples)]
    sources = [g for g in GROUPS if any(dictionary[s].group == g for _, s in multiples)]
    return tuple(
        tuple(_block(multiples, target, source, dictionary) for source in sources)
        for target in targets
    )


def strongest(
    pairs: Mapping[tuple[str, str], Candidate], target: str, count: int
) -> tuple[tuple[Candidate, Float[np.ndarray, "3"]], ...]:
    """A target's best first-order transfers with (affinity, low, high) in multiples of chance."""
    multiples = times_chance(pairs)
    row = [c for (t, source), c in pairs.items() if t == target and source != target]
    best = sorted(row, key=lambda c: (-c.affinity, c.sources))[:count]
    scaled = []
    for candidate in best:
        unit = multiples[target, candidate.sources[0]] / max(candidate.affinity, 1e-300)
        low, high = candidate.affinity_low, candidate.affinity_high
        scaled.append((candidate, np.array([candidate.affinity, low, high]) * unit))
    return tuple(scaled)


def _block(
    multiples: Mapping[tuple[str, str], float], target: str, source: str, dictionary: Dictionary
) -> Block:
    values = [
        value
        for (t, s), value in multiples.items()
        if dictionary[t].group == target and dictionary[s].group == source
    ]
    mean = float(np.mean(values)) if values else float("nan")
    shade = _clip(math.log2(mean) / _REACH_AFFINITY) if values and mean > 0 else 0.0
    return Block(targets=target, sources=source, times_chance=mean, shade=shade, pairs=len(values))


def _matrix(
    keys: Mapping[tuple[str, str], object],
    dictionary: Dictionary,
    cells: Callable[[str, Sequence[str]], dict[str, tuple[float, str]]],
) -> Matrix:
    targets = by_group(
        [name for name in dictionary.names if any(t == name for t, _ in keys)], dictionary
    )
    sources = by_group(
        [name for name in dictionary.names if any(s == name for _, s in keys)], dictionary
    )
    starts = _starts(sources, dictionary)
    titles = {task.name: task.title for task in dictionary}
    rows = []
    for target in targets:
        found = cells(target, sources)
        rows.append(
            tuple(
                Cell(
                    shade=found[source][0],
                    tip=f"{titles[source]} → {titles[target]}: {found[source][1]}",
                    own=source == target,
                    group_starts=starts[j],
                )
                if source in found
                else None
                for j, source in enumerate(sources)
            )
        )
    return Matrix(
        sources=sources, targets=targets, rows=tuple(rows), row_starts=_starts(targets, dictionary)
    )


def _starts(names: Sequence[str], dictionary: Dictionary) -> tuple[bool, ...]:
    groups = [dictionary[name].group for name in names]
    return tuple(i > 0 and groups[i] != groups[i - 1] for i in range(len(groups)))


def _clip(value: float) -> float:
    return max(-1.0, min(1.0, value)) if math.isfinite(value) else 0.0
