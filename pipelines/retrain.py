"""A taxonomy again, after new data or another dictionary: trains only what these have invalidated.

The store does that by itself, as equal inputs have equal places. This pipeline says beforehand what
it will come to.
"""

from pipelines.parameters import Cluster, Run, pipeline
from pipelines.road import road


@pipeline(name="retrain", display_name="Retrain")
def retrain(run: Run, cluster: Cluster, source: str = "") -> str:
    """Say what new data or another dictionary invalidates, train just that, and publish anew.

    Args:
        source: A data set in the Taskonomy layout; empty renders the embedded rooms.

    Returns:
        The publication's key; its files lie in `publish/<key>/` of the store.
    """
    return road(run, cluster, source, previewed=True).outputs["Output"]
