"""DVC tells one version of a data set from another by content alone."""

from pathlib import Path

from taskonomy.data.version import version


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
