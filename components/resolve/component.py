"""The component resolve."""

from kfp import dsl

from components.declaration import component
from components.images import SOLVE


@component(SOLVE)
def resolve(
    store: str,
    affinity: str,
    budgets: list,
    max_order: int,
    scale: str,
    sources: list,
    targets: list,
    novel: list,
    must_use: list,
    must_not_use: list,
    cost: dict,
    importance: dict,
    with_own_readouts: bool,
    with_random: bool,
    must_beat_guess: bool,
    k_best: int,
    regime: str,
    taxonomies: dsl.Output[dsl.HTML],
    summary: dsl.Output[dsl.Markdown],
    figures: dsl.Output[dsl.Metrics],
) -> str:
    """Solve new taxonomies from stored affinities.

    Args:
        affinity: the key of a run's affinities, or the place of an affinity.parquet.
        budgets: the budgets to solve for; none gives every one that buys more.
        max_order: most sources of one transfer.
        scale: what the objective sums, `raw`, `log`, `saturating`, `quality` or `gain`.
        sources: tasks that may be labelled; none means all.
        targets: tasks that must be solved; none means all.
        novel: targets that can neither be labelled nor serve as a source.
        must_use: tasks that must be labelled.
        must_not_use: tasks that may not be labelled.
        cost: label costs by task, 1 where absent.
        importance: weights of targets, 1 where absent.
        with_own_readouts: whether low-data readouts of a target's own encoder are edges too.
        with_random: whether the random projection may be labelled.
        must_beat_guess: whether edges that do not beat the informed guess are barred.
        k_best: how many sets of tasks to name for each budget.
        regime: which regime of a table that holds several.
        taxonomies: the graphs of the taxonomies.
        summary: the policies in words.
        figures: the best policy in numbers.

    Returns:
        The key of the taxonomies: their files lie in `resolve/<key>/` of the store.
    """
    from taskonomy.execution import kubeflow_pages
    from taskonomy.execution.step import stage
    from taskonomy.stages.resolve import question, resolve

    with stage("resolve"):
        asked = {
            "max_order": max_order,
            "scale": scale,
            "sources": sources,
            "targets": targets,
            "novel": novel,
            "must_use": must_use,
            "must_not_use": must_not_use,
            "cost": cost,
            "importance": importance,
            "with_own_readouts": with_own_readouts,
            "with_random": with_random,
            "must_beat_guess": must_beat_guess,
        }
        key = resolve(store, affinity, question(asked), budgets, k_best, regime)
        kubeflow_pages.resolved(store, key, taxonomies, summary, figures)
        return key
