"""The component compute-affinity."""

from components.declaration import component
from components.images import TRAIN


@component(TRAIN)
def compute_affinity(
    store: str,
    config: str,
    tracking: str,
    plan: str,
    candidates: str,
    after: list,  # noqa: ARG001
) -> str:
    """Hold the tournaments and turn them into affinities by the Analytic Hierarchy Process.

    Returns:
        The affinities' key.
    """
    from taskonomy.execution.step import stage
    from taskonomy.runs.context import Context
    from taskonomy.stages.compute_affinity import compute_affinity

    with stage("compute-affinity"):
        return compute_affinity(Context.kept(store, config, tracking), plan, candidates)
