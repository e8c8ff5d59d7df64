"""The policy that the solver starts from; in a large programme most often the best one.

A proof that starts from the best policy takes the solver less time than finding the policy, and
both are needed to say that no other ties with it. So a large programme is solved first with few of
its tasks: those that its relaxation buys, if in part, and those that the search has found.
"""

from collections.abc import Sequence

from taskonomy.taxonomy.hypergraph import Hypergraph
from taskonomy.taxonomy.options import Choice, Option, bought_by
from taskonomy.taxonomy.search import good_choice
from taskonomy.taxonomy.solver import Program

LARGE = 5_000
"""Programmes of so many edges are solved with few of their tasks first; the paper's, of some
thousand, take tenths of a second as they are."""

_NOTHING = 0.01
"""Of what the relaxation buys less than this is left out."""


def starting_choice(
    graph: Hypergraph, options: Sequence[Option], budget: float | int
) -> Choice | None:
    """Return a good policy, as `good_choice` does; of a large programme a better one."""
    found = good_choice(graph, options, budget)
    if found is None or len(options) < LARGE:
        return found
    shares = Program(graph, options, budget, relaxed=True).shares()
    few = {name for name, share in shares.items() if share > _NOTHING}.union(found.sources)
    program = Program(graph, [o for o in options if o.sources <= few], budget)
    program.suggest(found.options)
    better = program.solve()
    # It chooses among policies that hold the one found; a swap may take it beyond the few tasks.
    assert better is not None
    return good_choice(graph, options, budget, bought_by(graph, better))
