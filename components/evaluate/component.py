"""The component evaluate."""

from kfp import dsl

from components.images import SOLVE


@dsl.component(base_image=SOLVE, install_kfp_package=False)
def evaluate(
    store: str,
    config: str,
    tracking: str,
    affinity: str,
    taxonomy: str,
) -> str:
    """Measure what the taxonomy shows: the structure of the affinities and the task tree.

    Args:
        store: root of the store, a folder or an object-store URL.
        config: one profile of params.yaml, as canonical JSON.
        tracking: MLflow's tracking URI.
        affinity: the affinities' key.
        taxonomy: the policies' key.

    Returns:
        The evaluation's key.
    """
    from taskonomy.execution.step import stage
    from taskonomy.runs.context import Context
    from taskonomy.stages.evaluate import evaluate

    with stage("evaluate"):
        return evaluate(Context(store, config, tracking), affinity, taxonomy)
