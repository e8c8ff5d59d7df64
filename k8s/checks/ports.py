"""Ports that somebody listens on."""

from collections.abc import Iterator
from typing import Any

from k8s.checks.manifests import Finding, Object, Overlay, Pod, matches

PROBES = ("startupProbe", "readinessProbe", "livenessProbe")


def check(overlay: Overlay) -> Iterator[Finding]:
    """Services, probes and network policies name ports that the containers declare."""
    for pod in overlay.pods:
        for container in pod.containers:
            yield from _probes(overlay.where(pod.owner), container)
    for item in overlay.of("Service"):
        selector = {"matchLabels": item["spec"].get("selector", {})}
        chosen = _chosen(overlay, item, selector)
        for port in item["spec"]["ports"]:
            target = port.get("targetPort", port["port"])
            yield from _missing(overlay.where(item), "targetPort", target, chosen)
    for item in overlay.of("NetworkPolicy"):
        yield from _policy(overlay, item)


def _probes(where: str, container: Object) -> Iterator[Finding]:
    listed = container.get("ports", [])
    known = {port["containerPort"] for port in listed} | {port.get("name") for port in listed}
    for probe in PROBES:
        for way in ("httpGet", "tcpSocket", "grpc"):
            port = container.get(probe, {}).get(way, {}).get("port")
            if port is not None and port not in known:
                found = f"{container['name']}.{probe} asks port {port!r}"
                yield Finding(where, found, f"one of {_listed(known)}")


def _policy(overlay: Overlay, item: Object) -> Iterator[Finding]:
    """Ports towards pods that are rendered here; those of others are not known."""
    where = overlay.where(item)
    own = _chosen(overlay, item, item["spec"]["podSelector"])
    for rule in item["spec"].get("ingress", []):
        for port in rule.get("ports", []):
            if own and "endPort" not in port:
                yield from _missing(where, "ingress port", port["port"], own)
    for rule in item["spec"].get("egress", []):
        parts = rule.get("to", [])
        if any(set(part) != {"podSelector"} for part in parts):
            continue
        others = [pod for part in parts for pod in _chosen(overlay, item, part["podSelector"])]
        for port in rule.get("ports", []):
            if others and "endPort" not in port:
                yield from _missing(where, "egress port", port["port"], others)


def _chosen(overlay: Overlay, item: Object, selector: Object) -> list[Pod]:
    namespace = item["metadata"]["namespace"]
    return [
        pod
        for pod in overlay.pods
        if pod.namespace == namespace and selector and matches(selector, pod.labels)
    ]


def _missing(where: str, what: str, port: int | str, pods: list[Pod]) -> Iterator[Finding]:
    known: set[Any] = set()
    for pod in pods:
        listed = [port for container in pod.containers for port in container.get("ports", [])]
        known |= {port["containerPort"] for port in listed} | {port.get("name") for port in listed}
    if pods and port not in known:
        yield Finding(where, f"{what} {port!r} is nobody's", f"one of {_listed(known)}")


def _listed(known: set[Any]) -> str:
    return ", ".join(sorted(str(port) for port in known if port is not None)) or "no port at all"
