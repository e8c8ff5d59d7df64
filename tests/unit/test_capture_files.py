"""What a capture's files lack is left out and counted; what is amiss is refused or honoured."""

import json
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from benchmarks.capture_styles import STYLES, Frames
from taskonomy.captures import Capture, styles
from taskonomy.captures.frames import ABSENT, LOST, UNPOSED
from taskonomy.errors import BadInput
from tests.unit import captures


@cache
def box(count: int = 9) -> Frames:
    """Frames of an empty box of a room, a quarter of their pixels a side."""
    seen = [captures.frame(i) for i in range(count)]
    camera = captures.camera()
    camera[:2] /= 4
    poses = np.array([captures.pose(i) for i in range(count)])
    return Frames([s[0][::4, ::4] for s in seen], [s[1][::4, ::4] for s in seen], poses, camera)


def written(folder: Path, style: str) -> Path:
    STYLES[style].write(folder, box(), STYLES[style].conventions)
    return folder


def image(folder: Path, style: str, kind: str, i: int) -> Path:
    """The i-th frame's image, `color` or `depth`."""
    of = {
        "7-Scenes": f"frame-{i:06d}.{kind}.png",
        "ScanNet": f"{kind}/{i}.{'jpg' if kind == 'color' else 'png'}",
        "TUM RGB-D": f"{kind.replace('color', 'rgb')}/{1000 + i / 30:.6f}.png",
        "nerfstudio": f"{kind.replace('color', 'images')}/{i:05d}.png",
        "COLMAP": f"images/{i:05d}.jpg" if kind == "color" else f"depth/{i:05d}.png",
    }
    return folder / of[style]


def lose_pose(folder: Path, style: str, i: int, word: str) -> None:
    """Let numbers of the i-th frame's pose be `word`."""
    if style == "7-Scenes":
        (folder / f"frame-{i:06d}.pose.txt").write_text(f"{word} " * 16)
    elif style == "ScanNet":
        (folder / "pose" / f"{i}.txt").write_text(f"{word} " * 16)
    elif style == "TUM RGB-D":
        file = folder / "groundtruth.txt"
        rows = file.read_text().splitlines()
        # Three of them: the rows before and after are then too far from each other.
        for k in range(i + 2, i + 5):
            rows[k] = " ".join([rows[k].split()[0]] + [word] * 7)
        file.write_text("\n".join(rows))
    elif style == "nerfstudio":
        file = folder / "transforms.json"
        record = json.loads(file.read_text())
        record["frames"][i]["transform_matrix"] = [
            [float(word) if "#" not in word else None] * 4
        ] * 4
        file.write_text(json.dumps(record))
    else:
        file = folder / "sparse/0/images.txt"
        rows = file.read_text().splitlines()
        words = rows[2 + 2 * i].split()
        rows[2 + 2 * i] = " ".join([words[0], *[word] * 7, *words[8:]])
        file.write_text("\n".join(rows))


@pytest.mark.parametrize("style", STYLES)
def test_frames_without_images_are_left_out_and_counted(style: str, tmp_path: Path) -> None:
    folder = written(tmp_path / "it", style)
    image(folder, style, "color", 1).unlink()
    image(folder, style, "color", 3).write_bytes(b"")
    assert styles.load(folder).left_out == {ABSENT: 2}
    for i in (4, 5, 6, 7):
        image(folder, style, "depth", i).unlink()
    found = styles.load(folder)
    assert found.numbers == (0, 2, 8)
    assert sum(found.left_out.values()) == 6
    image(folder, style, "depth", 8).unlink()
    with pytest.raises(BadInput, match=r"found 2 .*left out: "):
        styles.load(folder)


@pytest.mark.parametrize("word", ["-inf", "nan", "1.#QNAN", "0"])
@pytest.mark.parametrize("style", STYLES)
def test_lost_poses_are_left_out_and_counted(style: str, word: str, tmp_path: Path) -> None:
    if style == "nerfstudio" and "#" in word:
        word = "nan"  # JSON holds numbers, NaN, or null
    folder = written(tmp_path / "it", style)
    lose_pose(folder, style, 2, word)
    found = styles.load(folder)
    assert 2 not in found.numbers
    if style == "TUM RGB-D":
        assert styles.BETWEEN in found.left_out
    else:
        assert found.left_out == {LOST: 1}


@pytest.mark.parametrize(
    ("style", "another"),
    [
        ("7-Scenes", "frame-000099.color.png"),
        ("ScanNet", "color/99.jpg"),
        ("COLMAP", "images/9.jpg"),
    ],
)
def test_images_without_poses_are_counted(style: str, another: str, tmp_path: Path) -> None:
    folder = written(tmp_path / "it", style)
    (folder / another).write_bytes(image(folder, style, "color", 0).read_bytes())
    assert styles.load(folder).left_out == {UNPOSED: 1}


@pytest.mark.parametrize("style", STYLES)
def test_a_frame_of_another_size_is_refused(style: str, tmp_path: Path) -> None:
    folder = written(tmp_path / "it", style)
    cv2.imwrite(str(image(folder, style, "color", 3)), np.zeros((30, 40, 3), np.uint8))
    with pytest.raises(BadInput, match="found 40x30 pixels, expected 80x60"):
        styles.load(folder)
    folder = written(tmp_path / "other", style)
    cv2.imwrite(str(image(folder, style, "depth", 3)), np.zeros((30, 40), np.uint16))
    with pytest.raises(BadInput, match="found 40x30 pixels, expected 80x60"):
        styles.load(folder)


@pytest.mark.parametrize("style", ["7-Scenes", "COLMAP"])
def test_an_image_that_is_to_be_turned_is_refused(style: str, tmp_path: Path) -> None:
    folder = written(tmp_path / "it", style)
    file = image(folder, style, "color", 2)
    with Image.open(file) as pixels:
        pixels.load()
        exif = pixels.getexif()
        exif[0x0112] = 1
        pixels.save(file, exif=exif)
        styles.load(folder)
        exif[0x0112] = 6
        pixels.save(file, exif=exif)
    with pytest.raises(BadInput, match="found EXIF orientation 6"):
        styles.load(folder)


@pytest.mark.parametrize("style", ["7-Scenes", "ScanNet"])
def test_half_an_image_is_refused(style: str, tmp_path: Path) -> None:
    folder = written(tmp_path / "it", style)
    file = image(folder, style, "color", 2)
    file.write_bytes(file.read_bytes()[:-400])
    found = styles.load(folder)
    with pytest.raises(BadInput, match="expected a whole JPEG or PNG"):
        found.color(2)


@pytest.mark.parametrize("style", ["TUM RGB-D", "COLMAP"])
def test_a_quaternion_that_is_no_rotation_is_refused(style: str, tmp_path: Path) -> None:
    folder = written(tmp_path / "it", style)
    file = folder / ("groundtruth.txt" if style == "TUM RGB-D" else "sparse/0/images.txt")
    rows = file.read_text().splitlines()
    words = rows[4].split()
    at = 4 if style == "TUM RGB-D" else 1
    words[at : at + 4] = [str(1.1 * float(word)) for word in words[at : at + 4]]
    rows[4] = " ".join(words)
    file.write_text("\n".join(rows))
    with pytest.raises(BadInput, match=r"line 5: found a quaternion of length 1.1, expected one"):
        styles.load(folder)


def test_an_order_of_quaternions_for_matrices_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="--quaternions: found wxyz for poses that are matrices"):
        styles.load(written(tmp_path / "it", "7-Scenes"), {"quaternions": "wxyz"})


# --- Cameras that are listed with the frames ------------------------------------------------------


def same(found: Capture, wanted: Capture) -> None:
    """Depth agrees but at the border, where a bent image shows less."""
    np.testing.assert_allclose(found.intrinsics, wanted.intrinsics, atol=1e-9)
    for i in range(len(found.numbers)):
        one, two = found.depth(i)[6:-6, 6:-6], wanted.depth(i)[6:-6, 6:-6]
        assert np.nanmean(np.abs(one - two)) < 0.01
        assert np.isfinite(one).mean() > 0.95
        if found.lenses[i] is not None:
            stored = cv2.imread(str(found.colors[i]))[..., ::-1]
            bent, straight = (
                np.abs(color.astype(float) - wanted.color(i))[6:-6, 6:-6].mean()
                for color in (stored, found.color(i))
            )
            assert straight < 0.9 * bent


def bent(folder: Path, k1: float) -> None:
    """Let the images be those of a lens that bends lines, as OpenCV defines its coefficients."""
    v, u = np.mgrid[:60, :80].astype(np.float32)
    camera = box().camera
    points = np.stack([u, v], -1).reshape(-1, 1, 2)
    lens = np.array([k1, 0, 0, 0, 0])
    straight = cv2.undistortPoints(points, camera, lens, P=camera).reshape(60, 80, 2)
    for file in (*folder.glob("images/*"), *folder.glob("depth/*")):
        pixels = cv2.imread(str(file), cv2.IMREAD_UNCHANGED)
        turned = cv2.remap(pixels, straight.astype(np.float32), None, cv2.INTER_NEAREST)
        cv2.imwrite(str(file), turned)


def test_a_lens_that_bends_lines_is_straightened(tmp_path: Path) -> None:
    wanted = styles.load(written(tmp_path / "straight", "COLMAP"))
    folder = written(tmp_path / "model", "COLMAP")
    bent(folder, -0.4)
    (fx, _, cx), (_, _, cy), _ = box().camera
    camera = f"1 SIMPLE_RADIAL 80 60 {fx} {cx + 0.5} {cy + 0.5} -0.4\n"
    (folder / "sparse/0/cameras.txt").write_text(camera)
    same(styles.load(folder), wanted)
    folder = written(tmp_path / "transforms", "nerfstudio")
    bent(folder, -0.4)
    file = folder / "transforms.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"k1": -0.4}))
    same(styles.load(folder), wanted)


def test_a_frames_own_intrinsics_are_honoured(tmp_path: Path) -> None:
    wanted = styles.load(written(tmp_path / "straight", "nerfstudio"))
    folder = written(tmp_path / "it", "nerfstudio")
    file = folder / "transforms.json"
    record = json.loads(file.read_text())
    shift = np.float32([[1, 0, 5], [0, 1, 0]])
    for kind in ("color", "depth"):
        place = image(folder, "nerfstudio", kind, 3)
        moved = cv2.imread(str(place), cv2.IMREAD_UNCHANGED)
        cv2.imwrite(str(place), cv2.warpAffine(moved, shift, (80, 60), flags=cv2.INTER_NEAREST))
    record["frames"][3]["cx"] = record["cx"] + 5
    file.write_text(json.dumps(record))
    same(styles.load(folder), wanted)


@pytest.mark.parametrize(
    ("style", "says"),
    [
        ("COLMAP", "found a camera OPENCV_FISHEYE, expected SIMPLE_PINHOLE"),
        ("nerfstudio", "found camera_model OPENCV_FISHEYE, expected OPENCV"),
    ],
)
def test_a_fish_eye_is_refused(style: str, says: str, tmp_path: Path) -> None:
    folder = written(tmp_path / "it", style)
    name = "sparse/0/cameras.txt" if style == "COLMAP" else "transforms.json"
    content = (folder / name).read_text()
    content = content.replace("PINHOLE", "OPENCV_FISHEYE").replace('"OPENCV"', '"OPENCV_FISHEYE"')
    (folder / name).write_text(content)
    with pytest.raises(BadInput, match=says):
        styles.load(folder)


def test_depth_of_fewer_pixels_sees_what_colour_sees(tmp_path: Path) -> None:
    folder = written(tmp_path / "it", "nerfstudio")
    for file in (folder / "depth").glob("*"):
        levels = cv2.imread(str(file), cv2.IMREAD_UNCHANGED)
        cv2.imwrite(str(file), levels[::2, ::2])
    found = styles.load(folder)
    assert found.depth(0).shape == (30, 40)
    assert found.intrinsics[0, 0] == pytest.approx(box().camera[0, 0] / 2)
    assert found.color(0).shape == (60, 80, 3)


def test_a_binary_model_and_a_model_without_depth_are_refused(tmp_path: Path) -> None:
    folder = written(tmp_path / "it", "COLMAP")
    (folder / "depth").rename(folder / "other")
    with pytest.raises(BadInput, match="found a COLMAP model without depth"):
        styles.load(folder)
    for name in ("images", "cameras"):
        file = folder / "sparse/0" / f"{name}.txt"
        file.rename(file.with_suffix(".bin"))
    with pytest.raises(BadInput, match=r"found a binary model, expected images.txt"):
        styles.load(folder)


def test_a_model_anywhere_below_and_an_image_size_that_is_not_listed(tmp_path: Path) -> None:
    folder = written(tmp_path / "it", "COLMAP")
    (folder / "sparse" / "0").rename(folder / "text_model")
    assert len(styles.load(folder).numbers) == 9
    folder = written(tmp_path / "other", "nerfstudio")
    file = folder / "transforms.json"
    record = json.loads(file.read_text())
    del record["w"], record["h"]
    file.write_text(json.dumps(record))
    np.testing.assert_allclose(styles.load(folder).intrinsics, box().camera)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"frames": None}, "found no list 'frames'"),
        ({"fl_x": "wide"}, "fl_x: found 'wide', expected a number"),
        ({"w": 100}, "found a camera of 100x60 pixels for images of 80x60"),
    ],
)
def test_transforms_that_are_none_are_refused(
    change: dict[str, object], says: str, tmp_path: Path
) -> None:
    folder = written(tmp_path / "it", "nerfstudio")
    file = folder / "transforms.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | change))
    with pytest.raises(BadInput, match=says):
        styles.load(folder)
