"""The published artifact and the table of models."""

import json
from collections.abc import Callable
from pathlib import Path

import jsonschema
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from taskonomy.dictionary import DICTIONARY
from taskonomy.errors import BadInput
from taskonomy.publishing import artifact, models
from taskonomy.publishing.report import ReportData
from tests.unit.published import model, report_data


@pytest.fixture(scope="module")
def data() -> ReportData:
    return report_data()


class TestTaxonomyArtifact:
    def test_satisfies_its_schema(self, data: ReportData) -> None:
        content = json.loads(artifact.canonical(data.taxonomy))
        validator = jsonschema.Draft202012Validator(artifact.schema())
        validator.check_schema(artifact.schema())
        validator.validate(content)
        assert {p["status"] for p in content["policies"]} == {"optimal", "infeasible"}

    def test_the_schema_refuses_what_the_inputs_do_not_determine(self, data: ReportData) -> None:
        content = json.loads(artifact.canonical(data.taxonomy))
        content["policies"][1]["seconds"] = 0.3
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.Draft202012Validator(artifact.schema()).validate(content)

    def test_equal_results_in_another_order_give_equal_bytes(self, data: ReportData) -> None:
        content = data.taxonomy
        shuffled = artifact.taxonomy(
            dictionary=DICTIONARY,
            tasks=[entry["name"] for entry in reversed(content["dictionary"])],
            left_out=content["left_out"],
            costs={"autoencoding": 0.0},
            policies=content["policies"][::-1],
            digests=dict(reversed(content["digests"].items())),
        )
        assert artifact.canonical(shuffled) == artifact.canonical(content)

    def test_canonical_json_keeps_every_digit_and_has_no_nan(self) -> None:
        text = artifact.canonical({"b": [0.1 + 0.2, float("nan")], "a": "é"})
        assert text == '{\n "a": "é",\n "b": [\n  0.30000000000000004,\n  null\n ]\n}\n'.encode()

    def test_a_policy_counts_as_proven_only_if_its_bound_meets_it(self) -> None:
        policy = {"regime": "1", "budget": 2, "max_order": 1, "status": "optimal",
                  "objective": 1.0, "bound": 1.1}  # fmt: skip
        content = artifact.taxonomy(
            dictionary=DICTIONARY,
            **{"tasks": ["normal"], "left_out": {}, "costs": {}},
            policies=[policy],
            digests={},
        )
        assert content["policies"][0]["proven"] is False

    def test_a_policy_without_a_budget_is_bad_input(self) -> None:
        with pytest.raises(BadInput, match="budget"):
            artifact.taxonomy(
                dictionary=DICTIONARY,
                **{"tasks": [], "left_out": {}, "costs": {}},
                policies=[{"regime": "1"}],
                digests={},
            )


def cast(table: pa.Table, kinds: dict[pa.DataType, pa.DataType]) -> pa.Table:
    """A table without our metadata, its columns of these types in other ones."""
    schema = [pa.field(field.name, kinds.get(field.type, field.type)) for field in table.schema]
    return table.cast(pa.schema(schema))


TEXT, LIST = pa.string(), pa.list_(pa.string())
NUMBERS = ["test_loss", "seconds"]
WRITERS: dict[str, Callable[[pa.Table], pa.Table]] = {
    "pandas 3": lambda t: cast(t, {TEXT: pa.large_string()}),
    "polars": lambda t: cast(t, {TEXT: pa.large_string(), LIST: pa.large_list(pa.large_string())}),
    "views of text": lambda t: cast(t, {TEXT: pa.string_view(), LIST: pa.list_(pa.string_view())}),
    "categories": lambda t: cast(t, {TEXT: pa.dictionary(pa.int8(), TEXT)}),
    "single precision and small whole numbers": lambda t: cast(
        t, {pa.float64(): pa.float32(), pa.int64(): pa.int32()}
    ),
    "counts as double": lambda t: cast(t, {pa.int64(): pa.float64(), pa.int32(): pa.float64()}),
}


class TestModelsTable:
    def test_round_trips_in_a_fixed_order_of_rows(self, tmp_path: Path) -> None:
        rows = [model(), model(model_id="b2", kind="task", sources=(), order=0, test_loss=None)]
        content = models.to_bytes(models.to_table(rows))
        assert content == models.to_bytes(models.to_table(rows[::-1]))
        (tmp_path / "models.parquet").write_bytes(content)
        table = models.read(tmp_path / "models.parquet")
        assert table.column("model_id").to_pylist() == ["b2", "a1"]
        assert table.column("sources").to_pylist() == [[], ["reshading"]]

    @pytest.mark.parametrize("writer", WRITERS)
    def test_is_read_whatever_tool_wrote_it(self, writer: str, tmp_path: Path) -> None:
        ours = models.to_table([model(), model(model_id="b2", mlflow_run_id=None, test_loss=None)])
        pq.write_table(WRITERS[writer](ours), tmp_path / "models.parquet")
        found = models.read(tmp_path / "models.parquet")
        assert found.schema.equals(models.SCHEMA)
        assert found.drop_columns(NUMBERS).equals(ours.drop_columns(NUMBERS))
        for name in NUMBERS:
            assert found[name].to_pylist() == pytest.approx(ours[name].to_pylist(), nan_ok=True)

    @pytest.mark.parametrize(
        ("changes", "words"), [({"kind": "teacher"}, "kind"), ({"status": "lost"}, "status")]
    )
    def test_refuses_words_that_the_contract_does_not_know(
        self, changes: dict[str, str], words: str
    ) -> None:
        with pytest.raises(BadInput, match=words):
            models.to_table([model(**changes)])

    def test_names_what_is_wrong_with_a_file(self, tmp_path: Path) -> None:
        path = tmp_path / "models.parquet"
        with pytest.raises(BadInput, match="no such file"):
            models.read(path)
        path.write_bytes(b"no table")
        with pytest.raises(BadInput, match="not a Parquet file"):
            models.read(path)
        pq.write_table(pa.table({"model_id": [1]}), path)
        with pytest.raises(BadInput, match="'model_id' holds int64; expected string"):
            models.read(path)
