"""The component select-candidates."""

from components.declaration import component
from components.images import TRAIN
from components.outputs import listed_shards


@component(TRAIN)
def select_candidates(
    store: str,
    config: str,
    tracking: str,
    plan: str,
    after: list,  # noqa: ARG001
    spot: dict,
    on_demand: dict,
    spot_attempts: int,
) -> listed_shards():
    """Choose the higher-order source sets to train, from measured first-order standings.

    Returns:
        key: the candidates' key.
        Output: ids of the shards of higher-order readouts.
    """
    from taskonomy.execution.step import stage
    from taskonomy.runs.context import Context
    from taskonomy.stages import pools
    from taskonomy.stages.select_candidates import select_candidates

    with stage("select-candidates"):
        chosen = select_candidates(Context.kept(store, config, tracking), plan)
        pool = pools.choose(store, chosen.transfer_shards, spot, on_demand, spot_attempts)
        return chosen.key, chosen.transfer_shards, *pool
