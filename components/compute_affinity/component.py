"""The component compute-affinity."""

from kfp import dsl

from components.images import TRAIN


@dsl.component(base_image=TRAIN, install_kfp_package=False)
def compute_affinity(
    store: str,
    config: str,
    tracking: str,
    plan: str,
    candidates: str,
    after: list,  # noqa: ARG001
) -> str:
    """Hold the tournaments and turn them into affinities by the Analytic Hierarchy Process.

    Args:
        store: root of the store, a folder or an object-store URL.
        config: one profile of params.yaml, as canonical JSON.
        tracking: MLflow's tracking URI.
        plan: the plan's key.
        candidates: the candidates' key.
        after: ids of the shards that must be trained before; only their order matters.

    Returns:
        The affinities' key.
    """
    from taskonomy.execution.step import stage
    from taskonomy.runs.context import Context
    from taskonomy.stages.compute_affinity import compute_affinity

    with stage("compute-affinity"):
        return compute_affinity(Context(store, config, tracking), plan, candidates)
