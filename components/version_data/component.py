"""The component version-data."""

from components.declaration import component
from components.images import TRAIN


@component(TRAIN)
def version_data(
    store: str,
    config: str,
    tracking: str,
    source: str,
) -> str:
    """Render rooms or point at data, verify it, and record its version.

    Args:
        source: folder of a data set in the Taskonomy layout; empty renders the embedded rooms.

    Returns:
        The data set's key.
    """
    from taskonomy.execution.step import stage
    from taskonomy.runs.context import Context
    from taskonomy.stages.version_data import version_data

    with stage("version-data"):
        return version_data(Context(store, config, tracking), source)
