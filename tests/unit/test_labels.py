"""Derived labels against closed forms: spheres, cylinders, planes, creases, occluders."""

from math import radians, tan
from typing import NamedTuple

import cv2
import numpy as np
import pytest

from taskonomy.data import labels, operators

FOV = radians(60)


class Shape(NamedTuple):
    rgb: np.ndarray
    depth_z: np.ndarray
    normal: np.ndarray

    def derive(self) -> dict[str, np.ndarray]:
        return labels.derive_view(self.rgb, self.depth_z, self.normal, FOV)


def grey(size: int) -> np.ndarray:
    return np.full((size, size, 3), 128, np.uint8)


def ball(size: int, radius: float, squash: tuple[float, float, float]) -> Shape:
    """A ball 2 m ahead of a wall-less camera; a zero in `squash` stretches it to a cylinder."""
    ray = labels.rays(size, size, FOV).astype(float)
    centre, keep = np.array([0.1, 0.05, -2.0]), np.array(squash)
    a = (ray * ray * keep).sum(-1)
    b = (ray * centre * keep).sum(-1)
    c = (centre * centre * keep).sum() - radius**2
    root = b * b - a * c
    z = np.where(root > 0, (b - np.sqrt(np.maximum(root, 0))) / a, np.nan)
    normal = (ray * z[..., None] - centre) * keep / radius
    return Shape(grey(size), z.astype(np.float32), normal.astype(np.float32))


def plane(size: int, normal: tuple[float, float, float], distance: float) -> Shape:
    """The plane n.p = -distance, all over the image."""
    unit = np.array(normal) / np.linalg.norm(normal)
    z = -distance / (labels.rays(size, size, FOV) @ unit)
    z[z <= 0] = np.nan  # behind the camera
    every = np.broadcast_to(unit, (size, size, 3)).astype(np.float32)
    return Shape(grey(size), z.astype(np.float32), every)


def nearest(*shapes: Shape) -> Shape:
    """What a camera sees of several shapes."""
    depth = np.stack([np.nan_to_num(shape.depth_z, nan=np.inf) for shape in shapes])
    first = depth.argmin(0)[None]
    normals = np.stack([shape.normal for shape in shapes])
    return Shape(
        shapes[0].rgb,
        np.take_along_axis(depth, first, 0)[0],
        np.take_along_axis(normals, first[..., None], 0)[0],
    )


def inside(shape: Shape, margin: int) -> np.ndarray:
    kernel = np.ones((2 * margin + 1, 2 * margin + 1), np.uint8)
    seen = np.isfinite(shape.depth_z).astype(np.uint8)
    return cv2.erode(seen, kernel, borderValue=0).astype(bool)


@pytest.mark.parametrize("size", [64, 256])
@pytest.mark.parametrize(
    ("radius", "squash", "expected"),
    [(0.5, (1, 1, 1), (2.0, 2.0)), (0.4, (1, 0, 1), (2.5, 0.0)), (0.4, (0, 1, 1), (2.5, 0.0))],
    ids=["sphere", "upright cylinder", "lying cylinder"],
)
def test_curvature_of_round_things(
    size: int, radius: float, squash: tuple[float, float, float], expected: tuple[float, float]
) -> None:
    shape = ball(size, radius, squash)
    found = shape.derive()["principal_curvature"][inside(shape, size // 16)]
    assert len(found) > 100
    np.testing.assert_allclose(np.median(found, 0), expected, atol=0.05)
    assert (np.abs(found - expected) < 0.25).mean() > 0.95


def test_the_curvature_of_larger_size_comes_first() -> None:
    """As in the data set: of a saddle or a trough, the one that bends most, whichever its sign."""
    shape = ball(64, 0.4, (1, 0, 1))
    trough = shape._replace(normal=shape.normal * np.float32([-1, -1, 1]))
    for each, sign in ((shape, 1), (trough, -1)):
        found = each.derive()["principal_curvature"][inside(shape, 8)]
        assert (np.abs(found[:, 0]) >= np.abs(found[:, 1])).all()
        assert sign * np.median(found[:, 0]) > 1


@pytest.mark.parametrize("missing", [False, True])
def test_from_256_pixels_on_the_derived_labels_are_the_operators(missing: bool) -> None:
    rng = np.random.default_rng(0)
    shape = nearest(ball(256, 0.5, (1, 1, 1)), plane(256, (0.2, 0.1, 1), 4))
    if missing:
        shape.depth_z[40:60, 200:220] = np.nan
    rgb = rng.integers(0, 256, (8, 8, 3), dtype=np.uint8).repeat(32, 0).repeat(32, 1)
    made = shape._replace(rgb=rgb).derive()
    expected = {
        "edge_occlusion": operators.edge_occlusion(shape.depth_z),
        "edge_texture": operators.edge_texture(rgb),
        "keypoints2d": operators.keypoints2d(rgb),
        "keypoints3d": operators.keypoints3d(shape.depth_z, FOV, unknown=np.nan),
        "segment_unsup2d": operators.segment_unsup2d(rgb),
        "segment_unsup25d": operators.segment_unsup25d(shape.depth_z, shape.normal),
    }
    for domain, label in expected.items():
        assert label.max() > 0
        np.testing.assert_array_equal(made[domain], label, domain)


def test_a_hollow_curves_the_other_way() -> None:
    shape = ball(64, 0.5, (1, 1, 1))
    hollow = shape._replace(normal=shape.normal * np.float32([-1, -1, 1]))
    assert np.median(hollow.derive()["principal_curvature"][inside(shape, 8)]) < -1


def test_a_slanted_plane_is_flat_one_segment_and_has_no_edges() -> None:
    made = plane(64, (0.3, 0.5, 0.8), 1.2).derive()
    assert np.abs(made["principal_curvature"]).max() < 1e-3
    # The depth's own slope, a thousandth of an image 512 across; an occluder's edge is a hundred.
    assert made["edge_occlusion"].max() < 1e-3
    assert made["keypoints3d"].max() < 1e-3
    assert made["segment_unsup25d"].max() == 0


def test_a_frontal_plane_has_closed_form_distance_and_shading() -> None:
    made = plane(64, (0, 0, 1), 2).derive()
    corner = (31.5 / 32) * tan(FOV / 2)
    assert made["depth_euclidean"][0, 0] == pytest.approx(2 * np.sqrt(1 + 2 * corner**2))
    assert made["reshading"][0, 0] == pytest.approx(1 / np.sqrt(1 + 2 * corner**2), abs=1e-5)


def test_occlusion_edges_are_where_one_thing_hides_another_and_not_creases() -> None:
    corner = nearest(plane(64, (1, 0.1, 1), 1.5), plane(64, (-1, 0.1, 1), 1.5))
    assert corner.derive()["edge_occlusion"].max() < 1e-3
    assert np.abs(corner.derive()["principal_curvature"][32, 31:33]).max() > 4
    wall, sphere = plane(64, (0, 0, 1), 4), ball(64, 0.5, (1, 1, 1))
    edge = nearest(sphere, wall).derive()["edge_occlusion"]
    seen = np.isfinite(sphere.depth_z).astype(np.uint8)
    rim = cv2.morphologyEx(seen, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)).astype(bool)
    beside = cv2.dilate(rim.astype(np.uint8), np.ones((7, 7))).astype(bool)
    assert edge[rim].min() > 3 * edge[~beside].max()


def test_3d_keypoints_prefer_a_rooms_corner_to_its_edges_and_walls() -> None:
    room = [plane(64, normal, 2) for normal in ((1, 0.1, 0.9), (-1, 0.1, 0.9), (0, 1, 0.25))]
    rim = nearest(*room)
    made = rim.derive()
    corner = np.argwhere(made["segment_unsup25d"][:-1, :-1] != made["segment_unsup25d"][1:, 1:])
    assert len(np.unique(made["segment_unsup25d"])) == 3
    best = np.unravel_index(made["keypoints3d"].argmax(), (64, 64))
    assert np.abs(corner - np.array(best)).sum(-1).min() <= 3
    assert made["keypoints3d"].max() > 3 * np.median(made["keypoints3d"][tuple(corner.T)])


def test_texture_and_segments_look_at_structure_and_not_at_brightness() -> None:
    flat = plane(64, (0, 0, 1), 2)
    image = grey(64)
    image[:, 32:] = 250
    step = flat._replace(rgb=image).derive()
    assert step["edge_texture"][32, 31:33].min() > 0.02
    assert step["edge_texture"][:, :24].max() < 1e-4
    assert (step["segment_unsup2d"][:, :28] == 0).all()
    assert (step["segment_unsup2d"][:, 36:] == step["segment_unsup2d"].max()).all()


def test_colour_labels_ignore_geometry_and_geometric_labels_ignore_colour() -> None:
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 256, (64, 64, 3), dtype=np.uint8)
    sphere, wall = nearest(ball(64, 0.5, (1, 1, 1)), plane(64, (0, 0, 1), 4)), grey(64)
    colour = {"edge_texture", "keypoints2d", "segment_unsup2d"}
    plain, noisy = sphere.derive(), sphere._replace(rgb=noise).derive()
    moved = plane(64, (0, 0, 1), 2)._replace(rgb=wall).derive()
    for domain in plain:
        same = plain[domain], (moved if domain in colour else noisy)[domain]
        np.testing.assert_array_equal(*same)


def test_labels_are_the_same_bytes_wherever_their_arrays_lie_in_memory() -> None:
    rng = np.random.default_rng(0)
    shape = nearest(ball(64, 0.5, (1, 1, 1)), plane(64, (0.2, 0.1, 1), 4))
    shape = shape._replace(rgb=rng.integers(0, 256, (64, 64, 3), dtype=np.uint8))
    first = shape.derive()
    kept = []
    for start in range(0, 64, 4):
        made = Shape(*(displaced(array, start) for array in shape)).derive()
        kept.append((made, np.empty(start * 12 + 1)))  # the next ones lie elsewhere
        for domain, label in made.items():
            np.testing.assert_array_equal(label, first[domain], domain)


def displaced(array: np.ndarray, start: int) -> np.ndarray:
    """A copy that begins `start` bytes behind a multiple of 64."""
    room = np.empty(array.nbytes + 128, np.uint8)
    start += -room.ctypes.data % 64
    copy = room[start : start + array.nbytes].view(array.dtype).reshape(array.shape)
    copy[...] = array
    return copy


def test_a_view_has_the_same_labels_among_others_as_alone() -> None:
    views = [ball(64, 0.5, (1, 1, 1)), plane(64, (0.2, 0.1, 1), 4), ball(64, 0.3, (1, 0, 1))]
    fovs = [FOV, FOV / 2, 1.4 * FOV]
    together = labels.derive_views(*(np.stack(part) for part in zip(*views, strict=True)), fovs)
    for k, (view, fov) in enumerate(zip(views, fovs, strict=True)):
        for domain, label in labels.derive_view(*view, fov).items():
            np.testing.assert_array_equal(together[domain][k], label, domain)


def test_missing_depth_is_nan_or_nothing_and_makes_no_edges() -> None:
    shape = plane(64, (0.2, 0.3, 1), 2)
    holes = np.zeros((64, 64), bool)
    holes[20:30, 20:40] = True
    shape.depth_z[holes] = np.nan
    made = shape.derive()
    assert np.isnan(made["depth_euclidean"][holes]).all()
    assert np.isnan(made["principal_curvature"][holes]).all()
    assert np.isfinite(made["principal_curvature"][~holes]).all()
    assert made["edge_occlusion"].max() < 1e-3
    assert not made["edge_occlusion"][21:29, 21:39].any()
    assert all(made[d][holes].max() == 0 for d in ("reshading", "keypoints3d"))
    lost = shape._replace(depth_z=np.full((64, 64), np.nan, np.float32)).derive()
    assert np.isnan(lost["depth_euclidean"]).all()


def test_depth_agrees_with_its_own_normals_and_not_with_mirrored_ones() -> None:
    shape = plane(64, (0.4, 0.3, 1), 2)
    assert np.median(labels.agreement(shape.depth_z, shape.normal, FOV)) < 0.1
    mirrored = shape.normal * np.float32([1, -1, 1])
    assert np.median(labels.agreement(shape.depth_z, mirrored, FOV)) > 20
