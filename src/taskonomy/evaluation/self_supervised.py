"""Self-supervised sources alone: what one task whose labels cost nothing gives to all targets.

The paper's tables hold taxonomies against features of self-supervised tasks. Those of its
dictionary are here: a readout of such a task's representation for every target.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import fsum

from taskonomy.affinity.candidate import Candidate
from taskonomy.dictionary import DICTIONARY
from taskonomy.dictionary.figures import SELF_SUPERVISED
from taskonomy.evaluation.novel import all_for_one


@dataclass(frozen=True, kw_only=True)
class Baseline:
    """One source for every other target.

    Attributes:
        source: the only task that is read.
        edges: its readout for every target but itself.
        best: for the same targets, the best edge of the same order from any other task.
    """

    source: str
    edges: tuple[Candidate, ...]
    best: tuple[Candidate, ...]

    @property
    def mean_gain(self) -> float:
        """Mean win rate against scratch; nan where one is unknown."""
        return fsum(edge.win_vs_scratch for edge in self.edges) / len(self.edges)

    @property
    def mean_quality(self) -> float:
        """Mean win rate against full supervision; nan where one is unknown."""
        return fsum(edge.win_vs_supervised for edge in self.edges) / len(self.edges)

    @property
    def best_gain(self) -> float:
        """The same mean of the best edges."""
        return fsum(edge.win_vs_scratch for edge in self.best) / len(self.best)

    @property
    def best_quality(self) -> float:
        """The same mean of the best edges."""
        return fsum(edge.win_vs_supervised for edge in self.best) / len(self.best)


def self_supervised(candidates: Sequence[Candidate]) -> tuple[Baseline, ...]:
    """Return the baselines of those tasks that were measured as sources, by the dictionary's names.

    Each keeps the candidates' own name for its source, which may be an alias.

    Raises:
        BadInput: candidates are of several regimes.
    """
    best = {edge.target: edge for edge in all_for_one(candidates, 1).edges}
    found = []
    for name in SELF_SUPERVISED:
        named = {(alias,) for alias in (name, *DICTIONARY[name].aliases)}
        edges = tuple(c for c in candidates if c.kind == "transfer" and c.sources in named)
        if edges:
            of_same = tuple(best[edge.target] for edge in edges)
            found.append(Baseline(source=edges[0].sources[0], edges=edges, best=of_same))
    return tuple(found)
