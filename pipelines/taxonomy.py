"""From data to a published taxonomy; what runs on a cluster, and here through `taskonomy run`."""

from kfp import dsl

from pipelines.road import Cluster, road
from pipelines.steps import ON_DEMAND, SPOT


@dsl.pipeline(name="taxonomy", display_name="Taxonomy")
def taxonomy(
    store: str,
    config: str,
    tracking: str,
    source: str = "",
    spot: dict = SPOT,
    on_demand: dict = ON_DEMAND,
    spot_attempts: int = 2,
    training_cpu: str = "4",
    training_memory: str = "16Gi",
    store_secret: str = "object-store",
    mlflow_secret: str = "mlflow-client",
) -> str:
    """Train a network a task, transfer between them, and solve for what to label.

    Args:
        store: Root of the store, a folder or an object-store URL.
        config: One profile of params.yaml, as canonical JSON.
        tracking: MLflow's tracking URI; a server's where pods run on several machines.
        source: A data set in the Taskonomy layout; empty renders the embedded rooms.
        spot: Pool of GPU nodes for the first attempts at training. Keys: selector (their labels),
            tolerations (a list), affinity (a NodeAffinity), gpu (the GPUs' resource name), gpus
            (how many a pod gets, as a string).
        on_demand: Pool of GPU nodes for the last attempt; the same keys.
        spot_attempts: How often a shard may be lost before a run trains its loop on demand.
        training_cpu: CPUs of a training pod.
        training_memory: Memory of a training pod.
        store_secret: Secret with the store's access-key-id and secret-access-key, and its
            endpoint-url unless it is at AWS.
        mlflow_secret: Secret with username and password of MLflow's server.

    Returns:
        The publication's key; its files lie in `publish/<key>/` of the store.
    """
    cluster = Cluster(
        spot,
        on_demand,
        spot_attempts,
        training_cpu,
        training_memory,
        store_secret,
        mlflow_secret,
    )
    return road(store, config, tracking, source, cluster, previewed=False).outputs["Output"]
