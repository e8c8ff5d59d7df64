"""The component publish."""

from kfp import dsl

from components.images import TRAIN


@dsl.component(base_image=TRAIN, install_kfp_package=False)
def publish(
    store: str,
    config: str,
    tracking: str,
    plan: str,
    candidates: str,
    affinity: str,
    taxonomy: str,
    evaluation: str,
) -> str:
    """Write the taxonomy artifact, the tables and the report, and register the taxonomy.

    Args:
        store: root of the store, a folder or an object-store URL.
        config: one profile of params.yaml, as canonical JSON.
        tracking: MLflow's tracking URI.
        plan: the plan's key.
        candidates: the candidates' key.
        affinity: the affinities' key.
        taxonomy: the policies' key.
        evaluation: the evaluation's key.

    Returns:
        The publication's key: its files lie in `publish/<key>/` of the store.
    """
    from taskonomy import stages
    from taskonomy.orchestration import stage

    with stage("publish"):
        return stages.publish(
            stages.Context(store, config, tracking),
            plan,
            candidates,
            affinity,
            taxonomy,
            evaluation,
        )
