"""The component publish."""

from kfp import dsl

from components.declaration import component
from components.images import TRAIN


@component(TRAIN)
def publish(
    store: str,
    config: str,
    tracking: str,
    plan: str,
    candidates: str,
    affinity: str,
    taxonomy: str,
    evaluation: str,
    report: dsl.Output[dsl.HTML],
    affinities: dsl.Output[dsl.HTML],
    taxonomies: dsl.Output[dsl.HTML],
    summary: dsl.Output[dsl.Markdown],
    card: dsl.Output[dsl.Markdown],
    figures: dsl.Output[dsl.Metrics],
) -> str:
    """Write the taxonomy artifact, the tables and the report, and register the taxonomy.

    Args:
        affinity: the affinities' key.
        taxonomy: the policies' key.
        evaluation: the evaluation's key.
        report: the whole report.
        affinities: the matrix of affinities.
        taxonomies: the graphs of the taxonomies over budgets and orders.
        summary: what the run came to.
        card: the models' card.
        figures: a dozen numbers.

    Returns:
        The publication's key: its files lie in `publish/<key>/` of the store.
    """
    from taskonomy.execution import kubeflow_pages
    from taskonomy.execution.step import stage
    from taskonomy.runs.context import Context
    from taskonomy.stages.publish import publish

    with stage("publish"):
        context = Context.kept(store, config, tracking)
        key = publish(context, plan, candidates, affinity, taxonomy, evaluation)
        kubeflow_pages.publication(
            context,
            plan,
            key,
            report=report,
            affinities=affinities,
            taxonomies=taxonomies,
            summary=summary,
            card=card,
            figures=figures,
        )
        return key
