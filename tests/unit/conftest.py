"""A small workspace of real rooms, for the tests of loading and training; the released files."""

from dataclasses import replace
from pathlib import Path

import pytest

from taskonomy.affinity.candidate import Candidate
from taskonomy.config import Config, load
from taskonomy.data import layout, splits
from taskonomy.dictionary import DICTIONARY
from taskonomy.rooms.dataset import render_dataset
from taskonomy.store import Store
from taskonomy.taxonomy import released
from taskonomy.training.workspace import Workspace


@pytest.fixture(scope="session")
def rooms(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """72 images of twelve rooms, 32 pixels wide, with all labels; the seed is one whose few rooms
    have overlapping views of two points in every split."""
    root = tmp_path_factory.mktemp("data") / "rooms"
    render_dataset(root, images=72, size=32, seed=13, workers=1)
    return root


@pytest.fixture(scope="session")
def small() -> Config:
    """The demo profile, made smaller."""
    config = load(Path(__file__).parents[2] / "params.yaml", "demo")
    network = {
        "image_size": 32,
        "target_size": 16,
        "segment_size": 8,
        "segment_pixels": 20,
        "layers": (1, 1),
        "widths": (8, 16),
        "strides": (1, 2),
        "code_channels": 4,
        "decoder": (8,),
        "hidden": 16,
    }
    return config.updated(
        regimes=(8,),
        tasks=DICTIONARY.names,
        network=network,
        training={"epochs": 10, "batch": 8},
        transfer={"test_images": 8, "steps": 8, "scratch_steps": 12, "batch": 4},
    )


@pytest.fixture(scope="session")
def workspace(rooms: Path, small: Config, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """The rooms with a store that tests share: what one trains, another finds."""
    dataset = layout.index(rooms)
    store = Store(str(tmp_path_factory.mktemp("store")))
    return Workspace(store, small, dataset, "rooms", "rooms", splits.split(dataset))


@pytest.fixture
def fresh(workspace: Workspace, tmp_path: Path) -> Workspace:
    """The rooms with an empty store."""
    return replace(workspace, store=Store(str(tmp_path)))


@pytest.fixture(scope="session")
def results() -> Path:
    """The paper's released files: third-party data beside the repository."""
    folder = Path(__file__).resolve().parents[3] / "shared" / "data" / "stanford-results"
    if not folder.is_dir():
        pytest.skip("third-party data is absent: no ../shared/data/stanford-results")
    return folder


@pytest.fixture(scope="session")
def released_candidates(results: Path) -> list[Candidate]:
    """The released 16k affinities with both win rates."""
    files = ("all_affinities_16k.pkl", "wins_vs_pixels_16k.pkl", "wins_vs_task_16k.pkl")
    return released.candidates(*(released.read(results / name) for name in files))


@pytest.fixture(scope="session")
def cases() -> Path:
    """Files of affinities as other tools and projects leave them, beside the repository."""
    folder = Path(__file__).resolve().parents[3] / "shared" / "cases" / "affinities"
    if not folder.is_dir():
        pytest.skip("the cases are absent: no ../shared/cases/affinities")
    return folder
