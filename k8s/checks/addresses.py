"""Addresses in settings that lead to a service of the cluster which is declared."""

from collections.abc import Iterator
from urllib.parse import urlsplit

from k8s.checks.manifests import Finding, Overlay

# What may follow a service's name and its namespace.
_ENDINGS: tuple[list[str], ...] = ([], ["svc"], ["svc", "cluster", "local"])


def check(overlay: Overlay) -> Iterator[Finding]:
    """URLs of ConfigMaps name services that are rendered here or that flows.yaml knows.

    A service is told from a public host by its namespace: its own, or that of a peer.
    """
    known = _services(overlay)
    namespaces = {service.partition(":")[0].partition(".")[2] for service in known}
    namespaces |= {peer.get("namespace", "") for peer in overlay.flows["peers"].values()}
    for item in overlay.of("ConfigMap"):
        own = item["metadata"].get("namespace", "")
        for key, value in item.get("data", {}).items():
            service = _service(str(value), own)
            if service and service.partition(":")[0].partition(".")[2] in namespaces:
                yield from _unknown(overlay.where(item), key, service, known)


def _unknown(where: str, key: str, service: str, known: set[str]) -> Iterator[Finding]:
    if service not in known:
        expected = f"one of {', '.join(sorted(known))}" if known else "one that is declared"
        yield Finding(where, f"{key}: no service {service!r}", expected)


def _services(overlay: Overlay) -> set[str]:
    """Every known service, as NAME.NAMESPACE:PORT."""
    rendered = {
        f"{item['metadata']['name']}.{item['metadata']['namespace']}:{port['port']}"
        for item in overlay.of("Service")
        for port in item["spec"]["ports"]
    }
    declared = set()
    for peer in overlay.flows["peers"].values():
        if "service" in peer:
            name, _, port = peer["service"].partition(":")
            declared.add(f"{name}.{peer['namespace']}:{port}")
    return rendered | declared


def _service(value: str, namespace: str) -> str:
    """The service that a URL would name, as NAME.NAMESPACE:PORT; empty for any other value."""
    url = urlsplit(value)
    if url.scheme not in ("http", "https") or not url.hostname:
        return ""
    name, *rest = url.hostname.split(".")
    inside, ending = (rest[0], rest[1:]) if rest else (namespace, [])
    port = url.port or {"http": 80, "https": 443}[url.scheme]
    return f"{name}.{inside}:{port}" if ending in _ENDINGS else ""
