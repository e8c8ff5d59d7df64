"""Rooms: furnished, seen by cameras that truly fixate, and written as a data set."""

import json
from pathlib import Path

import numpy as np
import pytest

from taskonomy.data import layout
from taskonomy.data.cameras import euler_to_matrix, project, unproject
from taskonomy.data.classes import OBJECT_CLASSES, SEMANTIC_CLASSES
from taskonomy.errors import BadInput
from taskonomy.rooms.dataset import render_dataset
from taskonomy.rooms.render import render_view
from taskonomy.rooms.rooms import SCENE_CLASSES, build_room
from taskonomy.rooms.shading import Stage
from taskonomy.rooms.viewpoints import CLEARANCE, EYE_HEIGHT, choose_fixations, clearance

IMAGES, SIZE = 60, 32


@pytest.fixture(scope="module")
def rendered(tmp_path_factory) -> Path:
    """A data set of five rooms."""
    root = tmp_path_factory.mktemp("scenes") / "rooms"
    render_dataset(root, IMAGES, SIZE, seed=3, workers=1)
    return root


@pytest.fixture(scope="module")
def bedroom() -> Stage:
    return Stage(build_room(5, "bedroom"))


def test_every_kind_builds_and_together_they_hold_every_class():
    seen: set[str] = set()
    for seed in range(24):
        room = build_room(seed, SCENE_CLASSES[seed % 8])
        assert 60 <= len(room.instance) == len(room.primitives.shape)
        assert room.instance.max() < len(room.objects) == len(room.semantic)
        seen |= set(room.objects)
    assert set(SEMANTIC_CLASSES[2:]) <= seen
    assert len(seen & set(OBJECT_CLASSES)) > 38


def test_a_seed_is_a_room():
    one, two, other = build_room(9), build_room(9), build_room(10)
    assert one.kind == two.kind
    assert one.materials == two.materials
    np.testing.assert_array_equal(one.primitives.centre, two.primitives.centre)
    assert one.size != other.size


def test_an_unknown_kind_is_named():
    with pytest.raises(BadInput, match="'attic'"):
        build_room(0, "attic")


def test_cameras_stand_free_at_eye_height_and_look_from_different_sides(bedroom):
    fixations = choose_fixations(bedroom, np.random.default_rng(0), [3, 3, 3, 3])
    assert [len(f.cameras) for f in fixations] == [3, 3, 3, 3]
    for fixation in fixations:
        places = np.array([camera.location for camera in fixation.cameras])
        assert (clearance(bedroom.room.primitives, places) > CLEARANCE).all()
        assert ((places[:, 2] >= EYE_HEIGHT[0]) & (places[:, 2] <= EYE_HEIGHT[1])).all()
        for camera in fixation.cameras:
            way = fixation.point - camera.location
            far = np.linalg.norm(way)
            np.testing.assert_allclose(camera.rotation.T @ way, [0, 0, -far], atol=1e-9)
            hits = bedroom.tracer.trace(camera.location[None], way[None] / far)
            assert hits.distance[0] == pytest.approx(far, abs=1e-3)
            assert np.pi / 4 <= camera.fov <= 5 * np.pi / 12


def test_normals_are_those_of_the_depth(bedroom):
    fixation = choose_fixations(bedroom, np.random.default_rng(1), [1])[0]
    image = render_view(bedroom, fixation.cameras[0], 96)
    camera = fixation.cameras[0]
    points = unproject(image.depth_z.astype(float), np.zeros(3), np.eye(3), camera.fov)
    right, down = np.diff(points, axis=1)[:-1], np.diff(points, axis=0)[:, :-1]
    across = np.cross(down, right)
    across /= np.linalg.norm(across, axis=2, keepdims=True)
    cosine = (across * image.normal[:-1, :-1]).sum(2)
    same = image.instance[:-1, :-1] == image.instance[1:, 1:]
    assert np.median(cosine[same]) > 0.9999
    assert (cosine[same] > 0.98).mean() > 0.8
    assert (image.normal[..., 2] > -0.9).all()


def test_equal_arguments_give_equal_pixels(bedroom):
    camera = choose_fixations(bedroom, np.random.default_rng(2), [1])[0].cameras[0]
    again = Stage(build_room(5, "bedroom"))
    first, second = render_view(bedroom, camera, SIZE), render_view(again, camera, SIZE)
    np.testing.assert_array_equal(first.rgb, second.rgb)
    np.testing.assert_array_equal(first.depth_z, second.depth_z)


def test_a_data_set_has_the_images_asked_for_with_every_label(rendered):
    dataset = layout.index(rendered)
    assert len(dataset.views) == IMAGES
    declared = json.loads((rendered / "dataset.json").read_text())
    assert declared["source"] == "scenes"
    assert declared["images"] == IMAGES
    for domain in dataset.domains:
        assert layout.missing(dataset, domain) == []
    assert set(declared["labels"]) <= dataset.domains
    objects = layout.read(dataset, dataset.views[0], "class_object")
    assert objects.shape == (len(declared["classes"]["object"]),)
    assert objects.sum() == pytest.approx(1, abs=1e-5)
    scene = layout.read(dataset, dataset.views[0], "class_scene")
    info = layout.read(dataset, dataset.views[0], "point_info")
    assert declared["classes"]["scene"][scene.argmax()] == info["room"]
    assert scene.max() > 0.9


def test_every_class_of_things_is_seen_and_background_does_not_drown_them(rendered):
    dataset = layout.index(rendered)
    pixels = np.zeros(18, int)
    for view in dataset.views:
        labels = layout.read(dataset, view, "segment_semantic")
        pixels += np.bincount(labels.ravel(), minlength=18)
    assert pixels[1] / pixels.sum() < 0.7
    assert pixels[0] == 0
    assert (pixels[2:] > 0).sum() >= 9


def test_cameras_look_level_and_from_afar(rendered):
    dataset = layout.index(rendered)
    infos = [layout.read(dataset, view, "point_info") for view in dataset.views]
    assert abs(np.degrees([info["point_pitch"] for info in infos]).mean()) < 14
    assert np.mean([info["camera_distance"] for info in infos]) > 2.7


def test_point_info_places_the_camera_and_its_point(rendered):
    dataset = layout.index(rendered)
    for view in dataset.views[::7]:
        info = layout.read(dataset, view, "point_info")
        R = euler_to_matrix(*info["camera_rotation_final"])
        way = np.array(info["point_location"]) - info["camera_location"]
        far = info["camera_distance"]
        np.testing.assert_allclose(R.T @ way, [0, 0, -far], atol=1e-6)
        depth = layout.read(dataset, view, "depth_zbuffer")
        # A few pixels: things as thin as a stem are fixated, too.
        centre = depth[SIZE // 2 - 2 : SIZE // 2 + 2, SIZE // 2 - 2 : SIZE // 2 + 2]
        assert centre.min() - 0.15 < far < centre.max() + 0.15
        # `x` holds world Y and `y` world X.
        box = info["bounding_box_ranges"]
        for name, value in zip("yxz", info["point_location"], strict=True):
            assert box[name][0] - 0.1 <= value <= box[name][1] + 0.1
        for name, value in zip("yxz", info["camera_location"], strict=True):
            assert box[name][0] <= value <= box[name][1]


def test_points_seen_in_passing_lie_where_the_matches_say(rendered):
    dataset = layout.index(rendered)
    found = 0
    for view in dataset.views:
        match = layout.read(dataset, view, "nonfixated_matches")
        for other in match["views"]:
            seer = layout.View(view.building, int(other["point_uuid"]), other["view_id"])
            info = layout.read(dataset, seer, "point_info")
            assert match["point_uuid"] in info["nonfixated_points_in_view"]
            pixels, _ = project(
                np.array([match["point_location"]]),
                np.array(info["camera_location"]),
                euler_to_matrix(*info["camera_rotation_final"]),
                info["field_of_view_rads"],
                SIZE,
            )
            pixel = (other["nonfixated_pixel_x"], other["nonfixated_pixel_y"])
            assert tuple(np.minimum(np.rint(pixels[0]), SIZE - 1).astype(int)) == pixel
            found += 1
    assert found > len(dataset.buildings)


def test_an_interrupted_rendering_goes_on_to_the_same_files(tmp_path):
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    render_dataset(whole, 15, 16, seed=1, workers=2)
    render_dataset(broken, 15, 16, seed=1, workers=1)
    kept = broken / "room_00000" / "rgb" / "point_0_view_0_domain_rgb.png"
    before = kept.stat().st_mtime_ns
    (broken / "dataset.json").rename(broken / ".rendering.json")
    for file in sorted((broken / "room_00001").rglob("*"), reverse=True):
        file.rmdir() if file.is_dir() else file.unlink()
    (broken / "room_00001").rmdir()
    render_dataset(broken, 15, 16, seed=1, workers=1)
    assert kept.stat().st_mtime_ns == before

    def content(root: Path) -> dict[str, bytes]:
        files = (path for path in root.rglob("*") if path.is_file())
        return {str(path.relative_to(root)): path.read_bytes() for path in files}

    assert content(whole) == content(broken)


def test_a_folder_with_other_content_is_refused(tmp_path):
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(BadInput, match="other content"):
        render_dataset(tmp_path, 3, 16, seed=0, workers=1)
    with pytest.raises(BadInput, match="images: found 0"):
        render_dataset(tmp_path / "new", 0, 16, seed=0, workers=1)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]
    declared = tmp_path / "declared" / "dataset.json"
    declared.parent.mkdir()
    declared.write_bytes('{"labels": ["caf\xe9"]}'.encode("latin-1"))
    with pytest.raises(BadInput, match=r"^[^\n]*dataset\.json: not JSON \([^\n]*$"):
        render_dataset(declared.parent, 3, 16, seed=0, workers=1)
