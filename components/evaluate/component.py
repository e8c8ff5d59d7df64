"""The component evaluate."""

from components.declaration import component
from components.images import SOLVE


@component(SOLVE)
def evaluate(
    store: str,
    config: str,
    tracking: str,
    affinity: str,
    taxonomy: str,
) -> str:
    """Measure what the taxonomy shows: the structure of the affinities and the task tree.

    Args:
        affinity: the affinities' key.
        taxonomy: the policies' key.

    Returns:
        The evaluation's key.
    """
    from taskonomy.execution.step import stage
    from taskonomy.runs.context import Context
    from taskonomy.stages.evaluate import evaluate

    with stage("evaluate"):
        return evaluate(Context.kept(store, config, tracking), affinity, taxonomy)
