"""From data to a published taxonomy; what runs on a cluster, and here through `taskonomy run`."""

from pipelines.parameters import Cluster, Run, pipeline
from pipelines.road import road


@pipeline(name="taxonomy", display_name="Taxonomy")
def taxonomy(run: Run, cluster: Cluster, source: str = "") -> str:
    """Train a network a task, transfer between them, and solve for what to label.

    Args:
        source: A data set in the Taskonomy layout; empty renders the embedded rooms.

    Returns:
        The publication's key; its files lie in `publish/<key>/` of the store.
    """
    return road(run, cluster, source, previewed=False).outputs["Output"]
