"""Selectors that select somebody."""

from collections.abc import Iterator

from k8s.checks.manifests import WORKLOADS, Finding, Overlay, matches, show
from k8s.checks.network import peers


def check(overlay: Overlay) -> Iterator[Finding]:
    """Workloads select their own pods; services, budgets and network policies somebody's."""
    for pod in overlay.pods:
        selector = pod.owner["spec"].get("selector", {})
        if not matches(selector, pod.labels):
            found = f"spec.selector {show(selector)} on pods labelled {show(dict(pod.labels))}"
            yield Finding(overlay.where(pod.owner), found, "to match its own template")
    for item in overlay.of("Service", "PodDisruptionBudget"):
        selector = item["spec"].get("selector", {})
        if item["kind"] == "Service":
            selector = {"matchLabels": selector}
        namespace = item["metadata"]["namespace"]
        if not any(
            pod.namespace == namespace and matches(selector, pod.labels) for pod in overlay.pods
        ):
            found = f"spec.selector {show(selector)} matches no pod"
            yield Finding(overlay.where(item), found, f"the pods of a {' or '.join(WORKLOADS[:2])}")
    yield from _policies(overlay)


def _policies(overlay: Overlay) -> Iterator[Finding]:
    known = [peer for peer in peers(overlay).values() if peer.namespace]
    for item in overlay.of("NetworkPolicy"):
        where, spec = overlay.where(item), item["spec"]
        namespace = item["metadata"]["namespace"]
        places = [("spec", {"podSelector": spec["podSelector"]})]
        for direction, side in (("ingress", "from"), ("egress", "to")):
            for rule in spec.get(direction, []):
                places += [(f"spec.{direction}.{side}", part) for part in rule.get(side, [])]
        for place, part in places:
            if "ipBlock" in part or any(peer.selected_by(part, namespace) for peer in known):
                continue
            yield Finding(where, f"{place} {show(part)} matches nobody", "a peer of flows.yaml")
