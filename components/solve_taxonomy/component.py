"""The component solve-taxonomy."""

from kfp import dsl

from components.images import SOLVE


@dsl.component(base_image=SOLVE, install_kfp_package=False)
def solve_taxonomy(
    store: str,
    config: str,
    tracking: str,
    affinity: str,
) -> str:
    """Solve the Boolean Integer Program for every budget and order of the profile.

    Args:
        store: root of the store, a folder or an object-store URL.
        config: one profile of params.yaml, as canonical JSON.
        tracking: MLflow's tracking URI.
        affinity: the affinities' key.

    Returns:
        The policies' key.
    """
    from taskonomy.execution.step import stage
    from taskonomy.runs.context import Context
    from taskonomy.stages.solve_taxonomy import solve_taxonomy

    with stage("solve-taxonomy"):
        return solve_taxonomy(Context(store, config, tracking), affinity)
