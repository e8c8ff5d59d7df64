"""New taxonomies from the affinities of a run: other budgets, costs or tasks, and no training."""

from components.resolve.component import resolve as solve
from pipelines.parameters import pipeline
from pipelines.steps import step


@pipeline(name="resolve", display_name="Resolve")
def resolve(
    store: str,
    affinity: str,
    budgets: list = [],  # noqa: B006
    max_order: int = 2,
    scale: str = "saturating",
    sources: list = [],  # noqa: B006
    targets: list = [],  # noqa: B006
    novel: list = [],  # noqa: B006
    must_use: list = [],  # noqa: B006
    must_not_use: list = [],  # noqa: B006
    cost: dict = {},  # noqa: B006
    importance: dict = {},  # noqa: B006
    with_own_readouts: bool = False,
    with_random: bool = False,
    must_beat_guess: bool = False,
    k_best: int = 1,
    regime: str = "",
    store_secret: str = "object-store",
) -> str:
    """Solve new taxonomies from stored affinities.

    Args:
        store: Root of the store, a folder or an object-store URL.
        affinity: Key of a run's affinities, or the place of an affinity.parquet.
        budgets: Budgets to solve for, each a number; none gives every budget that buys more.
        max_order: Most sources of one transfer.
        scale: What the objective sums: raw, log, saturating, quality or gain.
        sources: Tasks that may be labelled; none means all.
        targets: Tasks that must be solved; none means all.
        novel: Targets that can neither be labelled nor serve as a source.
        must_use: Tasks that must be labelled.
        must_not_use: Tasks that may not be labelled.
        cost: Label costs by task, 1 where absent.
        importance: Weights of targets, 1 where absent.
        with_own_readouts: Whether low-data readouts of a target's own encoder are edges too.
        with_random: Whether the random projection may be labelled.
        must_beat_guess: Whether edges that do not beat the informed guess are barred.
        k_best: With budgets, how many sets of tasks to name for each.
        regime: Which regime of a table that holds several.
        store_secret: Secret with the store's access-key-id and secret-access-key, and its
            endpoint-url unless it is at AWS.

    Returns:
        The key of the taxonomies; their files lie in `resolve/<key>/` of the store.
    """
    solved = solve(
        store=store,
        affinity=affinity,
        budgets=budgets,
        max_order=max_order,
        scale=scale,
        sources=sources,
        targets=targets,
        novel=novel,
        must_use=must_use,
        must_not_use=must_not_use,
        cost=cost,
        importance=importance,
        with_own_readouts=with_own_readouts,
        with_random=with_random,
        must_beat_guess=must_beat_guess,
        k_best=k_best,
        regime=regime,
    )
    step(solved, "Solve the taxonomies", cpu="2", memory="4Gi", secret=store_secret)
    return solved.outputs["Output"]
