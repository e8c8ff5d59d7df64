"""DVC tells one version of a data set from another by content alone."""

from pathlib import Path

import pytest

from taskonomy.data.version import version
from taskonomy.errors import BadInput


def test_equal_content_has_equal_hash_and_any_changed_byte_another(tmp_path: Path) -> None:
    first, second = tmp_path / "a", tmp_path / "b"
    for root in (first, second):
        (root / "room" / "rgb").mkdir(parents=True)
        (root / "room" / "rgb" / "view.png").write_bytes(b"pixels")
    records = tmp_path / "records"
    before = version(first, records)
    assert before["md5"] == version(second, records)["md5"]
    assert (before["files"], before["bytes"]) == (1, 6)
    assert (records / before["record"]).is_file()

    (first / "room" / "rgb" / "view.png").write_bytes(b"pixelS")
    assert version(first, records)["md5"] != before["md5"]
    assert before["revision"] is None


def test_dvc_s_own_reason_is_passed_on_in_one_line(tmp_path: Path) -> None:
    folder = tmp_path / "data" / "room"
    folder.mkdir(parents=True)
    (folder / "mesh.ply").symlink_to("../../cache/ab")
    with pytest.raises(BadInput) as caught:
        version(tmp_path / "data", tmp_path / "records")
    assert str(caught.value) == (
        "dvc import-url: unexpected error - [Errno 2] No such file or directory: "
        f"'{folder}/mesh.ply'; expected files that DVC can read"
    )
