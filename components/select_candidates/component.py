"""The component select-candidates."""

from typing import NamedTuple

from kfp import dsl

from components.images import TRAIN


@dsl.component(base_image=TRAIN, install_kfp_package=False)
def select_candidates(
    store: str,
    config: str,
    tracking: str,
    plan: str,
    after: list,  # noqa: ARG001
) -> NamedTuple("Candidates", [("key", str), ("Output", list)]):
    """Choose the higher-order source sets to train, from measured first-order standings.

    One list, by the name `Output`: kfp.local takes a loop's items from no other output.

    Args:
        store: root of the store, a folder or an object-store URL.
        config: one profile of params.yaml, as canonical JSON.
        tracking: MLflow's tracking URI.
        plan: the plan's key.
        after: ids of the shards that must be trained before; only their order matters.

    Returns:
        key: the candidates' key.
        Output: ids of the shards of higher-order readouts.
    """
    from taskonomy import stages
    from taskonomy.orchestration import stage

    with stage("select-candidates"):
        chosen = stages.select_candidates(stages.Context(store, config, tracking), plan)
        return chosen.key, chosen.transfer_shards
