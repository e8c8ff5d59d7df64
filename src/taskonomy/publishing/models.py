"""`models.parquet`: one row a model, the read model of everything that a run trained.

MLflow keeps the runs; reading thousands of them back takes minutes and its client stops at a
thousand without a word. One Parquet table takes milliseconds.
"""

import io
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from taskonomy import formats
from taskonomy.errors import BadInput, one_line
from taskonomy.training.identity import ModelRef

KINDS = ("task", "transfer", "scratch", "random", "informed_guess", "encoder")

SCHEMA = pa.schema(
    [
        pa.field("model_id", pa.string(), nullable=False),
        pa.field("kind", pa.string(), nullable=False),
        pa.field("target", pa.string(), nullable=False),
        pa.field("sources", pa.list_(pa.string()), nullable=False),
        pa.field("order", pa.int32(), nullable=False),
        pa.field("regime", pa.string(), nullable=False),
        pa.field("seed", pa.int64(), nullable=False),
        pa.field("readout_seed", pa.int64(), nullable=False),
        pa.field("status", pa.string(), nullable=False),
        pa.field("steps", pa.int64(), nullable=False),
        pa.field("train_images", pa.int64(), nullable=False),
        pa.field("test_loss", pa.float64()),
        pa.field("mlflow_run_id", pa.string()),
        pa.field("artifact", pa.string(), nullable=False),
        pa.field("sha256", pa.string(), nullable=False),
        pa.field("seconds", pa.float64(), nullable=False),
    ]
)


_SEED = "readout_seed"


@dataclass(frozen=True, kw_only=True)
class Model:
    """One row.

    Attributes:
        model_id: the hash of what determines the model.
        kind: one of `KINDS`.
        target: the task that it solves; for a `random` model, the random projection.
        sources: the tasks whose representations it reads, sorted; empty for the other kinds.
        order: how many sources.
        regime: images of the transfer set that it was trained on; empty where it was none.
        seed: the run's seed.
        readout_seed: tells readouts apart that differ in nothing else.
        status: `finished`, or `failed: ` and why.
        steps: optimisation steps.
        train_images: images that it was trained on.
        test_loss: mean loss over the test images; None where it failed or has none.
        mlflow_run_id: its run; None where tracking was off.
        artifact: where its file lies, relative to the store.
        sha256: the file's hash.
        seconds: wall-clock time of its training.
    """

    model_id: str
    kind: str
    target: str
    sources: tuple[str, ...]
    order: int
    regime: str
    seed: int
    readout_seed: int
    status: str
    steps: int
    train_images: int
    test_loss: float | None
    mlflow_run_id: str | None
    artifact: str
    sha256: str
    seconds: float


def to_table(models: Sequence[Model]) -> pa.Table:
    """The table of these models in a fixed order of rows.

    Raises:
        BadInput: a kind or a status that docs/contract.md does not know, or one model twice.
    """
    seen: set[str] = set()
    for model in models:
        if model.kind not in KINDS:
            raise BadInput(
                f"model {model.model_id}: kind {model.kind!r}; expected one of: {', '.join(KINDS)}"
            )
        if model.status != "finished" and not model.status.startswith("failed"):
            raise BadInput(
                f"model {model.model_id}: status {model.status!r}; expected finished or failed"
            )
        if model.model_id in seen:
            raise BadInput(f"model {model.model_id}: found twice; expected each model once")
        seen.add(model.model_id)
    rows = sorted(
        models,
        key=lambda m: (
            KINDS.index(m.kind),
            m.target,
            m.order,
            m.sources,
            m.regime,
            m.seed,
            m.model_id,
        ),
    )
    return pa.Table.from_pylist(
        [{**asdict(model), "sources": list(model.sources)} for model in rows], schema=SCHEMA
    )


def reference(row: Mapping[str, Any]) -> ModelRef:
    """The model that a row is about."""
    return ModelRef(
        row["model_id"],
        row["kind"],
        row["target"],
        tuple(row["sources"]),
        int(row["regime"] or 0),
        row["readout_seed"],
    )


def to_bytes(table: pa.Table) -> bytes:
    """The content of `models.parquet`."""
    sink = io.BytesIO()
    stamped = table.replace_schema_metadata(formats.MODELS.metadata)
    pq.write_table(stamped, sink, compression="zstd")
    return sink.getvalue()


def run_ids(content: bytes) -> dict[str, str | None]:
    """The MLflow run of every model that the content of a `models.parquet` names."""
    table = pq.read_table(pa.BufferReader(content), columns=["model_id", "mlflow_run_id"])
    return {row["model_id"]: row["mlflow_run_id"] for row in table.to_pylist()}


def read(path: Path) -> pa.Table:
    """Read a `models.parquet`.

    Raises:
        BadInput: no such file, no Parquet file, one of a newer version, or a column is absent or of
            another type.
    """
    if not path.is_file():
        raise BadInput(f"{path}: no such file; expected a models.parquet")
    try:
        table = pq.read_table(path)
    except pa.ArrowInvalid as error:
        raise BadInput(
            f"{path}: not a Parquet file: {one_line(error)}; expected a models.parquet"
        ) from error
    version = formats.MODELS.check_metadata(path, table.schema.metadata)
    if version == 1:
        table = _from_first(table)
    for field in SCHEMA:
        if field.name not in table.column_names:
            raise BadInput(f"{path}: no column {field.name!r}; expected the table of models")
        found = table.schema.field(field.name).type
        if not _alike(found, field.type):
            raise BadInput(f"{path}: column {field.name!r} holds {found}; expected {field.type}")
    try:
        return table.select(SCHEMA.names).cast(SCHEMA)
    except (pa.ArrowInvalid, ValueError) as error:
        raise BadInput(f"{path}: {one_line(error)}; expected the table of models") from error


def _alike(found: pa.DataType, wanted: pa.DataType) -> bool:
    """Whether a column of another tool may hold what is wanted, in a type of its own."""
    if pa.types.is_dictionary(found):
        found = found.value_type
    if pa.types.is_null(found):
        return True
    if pa.types.is_list(wanted):
        lists = (pa.types.is_list, pa.types.is_large_list, pa.types.is_fixed_size_list)
        return any(kind(found) for kind in lists) and _alike(found.value_type, wanted.value_type)
    if pa.types.is_string(wanted):
        texts = (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view)
        return any(kind(found) for kind in texts)
    return bool(pa.types.is_integer(found) or pa.types.is_floating(found))


def _from_first(table: pa.Table) -> pa.Table:
    """A table of format 1, which knew no seeds of readouts and gave every model their regime."""
    if _SEED in table.column_names:
        return table
    table = table.append_column(_SEED, pa.array([0] * len(table), pa.int64()))
    if not {"kind", "regime"} <= set(table.column_names):
        return table
    read = pc.is_in(table["kind"], pa.array(["transfer", "scratch"]))
    place = table.column_names.index("regime")
    return table.set_column(place, "regime", pc.if_else(read, table["regime"], ""))
