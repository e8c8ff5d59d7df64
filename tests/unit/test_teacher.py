"""A teacher's categories become the values of segment_semantic; in captures, where frames reach."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torchvision.models import get_model, get_model_weights

from taskonomy.captures.teacher import Teacher
from taskonomy.data.classes import SEMANTIC_CLASSES
from taskonomy.errors import BadInput
from tests.unit.teachers import CATEGORIES, NETWORK, sure_of, untrained

PHOTOGRAPH = np.random.default_rng(0).integers(0, 256, (16, 16, 3)).astype(np.uint8)


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return untrained(tmp_path_factory.mktemp("weights") / "untrained.pth")


@pytest.fixture(scope="module")
def teacher(weights: Path) -> Teacher:
    return Teacher(weights)


def test_the_file_says_which_network_it_is_and_what_that_cannot_know(teacher):
    assert teacher.name == NETWORK
    known = set(SEMANTIC_CLASSES[2:]) - set(teacher.unknown)
    assert known == {"bottle", "chair", "couch", "potted plant", "dining table", "tv"}


def test_probabilities_are_the_network_s_own_gathered_by_class(teacher, weights):
    probable = teacher.probabilities(PHOTOGRAPH)
    assert probable.shape == (len(SEMANTIC_CLASSES), 16, 16)
    torch.testing.assert_close(probable.sum(0), torch.ones(16, 16))
    network = get_model(NETWORK, weights=None, weights_backbone=None).eval()
    network.load_state_dict(torch.load(weights, weights_only=True))
    image = torch.tensor(PHOTOGRAPH).permute(2, 0, 1)
    prepared = get_model_weights(NETWORK).DEFAULT.transforms()(image)
    with torch.no_grad():
        own = network(prepared[None])["out"].softmax(1)
    own = torch.nn.functional.interpolate(own, size=(16, 16), mode="bilinear")[0]
    for theirs, ours in (("sofa", "couch"), ("tvmonitor", "tv"), ("chair", "chair")):
        found = probable[SEMANTIC_CLASSES.index(ours)]
        torch.testing.assert_close(found, own[CATEGORIES.index(theirs)])
    rest = [k for k, name in enumerate(CATEGORIES) if name in ("__background__", "person", "bird")]
    assert (probable[SEMANTIC_CLASSES.index("background")] > own[rest].sum(0)).all()
    for ours in ("uncertain", "bed", "clock"):
        assert not probable[SEMANTIC_CLASSES.index(ours)].any()


def test_a_pixel_that_no_class_has_the_better_half_of_is_uncertain(weights):
    undecided = Teacher(sure_of(weights, sofa=9.0, chair=9.0))
    assert not undecided.label(PHOTOGRAPH).any()


def test_a_file_of_anything_else_is_named(tmp_path):
    other, text = tmp_path / "other.pth", tmp_path / "text.pth"
    torch.save({"weight": torch.zeros(3)}, other)
    text.write_text("not weights")
    for file, found in (
        (tmp_path / "none.pth", "no such file"),
        (text, r"text \('not weights'\)"),
        (other, "1 tensors of another network"),
    ):
        with pytest.raises(BadInput, match=f"--teacher .*{file.name}: found {found}, expected"):
            Teacher(file)
