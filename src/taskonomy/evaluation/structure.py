"""Does the structure of the task space show? 3D tasks against 2D tasks, over several seeds.

The question is which group of sources serves a group of targets better, in affinity: first-order
transfers alone, renormalised over them, full supervision and own readouts left out. Pairs of tasks
that are nearly the same (twins) would decide it by themselves, so that every comparison is also
made without them.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from math import fsum
from textwrap import fill
from typing import Any

import numpy as np
from jaxtyping import Float

from taskonomy.affinity.candidate import Candidate
from taskonomy.dictionary import DICTIONARY, Dictionary
from taskonomy.dictionary.figures import TWINS
from taskonomy.errors import BadInput
from taskonomy.evaluation import clusters
from taskonomy.evaluation.tree import first_order

LEVEL = 0.95
REPLICATES = 10_000
_SEED = 0


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Mean affinity of two groups of sources towards one group of targets.

    Attributes:
        targets: the group of the targets: `3D` or `2D`.
        other: the other group of sources.
        twins: whether near-identical pairs are counted.
        n_targets: how many targets.
        own, from_other: mean affinity of the targets' own group and of the other one.
        low, high: bootstrap interval of own - from_other over targets and seeds.
    """

    targets: str
    other: str
    twins: bool
    n_targets: int
    own: float
    from_other: float
    low: float
    high: float

    @property
    def difference(self) -> float:
        """How much better the targets' own group serves them."""
        return self.own - self.from_other

    @property
    def holds(self) -> bool:
        """Whether the interval of the difference lies above zero."""
        return self.low > 0


@dataclass(frozen=True, kw_only=True)
class Structure:
    """What several seeds of one profile say.

    Attributes:
        seeds: the seeds measured.
        chance: mean affinity of a source that is as good as any other.
        comparisons: 3D and 2D targets, with and without twins; empty where the data set has too
            few of either.
        clusters: whether the tasks about surfaces share a branch of the task trees.
        agreement: mean correlation of log affinities between two seeds; None of one seed.
        left_out: transfers (source, target) that not every seed measured, as where a readout
            failed; no seed's count.
    """

    seeds: tuple[int, ...]
    chance: float
    comparisons: tuple[Comparison, ...]
    clusters: tuple[clusters.Clusters, ...]
    agreement: float | None
    left_out: tuple[tuple[str, str], ...]


def measure(
    tables: Mapping[int, Sequence[Candidate]], dictionary: Dictionary = DICTIONARY
) -> Structure:
    """Compare the groups and look at the tree, over the affinity tables of several seeds.

    Args:
        tables: the candidates of one regime, by seed.
        dictionary: says which group a task is of.

    Raises:
        BadInput: no transfer was measured with every seed.
    """
    by_seed, left_out = _shared({seed: first_order(table) for seed, table in tables.items()})
    transfers = [_transfers_only(affinities) for affinities in by_seed.values()]
    seeds = list(by_seed.values())
    groups = {task.name: task.group for task in dictionary}
    counts = [len(by_source) for by_source in transfers[0].values()]
    return Structure(
        seeds=tuple(tables),
        chance=sum(1 / count for count in counts) / len(counts),
        comparisons=tuple(
            _compare(transfers, groups, group, other, twins)
            for group, other in (("3D", "2D"), ("2D", "3D"))
            if _comparable(transfers[0], groups, group, other)
            for twins in (True, False)
        ),
        clusters=clusters.clusters(_mean(seeds), seeds, dictionary),
        agreement=_agreement(transfers),
        left_out=left_out,
    )


def render_text(structure: Structure) -> str:
    """Return the findings as a table to read."""
    lines = [
        f"Seeds {', '.join(map(str, structure.seeds))}; mean first-order affinity, full "
        f"supervision and own readouts left out; chance {structure.chance:.3f};",
        f"{LEVEL:.0%} bootstrap intervals over targets and seeds.",
        "",
        f"{'targets':8} {'twin pairs':10} {'own group':>10} {'other':>8} {'difference':>11}"
        f"  {'interval':20} excludes zero",
    ]
    for c in structure.comparisons:
        interval = f"[{c.low:+.4f}, {c.high:+.4f}]"
        own, other = f"{c.targets}: {c.own:.3f}", f"{c.other}: {c.from_other:.3f}"
        lines.append(
            f"{f'{c.n_targets} {c.targets}':8} {'counted' if c.twins else 'left out':10} {own:>10} "
            f"{other:>8} {c.difference:>+11.4f}  {interval:20} {'yes' if c.holds else 'no'}"
        )
    for found in structure.clusters:
        lines += ["", clusters.render_text(found)]
    lines += [
        "",
        "One seed: how far another would agree was not measured."
        if structure.agreement is None
        else f"Log affinities of two seeds correlate at {structure.agreement:.2f}.",
        "Twin pairs: " + ", ".join("/".join(pair) for pair in TWINS) + ".",
    ]
    if structure.left_out:
        failed = ", ".join(f"{source} to {target}" for source, target in structure.left_out)
        lines += [fill(f"Left out, since not every seed measured it: {failed}.", width=100)]
    return "\n".join(lines) + "\n"


def to_json(structure: Structure) -> dict[str, Any]:
    """Return the findings as plain data."""
    plain = asdict(structure)
    for row, comparison in zip(plain["comparisons"], structure.comparisons, strict=True):
        row |= {"difference": comparison.difference, "holds": comparison.holds}
    return plain


_Affinities = dict[str, dict[str, float]]
_Groups = Mapping[str, str]
"""By target, then by source."""


def _shared(
    by_seed: Mapping[int, _Affinities],
) -> tuple[dict[int, _Affinities], tuple[tuple[str, str], ...]]:
    """What all seeds measured, and the transfers that only some did.

    The others' rows keep their sums: who is left takes the share of who is not.
    """
    pairs = [{(s, t) for t, row in found.items() for s in row} for found in by_seed.values()]
    everywhere = set.intersection(*pairs)
    if not everywhere:
        raise BadInput(f"seeds {', '.join(map(str, by_seed))}: found no transfer that all measured")
    kept = {seed: _restricted(found, everywhere) for seed, found in by_seed.items()}
    return kept, tuple(sorted(set().union(*pairs) - everywhere))


def _restricted(affinities: _Affinities, pairs: set[tuple[str, str]]) -> _Affinities:
    found = {}
    for target, row in affinities.items():
        rest = {name: p for name, p in row.items() if (name, target) in pairs}
        if rest:
            more = fsum(row.values()) / fsum(rest.values())
            found[target] = {name: p * more for name, p in rest.items()}
    return found


def _transfers_only(affinities: _Affinities) -> _Affinities:
    return {
        target: _normalised({name: p for name, p in row.items() if name != target})
        for target, row in affinities.items()
    }


def _normalised(row: dict[str, float]) -> dict[str, float]:
    total = fsum(row.values())
    return {name: p / total for name, p in row.items()}


def _members(names: Iterable[str], groups: _Groups, group: str) -> list[str]:
    return [name for name in sorted(names) if groups[name] == group]


def _comparable(affinities: _Affinities, groups: _Groups, group: str, other: str) -> bool:
    """Whether the data set's tasks leave both groups enough to compare, twins left out."""
    sources = {name for row in affinities.values() for name in row}
    twins = {name for pair in TWINS for name in pair}
    return (
        len(_members(affinities, groups, group)) >= 2
        and len(_members(sources - twins, groups, group)) >= 2
        and len(_members(sources - twins, groups, other)) >= 1
    )


def _compare(
    seeds: Sequence[_Affinities], groups: _Groups, group: str, other: str, twins: bool
) -> Comparison:
    targets = _members(seeds[0], groups, group)
    cells = [
        [_pair(seed[target], groups, target, group, other, twins) for target in targets]
        for seed in seeds
    ]
    pairs = np.array(cells)
    low, high = _interval(pairs[..., 0] - pairs[..., 1])
    own, from_other = pairs.mean(axis=(0, 1)).tolist()
    return Comparison(
        targets=group,
        other=other,
        twins=twins,
        n_targets=len(targets),
        own=own,
        from_other=from_other,
        low=low,
        high=high,
    )


def _pair(
    row: Mapping[str, float],
    groups: _Groups,
    target: str,
    group: str,
    other: str,
    twins: bool,
) -> tuple[float, float]:
    """Mean affinity of a target's own group of sources and of the other group."""
    alike = {name for pair in TWINS if target in pair for name in pair}
    kept = _normalised({name: p for name, p in row.items() if twins or name not in alike})

    def mean(wanted: str) -> float:
        return float(np.mean([p for name, p in kept.items() if groups[name] == wanted]))

    return mean(group), mean(other)


def _interval(differences: Float[np.ndarray, "seeds targets"]) -> tuple[float, float]:
    """Percentiles of the mean when seeds and targets are both drawn anew."""
    rng = np.random.default_rng(_SEED)
    seeds, targets = differences.shape
    by_seed = rng.multinomial(seeds, np.full(seeds, 1 / seeds), REPLICATES) / seeds
    by_target = rng.multinomial(targets, np.full(targets, 1 / targets), REPLICATES) / targets
    means = np.einsum("rs,st,rt->r", by_seed, differences, by_target)
    low, high = np.quantile(means, [(1 - LEVEL) / 2, (1 + LEVEL) / 2]).tolist()
    return low, high


def _mean(seeds: Sequence[_Affinities]) -> _Affinities:
    return {
        target: {name: fsum(seed[target][name] for seed in seeds) / len(seeds) for name in row}
        for target, row in seeds[0].items()
    }


def _agreement(seeds: Sequence[_Affinities]) -> float | None:
    logs = [np.log([p for t in sorted(s) for _, p in sorted(s[t].items())]) for s in seeds]
    pairs = [np.corrcoef(one, other)[0, 1] for one, other in combinations(logs, 2)]
    return float(np.mean(pairs)) if pairs else None
