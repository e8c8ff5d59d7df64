"""The batched tracer gives the first hits that Embree's gives, so the same pictures."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from taskonomy.commands.main import main
from taskonomy.data import layout
from taskonomy.data.cameras import pixel_rays
from taskonomy.data.verify import verify
from taskonomy.errors import BadInput
from taskonomy.rooms.batched import BatchedTracer
from taskonomy.rooms.dataset import render_dataset
from taskonomy.rooms.render import Camera, render_view
from taskonomy.rooms.rooms import build_room
from taskonomy.rooms.shading import Stage
from taskonomy.rooms.shapes import BOX, CYLINDER, ELLIPSOID, ROUNDED, Primitives
from taskonomy.rooms.tracer import Tracer
from taskonomy.rooms.viewpoints import choose_fixations

CPU = torch.device("cpu")


def unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def crowd(shape: int, count: int = 8) -> Primitives:
    """Primitives of one shape, of all sizes and attitudes, within three metres of the origin."""
    rng = np.random.default_rng(shape)
    turns = np.linalg.qr(rng.normal(size=(count, 3, 3)))[0]
    turns *= np.sign(np.linalg.det(turns))[:, None, None]
    half = rng.uniform(0.05, 0.8, (count, 3))
    bevel = {CYLINDER: rng.uniform(-0.4, 0.4, count), ROUNDED: 0.5 * half.min(1)}
    centre = rng.uniform(-2, 2, (count, 3))
    shapes, flat = np.full(count, shape), np.zeros(count)
    return Primitives(shapes, centre, half, turns, bevel.get(shape, flat))


@pytest.fixture(scope="module", params=["home", "studio"])
def view(request) -> tuple[Stage, Camera]:
    stage = Stage(build_room(11, "living room", request.param))
    return stage, choose_fixations(stage, np.random.default_rng(0), [1])[0].cameras[0]


@pytest.mark.parametrize("kind", [np.float64, np.float32])
@pytest.mark.parametrize("shape", [BOX, CYLINDER, ELLIPSOID, ROUNDED])
def test_rays_from_all_around_meet_what_embree_says_where_it_says(shape, kind):
    rng = np.random.default_rng(1)
    origins = 6 * unit(rng.normal(size=(2000, 3)))
    rays = unit(rng.uniform(-2, 2, origins.shape) - origins).astype(kind)
    one, two = Tracer(crowd(shape)), BatchedTracer(crowd(shape), CPU)
    expected, found = one.trace(origins, rays), two.trace(origins, rays)
    same = found.primitive == expected.primitive
    assert same.mean() > 0.998
    met = same & (found.primitive >= 0)
    assert 200 < met.sum() < same.sum()
    near, straight = (1e-10, 1e-6) if kind is np.float64 else (1e-3, 0.02)
    np.testing.assert_allclose(found.distance[met], expected.distance[met], atol=near)
    np.testing.assert_allclose(found.local[met], expected.local[met], atol=near)
    # At an edge either face's normal is right.
    for name in ("normal", "outward"):
        apart = np.abs(getattr(found, name) - getattr(expected, name))[met].max(1)
        assert (apart < straight).mean() > 0.998
    assert np.isnan(found.distance[found.primitive < 0]).all()


def test_something_lies_on_a_ray_from_its_first_hit_on(view):
    stage, camera = view
    batched = BatchedTracer(stage.room.primitives, CPU)
    rays = unit(pixel_rays(32, camera.fov).reshape(-1, 3) @ camera.rotation.T)
    origins = np.tile(camera.location, (len(rays), 1))
    primitive, far = stage.tracer.glance(origins, rays)
    found, here = batched.glance(origins, rays)
    assert (found == primitive).mean() > 0.998
    assert (np.abs(here - far) < 1e-3).mean() > 0.998
    assert not batched.occluded(origins, rays, here * 0.999).any()
    assert batched.occluded(origins, rays, here * 1.001).all()
    assert not batched.occluded(origins, rays, np.full(len(far), -1.0)).any()
    assert batched.occluded(origins[:0], rays[:0], far[:0]).shape == (0,)


def test_a_photograph_and_its_geometry_are_the_same_but_for_one_pixel_in_500(view):
    stage, camera = view
    one = render_view(stage, camera, 24)
    two = render_view(Stage(stage.room, "cpu"), camera, 24)
    for name in ("instance", "semantic"):
        assert (getattr(one, name) == getattr(two, name)).mean() > 0.998
    assert (np.abs(one.depth_z - two.depth_z) < 1e-3).mean() > 0.998
    assert (np.abs(one.normal - two.normal).max(2) < 1e-3).mean() > 0.998
    difference = np.abs(one.rgb.astype(int) - two.rgb).max(2)
    assert (difference <= 1).mean() > 0.99


@pytest.mark.parametrize("name", ["gpu", "cuda:99", "cuda:x", "cpu:1"])
def test_a_device_that_is_not_there_is_named(name):
    with pytest.raises(BadInput, match=f"device: found '{name}', expected cpu or cuda"):
        _ = Stage(build_room(0), name).tracer


def test_a_data_set_holds_the_same_views_whatever_traced_them(tmp_path: Path) -> None:
    one, two = tmp_path / "embree", tmp_path / "torch"
    render_dataset(one, 1, 16, seed=2, workers=1)
    arguments = ["--images", "1", "--size", "16", "--seed", "2", "--device"]
    assert main(["data", "render", "--out", str(two), *arguments, "cpu"]) == 0
    assert json.loads((two / "dataset.json").read_text())["device"] == "cpu"
    assert verify(two).faults == ()
    view = layout.View("room_00000", 0, 0)
    first, second = (layout.read(root, view, "point_info") for root in (one, two))
    assert first["camera_location"] == second["camera_location"]
    depths = [layout.read(root, view, "depth_zbuffer") for root in (one, two)]
    assert (np.abs(depths[0] - depths[1]) < 2e-3).mean() > 0.998


def test_data_render_names_a_device_that_is_not_there(tmp_path: Path, capsys) -> None:
    arguments = ["--images", "1", "--size", "16", "--seed", "2", "--device", "gpu"]
    assert main(["data", "render", "--out", str(tmp_path / "rooms"), *arguments]) == 2
    assert capsys.readouterr().err.startswith("taskonomy: device: found 'gpu', expected cpu or")
    assert list(tmp_path.iterdir()) == []
