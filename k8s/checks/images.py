"""Images by digest, so that what was looked at is what runs."""

import re
from collections.abc import Iterator

from k8s.checks.manifests import Finding, Overlay

DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
UNPINNED = "unpinned"
# kind's images are loaded from the machine, which loses digests; its nodes pull nothing.
LOCAL = {"kind"}


def check(overlay: Overlay) -> Iterator[Finding]:
    """A cluster's images are by digest or say `@unpinned`, which pulls nothing."""
    for pod in overlay.pods:
        for container in pod.containers:
            name, _, digest = container["image"].partition("@")
            found = f"image {container['image']!r}"
            if overlay.name in LOCAL:
                if container.get("imagePullPolicy") != "Never":
                    expected = "imagePullPolicy Never, as it has no digest"
                    yield Finding(overlay.where(pod.owner), found, expected)
            elif digest != UNPINNED and not DIGEST.fullmatch(digest):
                expected = f"{name}@sha256: and 64 hexadecimal digits, or @{UNPINNED}"
                yield Finding(overlay.where(pod.owner), found, expected)


def unpinned(overlay: Overlay) -> list[Finding]:
    """The images that still lack a digest; a release has none."""
    return [
        Finding(overlay.where(pod.owner), f"image {container['image']!r}", "a digest to release")
        for pod in overlay.pods
        for container in pod.containers
        if container["image"].endswith(f"@{UNPINNED}")
    ]
