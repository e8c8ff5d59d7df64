"""Which tasks to train together: the partition into networks that fits the affinities best.

Two tasks attract or repel each other by log2 of how many times chance they serve each other, the
mean of both directions; chance is a source that is as good as the target's mean one. A partition is
worth the sum over all pairs that share a network, and the best one into at most k networks is found
as a Boolean Integer Program: clique partitioning with representatives (Campelo, Campos and Correa
2008). Affinities say what one task's frozen features give another; that joint training gains where
they are high is a guess that only joint training can confirm (Standley et al. 2020 found that
transfer predicts it poorly).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from math import fsum, log2

from ortools.linear_solver import pywraplp

from taskonomy.affinity.candidate import Candidate
from taskonomy.errors import BadInput

_FLOOR = 2.0**-10
"""Affinities below so many times chance count as it."""


@dataclass(frozen=True, kw_only=True)
class Pull:
    """How two tasks serve each other, in multiples of chance.

    Attributes:
        one, other: the tasks, in order of name.
        forth, back: what `one` gives `other`, and the reverse.
        sure: whether the intervals of both directions lie above chance (1), or both below (-1); 0
            where they do not say.
    """

    one: str
    other: str
    forth: float
    back: float
    sure: int

    @property
    def worth(self) -> float:
        """log2 of the multiple of chance, mean of both directions; above 0 attracts."""
        return (log2(max(self.forth, _FLOOR)) + log2(max(self.back, _FLOOR))) / 2


@dataclass(frozen=True, kw_only=True)
class Grouping:
    """The best partition of tasks into at most so many networks.

    Attributes:
        networks: how many were allowed.
        groups: the tasks of every network, each sorted; the largest first.
        pulls: of every pair of tasks.
        left_out: tasks in no network, each with the transfer that was not measured.
        worth: the sum of `Pull.worth` over pairs that share a network, proven to be the largest.
    """

    networks: int
    groups: tuple[tuple[str, ...], ...]
    pulls: Mapping[tuple[str, str], Pull]
    worth: float
    left_out: Mapping[str, str] = field(default_factory=dict)

    def within(self, group: Sequence[str]) -> list[Pull]:
        """The pairs of one network, strongest first."""
        found = [self.pulls[pair] for pair in combinations(sorted(group), 2)]
        return sorted(found, key=lambda pull: (-pull.worth, pull.one, pull.other))

    def fit(self, task: str, group: Sequence[str]) -> float:
        """What a task's pairs with the other members of a network add up to."""
        others = [name for name in group if name != task]
        return fsum(self.pulls[min(task, name), max(task, name)].worth for name in others)


def group(candidates: Sequence[Candidate], networks: int) -> Grouping:
    """Return the best partition of the tasks that were measured as sources and targets.

    Args:
        candidates: of one regime; first-order transfers count.
        networks: how many networks at most.

    Raises:
        BadInput: candidates of several regimes, fewer than two tasks whose transfers were measured
            in both directions, a task that no source serves, or no network.
    """
    if networks < 1:
        raise BadInput(f"--networks: found {networks}, expected at least 1")
    if len(regimes := {c.regime for c in candidates}) > 1:
        raise BadInput(f"affinities of regimes {sorted(regimes)}: expected one, name it (--regime)")
    pulls, left_out = _pulls(candidates)
    tasks = sorted({name for pair in pulls for name in pair})
    if len(tasks) < 2:
        why = "".join(f"; {name}: {reason}" for name, reason in left_out.items())
        raise BadInput(f"affinities: found no two tasks that serve each other, expected some{why}")
    groups = _partition(tasks, pulls, networks)
    return Grouping(
        networks=networks,
        groups=groups,
        pulls=pulls,
        worth=fsum(
            pulls[pair].worth for members in groups for pair in combinations(sorted(members), 2)
        ),
        left_out=left_out,
    )


def _pulls(
    candidates: Sequence[Candidate],
) -> tuple[dict[tuple[str, str], Pull], dict[str, str]]:
    """All pairs of those tasks between any two of which both transfers were measured; the others,
    each with what was not."""
    edges = {
        (c.sources[0], c.target): c for c in candidates if c.kind == "transfer" and c.order == 1
    }
    sources, targets = ({edge[end] for edge in edges} for end in (0, 1))
    tasks = sources & targets
    left_out = dict.fromkeys(sorted(sources - targets), "no target of a transfer")
    left_out |= dict.fromkeys(sorted(targets - sources), "no source of a transfer")
    # A failed readout takes its target with it: what is not known neither attracts nor repels.
    while missing := [
        (source, target)
        for source in sorted(tasks)
        for target in sorted(tasks)
        if source != target and (source, target) not in edges
    ]:
        source, target = missing[0]
        tasks.discard(target)
        left_out[target] = f"transfer from {source} not measured"
    chance = {
        target: fsum(values) / len(values)
        for target in tasks
        if (values := [c.affinity for (_, t), c in edges.items() if t == target])
    }
    for name in sorted(chance):
        if chance[name] == 0:
            raise BadInput(
                f"affinities: every transfer into {name!r} has affinity 0, so none is better than "
                "chance; expected some above 0 (--drop-suspect leaves the task out)"
            )
    pulls = {
        (one, other): _pull(edges[one, other], edges[other, one], chance)
        for one, other in combinations(sorted(tasks), 2)
    }
    return pulls, left_out


def _pull(forth: Candidate, back: Candidate, chance: Mapping[str, float]) -> Pull:
    low, high = (
        [getattr(c, end) / chance[c.target] for c in (forth, back)]
        for end in ("affinity_low", "affinity_high")
    )
    return Pull(
        one=back.target,
        other=forth.target,
        forth=forth.affinity / chance[forth.target],
        back=back.affinity / chance[back.target],
        sure=int(all(end > 1 for end in low)) - int(all(end < 1 for end in high)),
    )


def _partition(
    tasks: Sequence[str], pulls: Mapping[tuple[str, str], Pull], networks: int
) -> tuple[tuple[str, ...], ...]:
    """The partition of largest worth; every network is represented by its first task."""
    solver = pywraplp.Solver.CreateSolver("SCIP")
    of = {(first, name): solver.BoolVar("") for i, first in enumerate(tasks) for name in tasks[i:]}
    together = {pair: solver.NumVar(0, 1, "") for pair in pulls}
    for i, name in enumerate(tasks):
        solver.Add(sum(of[first, name] for first in tasks[: i + 1]) == 1)
        for other in tasks[i + 1 :]:
            solver.Add(of[name, other] <= of[name, name])
    solver.Add(sum(of[name, name] for name in tasks) <= networks)
    for (one, other), variable in together.items():
        shared = tasks[: tasks.index(one) + 1]
        for first in shared:
            # Who has the same representative is together; who has another one is not.
            solver.Add(variable >= of[first, one] + of[first, other] - 1)
            solver.Add(variable <= 1 + of[first, one] - of[first, other])
            solver.Add(variable <= 1 - of[first, one] + of[first, other])
        later = tasks[len(shared) : tasks.index(other) + 1]
        solver.Add(variable <= 1 - sum(of[first, other] for first in later))
    solver.Maximize(sum(pulls[pair].worth * variable for pair, variable in together.items()))
    exact = pywraplp.MPSolverParameters()
    exact.SetDoubleParam(exact.RELATIVE_MIP_GAP, 0.0)
    status = solver.Solve(exact)
    if status != pywraplp.Solver.OPTIMAL:
        raise RuntimeError(f"{solver.SolverVersion()} ended with status {status}, without a proof")
    groups = [
        tuple(name for name in tasks[i:] if of[first, name].solution_value() > 0.5)
        for i, first in enumerate(tasks)
    ]
    return tuple(sorted((members for members in groups if members), key=lambda m: (-len(m), m)))
