"""A taxonomy again, after new data or another dictionary: trains only what these have invalidated.

The store does that by itself, as equal inputs have equal places. This pipeline says beforehand what
it will come to.
"""

from kfp import dsl

from pipelines.road import Cluster, road
from pipelines.steps import ON_DEMAND, SPOT


@dsl.pipeline(name="retrain", display_name="Retrain")
def retrain(
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
    """Say what new data or another dictionary invalidates, train just that, and publish anew.

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
    return road(store, config, tracking, source, cluster, previewed=True).outputs["Output"]
