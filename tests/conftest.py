"""Shape and type annotations are checked while tests run; warnings are errors (pyproject.toml)."""

from pathlib import Path

import pytest
from jaxtyping import install_import_hook

# Before any taskonomy module is imported, so that every signature is checked.
install_import_hook("taskonomy", "beartype.beartype")

SHARED = Path(__file__).resolve().parents[2] / "shared"


@pytest.fixture
def shared() -> Path:
    """The folder of third-party data that lies beside the checkout and never in it."""
    if not SHARED.is_dir():
        pytest.skip("third-party data is absent: no ../shared beside the checkout")
    return SHARED
