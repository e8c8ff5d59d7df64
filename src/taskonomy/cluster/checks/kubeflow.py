"""Kubeflow Pipelines and Argo: whether they are there, and whether they serve the namespace."""

from collections.abc import Iterator
from functools import partial
from typing import Any

import yaml

from taskonomy.cluster.checks.cluster import Cluster, each
from taskonomy.cluster.checks.finding import Finding, fault, note, ok
from taskonomy.cluster.site import Site

_GROUP, _VERSION, _KIND = "argoproj.io", "v1alpha1", "workflows"
_SETTINGS = ("kfp-launcher", "artifact-repositories")
_CONTROLLER = ("workflow-controller-configmap", "kubeflow")
"""Argo's own settings, where Kubeflow's manifests put them."""


def check(cluster: Cluster, site: Site, namespace: str) -> Iterator[Finding]:
    """Argo's workflows, and the settings that Kubeflow makes in the namespaces of its profiles."""
    yield from each([(f"{_KIND}.{_GROUP}", partial(_argo, cluster))])
    yield from each(
        (f"config map {name}", partial(_settings, cluster, site, namespace, name))
        for name in _SETTINGS
    )
    yield from each([(_RETRIES, partial(_retries, cluster))])


_RETRIES = "Argo's retries"


def _retries(cluster: Cluster) -> Iterator[Finding]:
    """Whether each step is retried by default, which doubles what a run's Workflow holds."""
    found = cluster.ask(cluster.core.read_namespaced_config_map, *_CONTROLLER)
    if found is None:
        return  # Argo stands elsewhere, or with its own settings
    place = "/".join(reversed(_CONTROLLER))
    if _retry_strategy((found.data or {}).get("workflowDefaults", "")) is None:
        yield ok(_RETRIES, f"not by default ({place})")
    else:
        fix = (
            f"for loops of many shards take spec.templateDefaults.retryStrategy out of {place}: "
            "docs/cluster.md, How large a run may be"
        )
        yield note(_RETRIES, "of every step by default, which doubles a run's Workflow", fix)


def _retry_strategy(text: str) -> Any:
    """`spec.templateDefaults.retryStrategy` of Argo's defaults; None where it is not said."""
    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError:
        return None
    for key in ("spec", "templateDefaults", "retryStrategy"):
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _argo(cluster: Cluster) -> Iterator[Finding]:
    """Asked by discovery, which is open to every account, as the definition itself is not."""
    found = cluster.ask(cluster.custom.get_api_resources, _GROUP, _VERSION)
    subject = f"{_KIND}.{_GROUP}"
    if found is not None and _KIND in {resource.name for resource in found.resources}:
        yield ok(subject, f"{_VERSION}, which Kubeflow Pipelines runs pipelines as")
    else:
        yield fault(subject, "absent", "install Kubeflow Pipelines, which brings Argo Workflows")


def _settings(cluster: Cluster, site: Site, namespace: str, name: str) -> Iterator[Finding]:
    found = cluster.ask(cluster.core.read_namespaced_config_map, name, namespace)
    subject = f"config map {name}"
    if found is not None:
        yield ok(subject, "there")
        return
    labels = ", ".join(f"{key}={value}" for key, value in site.profile.items())
    fix = (
        "Kubeflow Pipelines for several users makes it in a namespace with the labels "
        f"{labels}: set them, and look at the pods of kubeflow-pipelines-profile-controller"
    )
    yield fault(subject, "absent", fix)
