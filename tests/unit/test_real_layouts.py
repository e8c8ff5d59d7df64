"""The real set as it is downloaded: by building and by domain, with its holes and odd files."""

import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

from taskonomy.commands.main import main
from taskonomy.config import load
from taskonomy.data import availability, catalogue, codecs, layout, shards
from taskonomy.data.content import content
from taskonomy.data.gaps import Need
from taskonomy.data.layout import ALL, View
from taskonomy.data.verify import verify
from taskonomy.dictionary import DICTIONARY
from taskonomy.errors import BadInput
from taskonomy.runs.context import Context, open_workspace
from taskonomy.runs.dataset import now, record
from taskonomy.store import Store
from tests.unit.houses import add

HOUSES = ("allensville", "beechwood", "coffeen")
HOLES = ("normal", "edge_texture")


@pytest.fixture
def houses(tmp_path: Path) -> Path:
    root = tmp_path / "houses"
    for number, house in enumerate(HOUSES):
        for view in range(2):
            for point in range(2):
                add(root, View(house, point, view), seed=100 * number + 10 * point + view)
    return root


def by_domain(houses: Path, part: str) -> Path:
    """The same files with a folder a domain, and in it one a part of the data set."""
    root = houses.with_name(f"by_domain{part}")
    for house in houses.iterdir():
        for folder in house.iterdir():
            shutil.copytree(folder, root / folder.name / part / house.name)
    return root


@pytest.mark.parametrize("part", ["", "taskonomy"])
def test_a_data_set_by_domain_is_the_one_by_building(houses: Path, part: str) -> None:
    root = by_domain(houses, part)
    here, there = layout.index(houses), layout.index(root)
    assert there.views == here.views
    assert there.domains == here.domains
    assert there.buildings == HOUSES
    assert catalogue.scan(str(root)).dataset() == there
    view = here.views[3]
    for domain in sorted(here.domains):
        assert layout.locate(there, view, domain).read_bytes() == (
            layout.locate(here, view, domain).read_bytes()
        )
    report = verify(root)
    assert report.faults == ()
    assert report.content == content(str(root)) == content(str(houses))


def test_buildings_of_one_name_in_two_parts_are_refused(houses: Path) -> None:
    root = by_domain(houses, "taskonomy")
    shutil.copytree(root / "rgb/taskonomy/coffeen", root / "rgb/replica/coffeen")
    for look in (lambda: layout.index(root), lambda: catalogue.scan(str(root))):
        with pytest.raises(BadInput, match="a building coffeen in taskonomy and in replica"):
            look()


def test_a_file_of_a_point_is_packed_once_and_given_to_each_of_its_views(
    houses: Path, tmp_path: Path
) -> None:
    packed = shards.pack(str(houses), tmp_path / "packed")
    assert (packed.views, packed.others) == (12, ())
    found = dict(shards.samples(str(tmp_path / "packed"), ["rgb", "nonfixated_matches"]))
    assert len(found) == 12
    for view, labels in found.items():
        assert labels["nonfixated_matches"] == layout.read(houses, view, "nonfixated_matches")
    assert shards.unpack(str(tmp_path / "packed"), tmp_path / "unpacked") == 12
    names = {file.name for file in (tmp_path / "unpacked").glob("*/nonfixated_matches/*")}
    assert names == {f"point_{point}_view_all_domain_nonfixated_matches.json" for point in range(2)}
    assert content(str(tmp_path / "packed")) == content(str(houses))
    assert content(str(tmp_path / "unpacked")) == content(str(houses))
    other = layout.read(houses, View("coffeen", 1, 0), "nonfixated_matches") | {"more": 1}
    layout.write(houses, View("coffeen", 1, ALL), "nonfixated_matches", other)
    assert content(str(houses)) != content(str(tmp_path / "packed"))


def test_a_file_that_is_named_otherwise_is_not_left_out_in_silence(
    houses: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    odd = houses / "coffeen/nonfixated_matches/point_0_view_0_domain_nonfixated_matches.json"
    odd.write_text("{}")
    report = verify(houses)
    assert report.faults == ()
    assert any(odd.name in note and "left out" in note for note in report.notes)
    assert main(["data", "pack", str(houses), "--out", str(tmp_path / "packed")]) == 0
    assert odd.name in capsys.readouterr().err


def spoiled(houses: Path) -> dict[View, str]:
    """Plant a hole, a link to nothing, a truncated file, a record without a key: views, reasons."""
    views = layout.index(houses).views
    layout.path(houses, views[0], "normal").unlink()
    file = layout.path(houses, views[3], "edge_texture")
    file.unlink()
    file.symlink_to("gone.png")
    file = layout.path(houses, views[5], "depth_zbuffer")
    file.write_bytes(file.read_bytes()[:-20])
    file = layout.path(houses, views[8], "point_info")
    held = json.loads(file.read_text())
    del held["bounding_box_ranges"]
    file.write_text(json.dumps(held))
    return {
        views[0]: "normal.png: missing",
        views[3]: "edge_texture.png: found a link to nothing",
        views[5]: "depth_zbuffer.png: truncated PNG",
        views[8]: "point_info.json: found no bounding_box_ranges",
    }


def test_incomplete_and_damaged_views_are_faults_or_left_out(houses: Path) -> None:
    reasons = spoiled(houses)
    assert len(verify(houses).faults) == 4
    report = verify(houses, left_out=0.4)
    assert report.faults == ()
    assert set(report.left_out) == set(reasons)
    assert all(words in report.left_out[view] for view, words in reasons.items())
    assert (report.views, len(report.content)) == (8, 64)
    assert "left out: 4 of 12 views, incomplete or damaged" in report.text
    report = verify(houses, left_out=0.3)
    assert len(report.faults) == 4
    assert "4 of 12 views are incomplete or damaged, more than the share of 0.3" in report.faults[0]


def test_what_no_task_reads_is_noted_alone(houses: Path) -> None:
    spoiled(houses)
    report = verify(houses, [Need("reshading")])
    assert report.faults == ()
    assert report.left_out == {}
    said = "\n".join(report.notes)
    assert all(word in said for word in ("normal.png", "edge_texture.png", "truncated PNG"))


def test_a_run_knows_nothing_of_views_that_are_left_out(
    houses: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    reasons = spoiled(houses)
    config = load(Path(__file__).parents[2] / "params.yaml", "demo").updated(
        tasks=("normal", "edge_texture", "room_layout"), data={"left_out": 0.4}
    )
    context = Context.at(tmp_path, config)
    key = record(context, houses, str(houses), now())
    facts = Store(context.store).read_json("version-data", key, "dataset.json")
    told = {
        View(e["building"], e["point"], e["view"]): e["reason"] for e in facts["views_left_out"]
    }
    # The point_info of the last lacks what room_layout alone reads; depth masks normals.
    assert set(told) == set(reasons)
    assert all(words in told[view] for view, words in reasons.items())
    said = capsys.readouterr().err
    assert all(f"{view} is left out: " in said for view in reasons)
    assert "4 of 12 views are left out" in said
    workspace = open_workspace(context, key)
    assert not set(workspace.dataset.views) & set(reasons)
    assert len(workspace.dataset.views) == facts["views"] == 8
    with pytest.raises(BadInput, match="4 of 12 views are incomplete or damaged"):
        record(Context.at(tmp_path, config.updated(data={"left_out": 0.2})), houses, "", now())


def replica(houses: Path) -> Path:
    """Records as another annotated set has them: no box, no vanishing points, no room."""
    for house in houses.iterdir():
        (house / "point_info").rename(house / "fixatedpose")
        for file in list((house / "fixatedpose").iterdir()):
            held = json.loads(file.read_text())
            for key in [key for key in held if key.startswith(("bounding", "vanishing", "room"))]:
                del held[key]
            file.with_name(file.name.replace("point_info", "fixatedpose")).write_text(
                json.dumps(held)
            )
            file.unlink()
    return houses


def test_a_domain_without_a_key_lacks_its_task_s_label_by_name(
    houses: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    replica(houses)
    lacking = availability.lacking(layout.index(houses), list(DICTIONARY))
    assert set(lacking) == {"room_layout", "vanishing_point", "class_object"}
    assert lacking["room_layout"] == "found no bounding_box_ranges in point_info"
    report = verify(houses)
    assert report.faults == ()
    assert any("room_layout lacks its label" in note for note in report.notes)
    assert main(["data", "show", str(houses), "--out", str(tmp_path / "sheet.png")]) == 0
    assert main(["data", "card", str(houses)]) == 0
    assert "labels for vanishing_point: found no vanishing" in capsys.readouterr().out
    asked = [DICTIONARY[name] for name in ("normal", "room_layout", "vanishing_point")]
    with pytest.raises(BadInput, match=r"which the task room_layout needs.*for vanishing_point"):
        availability.tasks(layout.index(houses), asked)
    assert availability.tasks(layout.index(houses), asked[:1]) == (["normal"], {})


@pytest.mark.parametrize(("source", "version"), [("scenes", 4), ("capture", 3)])
def test_labels_of_older_conventions_are_refused(houses: Path, source: str, version: int) -> None:
    about = {"source": source, "version": version, "labels": ["normal"]}
    (houses / "dataset.json").write_text(json.dumps(about))
    with pytest.raises(BadInput, match=f"found version {version} of {source}"):
        availability.declaration(houses)
    (houses / "dataset.json").write_text(json.dumps(about | {"version": version + 1}))
    assert availability.declaration(houses) is not None


def test_images_that_are_jpegs_or_have_an_opaque_alpha_channel_are_read(houses: Path) -> None:
    view = layout.index(houses).views[0]
    file = layout.path(houses, view, "rgb")
    image = cv2.imread(str(file))
    assert image is not None
    smooth = cv2.GaussianBlur(image, (0, 0), 4)
    file.write_bytes(bytes(cv2.imencode(".jpg", smooth, [cv2.IMWRITE_JPEG_QUALITY, 95])[1].data))
    assert np.abs(layout.read(houses, view, "rgb").astype(int) - smooth[..., ::-1]).mean() < 4
    alpha = np.dstack([image, np.full(image.shape[:2], 255, np.uint8)])
    file.write_bytes(bytes(cv2.imencode(".png", alpha)[1].data))
    np.testing.assert_array_equal(layout.read(houses, view, "rgb"), image[..., ::-1])
    assert verify(houses).faults == ()
    alpha[0, 0, 3] = 0
    file.write_bytes(bytes(cv2.imencode(".png", alpha)[1].data))
    (fault,) = verify(houses).faults
    assert "rgb.png: found transparent pixels" in fault


@pytest.mark.parametrize("domain", ["normal", "depth_zbuffer", "reshading", "segment_unsup2d"])
def test_a_label_that_is_a_jpeg_is_named(domain: str) -> None:
    content = bytes(cv2.imencode(".jpg", np.full((8, 8, 3), 90, np.uint8))[1].data)
    with pytest.raises(BadInput, match="found a JPEG, which alters what it holds"):
        codecs.decode(codecs.DOMAINS[domain], content, domain)
    with pytest.raises(BadInput, match="truncated JPEG"):
        codecs.decode(codecs.DOMAINS["rgb"], content[:-2], "rgb")


def test_a_folder_of_unreadable_links_is_named_by_pack(houses: Path, tmp_path: Path) -> None:
    file = layout.path(houses, View("coffeen", 0, 0), "rgb")
    file.unlink()
    file.symlink_to("gone.png")
    with pytest.raises(BadInput, match=r"cannot be read \(a link to nothing\)"):
        shards.pack(str(houses), tmp_path / "packed")
