"""Files of the real layout: round trips within the file's own resolution, and clear refusals."""

import gc
import json
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import pytest

from taskonomy.data import layout
from taskonomy.data.codecs import DOMAINS
from taskonomy.data.layout import View
from taskonomy.errors import BadInput

VIEW = View("house", 3, 1)


def values(size: int = 8) -> dict[str, object]:
    """One random physical value of every domain."""
    rng = np.random.default_rng(0)
    depth = rng.uniform(0.3, 12, (size, size)).astype(np.float32)
    depth[0, 0] = np.nan
    normal = rng.normal(size=(size, size, 3)).astype(np.float32)
    normal /= np.linalg.norm(normal, axis=-1, keepdims=True)
    normal[0, 0] = np.nan
    curvature = rng.uniform(-15, 15, (size, size, 2)).astype(np.float32)
    curvature[0, 0] = np.nan
    soft = rng.dirichlet(np.ones(8)).astype(np.float32)
    maps = {
        name: rng.uniform(0, 1, (size, size)).astype(np.float32)
        for name in ("reshading", "edge_texture", "keypoints2d", "edge_occlusion", "keypoints3d")
    }
    return {
        "rgb": rng.integers(0, 256, (size, size, 3), dtype=np.uint8),
        "depth_zbuffer": depth,
        "depth_euclidean": depth * 1.1,
        "normal": normal,
        "principal_curvature": curvature,
        **maps,
        "segment_unsup2d": rng.integers(0, 256, (size, size), dtype=np.uint8),
        "segment_unsup25d": rng.integers(0, 256, (size, size), dtype=np.uint8),
        "segment_semantic": rng.integers(0, 18, (size, size), dtype=np.uint8),
        "class_object": soft,
        "class_scene": soft,
        "point_info": {"camera_location": [1.0, 2.0, 1.5], "view_id": 1},
        "nonfixated_matches": {"views": []},
    }


TOLERANCE = {
    "depth_zbuffer": 1 / 1024,
    "depth_euclidean": 1 / 1024,
    "normal": 0.008,
    "principal_curvature": 1 / (2 * 127 * 0.03),
    "reshading": 1 / 510,
}


@pytest.fixture
def house(tmp_path: Path) -> Path:
    for domain, value in values().items():
        layout.write(tmp_path, VIEW, domain, value)
    return tmp_path


@pytest.mark.parametrize("domain", list(DOMAINS))
def test_a_value_survives_its_file(house: Path, domain: str) -> None:
    written, read = values()[domain], layout.read(layout.index(house), VIEW, domain)
    if isinstance(written, dict):
        assert read == written
        return
    assert isinstance(written, np.ndarray)
    assert read.dtype == written.dtype
    assert read.shape == written.shape
    near = TOLERANCE.get(domain, 1e-5) + 1e-6
    np.testing.assert_allclose(read.astype(float), written.astype(float), atol=near, rtol=0)


def test_files_hold_the_data_sets_own_encoding(house: Path) -> None:
    """Depth in 1/512 m, 65535 missing; normals: G down, B away; curvature 127 (1 + .03 k)."""
    layout.write(house, VIEW, "depth_zbuffer", np.float32([[2.0, np.nan]]))
    layout.write(house, VIEW, "normal", np.float32([[[0, 1, 0], [0, 0, 1]]]))
    layout.write(house, VIEW, "principal_curvature", np.float32([[[2, -0.5], [99, -99]]]))

    def raw(domain: str) -> list[object]:
        pixels = cv2.imread(str(layout.path(house, VIEW, domain)), cv2.IMREAD_UNCHANGED)
        assert pixels is not None
        return (pixels if pixels.ndim == 2 else pixels[..., ::-1]).tolist()

    assert raw("depth_zbuffer") == [[1024, 65535]]
    assert raw("normal") == [[[128, 0, 128], [128, 128, 0]]]
    assert raw("principal_curvature") == [[[135, 125, 127], [254, 0, 127]]]


def test_both_generations_of_names_are_read(house: Path) -> None:
    building = house / "house"
    (building / "point_info").rename(building / "points")
    (building / "points" / "point_3_view_1_domain_point_info.json").rename(
        building / "points" / "point_3_view_1_domain_fixatedpose.json"
    )
    (building / "depth_zbuffer").rename(building / "depth")
    (building / "depth" / "point_3_view_1_domain_depth_zbuffer.png").rename(
        building / "depth" / "point_3_view_1_domain_depth.png"
    )
    dataset = layout.index(house)
    assert layout.read(dataset, VIEW, "point_info")["view_id"] == 1
    assert np.isnan(layout.read(house, VIEW, "depth_zbuffer")[0, 0])
    assert (building / "segment_semantic/point_3_view_1_domain_segmentsemantic.png").exists()


def test_index_sorts_views_by_number_and_ignores_what_is_no_building(house: Path) -> None:
    for point in (10, 2):
        layout.write(house, View("house", point, 0), "rgb", np.zeros((4, 4, 3), np.uint8))
    (house / ".cache/rgb").mkdir(parents=True)
    (house / "notes").mkdir()
    (house / "dataset.json").write_text("{}")
    dataset = layout.index(house)
    assert [view.point for view in dataset.views] == [2, 3, 10]
    assert dataset.buildings == ("house",)
    assert dataset.domains == frozenset(DOMAINS)
    assert layout.missing(dataset, "rgb") == []
    assert layout.missing(dataset, "normal") == [View("house", 2, 0), View("house", 10, 0)]


def test_a_root_without_images_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="expected a folder of buildings"):
        layout.index(tmp_path / "absent")
    with pytest.raises(BadInput, match="found no rgb image"):
        layout.index(tmp_path)


def test_a_missing_label_folder_and_a_missing_file_are_named(house: Path) -> None:
    layout.path(house, VIEW, "normal").unlink()
    with pytest.raises(BadInput, match="label folder missing, expected normal"):
        layout.read(layout.index(house), VIEW, "normal")
    with pytest.raises(BadInput, match=r"point_9_view_9_domain_rgb\.png: found no such file"):
        layout.read(house, View("house", 9, 9), "rgb")


def png(pixels: np.ndarray) -> bytes:
    return bytes(cv2.imencode(".png", pixels)[1].data)


GOOD = png(np.full((64, 64), 700, np.uint16))
FLIPPED = bytearray(GOOD)
FLIPPED[len(GOOD) // 2] ^= 0xFF


@pytest.mark.parametrize(
    ("domain", "content", "says"),
    [
        ("depth_zbuffer", png(np.ones((4, 4), np.uint8)), "found a 8-bit PNG.*expected 16-bit"),
        ("depth_zbuffer", GOOD[: len(GOOD) // 2], "truncated PNG"),
        ("depth_zbuffer", bytes(FLIPPED), "corrupt PNG"),
        ("depth_zbuffer", b"", "found an empty file"),
        ("rgb", png(np.ones((4, 4), np.uint8)), r"of 1 channel\(s\), expected 8-bit, 3 channel"),
        ("segment_semantic", png(np.full((4, 4), 40, np.uint8)), "found label 40, expected 0..17"),
        ("point_info", b'{"field_of_view_rads": NaN}', "found NaN, expected finite"),
        ("point_info", b"{", "not JSON"),
        ("point_info", json.dumps([1]).encode(), "found a JSON list"),
    ],
)
def test_a_bad_file_is_named_with_what_was_found(
    house: Path, domain: str, content: bytes, says: str
) -> None:
    file = layout.path(house, VIEW, domain)
    file.write_bytes(content)
    with pytest.raises(BadInput, match=f"{file.name}.*{says}"):
        layout.read(house, VIEW, domain)


def test_soft_labels_must_be_finite_and_sum_to_one(house: Path) -> None:
    file = layout.path(house, VIEW, "class_scene")
    for bad, says in (([np.nan, 1], "1 values not finite"), ([0.2, 0.2], "sum 0.4")):
        np.save(file, np.float32(bad))
        with pytest.raises(BadInput, match=says):
            layout.read(house, VIEW, "class_scene")


@pytest.fixture
def crowded() -> Iterator[None]:
    """Threads that take turns at every chance, as they do once in a long run by themselves."""

    def give_way(*_: object) -> None:
        sum(range(100))

    interval, threshold = sys.getswitchinterval(), gc.get_threshold()
    sys.setswitchinterval(1e-6)
    gc.set_threshold(5)
    gc.callbacks.append(give_way)
    yield
    gc.callbacks.remove(give_way)
    gc.set_threshold(*threshold)
    sys.setswitchinterval(interval)


@pytest.mark.usefixtures("crowded")
def test_soft_labels_are_read_by_many_threads_at_once(house: Path) -> None:
    found = layout.index(house)
    with ThreadPoolExecutor(8) as threads:
        read = list(threads.map(lambda _: layout.read(found, VIEW, "class_scene"), range(800)))
    assert all(np.array_equal(labels, read[0]) for labels in read)
