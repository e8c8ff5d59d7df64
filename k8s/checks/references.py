"""Names that lead somewhere: accounts, settings, claims, priorities, secrets, roles and queues."""

from collections.abc import Iterator, Mapping

from k8s.checks.manifests import Finding, Object, Overlay, Pod

# Kubernetes defines these two itself.
BUILT_IN_PRIORITIES = {"system-cluster-critical", "system-node-critical"}


def check(overlay: Overlay) -> Iterator[Finding]:
    """Everything that is named is rendered, or is a documented secret; no secret is rendered."""
    for pod in overlay.pods:
        yield from _pod(overlay, pod)
    for item in overlay.of("Secret"):
        yield Finding(overlay.where(item), "a secret in the manifests", "none: secrets.yaml")
    for item in overlay.of("StatefulSet"):
        services = overlay.names("Service", item["metadata"]["namespace"])
        wanted = {item["spec"].get("serviceName", "")} - {""}
        yield from _known(overlay, item, "Service", wanted, services)
    yield from _roles(overlay)
    yield from _queues(overlay)


def _known(
    overlay: Overlay, item: Object, kind: str, wanted: set[str], defined: set[str]
) -> Iterator[Finding]:
    for name in sorted(wanted - defined):
        expected = f"one of {', '.join(sorted(defined))}" if defined else "one that is defined"
        yield Finding(overlay.where(item), f"{kind} {name!r} is not defined", expected)


def _pod(overlay: Overlay, pod: Pod) -> Iterator[Finding]:
    spec, owner, namespace = pod.spec, pod.owner, pod.namespace
    accounts = overlay.names("ServiceAccount", namespace)
    account = spec.get("serviceAccountName", "default")
    yield from _known(overlay, owner, "ServiceAccount", {account}, accounts)
    if "priorityClassName" in spec:
        priorities = overlay.names("PriorityClass") | BUILT_IN_PRIORITIES
        wanted = {spec["priorityClassName"]}
        yield from _known(overlay, owner, "PriorityClass", wanted, priorities)
    volumes = spec.get("volumes", [])
    claims = {
        volume["persistentVolumeClaim"]["claimName"]
        for volume in volumes
        if "persistentVolumeClaim" in volume
    }
    defined = overlay.names("PersistentVolumeClaim", namespace)
    yield from _known(overlay, owner, "PersistentVolumeClaim", claims, defined)
    yield from _mounts(overlay, pod)
    yield from _settings(overlay, pod)


def _mounts(overlay: Overlay, pod: Pod) -> Iterator[Finding]:
    claims = pod.owner["spec"].get("volumeClaimTemplates", [])
    volumes = {volume["name"] for volume in pod.spec.get("volumes", [])}
    volumes |= {claim["metadata"]["name"] for claim in claims}
    for container in pod.containers:
        mounted = {mount["name"] for mount in container.get("volumeMounts", [])}
        yield from _known(overlay, pod.owner, "volume", mounted, volumes)


def _settings(overlay: Overlay, pod: Pod) -> Iterator[Finding]:
    maps = {
        item["metadata"]["name"]: list(item.get("data", {}))
        for item in overlay.of("ConfigMap")
        if item["metadata"].get("namespace") == pod.namespace
    }
    wanted = _taken(pod, "configMap", "name", "configMapRef", "configMapKeyRef")
    yield from _keyed(overlay, pod, "ConfigMap", wanted, maps)
    wanted = _taken(pod, "secret", "secretName", "secretRef", "secretKeyRef")
    yield from _keyed(overlay, pod, "Secret", wanted, overlay.secrets)


def _keyed(
    overlay: Overlay,
    pod: Pod,
    kind: str,
    wanted: set[tuple[str, str]],
    defined: Mapping[str, list[str]],
) -> Iterator[Finding]:
    yield from _known(overlay, pod.owner, kind, {name for name, _ in wanted}, set(defined))
    for name, key in sorted(wanted):
        if key and name in defined and key not in defined[name]:
            found = f"{kind} {name!r} has no key {key!r}"
            expected = f"one of {', '.join(sorted(defined[name]))}"
            yield Finding(overlay.where(pod.owner), found, expected)


def _taken(pod: Pod, volume: str, name: str, whole: str, one: str) -> set[tuple[str, str]]:
    """What the pod takes from objects of a kind: names, with a key or an empty string for all."""
    found = set()
    for source in (entry[volume] for entry in pod.spec.get("volumes", []) if volume in entry):
        found |= {(source[name], item["key"]) for item in source.get("items", [{"key": ""}])}
    for container in pod.containers:
        for entry in container.get("envFrom", []):
            if whole in entry:
                found.add((entry[whole]["name"], ""))
        for entry in container.get("env", []):
            source = entry.get("valueFrom", {}).get(one)
            if source:
                found.add((source["name"], source["key"]))
    return found


def _roles(overlay: Overlay) -> Iterator[Finding]:
    for item in overlay.of("RoleBinding"):
        namespace = item["metadata"]["namespace"]
        roles = overlay.names("Role", namespace)
        yield from _known(overlay, item, "Role", {item["roleRef"]["name"]}, roles)
        subjects = {subject["name"] for subject in item["subjects"]}
        accounts = overlay.names("ServiceAccount", namespace)
        yield from _known(overlay, item, "ServiceAccount", subjects, accounts)
    for item in overlay.of("Role", "ClusterRole"):
        for rule in item["rules"]:
            if "*" in [*rule["verbs"], *rule["resources"], *rule["apiGroups"]]:
                yield Finding(overlay.where(item), "a rule with '*'", "what is needed, by name")
            if "secrets" in rule["resources"]:
                named = set(rule.get("resourceNames", [])) or {"*"}
                yield from _known(overlay, item, "Secret", named, set(overlay.secrets))


def _queues(overlay: Overlay) -> Iterator[Finding]:
    for item in overlay.of("LocalQueue"):
        wanted = {item["spec"]["clusterQueue"]}
        yield from _known(overlay, item, "ClusterQueue", wanted, overlay.names("ClusterQueue"))
    for item in overlay.of("ClusterQueue"):
        flavors = [part for group in item["spec"]["resourceGroups"] for part in group["flavors"]]
        wanted = {part["name"] for part in flavors}
        yield from _known(overlay, item, "ResourceFlavor", wanted, overlay.names("ResourceFlavor"))
