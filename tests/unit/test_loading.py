"""What networks see and predict: ranges, masks, and that equal views give equal examples."""

import shutil
import time
from pathlib import Path

import numpy as np
import pytest
import torch

from taskonomy.config import Config
from taskonomy.data import colour, jigsaw, layout
from taskonomy.data.inputs import encode_input
from taskonomy.data.layout import View
from taskonomy.dictionary import DICTIONARY
from taskonomy.errors import BadInput
from taskonomy.targets import kind_of
from taskonomy.targets.map import encode_map
from taskonomy.targets.segments import sampled_pixels
from taskonomy.training import example_loader, loading
from taskonomy.training.example_loader import ExampleLoader
from taskonomy.training.examples import examples
from taskonomy.training.loading import Source, Table, TaskData
from taskonomy.training.workspace import Workspace

VIEW = View("room", 0, 0)
GREY = np.full((32, 32, 3), 128, np.uint8)


def test_permutations_differ_in_at_least_six_of_nine_places():
    chosen = jigsaw.permutations()
    distance = (chosen[:, None] != chosen[None]).sum(-1)
    assert (np.sort(chosen, axis=1) == np.arange(9)).all()
    assert distance[~np.eye(100, dtype=bool)].min() >= 6


def test_colour_bins_are_soft_and_grey_is_the_middle_one():
    where, weights = colour.soft_bins()
    np.testing.assert_allclose(weights.sum(axis=1), 1, rtol=1e-5)
    grey = 128 * 256 + 128
    assert colour.bins()[where[grey, 0]].tolist() == [0, 0]
    # One step of the grid away, exp(-10^2 / (2 x 5^2)) as heavy.
    assert weights[grey, 1] / weights[grey, 0] == pytest.approx(np.exp(-2), rel=1e-4)


def test_rebalancing_weighs_a_class_by_half_its_prior_and_half_uniform():
    weights = colour.rebalance(np.array([3.0, 1.0]))
    assert weights[1] / weights[0] == pytest.approx((0.375 + 0.25) / (0.125 + 0.25))
    assert (np.array([0.75, 0.25]) * weights).sum() == pytest.approx(1)


def test_denoising_sees_noise_of_variance_a_hundredth_fixed_per_view():
    noisy = encode_input("noisy", GREY, VIEW, 0, 8)
    assert np.var(noisy / 255) == pytest.approx(0.01, rel=0.1)
    assert np.array_equal(noisy, encode_input("noisy", GREY, VIEW, 0, 8))
    assert not np.array_equal(noisy, encode_input("noisy", GREY, View("room", 0, 1), 0, 8))


def test_inpainting_hides_the_centre_half():
    white = np.full((32, 32, 3), 255, np.uint8)
    hidden = encode_input("masked", white, VIEW, 0, 8)[0, 0] == 128
    assert hidden.sum() == 16 * 16
    assert hidden[8:24, 8:24].all()


def test_jigsaw_tiles_are_pieces_of_their_own_place():
    places = np.kron(np.arange(9, dtype=np.uint8).reshape(3, 3), np.ones((10, 10), np.uint8))
    rgb = np.repeat(places[..., None], 3, axis=2)
    cut = jigsaw.tiles(rgb, 7, 8, np.random.default_rng(0))
    assert cut[:, 0, 4, 4].tolist() == jigsaw.permutations()[7].tolist()
    assert cut.shape == (9, 3, 8, 8)


def test_depth_is_log_scaled_and_its_holes_are_masked():
    depth = np.full((4, 4), 2.0, np.float32)
    depth[:2, :2] = np.nan
    found = encode_map(DICTIONARY["depth_zbuffer"], depth, None, 2)
    assert found[0, 1, 1] == pytest.approx(2 * np.log(1 + 1024) / np.log(2**16) - 1, rel=1e-5)
    assert np.isnan(found[0, 0, 0])


def test_normals_stay_unit_when_averaged():
    normal = np.zeros((4, 4, 3), np.float32)
    normal[::2, :, 0] = normal[1::2, :, 2] = 1
    found = encode_map(DICTIONARY["normal"], normal, None, 2)
    np.testing.assert_allclose(found[:, 0, 0], [np.sqrt(0.5), 0, np.sqrt(0.5)], rtol=1e-5)


def test_sparse_maps_are_compressed_by_a_root_of_their_nominal_range():
    quarter = np.full((8, 8), 0.02, np.float32)  # a quarter of edge_texture's 0.08
    assert encode_map(DICTIONARY["edge_texture"], quarter, None, 4)[0, 0, 0] == pytest.approx(
        0, abs=1e-6
    )


def test_a_maps_other_than_depth_is_missing_where_depth_is():
    depth = np.full((4, 4), 1.0, np.float32)
    depth[:, 2:] = np.nan
    found = encode_map(DICTIONARY["reshading"], np.ones((4, 4), np.float32), depth, 2)
    assert found[0, :, 0].tolist() == [1, 1]
    assert np.isnan(found[0, :, 1]).all()


def test_sampled_pixels_are_distinct_and_belong_to_the_view():
    first, again, other = (sampled_pixels(np.array([s]), 20, 8)[0] for s in (5, 5, 9000))
    assert len(set(first.tolist())) == 20
    assert np.array_equal(first, again)
    assert set(first.tolist()) != set(other.tolist())


@pytest.mark.parametrize("name", [task.name for task in DICTIONARY if task.trained])
def test_every_tasks_batches_are_finite_and_in_range(workspace: Workspace, name: str):
    of = DICTIONARY[name]
    chosen = examples(workspace, of)
    config = workspace.config
    source = Source(workspace.dataset, config.network, 0)
    data = TaskData(source, kind_of(of)(of, config.network, source), chosen.train)
    batch = data.batch(chosen.test)

    assert len(batch.inputs) == len(batch.target) == len(batch.mask) == len(chosen.test)
    assert batch.inputs.abs().max() <= 1
    assert torch.isfinite(batch.target).all()
    assert batch.mask.min() >= 0
    assert batch.mask.sum() > 0
    if of.loss in ("l1", "l2") and of.head == "image":
        assert batch.target.shape[1:] == (of.channels, 16, 16)
        assert batch.target.abs().max() <= 1
        assert batch.target.std() > 0.01
    if "cross_entropy" in of.loss:
        assert batch.target.shape[1] == data.outputs
        torch.testing.assert_close(
            batch.target.sum(dim=1), torch.ones_like(batch.target.sum(dim=1))
        )
    if name in ("room_layout", "fixated_pose", "egomotion"):
        train = data.targets(chosen.train)[0]
        torch.testing.assert_close(train.mean(0), torch.zeros(of.channels), atol=1e-4, rtol=0)


def test_a_table_that_does_not_fit_gives_the_same_rows(monkeypatch: pytest.MonkeyPatch):
    def make(view: int) -> np.ndarray:
        return np.full(4, view, np.float32)

    views = np.array([3, 1, 3, 9, 0, 7])
    whole = Table(10, make)
    monkeypatch.setattr(loading, "CACHE_BYTES", 2 * 16)
    spilling = Table(10, make)
    for _ in range(2):
        assert spilling.get(views)[:, 0].tolist() == views.tolist()
        assert whole.get(views)[:, 0].tolist() == views.tolist()


def test_batches_from_disk_come_in_the_order_that_is_asked_for(monkeypatch: pytest.MonkeyPatch):
    def make(rows: np.ndarray) -> tuple[torch.Tensor]:
        time.sleep(0.01 if rows[0] % 3 == 0 else 0)  # so that later batches are ready earlier
        return (torch.from_numpy(rows),)

    held = ExampleLoader(make, 12, torch.device("cpu"))
    monkeypatch.setattr(example_loader, "HELD_BYTES", 0)
    streamed = ExampleLoader(make, 12, torch.device("cpu"))
    orders = [np.array([at, (at + 5) % 12]) for at in range(12)]

    found = [batch[0].tolist() for batch in streamed.batches(orders)]
    assert found == [order.tolist() for order in orders]
    assert found == [batch[0].tolist() for batch in held.batches(orders)]


def test_a_missing_label_file_is_named(rooms: Path, small: Config, tmp_path: Path):
    copy = tmp_path / "copy"
    shutil.copytree(rooms, copy)
    dataset = layout.index(copy)
    victim = layout.locate(dataset, dataset.views[4], "normal")
    victim.unlink()
    source, of = Source(dataset, small.network, 0), DICTIONARY["normal"]
    data = TaskData(source, kind_of(of)(of, small.network, source), np.array([[0], [1]]))

    with pytest.raises(BadInput, match=victim.name):
        data.batch(np.array([[3], [4]]))
