"""A good policy in little time, from which the solver starts: greedy purchases, then swaps.

What is bought decides everything else, so the search is over sets of tasks. One pass over the
edges tells what every further purchase would be worth: of the edges into a target that lack one
task only, the best one for each such task.
"""

from collections.abc import Collection, Sequence

import numpy as np
from jaxtyping import Bool, Float

from taskonomy.taxonomy.hypergraph import Hypergraph
from taskonomy.taxonomy.options import Choice, Option, best_within

_ROUNDING = 1e-9


def good_choice(
    graph: Hypergraph,
    options: Sequence[Option],
    budget: float | int,
    bought: Collection[str] = (),
) -> Choice | None:
    """Return a policy that no single purchase or swap of two tasks improves.

    None if the search ends at a set of tasks that leaves a target without an edge.

    Args:
        bought: tasks within the budget that the search starts from.
    """
    search = _Search(graph, options, budget)
    search.bought |= np.array([name in bought for name in graph.sources])
    search.buy()
    while search.swap():
        search.buy()
    bought = [name for name, is_in in zip(graph.sources, search.bought, strict=True) if is_in]
    choice = best_within(graph, options, bought)
    return choice if len(choice.options) == len(graph.targets) else None


class _Search:
    def __init__(self, graph: Hypergraph, options: Sequence[Option], budget: float | int) -> None:
        rows = {name: i for i, name in enumerate(graph.targets)}
        columns = {name: i for i, name in enumerate(graph.sources)}
        # Edges by target; one that reads fewer tasks than others names a task beyond the last.
        self._options = sorted(options, key=lambda option: option.edge.target)
        self._target = np.array([rows[option.edge.target] for option in self._options])
        self._first = np.searchsorted(self._target, np.arange(len(rows)))
        self._worth = np.array([option.worth for option in self._options])
        width = max(len(option.sources) for option in options)
        self._reads = np.full((len(options), width), len(columns))
        for row, option in enumerate(self._options):
            self._reads[row, : len(option.sources)] = [columns[name] for name in option.sources]
        # An unreached target weighs more than everything that worths can differ by.
        spread = float(np.ptp(self._worth)) + 1
        self._unreached = float(self._worth.min()) - spread * len(rows)
        self._cost = np.array([graph.cost[name] for name in graph.sources])
        self._budget = budget * (1 + _ROUNDING)
        self._fixed = np.array([name in graph.must_use for name in graph.sources])
        self.bought = self._fixed.copy()

    def buy(self) -> None:
        """Buy what is worth most, as long as the budget lasts."""
        while True:
            _, gains = self._gains(self.bought)
            best = int(gains.argmax())
            if not gains[best] > 0:
                return
            self.bought[best] = True

    def swap(self) -> bool:
        """Make the best exchange of one bought task for another; tell whether there was one."""
        value, _ = self._gains(self.bought)
        best, exchange = value + _ROUNDING, (-1, -1)
        for out in np.flatnonzero(self.bought & ~self._fixed).tolist():
            without = self.bought.copy()
            without[out] = False
            left, gains = self._gains(without)
            gains[out] = 0
            into = int(gains.argmax())
            if left + gains[into] > best:
                best, exchange = left + gains[into], (out, into)
        out, into = exchange
        if into < 0:
            return False
        self.bought[out], self.bought[into] = False, True
        return True

    def _gains(
        self, bought: Bool[np.ndarray, " sources"]
    ) -> tuple[float, Float[np.ndarray, " sources"]]:
        """The objective of a set of tasks, and what each further affordable one would add."""
        missing = ~np.append(bought, True)[self._reads]
        lacking = missing.sum(axis=1)
        reached = np.where(lacking == 0, self._worth, self._unreached)
        worth = np.maximum.reduceat(reached, self._first)
        one = np.flatnonzero(lacking == 1)
        task = self._reads[one, missing[one].argmax(axis=1)]
        more = np.zeros((len(worth), len(bought)))
        target = self._target[one]
        np.maximum.at(more, (target, task), self._worth[one] - worth[target])
        gains = more.sum(axis=0)
        gains[self._cost > self._budget - self._cost[bought].sum()] = 0
        return float(worth.sum()), gains
