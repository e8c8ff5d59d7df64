"""Files say their format: today's and silent ones are read, newer ones are refused by name."""

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

from taskonomy import formats
from taskonomy.affinity import table
from taskonomy.affinity.candidate import Candidate
from taskonomy.commands.main import main
from taskonomy.data import availability, shards
from taskonomy.dictionary import DICTIONARY
from taskonomy.errors import BadInput
from taskonomy.formats import Format
from taskonomy.publishing import artifact, models
from taskonomy.rooms.dataset import render_dataset
from taskonomy.runs import outcomes
from taskonomy.runs.context import dataset_record
from taskonomy.store import Store
from taskonomy.training import record

ROWS = [
    Candidate(regime="8", target=target, sources=(source,), kind=kind, affinity=0.5)
    for target, source, kind in [
        ("normal", "normal", "supervised"),
        ("normal", "reshading", "transfer"),
        ("reshading", "reshading", "supervised"),
        ("reshading", "normal", "transfer"),
    ]
]

MODEL = models.Model(
    model_id="a1", kind="transfer", target="normal", sources=("reshading",), order=1, regime="256",
    seed=0, readout_seed=0, status="finished", steps=30, train_images=256, test_loss=0.25,
    mlflow_run_id="r1", artifact="models/a1.safetensors", sha256="0" * 64, seconds=0.2,
)  # fmt: skip
NETWORK = replace(MODEL, model_id="b2", kind="task", sources=(), order=0, regime="")


def newer(kind: Format) -> Format:
    return Format(kind.kind, kind.file, kind.version + 1)


def refusal(kind: Format, place: Path | str) -> str:
    """The one line that a file of the next version is refused by."""
    return (
        f"{place}: format {kind.version + 1} of {kind.file}; this version reads up to "
        f"{kind.version}; update taskonomy"
    )


def say(path: Path, kind: Format | None) -> None:
    """Give a file another format; none at all for None."""
    if path.suffix == ".parquet":
        rows = pq.read_table(path, partitioning=None)
        pq.write_table(rows.replace_schema_metadata(kind.metadata if kind else None), path)
        return
    content = json.loads(path.read_bytes())
    content.pop(formats.JSON_KEY, None)
    path.write_text(json.dumps(content | ({formats.JSON_KEY: str(kind)} if kind else {})))


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """The tables and documents of a finished run, and the record of its data set."""
    folder = tmp_path / "out"
    table.write(folder / "affinity.parquet", ROWS)
    listed = models.to_table([MODEL, NETWORK])
    (folder / "models.parquet").write_bytes(models.to_bytes(listed))
    taxonomy = artifact.taxonomy(
        dictionary=DICTIONARY, tasks=[], left_out={}, costs={}, policies=[], digests={}
    )
    (folder / "taxonomy.json").write_bytes(artifact.canonical(taxonomy))
    made = artifact.provenance(
        runs={}, started="", finished="", dvc_revision=None, image_digests={}
    )
    (folder / "provenance.json").write_bytes(artifact.canonical(made))
    store = Store(str(folder / "store"))
    facts = {"root": str(tmp_path / "data"), "tasks": []}
    store.write_json(formats.DATASET_RECORD.stamped(facts), "version-data", "key", "dataset.json")
    store.finish("version-data", "key")
    return folder


AFFINITY = "out/affinity.parquet"
RECORD = "store/version-data/key/dataset.json"

READERS = {
    "affinity.parquet": (formats.AFFINITY, table.read),
    "models.parquet": (formats.MODELS, models.read),
    "taxonomy.json": (formats.TAXONOMY, formats.TAXONOMY.read),
    "provenance.json": (formats.PROVENANCE, formats.PROVENANCE.read),
    RECORD: (
        formats.DATASET_RECORD,
        lambda path: dataset_record(Store(str(path.parents[2])), "key"),
    ),
}


@pytest.mark.parametrize("name", READERS)
def test_a_silent_file_is_read_as_one_of_today_and_a_newer_one_is_refused(
    out: Path, name: str
) -> None:
    kind, read = READERS[name]
    path = out / name

    def content() -> object:
        found = read(path)
        return {**found, formats.JSON_KEY: None} if isinstance(found, dict) else found

    written = content()
    for same in (None, Format(kind.kind, kind.file, 1), kind):
        say(path, same)
        assert content() == written
    say(path, newer(kind))
    with pytest.raises(BadInput, match=f"^{re.escape(refusal(kind, path))}$"):
        read(path)
    say(path, Format("thesis", "thesis.pdf"))
    with pytest.raises(BadInput, match=f"'taskonomy/thesis/1'; expected {kind}, of {kind.file}$"):
        read(path)


def test_a_table_of_models_of_the_first_format(out: Path) -> None:
    path = out / "models.parquet"
    now = models.read(path).to_pylist()
    assert {(row["kind"], row["regime"]) for row in now} == {("transfer", "256"), ("task", "")}
    first = pa.Table.from_pylist([{**row, "regime": "256"} for row in now], models.SCHEMA)
    pq.write_table(first.drop_columns(["readout_seed"]), path)
    assert models.read(path).to_pylist() == now
    say(path, formats.MODELS)
    with pytest.raises(BadInput, match="no column 'readout_seed'"):
        models.read(path)


def test_the_contract_lists_every_format() -> None:
    contract = (Path(__file__).resolve().parents[2] / "docs" / "contract.md").read_text()
    known = {kind for kind in vars(formats).values() if isinstance(kind, Format)}
    rows = re.findall(r"^\| `([a-z-]+)` \| ([0-9]+) \| `", contract, re.MULTILINE)
    assert sorted(rows) == sorted((kind.kind, str(kind.version)) for kind in known)


@pytest.mark.parametrize("said", ["3", "taskonomy/models/0", "taskonomy/models/x", "", 3])
def test_what_is_no_format_is_refused(said: object) -> None:
    with pytest.raises(BadInput, match=r"^f: its format is .*; expected taskonomy/models/2, of"):
        formats.MODELS.check("f", said)


@pytest.mark.parametrize("content", [b"{", b"\xff", b"[]"])
def test_what_is_no_json_object_is_refused(content: bytes) -> None:
    with pytest.raises(BadInput, match=r"^f: (not JSON|found a list)"):
        formats.TAXONOMY.parse(content, "f")


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        (
            ["solve", "out/affinity.parquet", "--budget", "1", "--max-order", "1"],
            "affinity.parquet",
        ),
        (["group", "out/affinity.parquet", "--networks", "1"], "affinity.parquet"),
        (["evaluate", "out/affinity.parquet", "--out", "x"], "affinity.parquet"),
        (["evaluate"], "affinity.parquet"),
        (["evaluate"], "models.parquet"),
        (["evaluate"], "taxonomy.json"),
        (["study", "order"], "models.parquet"),
        (["study", "order"], RECORD),
        (["cluster", "units", "out", "--device", "cpu"], "models.parquet"),
    ],
)
def test_commands_refuse_a_newer_file_in_one_line(
    out: Path,
    arguments: list[str],
    name: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(out.parent)
    kind, _ = READERS[name]
    say(out / name, newer(kind))
    assert main(arguments) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    (line,) = printed.err.splitlines()
    assert line.endswith(refusal(kind, f"out/{name}"))


def test_solve_reads_a_silent_file(out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["solve", str(out / "affinity.parquet"), "--budget", "1", "--max-order", "1"]
    assert main(arguments) == 0
    before = capsys.readouterr().out
    say(out / "affinity.parquet", None)
    assert main(arguments) == 0
    assert capsys.readouterr().out == before


def test_a_data_sets_declaration(tmp_path: Path) -> None:
    path = tmp_path / "dataset.json"
    path.write_text('{"labels": [], "classes": {"scene": ["attic"]}}')
    assert availability.classes(tmp_path) == {"class_scene": ["attic"]}
    say(path, newer(formats.DATASET))
    with pytest.raises(BadInput, match=re.escape(refusal(formats.DATASET, path))):
        availability.classes(tmp_path)


def test_packed_shards(tmp_path: Path) -> None:
    path = tmp_path / "shards.json"
    path.write_text('{"shards": []}')
    assert list(shards.samples(str(tmp_path), [])) == []
    say(path, newer(formats.SHARDS))
    with pytest.raises(BadInput, match=re.escape(refusal(formats.SHARDS, path))):
        list(shards.samples(str(tmp_path), []))


def test_an_outcome(tmp_path: Path) -> None:
    store = Store(str(tmp_path))
    outcome = outcomes.Outcome("key/shard", "content", 3, "failed", failed=("a model",))
    outcomes.write(store, outcome)
    path = tmp_path / "outcomes/key/shard.json"
    for same in (formats.OUTCOME, None):
        say(path, same)
        assert outcomes.read(store, "key/shard") == outcome
    say(path, newer(formats.OUTCOME))
    with pytest.raises(BadInput, match=re.escape(refusal(formats.OUTCOME, path))):
        outcomes.read(store, "key/shard")


def test_a_model(tmp_path: Path) -> None:
    store = Store(str(tmp_path))
    losses = np.ones(2, np.float32)
    saved = record.Record(
        model_id="b2", kind="task", target="normal", sources=(), regime=0, seed=0, steps=1,
        readout_seed=0, status="finished", train_images=2, seconds=0.5, choice_losses=losses,
        test_losses=losses, curve=losses[None],
    )  # fmt: skip
    record.save(store, saved, {})
    path = tmp_path / "models" / "b2.safetensors"
    with safe_open(path, "numpy") as file:
        metadata = file.metadata()
    assert metadata.pop(formats.METADATA_KEY) == str(formats.MODEL)
    assert record.read(store, "b2").test_loss == 1
    assert record.read(store, "b2").choice_losses.tolist() == [1, 1]
    tensors = load_file(path)
    del tensors["choice_losses"]
    second = {formats.METADATA_KEY: "taskonomy/model/2", "record": metadata["record"]}
    save_file(tensors, path, second)
    assert record.read(store, "b2").choice_losses.tolist() == []
    facts = json.loads(metadata["record"])
    del facts["readout_seed"]
    for kind, regime in [("task", 0), ("transfer", 8)]:
        first = json.dumps(facts | {"kind": kind, "regime": "8"})
        save_file(tensors, path, {"record": first})
        found = record.read(store, "b2")
        assert (found.test_loss, found.regime, found.readout_seed) == (1, regime, 0)
    save_file(tensors, path, metadata | newer(formats.MODEL).metadata)
    with pytest.raises(BadInput, match=re.escape(refusal(formats.MODEL, path))):
        record.read(store, "b2")


def test_a_rendering_whose_declaration_is_silent_is_the_same(tmp_path: Path) -> None:
    path = tmp_path / "rooms" / "dataset.json"
    render_dataset(path.parent, 1, 16, seed=0, workers=1)
    assert json.loads(path.read_bytes())[formats.JSON_KEY] == str(formats.DATASET)
    say(path, None)
    before = path.read_bytes()
    render_dataset(path.parent, 1, 16, seed=0, workers=1)
    assert path.read_bytes() == before
    say(path, newer(formats.DATASET))
    with pytest.raises(BadInput, match=re.escape(refusal(formats.DATASET, path))):
        render_dataset(path.parent, 1, 16, seed=0, workers=1)
