"""The component preview."""

from kfp import dsl

from components.declaration import component
from components.images import TRAIN


@component(TRAIN)
def preview(
    store: str,
    config: str,
    tracking: str,
    plan: str,
    told: dsl.Output[dsl.Markdown],
) -> int:
    """Say which models a plan would train anew, and which it would keep.

    Args:
        told: what is trained anew, in words.

    Returns:
        How many networks and first-order readouts are trained anew.
    """
    from taskonomy.execution import kubeflow_pages
    from taskonomy.execution.step import stage
    from taskonomy.runs.context import Context
    from taskonomy.stages.preview import preview, text

    with stage("preview"):
        found = preview(Context.kept(store, config, tracking), plan)
        kubeflow_pages.write(told, text(found), {"plan": plan})
        return found.anew
