"""The component version-data."""

from kfp import dsl

from components.declaration import component
from components.images import TRAIN
from components.outputs import data_and_configuration


@component(TRAIN)
def version_data(
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
    source: str,
    configuration: dsl.Output[dsl.Markdown],
) -> data_and_configuration():
    """Make the run's configuration; render rooms or point at data, verify it, record its version.

    Args:
        source: folder of a data set in the Taskonomy layout; empty renders the embedded rooms.

    Returns:
        Output: the data set's key.
    """
    from taskonomy.execution import kubeflow_pages
    from taskonomy.execution.step import stage
    from taskonomy.runs.configuration import effective
    from taskonomy.runs.context import Context
    from taskonomy.stages.version_data import version_data

    with stage("version-data"):
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
        # Kept last: a run that is refused leaves nothing behind.
        return version_data(context, source), context.keep()
