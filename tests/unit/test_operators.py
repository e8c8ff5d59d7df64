"""The data set's operators against scikit-image, closed forms, and what must not change them."""

from math import log, radians

import cv2
import numpy as np
import pytest
from skimage import filters, graph, segmentation
from skimage.feature import hessian_matrix_det

from taskonomy.data import operators
from taskonomy.data.operators import segments, surf
from taskonomy.data.operators.edges import LEAST

FOV = radians(60)


def noise(size: int, seed: int = 0) -> np.ndarray:
    """A colourful image with structure on many scales."""
    rng = np.random.default_rng(seed)
    image = np.zeros((size, size, 3), np.float32)
    for cells in (4, 16, 64):
        part = rng.uniform(0, 85, (cells, cells, 3)).astype(np.float32)
        image += cv2.resize(part, (size, size), interpolation=cv2.INTER_LINEAR)
    return image.astype(np.uint8)


def two_planes(size: int) -> np.ndarray:
    """A wall 4 m away behind one 2 m away that fills the left half."""
    depth = np.full((size, size), 4, np.float32)
    depth[:, : size // 2] = 2
    return depth


def facing(size: int) -> np.ndarray:
    return np.broadcast_to(np.float32([0, 0, 1]), (size, size, 3)).copy()


@pytest.mark.parametrize("size", [64, 512])
def test_what_does_not_change_has_nothing(size: int) -> None:
    flat, wall = np.full((size, size, 3), 77, np.uint8), np.full((size, size), 3, np.float32)
    assert operators.edge_texture(flat).max() < 1e-7
    assert operators.edge_occlusion(wall).max() == 0
    assert operators.keypoints3d(wall, FOV).max() < 1e-6
    assert operators.segment_unsup2d(flat).max() == 0
    assert operators.segment_unsup25d(wall, facing(size)).max() == 0


@pytest.mark.parametrize("size", [64, 512])
def test_boxes_that_are_no_multiple_of_three_leave_a_little_of_the_brightness(size: int) -> None:
    """As in the data set: a constant counts by what three middle thirds lack of the whole box."""
    flat = np.full((size, size, 3), 77, np.uint8)
    left = 0.0
    for box in (int(3 * sigma) for sigma in surf.SIGMAS):
        lacking = (box - 3 * (box // 3)) * (2 * (box // 3) - 1) / box**2
        left = max(left, (lacking * 77 / 255) ** 2)
    # Beside the border boxes are cut.
    inner = slice(size // 8, -size // 8)
    np.testing.assert_allclose(operators.keypoints2d(flat)[inner, inner], left, rtol=1e-5)


def test_occlusion_edges_are_scikit_images_sobel_of_the_roots_of_levels() -> None:
    depth = two_planes(512)
    depth[100:140, 300:340] = np.nan
    levels = np.where(np.isnan(depth), 65535, depth * 512)
    expected = filters.sobel(np.sqrt(levels) / 256, mask=levels < 65036)
    np.testing.assert_allclose(operators.edge_occlusion(depth), expected, atol=1e-7)
    # By hand: the step of the root over the root of two.
    step = (np.sqrt(4 * 512) - np.sqrt(2 * 512)) / 256 / np.sqrt(2)
    assert operators.edge_occlusion(depth)[256, 255] == pytest.approx(step, rel=1e-6)
    assert not operators.edge_occlusion(depth)[:, 298:342][98:142].any()


@pytest.mark.parametrize("size", [64, 128, 256, 1024])
def test_an_edge_has_the_same_sum_at_every_size(size: int) -> None:
    """Gradients are per pixel of 512: across an edge they add up to the step."""
    across = operators.edge_occlusion(two_planes(size))[size // 2].sum() / size
    whole = operators.edge_occlusion(two_planes(512))[256].sum() / 512
    assert across == pytest.approx(whole, rel=1e-5)


def test_texture_edges_are_cannys_strength_at_sigma_3() -> None:
    image = noise(512)
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY) / 255
    expected = filters.sobel(filters.gaussian(grey, 3, mode="nearest"))
    found = operators.edge_texture(image)
    # Nothing lies beyond the border, in which the annotator and this Gaussian differ.
    np.testing.assert_allclose(found[14:-14, 14:-14], expected[14:-14, 14:-14], atol=1e-6)
    assert not found[[0, -1]].any()
    assert not found[:, [0, -1]].any()


def test_a_step_of_brightness_has_the_height_of_a_gaussian() -> None:
    image = np.zeros((512, 512, 3), np.uint8)
    image[:, 256:] = 255
    # The slope of a step after a Gaussian, over two pixels, over the root of two.
    expected = 2 / np.sqrt(2 * np.pi * 3**2) / np.sqrt(2)
    found = operators.edge_texture(image)
    assert found[256, 255:257].max() == pytest.approx(expected, rel=0.05)
    assert found[:, :236].max() < 1e-9
    # A border is no step, however bright the image.
    assert found[:3, 300:].max() < 1e-9
    assert operators.edge_texture(255 - image)[1:-1].max() == pytest.approx(found.max(), rel=1e-6)


def test_2d_keypoints_are_scikit_images_determinants() -> None:
    image = noise(512)
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY) / 255
    expected = np.max([hessian_matrix_det(grey, s) for s in np.linspace(1, 30, 10)], axis=0)
    np.testing.assert_allclose(operators.keypoints2d(image), expected.clip(0), atol=1e-8)


@pytest.mark.parametrize("shape", [(64, 64), (128, 128), (96, 128), (256, 256)])
def test_2d_keypoints_of_small_views_are_those_of_the_enlarged_image(
    shape: tuple[int, int],
) -> None:
    image = noise(512)[: shape[0], : shape[1]]
    grey = cv2.cvtColor(np.ascontiguousarray(image), cv2.COLOR_RGB2GRAY) / 255
    grid = (round(shape[0] * 512 / shape[1]), 512)
    enlarged = cv2.resize(grey, grid[::-1], interpolation=cv2.INTER_CUBIC)
    whole = np.max([hessian_matrix_det(enlarged, s) for s in surf.SIGMAS], axis=0)
    rows, columns = (
        ((np.arange(n) + 0.5) * m / n).astype(int) for n, m in zip(shape, grid, strict=True)
    )
    expected = whole[np.ix_(rows, columns)].clip(0)
    assert expected.max() > 1e-4
    np.testing.assert_allclose(
        operators.keypoints2d(np.ascontiguousarray(image)), expected, atol=1e-8
    )


def test_2d_keypoints_see_blobs_and_not_straight_edges() -> None:
    image = np.zeros((256, 256, 3), np.uint8)
    image[:, 128:] = 200
    image[60:70, 40:50] = 200
    found = operators.keypoints2d(image)
    assert np.hypot(*(np.array(np.unravel_index(found.argmax(), found.shape)) - (65, 45))) < 6
    assert found[200, 100:156].max() < 0.05 * found.max()


def room_corner(size: int) -> np.ndarray:
    """A box stands 2 m before a wall 3 m away; its upper right corner is in the middle."""
    depth = np.full((size, size), 3, np.float32)
    depth[size // 2 :, : size // 2] = 2
    return depth


@pytest.mark.parametrize("size", [128, 256])
def test_3d_keypoints_are_beside_the_corners_of_outlines(size: int) -> None:
    found = operators.keypoints3d(room_corner(size), FOV)
    middle = np.array([size // 2, size // 2 - 1])
    reach = 0.15 / 2 * size / 2 / np.tan(FOV / 2)
    best = np.array(np.unravel_index(found.argmax(), found.shape))
    assert np.hypot(*(best - middle)) < reach
    assert found.max() > 0.4
    # An outline is straight elsewhere, and the wall behind lies in its shadow.
    far = np.hypot(*(np.indices(found.shape) - middle[:, None, None])) > 2.5 * reach
    inner = np.zeros_like(far)
    inner[size // 8 : -size // 8, size // 8 : -size // 8] = True
    assert found[far & inner].max() < 0.35 * found.max()


def test_3d_keypoints_support_is_metres() -> None:
    """Twice as far with half the support in sight: the spot of interest is half as wide."""
    near, far = room_corner(256), 2 * room_corner(256)
    wide, narrow = ((operators.keypoints3d(d, FOV) > 0.2).sum() for d in (near, far))
    assert 2.5 < wide / narrow < 6
    same = operators.keypoints3d(far, FOV, support=0.6)
    np.testing.assert_allclose(same, operators.keypoints3d(near, FOV), atol=0.02)


def test_missing_depth_is_far_for_the_annotator_and_no_border_where_it_is_unknown() -> None:
    depth = np.full((128, 128), 2, np.float32)
    depth[40:80, 50:90] = np.nan
    assert operators.keypoints3d(depth, FOV).max() > 0.3
    assert operators.keypoints3d(depth, FOV, unknown=np.nan).max() < 1e-6


def test_segments_of_colour_are_scikit_images_cuts() -> None:
    image = noise(256, 3)
    image[80:160, 60:200] //= 4
    first = segmentation.felzenszwalb(image, scale=200, sigma=1.5, min_size=10)
    joined = graph.cut_normalized(
        first,
        graph.rag_mean_color(image, first, mode="similarity"),
        thresh=0.005,
        max_edge=2.0,
        rng=0,
    )
    assert 2 < len(np.unique(joined)) < len(np.unique(first))
    assert same_pairs(operators.segment_unsup2d(image), joined) > 0.99


def same_pairs(one: np.ndarray, other: np.ndarray) -> float:
    """Of random pairs of pixels, the share on which two segmentations agree."""
    places = np.random.default_rng(0).integers(one.size, size=(2, 20000))
    a, b = (np.equal(*labels.ravel()[places]) for labels in (one, other))
    return float((a == b).mean())


def test_segments_of_geometry_part_at_jumps_and_creases() -> None:
    depth, normal = two_planes(256), facing(256)
    normal[128:] = np.float32([0, 0.8, 0.6])
    found = operators.segment_unsup25d(depth, normal)
    quarters = [found[64, 64], found[64, 192], found[192, 64], found[192, 192]]
    assert found[64, 64] == 0
    assert len(set(quarters)) == 4
    assert all(
        (found[rows, columns] == found[rows, columns][0, 0]).all()
        for rows in (slice(20, 110), slice(146, 236))
        for columns in (slice(20, 110), slice(146, 236))
    )


def test_a_mirrored_frame_of_normals_has_the_same_segments() -> None:
    rng = np.random.default_rng(0)
    normal = rng.normal(size=(8, 8, 3)).repeat(32, 0).repeat(32, 1).astype(np.float32)
    normal /= np.linalg.norm(normal, axis=-1, keepdims=True)
    depth = np.full((256, 256), 2, np.float32)
    one, other = (
        operators.segment_unsup25d(depth, normal * np.float32(sign))
        for sign in ((1, 1, 1), (1, -1, -1))
    )
    assert len(np.unique(one)) > 10
    assert same_pairs(one, other) > 0.99


def test_a_cut_divides_what_hangs_together_least() -> None:
    """Two cliques of three joined by one weak edge."""
    weights = np.full((6, 6), 0.0)
    weights[:3, :3] = weights[3:, 3:] = 1
    weights[2, 3] = weights[3, 2] = 0.01
    sides = segments._best_cut(weights, 0.5, 10)
    assert sides is not None
    assert sides[:3].all() != sides[3:].all()
    # Each side hangs by .01 on 3 x 3 + .01.
    cost = 2 * 0.01 / 9.01
    assert segments._best_cut(weights, cost * 1.01, 10) is not None
    assert segments._best_cut(weights, cost * 0.99, 10) is None


def test_segments_fit_a_byte() -> None:
    rng = np.random.default_rng(0)
    image = rng.integers(0, 256, (64, 64, 3), dtype=np.uint8).repeat(2, 0).repeat(2, 1)
    found = operators.segment_unsup2d(image)
    assert found.dtype == np.uint8
    assert len(np.unique(found)) == found.max() + 1


def test_below_the_least_size_edges_are_computed_at_it() -> None:
    small = noise(64)
    enlarged = cv2.resize(
        cv2.cvtColor(small, cv2.COLOR_RGB2GRAY) / 255, (LEAST, LEAST), interpolation=cv2.INTER_CUBIC
    )
    strength = filters.sobel(filters.gaussian(enlarged, 1.5, mode="nearest")) / 2
    expected = cv2.resize(strength, (64, 64), interpolation=cv2.INTER_AREA)
    np.testing.assert_allclose(
        operators.edge_texture(small)[3:-3, 3:-3], expected[3:-3, 3:-3], atol=1e-5
    )


def test_depth_counts_by_its_root() -> None:
    """The same step in metres is a weaker edge farther away; a hundredth of the depth never is."""
    edge = [operators.edge_occlusion(two_planes(256) + shift)[128, 127] for shift in (0, 4)]
    assert edge[0] > 1.5 * edge[1]
    assert log(edge[0] / operators.edge_occlusion(4 * two_planes(256))[128, 127]) == pytest.approx(
        -log(2), abs=1e-3
    )
