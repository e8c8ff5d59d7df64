"""The namespace and what must be in it."""

import base64
from collections.abc import Iterator
from functools import partial
from typing import Any

from taskonomy.cluster.checks.cluster import Cluster, Forbidden, each
from taskonomy.cluster.checks.finding import Finding, fault, note, ok, unseen
from taskonomy.cluster.site import Secret, Site

_APPLY = "kubectl apply --kustomize k8s/overlays/NAME"
_ENFORCE = "pod-security.kubernetes.io/enforce"


def check(cluster: Cluster, site: Site, namespace: str) -> Iterator[Finding]:
    """The namespace, its Pod Security Standard, the pipeline's account, priorities and secrets."""
    subject = f"namespace {namespace}"
    try:
        found = cluster.ask(cluster.core.read_namespace, namespace)
    except Forbidden:
        yield unseen(subject)
    else:
        if found is None:
            yield fault(subject, "absent", _APPLY)
            return
        yield from _namespace(site, found, subject)
    account = partial(cluster.core.read_namespaced_service_account, site.account, namespace)
    named = [
        (f"service account {site.account}", account),
        *(
            (f"priority class {name}", partial(cluster.scheduling.read_priority_class, name))
            for name in site.priorities
        ),
    ]
    yield from each((subject, partial(_there, cluster, subject, read)) for subject, read in named)
    yield from each(
        (f"secret {secret.name}", partial(_secret, cluster, namespace, secret))
        for secret in site.secrets
    )


def _namespace(site: Site, found: Any, subject: str) -> Iterator[Finding]:
    labels = found.metadata.labels or {}
    standard = labels.get(_ENFORCE)
    if found.status.phase != "Active":
        yield fault(subject, found.status.phase.lower(), "wait until it is gone, and make it anew")
    elif standard != "restricted":
        yield note(subject, f"Pod Security Standard {standard or 'none'}, not restricted", _APPLY)
    else:
        yield ok(subject, "active, Pod Security Standard restricted")
    missing = [f"{key}={value}" for key, value in site.profile.items() if labels.get(key) != value]
    if missing:
        text = f"no profile of Kubeflow's: without the label {', '.join(missing)}"
        yield fault(subject, text, "make the profile, then apply an overlay (k8s/README.md)")
    else:
        yield ok(subject, "a profile of Kubeflow's")


def _there(cluster: Cluster, subject: str, read: Any) -> Iterator[Finding]:
    found = cluster.ask(read)
    yield ok(subject, "there") if found else fault(subject, "absent", _APPLY)


def _secret(cluster: Cluster, namespace: str, secret: Secret) -> Iterator[Finding]:
    subject, fix = f"secret {secret.name}", "make it as k8s/README.md says"
    found = cluster.ask(cluster.core.read_namespaced_secret, secret.name, namespace)
    if found is None:
        yield fault(subject, "absent", fix)
        return
    held = found.data or {}
    empty = [
        key for key in (*secret.keys, *secret.optional) if not base64.b64decode(held.get(key, ""))
    ]
    if missing := [key for key in empty if key in secret.keys]:
        yield fault(subject, f"without {', '.join(missing)}", fix)
    elif empty:
        yield note(subject, f"without {', '.join(empty)}", f"{fix}, unless {secret.without}")
    else:
        yield ok(subject, ", ".join((*secret.keys, *secret.optional)))
