"""`taskonomy cluster check`: everything that a run needs of a cluster, each with a fix in words."""

from collections.abc import Iterator

from taskonomy.cluster import compiled
from taskonomy.cluster.checks import kubeflow, object_store, pools, quota, rights, services
from taskonomy.cluster.checks import namespace as namespaces
from taskonomy.cluster.checks.cluster import Cluster, each
from taskonomy.cluster.checks.finding import Finding, note, ok
from taskonomy.cluster.site import site


def findings(
    context: str, namespace: str, pipeline: str, tracking: str, store: str
) -> Iterator[Finding]:
    """Look at a cluster; nothing is left changed, and what is forbidden stops no other look.

    Args:
        context: of kubectl's configuration; empty: its current one.
        namespace: where runs execute.
        pipeline: whose largest step must fit into the quota.
        tracking: MLflow's address from here; empty: it is not asked.
        store: root of the store in S3; empty: it is not tried.

    Raises:
        BadInput: no cluster is known or answers, or an argument is wrong.
    """
    steps, names = compiled.read(pipeline), site()
    cluster = Cluster(context)
    yield ok("Kubernetes", cluster.version)
    yield from namespaces.check(cluster, names, namespace)
    yield from kubeflow.check(cluster, names, namespace)
    yield from rights.check(cluster, names, namespace)
    yield from pools.check(cluster, names, namespace)
    yield from each([("quota", lambda: quota.check(cluster, names, namespace, steps))])
    if tracking:
        yield from services.check(tracking.rstrip("/"))
    else:
        yield note("MLflow", "not asked", "give --tracking URL, as it is reached from here")
    if store:
        yield from object_store.check(store)
    else:
        yield note("object store", "not tried", "give --store s3://BUCKET/PREFIX")
