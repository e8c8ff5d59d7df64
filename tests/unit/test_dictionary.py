"""The dictionary is the paper's: 26 tasks, 22 targets, four sources only."""

import pytest

from taskonomy.dictionary import DICTIONARY
from taskonomy.errors import BadInput


def test_there_are_26_tasks_of_which_22_are_targets() -> None:
    assert len(DICTIONARY) == len(set(DICTIONARY.names)) == 26
    assert set(DICTIONARY.names) - set(DICTIONARY.targets) == {
        "colorization",
        "jigsaw",
        "inpainting",
        "random_projection",
    }


def test_only_the_random_projection_is_untrained() -> None:
    assert [entry.name for entry in DICTIONARY if not entry.trained] == ["random_projection"]


def test_names_and_aliases_are_unambiguous() -> None:
    names = [name for entry in DICTIONARY for name in (entry.name, *entry.aliases)]
    assert len(names) == len(set(names))
    assert DICTIONARY["rgb2sfnorm"] is DICTIONARY["normal"]


def test_an_unknown_task_is_named_with_its_nearest_neighbours() -> None:
    with pytest.raises(BadInput, match=r"unknown task 'normals'.*normal"):
        DICTIONARY["normals"]
