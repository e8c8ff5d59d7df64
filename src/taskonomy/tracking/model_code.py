"""The code that a registered model brings with it: the modules that it uses, under another name.

MLflow puts a model's folder of code in front of Python's path. A copy named `taskonomy` there would
hide the version that is installed where the model is loaded, or be hidden by one that is imported
already; and of two models in one process the second would run the first one's code. So the copy is
named after its own content.
"""

import ast
import hashlib
import re
import sys
from collections.abc import Iterable, Iterator
from importlib.metadata import requires
from pathlib import Path
from typing import NamedTuple

PACKAGE = "taskonomy"
_SOURCE = Path(__file__).resolve().parents[1]
_IMPORT = re.compile(rf"^(\s*(?:from|import)\s+){PACKAGE}\b", re.MULTILINE)


class Code(NamedTuple):
    """A copy of modules of this package.

    Attributes:
        name: the package that holds the copies.
        libraries: the other packages that they import, sorted.
    """

    name: str
    libraries: tuple[str, ...]


def copy(entry: Path, folder: Path) -> Code:
    """Copy what a file imports of this package, with all that this imports in turn.

    Args:
        entry: a Python file that imports modules of this package.
        folder: where the package of copies is put.
    """
    used, libraries = _closure(entry.read_text(encoding="utf-8"))
    contents = {file: file.read_bytes() for file in sorted(used)}
    sha = hashlib.sha256()
    for file, content in contents.items():
        sha.update(f"{file.relative_to(_SOURCE)} {len(content)}\n".encode() + content)
    name = f"{PACKAGE}_{sha.hexdigest()[:12]}"
    for file, content in contents.items():
        place = folder / name / file.relative_to(_SOURCE)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(renamed(content.decode(), name), encoding="utf-8")
    (folder / name / "__init__.py").write_text(f'"""The part of {PACKAGE} that a model runs."""\n')
    return Code(name, tuple(sorted(libraries)))


def renamed(source: str, name: str) -> str:
    """Source code that imports a copy in the place of this package."""
    return _IMPORT.sub(rf"\g<1>{name}", source)


def requirements(libraries: Iterable[str]) -> list[str]:
    """What pip installs for these libraries, in the versions that this package asks for.

    Those whose distribution has the name of the package that is imported, as all here have.
    """
    asked = {}
    for line in requires(PACKAGE) or ():
        wanted = line.partition(";")[0].strip()
        asked[re.split(r"[^A-Za-z0-9._-]", wanted)[0].lower()] = wanted
    return [asked[name] for name in sorted(libraries)]


def _closure(source: str) -> tuple[set[Path], set[str]]:
    """The files of this package that source code comes to import, and the other packages."""
    files: set[Path] = set()
    libraries: set[str] = set()
    waiting = list(_imports(source))
    while waiting:
        name = waiting.pop()
        top, _, inside = name.partition(".")
        if top != PACKAGE:
            libraries.add(top)
        elif inside and (file := _file(inside)) is not None and file not in files:
            files.add(file)
            parent = name.rpartition(".")[0]
            waiting += [parent, *_imports(file.read_text(encoding="utf-8"))]
    return files, libraries - sys.stdlib_module_names


def _imports(source: str) -> Iterator[str]:
    """The dotted names that source code may import: of modules, and of what lies in them."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _file(inside: str) -> Path | None:
    """The file of a module by its dotted name within this package; None where it is no module."""
    place = _SOURCE.joinpath(*inside.split("."))
    found = (place.with_suffix(".py"), place / "__init__.py")
    return next((file for file in found if file.is_file()), None)
