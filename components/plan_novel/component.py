"""The component plan-novel."""

from kfp import dsl

from components.declaration import component
from components.images import TRAIN
from components.outputs import shards_and_configuration


@component(TRAIN)
def plan_novel(
    store: str,
    tracking: str,
    profile: str,
    dictionary: list,
    seed: str,
    tasks: list,
    images: str,
    regimes: list,
    budgets: list,
    overrides: dict,
    taxonomy: str,
    task: str,
    spot: dict,
    on_demand: dict,
    spot_attempts: int,
    configuration: dsl.Output[dsl.Markdown],
) -> shards_and_configuration():
    """Make the run's configuration; keep a declared task, and plan its first-order readouts.

    Args:
        taxonomy: key of the publication to insert into.
        task: the place of a file that declares the task.

    Returns:
        key: the plan's key.
        Output: ids of the shards of first-order readouts.
    """
    from taskonomy.execution import kubeflow_pages
    from taskonomy.execution.step import stage
    from taskonomy.runs.configuration import effective
    from taskonomy.runs.context import Context
    from taskonomy.stages import pools
    from taskonomy.stages.novel_task import plan_novel

    with stage("plan-novel"):
        config = effective(
            profile=profile,
            dictionary=dictionary,
            seed=seed,
            tasks=tasks,
            images=images,
            regimes=regimes,
            budgets=budgets,
            overrides=overrides,
        )
        context = Context(store, config.to_json(), tracking)
        kubeflow_pages.configuration(context, configuration)
        planned = plan_novel(context, taxonomy, task)
        pool = pools.choose(store, planned.shards, spot, on_demand, spot_attempts)
        return planned.key, planned.shards, *pool, context.keep()
