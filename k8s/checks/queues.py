"""Queues: what a namespace gives every container is what its queue knows."""

from collections.abc import Iterator

from k8s.checks.manifests import Finding, Object, Overlay

GIVEN = ("default", "defaultRequest", "max", "min")
"""What a LimitRange turns into requests of containers that have none: a default, a maximum and a
minimum become one where no default request says otherwise."""


def check(overlay: Overlay) -> Iterator[Finding]:
    """Kueue admits no pod with a request that its ClusterQueue does not cover: it waits for ever.

    So every resource that a LimitRange gives to containers is covered by the queues of its
    namespace.
    """
    queues = {item["metadata"]["name"]: item for item in overlay.of("ClusterQueue")}
    for local in overlay.of("LocalQueue"):
        queue = queues.get(local["spec"].get("clusterQueue"))
        if queue is None:
            continue  # which references names
        groups = queue["spec"].get("resourceGroups", [])
        covered = sorted({name for group in groups for name in group["coveredResources"]})
        expected = f"what {overlay.where(queue)} covers: {', '.join(covered) or 'nothing'}"
        for limits in overlay.of("LimitRange"):
            if limits["metadata"].get("namespace") != local["metadata"].get("namespace"):
                continue
            for place, name in _given(limits["spec"]["limits"]):
                if name not in covered:
                    yield Finding(overlay.where(limits), f"{place}: {name}", expected)


def _given(limits: list[Object]) -> Iterator[tuple[str, str]]:
    """Where a LimitRange gives containers a resource, and which; each resource once an entry."""
    for index, entry in enumerate(limits):
        if entry["type"] != "Container":
            continue
        seen: set[str] = set()
        for key in GIVEN:
            for name in entry.get(key) or {}:
                if name not in seen:
                    seen.add(name)
                    yield f"spec.limits[{index}].{key}", name
