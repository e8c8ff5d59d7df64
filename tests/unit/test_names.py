"""No place outside of the dictionary knows a task by its name."""

import ast
from collections.abc import Iterator
from pathlib import Path

from taskonomy.dictionary import DICTIONARY

PACKAGE = Path(__file__).resolve().parents[2] / "src" / "taskonomy"
LABEL_FOLDERS = ("data", "rooms", "captures")
"""Rooms that read and write label folders, which bear the names of tasks."""
NAMES = frozenset(DICTIONARY.names)


def modules(*but: str) -> Iterator[tuple[Path, ast.Module]]:
    """Every module of the package outside of some rooms."""
    for path in sorted(PACKAGE.rglob("*.py")):
        if path.relative_to(PACKAGE).parts[0] not in but:
            yield path.relative_to(PACKAGE), ast.parse(path.read_text())


def strings(tree: ast.AST) -> Iterator[ast.Constant]:
    return (
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    )


def test_only_the_dictionary_and_label_folders_spell_a_tasks_name() -> None:
    found = [
        f"{path}:{node.lineno}: {node.value}"
        for path, tree in modules("dictionary", *LABEL_FOLDERS)
        for node in strings(tree)
        if node.value in NAMES
    ]
    assert found == []


def test_nothing_is_compared_with_a_tasks_name() -> None:
    found = [
        f"{path}:{node.lineno}"
        for path, tree in modules("dictionary", *LABEL_FOLDERS)
        for node in ast.walk(tree)
        if isinstance(node, ast.Compare | ast.MatchValue)
        and any(constant.value in NAMES for constant in strings(node))
    ]
    assert found == []


def test_a_label_folder_is_compared_by_its_domain_and_never_by_a_task() -> None:
    """Where folders bear the names of tasks, what is compared is called a domain or a folder."""
    found = [
        f"{path}:{node.lineno}"
        for path, tree in modules("dictionary")
        if path.parts[0] in LABEL_FOLDERS
        for node in ast.walk(tree)
        if isinstance(node, ast.Compare)
        and any(constant.value in NAMES for constant in strings(node))
        and any(
            isinstance(part, ast.Name | ast.Attribute)
            and (getattr(part, "id", None) or getattr(part, "attr", None)) in ("task", "name")
            for part in (node.left, *node.comparators)
        )
    ]
    assert found == []
