"""Files that appear under their names whole or not at all, and those that come with the package."""

import uuid
from pathlib import Path


def write(path: Path, content: bytes) -> None:
    """Write a file, and the folders it lies in where they are absent.

    The content goes to a hidden name first, which is renamed. An error of the file system carries
    the file's name, which a full disk alone does not say.
    """
    partial = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    try:
        fill(partial, content)
        partial.replace(path)
    except OSError as error:
        error.filename, error.filename2 = error.filename2 or str(path), None
        raise
    finally:
        partial.unlink(missing_ok=True)


def fill(path: Path, content: bytes) -> None:
    """Write a file in a folder that is hidden itself until it is whole; errors as in `write`."""
    try:
        try:
            path.write_bytes(content)
        except FileNotFoundError:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
    except OSError as error:
        error.filename = str(path)
        raise


def shipped(*parts: str) -> Path:
    """A file of the project that is no module: inside an installed package, or in the checkout."""
    package = Path(__file__).resolve().parent
    inside = package.joinpath(*parts)
    return inside if inside.exists() else package.parents[1].joinpath(*parts)


def params() -> Path:
    """params.yaml of the working directory, else the one that comes with the package."""
    here = Path("params.yaml")
    return here if here.is_file() else shipped("params.yaml")
