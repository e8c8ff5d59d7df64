"""Whether the namespace's quota leaves room for a step of the pipeline."""

from collections.abc import Iterator

from kubernetes.utils.quantity import parse_quantity

from taskonomy.cluster.checks.cluster import Cluster
from taskonomy.cluster.checks.finding import Finding, fault, ok
from taskonomy.cluster.compiled import Compiled
from taskonomy.cluster.site import Site

# A step beside Kubeflow's two drivers.
_PODS = "3"


def check(cluster: Cluster, site: Site, namespace: str, pipeline: Compiled) -> Iterator[Finding]:
    """What is left of each resource that the pipeline's largest step asks for."""
    quota = cluster.ask(cluster.core.read_namespaced_resource_quota, site.quota, namespace)
    if quota is None:
        yield ok("quota", "none: nothing is limited")
        return
    hard, used = quota.status.hard or {}, quota.status.used or {}
    for resource, needed in {"pods": _PODS, **pipeline.largest}.items():
        if resource not in hard:
            continue
        left = parse_quantity(hard[resource]) - parse_quantity(used.get(resource, "0"))
        text = f"{used.get(resource, '0')} of {hard[resource]} used, a step needs {needed}"
        fix = "delete what is finished, or raise the quota of k8s/base/limits.yaml"
        subject = f"quota {resource}"
        yield ok(subject, text) if left >= parse_quantity(needed) else fault(subject, text, fix)
