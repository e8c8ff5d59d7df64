"""The namespace and what must be in it."""

import base64
from collections.abc import Iterator

from taskonomy.cluster.checks.cluster import Cluster, Forbidden
from taskonomy.cluster.checks.finding import Finding, fault, note, ok
from taskonomy.cluster.site import Site

_APPLY = "kubectl apply --kustomize k8s/overlays/NAME"
_ENFORCE = "pod-security.kubernetes.io/enforce"


def check(cluster: Cluster, site: Site, namespace: str) -> Iterator[Finding]:
    """The namespace, its Pod Security Standard, the pipeline's account, priorities and secrets."""
    found = cluster.ask(cluster.core.read_namespace, namespace)
    subject = f"namespace {namespace}"
    if found is None:
        yield fault(subject, "absent", _APPLY)
        return
    standard = (found.metadata.labels or {}).get(_ENFORCE)
    if found.status.phase != "Active":
        yield fault(subject, found.status.phase.lower(), "wait until it is gone, and make it anew")
    elif standard != "restricted":
        yield note(subject, f"Pod Security Standard {standard or 'none'}, not restricted", _APPLY)
    else:
        yield ok(subject, "active, Pod Security Standard restricted")
    account = cluster.ask(cluster.core.read_namespaced_service_account, site.account, namespace)
    subject = f"service account {site.account}"
    yield ok(subject, "there") if account else fault(subject, "absent", _APPLY)
    for name in site.priorities:
        there = cluster.ask(cluster.scheduling.read_priority_class, name)
        subject = f"priority class {name}"
        yield ok(subject, f"value {there.value}") if there else fault(subject, "absent", _APPLY)
    for name, keys in site.secrets.items():
        yield _secret(cluster, namespace, name, keys)


def _secret(cluster: Cluster, namespace: str, name: str, keys: tuple[str, ...]) -> Finding:
    subject, fix = f"secret {name}", "make it as k8s/README.md says"
    try:
        found = cluster.ask(cluster.core.read_namespaced_secret, name, namespace)
    except Forbidden:
        return note(subject, "may not be read", "look with an account that may read secrets")
    if found is None:
        return fault(subject, "absent", fix)
    held = found.data or {}
    empty = [key for key in keys if not base64.b64decode(held.get(key, ""))]
    if empty:
        return fault(subject, f"without {', '.join(empty)}", fix)
    return ok(subject, ", ".join(keys))
