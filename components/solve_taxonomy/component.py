"""The component solve-taxonomy."""

from components.declaration import component
from components.images import SOLVE


@component(SOLVE)
def solve_taxonomy(
    store: str,
    config: str,
    tracking: str,
    affinity: str,
) -> str:
    """Solve the Boolean Integer Program for every budget and order of the profile.

    Args:
        affinity: the affinities' key.

    Returns:
        The policies' key.
    """
    from taskonomy.execution.step import stage
    from taskonomy.runs.context import Context
    from taskonomy.stages.solve_taxonomy import solve_taxonomy

    with stage("solve-taxonomy"):
        return solve_taxonomy(Context.kept(store, config, tracking), affinity)
