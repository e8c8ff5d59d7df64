"""The component solve-novel."""

from kfp import dsl

from components.declaration import component
from components.images import TRAIN


@component(TRAIN)
def solve_novel(
    store: str,
    config: str,
    tracking: str,
    plan: str,
    selected: str,
    after: list,  # noqa: ARG001
    summary: dsl.Output[dsl.Markdown],
    figures: dsl.Output[dsl.Metrics],
) -> str:
    """Find a declared task's best transfer policy, and its place in the published taxonomies.

    Args:
        selected: the selected sets' key.
        summary: the policies in words.
        figures: the best policy in numbers.

    Returns:
        The key of the task's files: they lie in `novel/<key>/` of the store.
    """
    from taskonomy.execution import kubeflow_pages
    from taskonomy.execution.step import stage
    from taskonomy.runs.context import Context
    from taskonomy.stages.novel_task import solve_novel

    with stage("solve-novel"):
        context = Context.kept(store, config, tracking)
        key = solve_novel(context, plan, selected)
        kubeflow_pages.inserted(context, plan, key, summary, figures)
        return key
