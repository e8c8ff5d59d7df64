"""Novel tasks one by one: what transfers solve a task that has no labels but a readout's few.

The paper's all-for-one taxonomies (section 4.2, figure 12): every target in turn may neither be
bought nor serve others, everything else may be bought, and the edge of the highest affinity is
taken. With nothing but one target to solve, that edge is the program's optimum.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import fsum

from taskonomy.affinity.candidate import Candidate
from taskonomy.dictionary import DICTIONARY, Dictionary
from taskonomy.taxonomy.hypergraph import Question, build


@dataclass(frozen=True, kw_only=True)
class Novel:
    """Every target held out in turn.

    Attributes:
        max_order: most sources an edge may read.
        edges: the edge of the highest affinity to rank by into every target that has a transfer, by
            target; `win_vs_scratch` is its gain and `win_vs_supervised` its quality.
    """

    max_order: int
    edges: tuple[Candidate, ...]

    @property
    def mean_gain(self) -> float:
        """Mean win rate against scratch over the targets; nan where one is unknown."""
        return fsum(edge.win_vs_scratch for edge in self.edges) / len(self.edges)

    @property
    def mean_quality(self) -> float:
        """Mean win rate against full supervision over the targets; nan where one is unknown."""
        return fsum(edge.win_vs_supervised for edge in self.edges) / len(self.edges)


def all_for_one(
    candidates: Sequence[Candidate], max_order: int, dictionary: Dictionary = DICTIONARY
) -> Novel:
    """Return the best edge of every target from the other tasks, untrained encoders left out.

    Of edges of equal affinity, the one that reads fewer tasks, then the first by name.

    Raises:
        BadInput: there is no transfer, or candidates are of several regimes.
    """
    transfers = [c for c in candidates if c.kind == "transfer"]
    best: dict[str, Candidate] = {}
    question = Question(max_order=max_order, scale="raw", dictionary=dictionary)
    for edge in build(transfers, question).edges:
        taken = best.setdefault(edge.target, edge)
        if edge.ranking_affinity > taken.ranking_affinity:
            best[edge.target] = edge
    return Novel(max_order=max_order, edges=tuple(best[target] for target in sorted(best)))
