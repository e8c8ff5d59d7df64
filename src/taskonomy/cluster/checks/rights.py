"""Who may do what: whoever submits, and the account of the pipeline's pods."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from kubernetes import client

from taskonomy.cluster.checks.cluster import Cluster, each
from taskonomy.cluster.checks.finding import Finding, fault, ok
from taskonomy.cluster.site import Site


class Right(NamedTuple):
    """A verb on a resource; `name` limits it to one object."""

    verb: str
    group: str
    resource: str
    name: str = ""

    def __str__(self) -> str:
        kind = f"{self.resource}.{self.group}" if self.group else self.resource
        return f"{self.verb} {kind}" + (f" {self.name}" if self.name else "")


def check(cluster: Cluster, site: Site, namespace: str) -> Iterator[Finding]:
    """The rights of whoever asks, and of the pipeline's account as k8s/base declares them."""
    ours = f"rights of {site.account}"
    yield from each(
        [
            ("your rights", lambda: _yours(cluster, site, namespace)),
            (ours, lambda: _accounts(cluster, site, namespace, ours)),
        ]
    )


def _yours(cluster: Cluster, site: Site, namespace: str) -> Iterator[Finding]:
    rights = _rights(site.submitter_rules)
    missing = [str(right) for right in rights if not _self(cluster, namespace, right)]
    fix = (
        f"kubectl --namespace {namespace} create rolebinding NAME --role {site.submitter} "
        "--user YOU (k8s/base/accounts.yaml)"
    )
    subject = "your rights"
    yield (
        fault(subject, f"not {', '.join(missing)}", fix)
        if missing
        else ok(subject, f"all {len(rights)} that submitting needs")
    )


def _accounts(cluster: Cluster, site: Site, namespace: str, subject: str) -> Iterator[Finding]:
    rights = _rights(site.rules)
    missing = [
        str(right) for right in rights if not _other(cluster, namespace, site.account, right)
    ]
    yield (
        fault(subject, f"not {', '.join(missing)}", "kubectl apply --kustomize k8s/overlays/NAME")
        if missing
        else ok(subject, f"all {len(rights)} of its role")
    )


def _rights(rules: Iterable[Mapping[str, Any]]) -> list[Right]:
    return [right for rule in rules for right in _of(rule)]


def _of(rule: Mapping[str, Any]) -> Iterator[Right]:
    for group in rule["apiGroups"]:
        for resource in rule["resources"]:
            for verb in rule["verbs"]:
                for name in rule.get("resourceNames", [""]):
                    yield Right(verb, group, resource, name)


def _self(cluster: Cluster, namespace: str, right: Right) -> bool:
    spec = client.V1SelfSubjectAccessReviewSpec(resource_attributes=_asked(namespace, right))
    review = client.V1SelfSubjectAccessReview(spec=spec)
    answer = cluster.ask(cluster.rights.create_self_subject_access_review, review)
    return bool(answer.status.allowed)


def _other(cluster: Cluster, namespace: str, account: str, right: Right) -> bool:
    spec = client.V1SubjectAccessReviewSpec(
        user=f"system:serviceaccount:{namespace}:{account}",
        resource_attributes=_asked(namespace, right),
    )
    review = client.V1SubjectAccessReview(spec=spec)
    answer = cluster.ask(cluster.rights.create_subject_access_review, review)
    return bool(answer.status.allowed)


def _asked(namespace: str, right: Right) -> Any:
    return client.V1ResourceAttributes(
        namespace=namespace,
        verb=right.verb,
        group=right.group,
        resource=right.resource,
        name=right.name or None,
    )
