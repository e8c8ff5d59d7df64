"""What a noisy depth image says of surfaces, and what surfaces say of the world."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks import sensor
from taskonomy.captures import Capture, fixation, planes, world
from taskonomy.captures.conventions import Conventions
from taskonomy.data.cameras import euler_to_matrix
from taskonomy.errors import BadInput
from tests.unit import captures

GRID = np.array([[292.0, 0, 119.5], [0, 292.0, 119.5], [0, 0, 1]])
"""Of the sensor's every second pixel."""


def roof(noise: float) -> tuple[np.ndarray, np.ndarray]:
    """Depth of two planes that meet along the middle column 2 m ahead, each turned 40 degrees away,
    with noise in inverse depth (1/m), and the normal of each side (x right, y down, z forward)."""
    rng = np.random.default_rng(0)
    v, u = np.mgrid[:240, :240]
    ray = np.stack([(u - 119.5) / 292, (v - 119.5) / 292, np.ones(u.shape)], -1)
    turn = np.radians(40)
    sides = np.array([[-np.sin(turn), 0, -np.cos(turn)], [np.sin(turn), 0, -np.cos(turn)]])
    inverse = np.where(u < 120, ray @ sides[0], ray @ sides[1]) / (-2 * np.cos(turn))
    return (1 / (inverse + rng.normal(0, noise, u.shape))).astype(np.float32), sides


@pytest.mark.parametrize("noise", [0.0, 0.58 * sensor.STEP])
def test_normals_are_even_on_planes_and_turn_at_creases(noise: float) -> None:
    """To a tenth of a radian 10 pixels from the crease, and to two degrees elsewhere: a sensor's
    noise turns a single fitted plane by about three degrees."""
    depth, sides = roof(noise)
    found = planes.fit(depth, GRID).normals().astype(float)
    for exact, columns in ((sides[0], slice(20, 100)), (sides[1], slice(140, 220))):
        angle = np.degrees(np.arccos(np.clip(found[20:-20, columns] @ exact, -1, 1)))
        assert np.percentile(angle, 90) < 2
    for exact, column in ((sides[0], 109), (sides[1], 130)):
        angle = np.degrees(np.arccos(np.clip(found[20:-20, column] @ exact, -1, 1)))
        assert np.median(angle) < 6


def surfaces(*parts: tuple[tuple[float, float, float], int, float]) -> tuple[np.ndarray, ...]:
    """Normals (rounded off by a sensor's noise) and areas of (direction, samples, area of each)."""
    rng = np.random.default_rng(0)
    normals = np.concatenate([np.tile(np.array(n, float), (count, 1)) for n, count, _ in parts])
    normals += rng.normal(0, 0.03, normals.shape)
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    return normals, np.concatenate([np.full(count, float(area)) for _, count, area in parts])


def off_axes(turn: np.ndarray) -> float:
    """Degrees from the nearest of the worlds that differ by quarter turns about the vertical."""
    assert turn[2, 2] > 0
    return float(np.degrees(np.arccos(np.abs(turn).max(1).clip(0, 1))).max())


def test_up_is_found_by_cameras_that_look_down_steeply() -> None:
    """The camera's own up is 50 degrees off, a slanted cushion lies nearer to it than the floor."""
    normals, area = surfaces(
        ((0, 0, 1), 2000, 4), ((0.5, 0, 0.87), 500, 1), ((-1, 0, 0), 500, 4), ((0, 1, 0), 300, 4)
    )
    askew = euler_to_matrix(0.4, -0.3, 1.1)
    camera_up = askew @ np.array([np.sin(np.radians(50)), 0, np.cos(np.radians(50))])
    assert off_axes(world.upright(normals @ askew.T, area, camera_up) @ askew) < 1


def test_walls_are_told_from_a_turned_thing_by_their_size() -> None:
    """It covers more of the images, since it is near."""
    normals, area = surfaces(
        ((0, 0, 1), 900, 4), ((0.8, 0.6, 0), 2500, 1), ((-1, 0, 0), 700, 9), ((0, 1, 0), 700, 9)
    )
    assert off_axes(world.upright(normals, area, np.array([0.2, 0, 1.0]))) < 1


def test_a_level_camera_s_strip_of_floor_outweighs_its_walls() -> None:
    normals, area = surfaces(((0, 0, 1), 300, 4), ((-1, 0, 0), 3000, 9), ((0, 1, 0), 500, 9))
    assert off_axes(world.upright(normals, area, np.array([0.05, 0, 1.0]))) < 1


def test_walls_alone_do_not_say_which_way_is_up() -> None:
    normals, area = surfaces(((-1, 0, 0), 3000, 9), ((0, 1, 0), 500, 9))
    with pytest.raises(BadInput, match="found no level surface within 60 degrees"):
        world.upright(normals, area, np.array([0.05, 0, 1.0]))


def test_a_world_without_surfaces_is_refused() -> None:
    with pytest.raises(BadInput, match="found no surface sample"):
        world.upright(np.zeros((0, 3)), np.zeros(0), np.array([0, 0, 1.0]))


def test_the_simulated_sensor_errs_as_its_model_says() -> None:
    """On walls 2 and 4 m ahead: holes of 1 %, no bias, and errors that grow with depth squared; the
    shadow of a near edge is as wide as the difference of the disparities."""
    flat = np.full((sensor.SIZE, sensor.SIZE), 2.0)
    frontal = np.broadcast_to(np.array([0, 0, 1.0]), (*flat.shape, 3))
    for metres in (2, 4):
        seen = sensor.measure(flat * metres / 2, frontal, np.random.default_rng(0)) / 1000.0
        assert (seen == 0).mean() == pytest.approx(0.01, abs=0.002)
        off = (seen[seen > 0] - metres) / (metres**2 * sensor.STEP)
        assert abs(off.mean()) < 0.05
        assert off.std() == pytest.approx(0.58, abs=0.1)
    flat[:, :200] = 1.0
    seen = sensor.measure(flat, frontal, np.random.default_rng(0))
    dark = np.flatnonzero((seen == 0).mean(0) > 0.5)
    assert dark.tolist() == list(range(200, 200 + len(dark)))
    assert len(dark) == pytest.approx(sensor.FOCAL * sensor.BASELINE * (1 / 1 - 1 / 2), abs=2)


def test_points_are_found_in_noise_of_a_large_room() -> None:
    """A Kinect's at three metres and more, where single pixels are off by centimetres."""
    rng = np.random.default_rng(0)
    seen = [captures.frame(i) for i in range(6)]
    poses = np.array([pose for _, _, pose in seen])
    nowhere = (Path("none"),) * len(seen)
    capture = Capture(
        folder=Path("room"),
        numbers=tuple(range(len(seen))),
        colors=nowhere,
        depths=nowhere,
        conventions=Conventions(),
        intrinsics=captures.camera(),
        color_intrinsics=captures.camera(),
        rotations=poses[:, :3, :3],
        locations=poses[:, :3, 3],
        lenses=(None,) * len(seen),
    )
    depths = [
        (depth + rng.normal(0, 0.05, depth.shape)).astype(np.float32)[::2, ::2]
        for _, depth, _ in seen
    ]
    fov = fixation.field_of_view(capture, captures.HEIGHT, captures.WIDTH)
    assert len(fixation.choose(capture, depths, 2, fov)) > 0
