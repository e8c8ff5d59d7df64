"""Network policies as a cluster evaluates them: which declared traffic passes.

A connection passes when the source's egress and the destination's ingress allow it. A pod that no
policy selects for a direction is open in it; one that is selected needs a rule that names the other
side and the port (kubernetes.io/docs/concepts/services-networking/network-policies).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from typing import Any

from k8s.checks.manifests import Finding, Object, Overlay, matches

NAME_LABEL = "kubernetes.io/metadata.name"


@dataclass(frozen=True)
class Peer:
    """An end of a connection: pods (namespace and labels), or an address outside of the cluster."""

    namespace: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    namespace_labels: Mapping[str, str] = field(default_factory=dict)
    ports: Mapping[str, int] = field(default_factory=dict)
    address: str = ""

    def selected_by(self, part: Mapping[str, Any], namespace: str) -> bool:
        """Whether a part of a rule, in a policy of that namespace, means this end."""
        if "ipBlock" in part:
            return bool(self.address) and _within(self.address, part["ipBlock"])
        if self.address:
            return False
        if "namespaceSelector" in part:
            if not matches(part["namespaceSelector"], self.namespace_labels):
                return False
        elif self.namespace != namespace:
            return False
        return matches(part.get("podSelector", {}), self.labels)


def peers(overlay: Overlay) -> dict[str, Peer]:
    """The declared ends, by name.

    Raises:
        ValueError: a peer is a workload that the overlay does not have.
    """
    return {name: _peer(overlay, name, entry) for name, entry in overlay.flows["peers"].items()}


def _peer(overlay: Overlay, name: str, entry: Mapping[str, Any]) -> Peer:
    if "address" in entry:
        return Peer(address=entry["address"])
    if "workload" not in entry:
        namespace = entry["namespace"]
        return Peer(namespace, entry["labels"], _namespace_labels(overlay, namespace))
    for pod in overlay.pods:
        if pod.owner["metadata"]["name"] == entry["workload"]:
            own = _namespace_labels(overlay, pod.namespace)
            return Peer(pod.namespace, pod.labels, own, pod.ports)
    raise ValueError(f"{overlay.name}/flows.yaml: {name} is no workload, {entry['workload']!r}")


def _namespace_labels(overlay: Overlay, namespace: str) -> dict[str, str]:
    labels = {NAME_LABEL: namespace}
    for item in overlay.of("Namespace"):
        if item["metadata"]["name"] == namespace:
            labels |= item["metadata"].get("labels", {})
    return labels


def check(overlay: Overlay) -> Iterator[Finding]:
    """Every declared flow passes, and every one that must not does not."""
    ends = peers(overlay)
    for wish, expected in (("allowed", "it to pass"), ("denied", "it to be stopped")):
        for flow in overlay.flows[wish]:
            source, target = ends[flow["from"]], ends[flow["to"]]
            stopped = _stopped(overlay, source, target, flow)
            if bool(stopped) == (wish == "allowed"):
                way = f"{flow['from']} to {flow['to']}, port {flow['port']}"
                end = f"stopped by the {stopped}" if stopped else "passes"
                yield Finding(f"{overlay.name}/NetworkPolicy", f"{way}: {end}", expected)


def _stopped(overlay: Overlay, source: Peer, target: Peer, flow: Mapping[str, Any]) -> str:
    """Which side refuses the connection; empty if none does."""
    wanted = (flow["port"], flow.get("protocol", "TCP"))
    if not _side_allows(overlay, "Egress", source, target, target, wanted):
        return "source's egress"
    if not _side_allows(overlay, "Ingress", target, source, target, wanted):
        return "destination's ingress"
    return ""


def _side_allows(
    overlay: Overlay, kind: str, own: Peer, other: Peer, target: Peer, wanted: tuple[int, str]
) -> bool:
    policies = [item for item in overlay.of("NetworkPolicy") if _governs(item, kind, own)]
    if not policies:
        return True
    direction, side = ("egress", "to") if kind == "Egress" else ("ingress", "from")
    for item in policies:
        namespace = item["metadata"]["namespace"]
        for rule in item["spec"].get(direction, []):
            parts = rule.get(side)
            named = not parts or any(other.selected_by(part, namespace) for part in parts)
            if named and _port_allowed(rule.get("ports"), target, wanted):
                return True
    return False


def _governs(policy: Object, kind: str, own: Peer) -> bool:
    spec = policy["spec"]
    implied = ["Ingress", *(["Egress"] if "egress" in spec else [])]
    if kind not in spec.get("policyTypes", implied):
        return False
    return own.selected_by({"podSelector": spec["podSelector"]}, policy["metadata"]["namespace"])


def _port_allowed(
    ports: list[Mapping[str, Any]] | None, target: Peer, wanted: tuple[int, str]
) -> bool:
    if not ports:
        return True
    number, protocol = wanted
    for entry in ports:
        if entry.get("protocol", "TCP") != protocol:
            continue
        first = entry.get("port", 0)
        first = target.ports.get(first, -1) if isinstance(first, str) else first
        last = entry.get("endPort", first)
        if "port" not in entry or first <= number <= last:
            return True
    return False


def _within(address: str, block: Mapping[str, Any]) -> bool:
    here = ip_address(address)
    if here not in ip_network(block["cidr"]):
        return False
    return not any(here in ip_network(hole) for hole in block.get("except", []))
