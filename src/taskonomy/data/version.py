"""What DVC knows of a data set: its hash of the folder with all that lies in it, recorded without
copying files. The hash that names a data set, whatever it lies in, is that of `content`."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml

from taskonomy import files
from taskonomy.errors import BadInput, one_line

_ERROR = "ERROR:"
_ADVICE = ("Having any troubles?", "Importing ", "Initialized ")


def version(root: Path, records: Path) -> dict[str, Any]:
    """Record the version of the data set at `root` with DVC.

    The record is a `.dvc` file below `records` (a DVC repository of its own, outside of git). The
    files are hashed where they lie: nothing is copied or downloaded.

    Args:
        root: the data set's folder.
        records: the folder that keeps the DVC records of a store.

    Returns:
        `md5` (DVC's hash of the directory), `files`, `bytes`, `record` (the `.dvc` file's name),
        and `revision`: the git revision of the repository that the data lies in, or None.

    Raises:
        BadInput: DVC could not read the data; the line carries its reason.
        OSError: the records cannot be written.
    """
    records.mkdir(parents=True, exist_ok=True)
    if not (records / ".dvc").is_dir():
        with TemporaryDirectory(dir=records, prefix=".init.") as fresh:
            _dvc("init", "--no-scm", cwd=Path(fresh))
            (Path(fresh) / ".dvc").rename(records / ".dvc")
    name = f"{root.resolve().name}.data"
    # Not --quiet: with it DVC keeps the reason of a failure to itself.
    _dvc("import-url", "--force", "--no-download", str(root.resolve()), name, cwd=records)
    record = yaml.safe_load((records / f"{name}.dvc").read_text())
    content = record["deps"][0]
    return {
        "md5": content["md5"],
        "files": content["nfiles"],
        "bytes": content["size"],
        "record": f"{name}.dvc",
        "revision": _revision(root),
    }


def _dvc(*arguments: str, cwd: Path) -> None:
    # The command line is DVC's stable interface; its Python one is not documented for this.
    done = subprocess.run(
        [sys.executable, "-m", "dvc", *arguments],
        cwd=cwd,
        env=os.environ | {"DVC_NO_ANALYTICS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        _check_room(cwd)
        why = reason(done.stderr or done.stdout)
        raise BadInput(f"dvc {arguments[0]}: {why}; expected files that DVC can read")


def reason(said: str) -> str:
    """Return why DVC failed in one line, of what it said."""
    lines = [one_line(ValueError(line)) for line in said.splitlines() if line.strip()]
    lines = [line for line in lines if not line.startswith(_ADVICE)]
    errors = [line.removeprefix(_ERROR).strip() for line in lines if line.startswith(_ERROR)]
    # What follows the first error says more of the same, up to DVC's offer of help.
    return "; ".join(errors) or "; ".join(lines[-2:]) or "failed, saying nothing"


def _check_room(folder: Path) -> None:
    """Raise an OSError if nothing can be written there, of which DVC itself says nothing."""
    probe = folder / ".room"
    files.write(probe, bytes(1 << 16))
    probe.unlink()


def _revision(root: Path) -> str | None:
    if shutil.which("git") is None:
        return None  # as in the pipeline's images
    done = subprocess.run(
        ["git", "-C", str(root), "ls-files", "--error-unmatch", f"{root.resolve()}.dvc"],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        return None  # the data is not tracked by DVC in a git repository of its own
    head = subprocess.run(
        ["git", "-C", str(root), "rev-parse", "HEAD"], capture_output=True, text=True, check=True
    )
    return head.stdout.strip()
