"""What the README tells people to type exists."""

import re
import shlex
from pathlib import Path

import pytest

from taskonomy.commands.main import build_parser

ROOT = Path(__file__).resolve().parents[2]
BLOCKS = re.findall(r"```\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
LINES = [line.split("#")[0].strip() for block in BLOCKS for line in block.splitlines() if line]


@pytest.mark.parametrize("line", [line for line in LINES if line.startswith("make ")])
def test_a_make_target_is_in_the_makefile(line: str) -> None:
    target = line.split()[1]
    assert re.search(rf"^{target}:.*## \w", (ROOT / "Makefile").read_text(), re.MULTILINE)


@pytest.mark.parametrize("line", [line for line in LINES if "bin/taskonomy " in line])
def test_a_command_is_understood(line: str) -> None:
    build_parser().parse_args(shlex.split(line)[1:])


def test_there_are_commands_of_both_kinds() -> None:
    assert sum(line.startswith("make ") for line in LINES) >= 2
    assert sum("bin/taskonomy " in line for line in LINES) >= 4
