"""Rooms: the tracer meets surfaces where the closed form says, from wherever they are seen."""

import numpy as np
import pytest

from taskonomy.data import cameras
from taskonomy.errors import BadInput
from taskonomy.rooms.shapes import BOX, CYLINDER, ELLIPSOID, ROUNDED, Primitives
from taskonomy.rooms.tracer import Tracer

CENTRE = np.array([0.3, -0.2, 0.9])


def one(shape: int, half: tuple[float, float, float], bevel: float = 0.0, turn=(0.0, 0.0, 0.0)):
    """A tracer of a single primitive."""
    rotation = cameras.euler_to_matrix(*turn)[None]
    return Tracer(
        Primitives(np.array([shape]), CENTRE[None], np.array([half]), rotation, np.array([bevel]))
    )


def towards(tracer: Tracer, targets: np.ndarray, seed: int = 0):
    """Hits of rays from all around through points near the primitive: points and unit rays."""
    rng = np.random.default_rng(seed)
    origins = rng.normal(size=targets.shape)
    origins = CENTRE + 3 * origins / np.linalg.norm(origins, axis=1, keepdims=True)
    rays = targets - origins
    rays /= np.linalg.norm(rays, axis=1, keepdims=True)
    hits = tracer.trace(origins, rays)
    met = hits.primitive >= 0
    return origins[met], rays[met], hits.distance[met], hits.local[met], hits.normal[met]


def cloud(size: float, count: int = 4000) -> np.ndarray:
    return CENTRE + np.random.default_rng(1).uniform(-size, size, (count, 3))


def test_a_sphere_is_met_at_its_radius_with_a_radial_normal():
    _, rays, _, local, normal = towards(one(ELLIPSOID, (0.5, 0.5, 0.5)), cloud(0.4))
    assert len(local) > 2000
    np.testing.assert_allclose(np.linalg.norm(local, axis=1), 0.5, atol=1e-12)
    np.testing.assert_allclose(normal, local / 0.5, atol=1e-12)
    assert ((rays * normal).sum(1) <= 0).all()


def test_the_nearest_point_of_a_sphere_is_at_the_distance_of_its_centre_less_the_radius():
    origin = CENTRE + np.array([[2.0, 1.0, 0.5]])
    ray = (CENTRE - origin) / np.linalg.norm(CENTRE - origin)
    hits = one(ELLIPSOID, (0.5, 0.5, 0.5)).trace(origin, ray)
    assert hits.distance[0] == pytest.approx(np.linalg.norm(CENTRE - origin) - 0.5, abs=1e-12)


@pytest.mark.parametrize("taper", [0.0, 0.4, -0.3])
def test_a_cylinder_is_its_side_or_its_caps(taper):
    _, _, _, p, normal = towards(one(CYLINDER, (0.4, 0.4, 0.6), taper), cloud(0.6))
    radius, limit = np.hypot(p[:, 0], p[:, 1]), 0.4 * (1 - taper * p[:, 2] / 0.6)
    cap = np.abs(np.abs(p[:, 2]) - 0.6) < 1e-9
    assert 100 < cap.sum() < len(p) - 100
    np.testing.assert_allclose(radius[~cap], limit[~cap], atol=1e-9)
    assert (radius[cap] <= limit[cap] + 1e-6).all()
    np.testing.assert_allclose(np.abs(normal[cap, 2]), 1)
    # A side that narrows by 0.4 * taper over 0.6 leans by that slope.
    slope = np.full((~cap).sum(), 0.4 * taper / 0.6)
    steep = normal[~cap, 2] / np.hypot(normal[~cap, 0], normal[~cap, 1])
    np.testing.assert_allclose(steep, slope, atol=1e-9)


def test_a_box_is_met_on_a_face_whose_axis_is_the_normal():
    half = np.array([0.5, 0.3, 0.7])
    _, _, _, p, normal = towards(one(BOX, tuple(half), turn=(0.3, 0.5, 0.7)), cloud(0.6))
    axis = np.abs(normal).argmax(1)
    np.testing.assert_allclose(np.abs(p[np.arange(len(p)), axis]), half[axis], atol=1e-12)
    assert (np.abs(p) <= half + 1e-6).all()
    np.testing.assert_allclose(normal, np.sign(p) * np.eye(3)[axis])


def test_a_rounded_box_lies_at_its_radius_from_the_inner_box():
    half, radius = np.array([0.5, 0.3, 0.7]), 0.12
    _, _, _, p, normal = towards(one(ROUNDED, tuple(half), radius), cloud(0.6))
    away = np.maximum(np.abs(p) - (half - radius), 0)
    np.testing.assert_allclose(np.linalg.norm(away, axis=1), radius, atol=1e-9)
    np.testing.assert_allclose(normal, np.copysign(away, p) / radius, atol=1e-8)
    curved = (away > 0).sum(1) > 1
    assert curved.sum() > 200


def test_a_surface_point_is_the_same_from_wherever_it_is_seen():
    tracer = one(CYLINDER, (0.4, 0.3, 0.6), 0.2, turn=(0.2, 0.4, 0.1))
    origins, rays, distance, _, normal = towards(tracer, cloud(0.3, 500))
    points = origins + distance[:, None] * rays
    world = normal @ tracer.primitives.rotation[0].T
    # A second ray starts off to the side of each normal, in front of the surface.
    start = points + 1.5 * world + np.array([0.2, -0.1, 0.3])
    way = points - start
    far = np.linalg.norm(way, axis=1)
    again = tracer.trace(start, way / far[:, None])
    # Embree's mesh lies inside the surface, so a ray at the very rim may pass it by.
    met = again.primitive == 0
    assert met.mean() > 0.98
    np.testing.assert_allclose(again.distance[met], far[met], atol=1e-9)
    np.testing.assert_allclose(again.normal[met], normal[met], atol=1e-7)


@pytest.mark.parametrize("radius", [0.03, 0.1, 0.5])
def test_a_sphere_is_met_wherever_a_ray_passes_a_centimetre_inside_it(radius):
    tracer = one(ELLIPSOID, (radius, radius, radius))
    rng = np.random.default_rng(3)
    way, side = rng.normal(size=(2, 2000, 3))
    way /= np.linalg.norm(way, axis=1, keepdims=True)
    side = np.cross(way, side)
    side *= (radius - 0.01) / np.linalg.norm(side, axis=1, keepdims=True)
    assert (tracer.trace(CENTRE + side - 2 * way, way).primitive == 0).all()
    side *= (radius + 1e-4) / (radius - 0.01)
    assert (tracer.trace(CENTRE + side - 2 * way, way).primitive == -1).all()


def test_a_ray_is_occluded_only_within_its_limit():
    tracer = one(ELLIPSOID, (0.5, 0.5, 0.5))
    start = np.repeat(CENTRE[None] + (2.0, 0, 0), 2, axis=0)
    way = np.array([[-1.0, 0, 0], [-1.0, 0, 0]])
    assert tracer.occluded(start, way, np.array([1.4, 1.6])).tolist() == [False, True]
    assert tracer.trace(start[:1], -way[:1]).primitive.tolist() == [-1]


def test_euler_angles_are_about_fixed_axes_x_then_y_then_z():
    # A quarter turn about x, then one about z: y goes to z and stays; x goes to y.
    R = cameras.euler_to_matrix(np.pi / 2, 0.0, np.pi / 2)
    np.testing.assert_allclose(R @ [0, 1, 0], [0, 0, 1], atol=1e-12)
    np.testing.assert_allclose(R @ [1, 0, 0], [0, 1, 0], atol=1e-12)
    angles = (0.4, -1.1, 2.5)
    assert cameras.matrix_to_euler(cameras.euler_to_matrix(*angles)) == pytest.approx(angles)
    locked = cameras.euler_to_matrix(0.3, np.pi / 2, 0.8)
    again = cameras.euler_to_matrix(*cameras.matrix_to_euler(locked))
    np.testing.assert_allclose(again, locked, atol=1e-7)


def test_a_camera_looks_along_its_minus_z_with_a_level_horizon():
    location, target = np.array([1.0, 2.0, 1.5]), np.array([3.0, 1.0, 0.4])
    R = cameras.look_at(location, target)
    far = np.linalg.norm(target - location)
    np.testing.assert_allclose(R.T @ (target - location), [0, 0, -far], atol=1e-12)
    np.testing.assert_allclose(R.T @ R, np.eye(3), atol=1e-12)
    assert R[2, 0] == pytest.approx(0)
    assert R[2, 1] > 0
    with pytest.raises(BadInput, match="straight"):
        cameras.look_at(location, location + np.array([0, 0, 1]))


def test_projection_puts_right_at_larger_columns_and_up_at_smaller_rows():
    location, R = np.zeros(3), cameras.look_at(np.zeros(3), np.array([0.0, 1.0, 0.0]))
    # Looking along +y: world x is right, world z is up; 90 degrees of view, 64 pixels.
    points = np.array([[0, 2.0, 0], [1.0, 2.0, 0], [0, 2.0, 1.0], [0, -1.0, 0]])
    pixels, depth = cameras.project(points, location, R, np.pi / 2, 64)
    np.testing.assert_allclose(pixels[:3], [[32, 32], [48, 32], [32, 16]], atol=1e-12)
    np.testing.assert_allclose(depth, [2, 2, 2, -1], atol=1e-12)
    assert np.isnan(pixels[3]).all()


def test_vanishing_points_follow_the_real_files_axes():
    """The camera looks along +x: backward is -x, to the right is -y."""
    R = cameras.look_at(np.array([0.0, 0.0, 1.5]), np.array([2.0, 1.0, 1.0]))
    sphere, image = cameras.vanishing_points(R, 1.0, 64)
    np.testing.assert_allclose(sphere["x"], R.T @ [-1, 0, 0], atol=1e-12)
    np.testing.assert_allclose(sphere["y"], R.T @ [0, -1, 0], atol=1e-12)
    np.testing.assert_allclose(sphere["z"], R.T @ [0, 0, 1], atol=1e-12)
    x, y, z = sphere["y"]
    focal = cameras.focal_length(1.0, 64)
    np.testing.assert_allclose(image["y"], [32 + focal * x / (2 - z), 32 - focal * y / (2 - z)])


def test_a_camera_between_two_walls_may_take_either():
    """At 45 degrees, where rounding decides; looking down, any of the four."""
    between = cameras.look_at(np.zeros(3), np.array([1.0, 1.0, 0.1]))
    assert len(cameras.manhattans(between)) == 2
    assert len(cameras.manhattans(cameras.euler_to_matrix(0.0, 0.0, 0.3))) == 4
    ahead = cameras.look_at(np.zeros(3), np.array([1.0, 0.9, 0.1]))
    (only,) = cameras.manhattans(ahead)
    np.testing.assert_array_equal(only, cameras.manhattan(ahead))
    for R in (between, ahead):
        assert np.linalg.det(cameras.manhattan(R)) == pytest.approx(1)
