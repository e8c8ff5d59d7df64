"""Render every overlay and check what it would apply.

    python -m k8s.check             one line a finding; images without a digest are named
    python -m k8s.check --release   images without a digest are findings

Exits with 1 if there are findings, with 2 if kubectl is not installed. No cluster is asked.
"""

import argparse
import shutil
import sys
from collections.abc import Iterator

from k8s.checks import (
    addresses,
    images,
    network,
    ports,
    queues,
    references,
    restricted,
    schema,
    selectors,
    values,
)
from k8s.checks.manifests import Finding, Overlay, folders, read

# Debian 12's kubernetes-client (1.20) knows no kustomize components.
INSTALL = "install version 1.32 or newer: https://kubernetes.io/docs/tasks/tools"
CHECKS = (
    schema,
    values,
    references,
    addresses,
    selectors,
    ports,
    queues,
    restricted,
    images,
    network,
)


def findings(overlay: Overlay) -> Iterator[Finding]:
    """Everything that is wrong with an overlay.

    What does not keep to its schema is not looked at any further.
    """
    for part in CHECKS:
        found = list(part.check(overlay))
        yield from found
        if found and part is schema:
            return


def main() -> int:
    """Check all overlays."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--release", action="store_true", help="every image must have a digest")
    args = parser.parse_args()
    if not shutil.which("kubectl"):
        print(f"k8s.check: kubectl is not installed; {INSTALL}", file=sys.stderr)
        return 2
    try:
        overlays = [read(folder) for folder in folders()]
    except ValueError as error:
        print(error)
        return 1
    found = [finding for overlay in overlays for finding in findings(overlay)]
    unpinned = [finding for overlay in overlays for finding in images.unpinned(overlay)]
    for line in found + (unpinned if args.release else []):
        print(line)
    if not args.release:
        for line in unpinned:
            print(f"not yet: {line}")
    count = len(found) + (len(unpinned) if args.release else 0)
    names = ", ".join(f"{overlay.name} ({len(overlay.objects)} objects)" for overlay in overlays)
    print(f"{names}: {count or 'no'} finding{'s' if count != 1 else ''}")
    return 1 if count else 0


if __name__ == "__main__":
    sys.exit(main())
