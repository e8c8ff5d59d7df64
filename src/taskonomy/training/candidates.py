"""Which higher-order source sets to train (paper, supplement)."""

from collections.abc import Sequence
from itertools import combinations

EXHAUSTIVE = 5
"""Up to this order all combinations of the best sources are trained; above, a beam of one."""


def higher_order(ranked: Sequence[str], top: int, max_order: int) -> list[tuple[str, ...]]:
    """The source sets of a target, of orders 2 to `max_order`.

    Orders 2 to 5: all combinations of the `top` best first-order sources. Above: one set an order,
    the best sources so far and the next best, so that the sets are nested.

    Args:
        ranked: the measured first-order sources of the target, best first, without the target
            itself and without the random projection.
        top: how many of the best to combine.
        max_order: the highest order.

    Returns:
        Source sets, each sorted by name; lower orders first, better sources first.
    """
    best = ranked[:top]
    chosen = [
        tuple(sorted(group))
        for order in range(2, min(max_order, EXHAUSTIVE) + 1)
        for group in combinations(best, order)
    ]
    longest = min(max_order, len(ranked))
    return chosen + [tuple(sorted(ranked[:order])) for order in range(EXHAUSTIVE + 1, longest + 1)]
