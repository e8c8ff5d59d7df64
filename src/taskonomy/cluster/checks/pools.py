"""Where training runs: nodes with GPUs, their pools, and the queue before them."""

from collections.abc import Iterator, Mapping
from typing import Any

from kubernetes.utils.quantity import parse_quantity

from taskonomy.cluster.checks.cluster import Cluster, Forbidden, each
from taskonomy.cluster.checks.finding import Finding, fault, note, ok
from taskonomy.cluster.site import Site

_GPU = "nvidia.com/gpu"
_KUEUE, _VERSION = "kueue.x-k8s.io", "v1beta2"


def check(cluster: Cluster, site: Site, namespace: str) -> Iterator[Finding]:
    """Kueue's queue and flavors, and the GPUs of the nodes that each flavor names."""
    yield from each(
        [
            (f"queue {site.queue}", lambda: _queue(cluster, site, namespace)),
            ("nodes", lambda: _nodes(cluster, site)),
        ]
    )


def _queue(cluster: Cluster, site: Site, namespace: str) -> Iterator[Finding]:
    queue = cluster.ask(
        cluster.custom.get_namespaced_custom_object,
        *(_KUEUE, _VERSION, namespace, "localqueues", site.queue),
    )
    subject = f"queue {site.queue}"
    if queue is None:
        fix = "install Kueue and apply an overlay with k8s/queues, or let pods wait for GPUs alone"
        yield note(subject, "absent", fix)
    else:
        yield ok(subject, f"of {queue['spec']['clusterQueue']}")


def _nodes(cluster: Cluster, site: Site) -> Iterator[Finding]:
    nodes = cluster.ask(cluster.core.list_node).items
    yield from _pools(_flavors(cluster, site), [node for node in nodes if _ready(node)])


def _pools(flavors: Mapping[str, Mapping[str, str]], nodes: list[Any]) -> Iterator[Finding]:
    counts = {}
    for flavor, labels in flavors.items():
        inside = [node for node in nodes if labels.items() <= (node.metadata.labels or {}).items()]
        counts[flavor] = sum(map(_gpus, inside))
        subject, text = f"pool {flavor}", f"{counts[flavor]} GPUs on {len(inside)} nodes"
        fix = f"label its nodes {', '.join(f'{k}={v}' for k, v in labels.items())}"
        yield (
            ok(subject, text)
            if counts[flavor]
            else note(subject, text, f"{fix}, unless it grows from nothing by itself")
        )
    total = sum(map(_gpus, nodes))
    if not total:
        fix = f"add nodes whose device plugin offers {_GPU}: training waits for them"
        yield fault("GPUs", f"none on {len(nodes)} ready nodes", fix)
    elif not sum(counts.values()):
        yield fault("GPUs", f"{total}, but in no pool", "label their nodes as the flavors say")


def _flavors(cluster: Cluster, site: Site) -> Mapping[str, Mapping[str, str]]:
    """The labels of the cluster's flavors, which an overlay may have changed; else the base's.

    The base's stand too for a flavor that may not be looked at.
    """
    found = {}
    for name, labels in site.flavors.items():
        try:
            flavor = cluster.ask(
                cluster.custom.get_cluster_custom_object, _KUEUE, _VERSION, "resourceflavors", name
            )
        except Forbidden:
            flavor = None
        found[name] = flavor["spec"].get("nodeLabels", {}) if flavor else labels
    return found


def _ready(node: Any) -> bool:
    conditions = {item.type: item.status for item in node.status.conditions or []}
    return conditions.get("Ready") == "True" and not node.spec.unschedulable


def _gpus(node: Any) -> int:
    return int(parse_quantity((node.status.allocatable or {}).get(_GPU, "0")))
