"""The restricted Pod Security Standard, and this project's own additions to it.

The standard: kubernetes.io/docs/concepts/security/pod-security-standards. Beyond it, root file
systems are read-only and every container says what CPU and memory it needs and may take.
"""

from collections.abc import Iterator

from k8s.checks.manifests import Finding, Object, Overlay, Pod

VOLUMES = {
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "image",
    "persistentVolumeClaim",
    "projected",
    "secret",
}
LEVEL = "pod-security.kubernetes.io/enforce"


def check(overlay: Overlay) -> Iterator[Finding]:
    """Every namespace enforces the standard, and every pod keeps to it."""
    for item in overlay.of("Namespace"):
        level = item["metadata"].get("labels", {}).get(LEVEL)
        if level != "restricted":
            yield Finding(overlay.where(item), f"{LEVEL} is {level!r}", "'restricted'")
    for pod in overlay.pods:
        where = overlay.where(pod.owner)
        yield from _pod(pod, where)
        for container in pod.containers:
            for found, expected in _container(container, pod.spec.get("securityContext", {})):
                yield Finding(where, f"container {container['name']}: {found}", expected)


def _pod(pod: Pod, where: str) -> Iterator[Finding]:
    for key in ("hostNetwork", "hostPID", "hostIPC"):
        if pod.spec.get(key):
            yield Finding(where, f"{key} is true", "false")
    for volume in pod.spec.get("volumes", []):
        for kind in sorted(set(volume) - {"name"} - VOLUMES):
            yield Finding(where, f"volume {volume['name']} is a {kind}", "none of the node's")
    if pod.spec.get("securityContext", {}).get("sysctls"):
        yield Finding(where, "sysctls are set", "none")


def _container(container: Object, pod: Object) -> Iterator[tuple[str, str]]:
    """What is found, and what is expected; a container's own context goes before its pod's."""
    own = container.get("securityContext", {})
    yield from _user(pod | own)
    yield from _privileges(own)
    if own.get("readOnlyRootFilesystem") is not True:
        yield "readOnlyRootFilesystem is not true", "true"
    for port in container.get("ports", []):
        if port.get("hostPort"):
            yield f"hostPort {port['hostPort']}", "none"
    for part in ("requests", "limits"):
        for resource in ("cpu", "memory"):
            if resource not in container.get("resources", {}).get(part, {}):
                yield f"resources.{part} lacks {resource}", "a quantity"


def _user(both: Object) -> Iterator[tuple[str, str]]:
    if both.get("runAsNonRoot") is not True:
        yield "runAsNonRoot is not true", "true"
    if both.get("runAsUser") == 0:
        yield "runAsUser is 0", "another user"
    profile = both.get("seccompProfile", {}).get("type")
    if profile not in ("RuntimeDefault", "Localhost"):
        yield f"seccompProfile is {profile!r}", "RuntimeDefault"


def _privileges(own: Object) -> Iterator[tuple[str, str]]:
    if own.get("privileged"):
        yield "privileged is true", "false"
    if own.get("allowPrivilegeEscalation") is not False:
        yield "allowPrivilegeEscalation is not false", "false"
    if own.get("procMount", "Default") != "Default":
        yield f"procMount is {own['procMount']!r}", "Default"
    capabilities = own.get("capabilities", {})
    if "ALL" not in capabilities.get("drop", []):
        yield f"capabilities dropped: {capabilities.get('drop', [])}", "ALL"
    for name in sorted(set(capabilities.get("add", [])) - {"NET_BIND_SERVICE"}):
        yield f"capability {name} is added", "none"
