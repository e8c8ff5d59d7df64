"""Who may do what: whoever submits, and the account of the pipeline's pods."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from kubernetes import client

from taskonomy.cluster.checks.cluster import Cluster, Forbidden
from taskonomy.cluster.checks.finding import Finding, fault, note, ok
from taskonomy.cluster.site import Site

_KUBEFLOW = "pipelines.kubeflow.org"


class Right(NamedTuple):
    """A verb on a resource; `name` limits it to one object."""

    verb: str
    group: str
    resource: str
    name: str = ""

    def __str__(self) -> str:
        kind = f"{self.resource}.{self.group}" if self.group else self.resource
        return f"{self.verb} {kind}" + (f" {self.name}" if self.name else "")


# What Kubeflow's server asks about whoever calls it (its authorizer's verbs and resources).
SUBMITTER = (
    Right("create", _KUBEFLOW, "runs"),
    Right("get", _KUBEFLOW, "runs"),
    Right("retry", _KUBEFLOW, "runs"),
    Right("create", _KUBEFLOW, "experiments"),
    Right("list", _KUBEFLOW, "experiments"),
    Right("create", _KUBEFLOW, "pipelines"),
    Right("list", _KUBEFLOW, "pipelines"),
    Right("get", "", "pods"),
)


def check(cluster: Cluster, site: Site, namespace: str) -> Iterator[Finding]:
    """The rights of whoever asks, and of the pipeline's account as k8s/base declares them."""
    missing = [str(right) for right in SUBMITTER if not _self(cluster, namespace, right)]
    fix = f"bind the role kubeflow-edit to yourself in {namespace}"
    subject = "your rights"
    yield (
        fault(subject, f"not {', '.join(missing)}", fix)
        if missing
        else ok(subject, f"all {len(SUBMITTER)} that submitting needs")
    )
    subject = f"rights of {site.account}"
    rights = [right for rule in site.rules for right in _of(rule)]
    try:
        missing = [
            str(right) for right in rights if not _other(cluster, namespace, site.account, right)
        ]
    except Forbidden:
        yield note(subject, "may not be asked about", "look with an account that may review access")
        return
    fix = "kubectl apply --kustomize k8s/overlays/NAME"
    yield (
        fault(subject, f"not {', '.join(missing)}", fix)
        if missing
        else ok(subject, f"all {len(rights)} of its role")
    )


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
