"""The name of a pipeline version: the git revision that it was compiled at."""

import subprocess
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path


def name(package: Path) -> str:
    """Name the version of a compiled pipeline.

    The revision, in 12 digits. With uncommitted changes, a hash of the compiled pipeline follows,
    so that no two different files have one name; outside of a checkout, the project's version
    stands for the revision.
    """
    folder = package.resolve().parent
    revision = _git(folder, "rev-parse", "--short=12", "HEAD")
    content = sha256(package.read_bytes()).hexdigest()[:8]
    if revision is None:
        return f"v{version('taskonomy')}-{content}"
    changed = _git(folder, "status", "--porcelain") != ""
    return f"{revision}-changed-{content}" if changed else revision


def _git(folder: Path, *arguments: str) -> str | None:
    """What git says; None if it is not installed or this is no checkout."""
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *arguments], capture_output=True, text=True, check=False
        )
    except FileNotFoundError:
        return None
    return done.stdout.strip() if done.returncode == 0 else None
