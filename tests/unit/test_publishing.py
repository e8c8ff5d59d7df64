"""The published artifact, the table of models, the sanity table and the report."""

import base64
import html.parser
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from taskonomy.affinity.candidate import Candidate
from taskonomy.dictionary import DICTIONARY, SOURCES, TARGETS, Task, task
from taskonomy.errors import BadInput
from taskonomy.evaluation.sanity import Sanity, sanity
from taskonomy.publishing import artifact, charts, colours, graph, matrices, models, samples
from taskonomy.publishing.models import Model
from taskonomy.publishing.report import DatasetFacts, ReportData, best_value, render_report
from taskonomy.publishing.samples import Samples
from taskonomy.taxonomy import sweep

REGIME = "256"


def candidates() -> list[Candidate]:
    """Made-up affinities: sources of a target's own group serve it better."""
    rng = np.random.default_rng(7)
    found = []
    for target in TARGETS:
        single = [(s,) for s in SOURCES if s != target]
        double = [tuple(sorted(rng.choice(SOURCES, 2, replace=False))) for _ in range(10)]
        double = sorted({pair for pair in double if target not in pair})
        kinds = ["supervised", "own_readout", *["transfer"] * (len(single) + len(double))]
        sets = [(target,), (target,), *single, *double]
        kin = [np.mean([task(s).group == task(target).group for s in sources]) for sources in sets]
        weight = np.exp(1.2 * np.array(kin) + rng.normal(0, 0.6, len(sets)))
        weight[0] *= 5
        for kind, sources, p in zip(kinds, sets, weight / weight.sum(), strict=True):
            win = float(np.clip(0.35 + 8 * p + rng.normal(0, 0.05), 0, 1))
            found.append(
                Candidate(
                    regime=REGIME, target=target, sources=sources, kind=kind, affinity=float(p),
                    affinity_low=float(p * 0.85), affinity_high=float(p * 1.2), n_test=360,
                    win_vs_scratch=win,
                    win_vs_supervised=0.5 if kind == "supervised" else win * 0.5,
                )
            )  # fmt: skip
    return found


def model(**changes: Any) -> Model:
    values: dict[str, Any] = {
        "model_id": "a1", "kind": "transfer", "target": "normal", "sources": ("reshading",),
        "order": 1, "regime": REGIME, "seed": 0, "status": "finished", "steps": 30,
        "train_images": 256, "test_loss": 0.25, "mlflow_run_id": "r1",
        "artifact": "models/a1.safetensors", "sha256": "0" * 64, "seconds": 0.2,
    }  # fmt: skip
    return Model(**{**values, **changes})


def model_table(rows: Sequence[Candidate]) -> pa.Table:
    single = [row for row in rows if row.order == 1 and row.kind != "supervised"]
    readouts = [
        model(
            model_id=f"{row.target}-{row.sources[0]}", target=row.target, sources=row.sources,
            test_loss=0.3 - row.affinity,
        )
        for row in single
    ]  # fmt: skip
    broken = model(model_id="x", order=2, sources=("egomotion", "jigsaw"), test_loss=None,
                   status="failed: the loss is not finite")  # fmt: skip
    return models.to_table([*readouts, broken])


def policies(rows: Sequence[Candidate]) -> list[dict[str, Any]]:
    solved = sweep.policies(rows, budgets=[2, 8], orders=[1, 2])
    return [
        {"regime": REGIME, "budget": p.budget, "max_order": p.max_order, "seconds": 1.0}
        | p.as_json()
        for p in solved
    ]


def taxonomy(rows: Sequence[Candidate]) -> dict[str, Any]:
    infeasible = {"regime": REGIME, "budget": 0.0, "max_order": 1, "status": "infeasible",
                  "reason": "no edge reaches normal"}  # fmt: skip
    return artifact.taxonomy(
        tasks=[name for name in SOURCES if name != "class_scene"],
        left_out={"class_scene": "no folder class_scene"},
        costs={"autoencoding": 0.0},
        policies=[*policies(rows), infeasible],
        digests={"data": "d1", "affinity": "a1"},
    )


def smooth(rng: np.random.Generator, shape: tuple[int, ...], size: int) -> np.ndarray:
    """Low-frequency noise in about [-1, 1], so that pictures look like something."""
    coarse = rng.normal(size=(*shape, 4, 4))
    grid = np.linspace(0, 2.999, size)
    low = grid.astype(int)
    part = grid - low
    rows = coarse[..., low, :] * (1 - part)[:, None] + coarse[..., low + 1, :] * part[:, None]
    full = rows[..., low] * (1 - part) + rows[..., low + 1] * part
    return np.tanh(full).astype(np.float32)


def sample(entry: Task, size: int = 32) -> Samples:
    """Made-up inputs, targets and outputs in the shapes that training saves."""
    rng = np.random.default_rng(SOURCES.index(entry.name))
    n = 6
    views, view_size = (9, 20) if entry.inputs == "tiles" else (entry.images, 64)
    inputs = smooth(rng, (n, views, 3), view_size).transpose(0, 1, 3, 4, 2)
    if entry.head == "vector":
        width = entry.channels or 8
        target = rng.normal(size=(n, width))
        output = target + rng.normal(0, 0.4, (n, width))
        if entry.loss == "cross_entropy":
            target = np.exp(2 * target) / np.exp(2 * target).sum(axis=1, keepdims=True)
    else:
        channels = 313 if entry.name == "colorization" else entry.channels
        target = smooth(rng, (n, channels), size)
        output = target + 0.2 * smooth(rng, (n, channels), size)
        if entry.loss == "pixel_cross_entropy":
            target = (target == target.max(axis=1, keepdims=True)).astype(np.float32)
            output = 8 * output
        if entry.loss == "metric":
            where = np.stack([rng.choice(size**2, 300, replace=False) for _ in range(n)])
            target = np.stack([where, (where % size > size // 2) + 2 * (where > 500)], axis=1)
    return Samples(
        inputs=np.rint(127.5 + 100 * inputs).astype(np.uint8),
        target=np.asarray(target, np.float32), output=np.asarray(output, np.float32),
        mask=np.ones((n, 1), np.float32) if entry.head == "vector" else None,
    )  # fmt: skip


def linkage(count: int) -> np.ndarray:
    """A caterpillar: leaf by leaf joined to one growing cluster."""
    rows = [[0.0 if i == 0 else count + i - 1, i + 1, 0.1 * (i + 1), i + 2.0]
            for i in range(count - 1)]  # fmt: skip
    return np.array(rows)


def report_data() -> ReportData:
    rows = candidates()
    rng = np.random.default_rng(3)
    trained = [entry.name for entry in DICTIONARY if entry.trained]
    losses = {name: rng.random(360) for name in trained}
    return ReportData(
        profile="demo", regime=REGIME, seeds=(0,), seconds=431.0,
        dataset=DatasetFacts(
            source="scenes", version="1b6e0c2f", views=2200, buildings=60, size=64,
            split_kind="by stretches of one building", split_note="The data has one building.",
            counts={"train": 1400, "val": 400, "test": 400},
        ),
        affinity=rows, models=model_table(rows), taxonomy=taxonomy(rows),
        sanity=sanity(
            losses,
            {name: loss + rng.normal(0.2, 0.3, 360) for name, loss in losses.items()},
            {name: losses[name] + 0.1 for name in TARGETS},
        ),
        samples={entry.name: sample(entry) for entry in DICTIONARY if entry.trained},
        classes={"class_scene": ["bedroom", "kitchen", "living room"]},
        linkage=linkage(len(SOURCES)), tree_labels=SOURCES, structure="3D -> 3D .11 [.09, .13]",
    )  # fmt: skip


@pytest.fixture(scope="module")
def data() -> ReportData:
    return report_data()


@pytest.fixture(scope="module")
def page(data: ReportData) -> str:
    return render_report(data)


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
            tasks=["normal"], left_out={}, costs={}, policies=[policy], digests={}
        )
        assert content["policies"][0]["proven"] is False

    def test_a_policy_without_a_budget_is_bad_input(self) -> None:
        with pytest.raises(BadInput, match="budget"):
            artifact.taxonomy(
                tasks=[], left_out={}, costs={}, policies=[{"regime": "1"}], digests={}
            )


class TestModelsTable:
    def test_round_trips_in_a_fixed_order_of_rows(self, tmp_path: Path) -> None:
        rows = [model(), model(model_id="b2", kind="task", sources=(), order=0, test_loss=None)]
        content = models.to_bytes(models.to_table(rows))
        assert content == models.to_bytes(models.to_table(rows[::-1]))
        (tmp_path / "models.parquet").write_bytes(content)
        table = models.read(tmp_path / "models.parquet")
        assert table.column("model_id").to_pylist() == ["b2", "a1"]
        assert table.column("sources").to_pylist() == [[], ["reshading"]]

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


def test_sanity_counts_ties_half_and_names_unequal_tests() -> None:
    losses = {"normal": np.array([1.0, 2.0, 3.0, 4.0])}
    rows = sanity(losses, {"normal": np.array([2.0, 2.0, 2.0, 5.0])}, {})
    assert rows == (Sanity(task="normal", vs_guess=0.625, vs_random=None, n_test=4),)
    with pytest.raises(BadInput, match="normal: the informed guess has 3 test losses"):
        sanity(losses, {"normal": np.ones(3)}, {})


class TestFigures:
    def test_chance_is_the_mean_of_the_rows_transfers(self) -> None:
        row = {"kind": "transfer", "regime": REGIME, "target": "normal"}
        pairs = matrices.first_order(
            [
                Candidate(sources=("reshading",), affinity=0.3, **row),
                Candidate(sources=("denoising",), affinity=0.1, **row),
                Candidate(sources=("normal",), affinity=0.4, **row | {"kind": "own_readout"}),
                Candidate(sources=("denoising", "reshading"), affinity=0.2, **row),
            ]
        )
        times = matrices.times_chance(pairs)
        assert times == pytest.approx(
            {("normal", "reshading"): 1.5, ("normal", "denoising"): 0.5, ("normal", "normal"): 2.0}
        )
        assert [b.times_chance for b in matrices.blocks(pairs)[0]] == pytest.approx([0.5, 1.5])

    def test_a_drawn_policy_has_every_edge_once(self, data: ReportData) -> None:
        for policy in data.taxonomy["policies"]:
            if policy["status"] != "optimal":
                continue
            drawn = graph.layout(policy)
            transfers = [e for e in policy["edges"] if e["kind"] != "supervised"]
            assert sorted(n.name for n in drawn.nodes if n.bought) == sorted(policy["sources"])
            assert {(c.source, c.target) for c in drawn.curves} == {
                (source, e["target"]) for e in transfers for source in e["sources"]
            }
            assert {j.target for j in drawn.joints} == {
                e["target"] for e in transfers if len(e["sources"]) > 1
            }

    def test_the_tree_draws_each_join_between_what_it_joins(self) -> None:
        drawn = charts.tree(
            np.array([[0.0, 2.0, 1.0, 2.0], [1.0, 3.0, 2.0, 3.0]]), ["normal", "jigsaw", "depth"]
        )
        assert [leaf.title for leaf in drawn.leaves] == ["Jigsaw", "Surface normals", "Z-depth"]
        assert [g for _, g in drawn.joins] == ["3D", "mixed"]

    def test_best_value_is_the_smallest_budget_near_the_best(self) -> None:
        def policy(budget: float, order: int, quality: float) -> dict[str, Any]:
            return {"status": "optimal", "budget": budget, "max_order": order,
                    "mean_quality": quality}  # fmt: skip

        found = best_value(
            [policy(1, 2, 0.2), policy(4, 2, 0.46), policy(8, 2, 0.5), policy(2, 1, 0.5)]
        )
        assert found == policy(4, 2, 0.46)

    def test_colours_of_maps(self) -> None:
        low_high = np.array([[[0.0, 1.0, np.nan]]])
        assert colours.scalar_map(low_high, 0.0, 1.0).tolist() == [
            [[68, 1, 84], [253, 231, 37], [128, 128, 128]]
        ]
        lab = np.array([[[53.585, 0.0, 0.0], [53.24, 80.09, 67.20]]])
        assert colours.lab_to_rgb(lab).tolist() == [[[128, 128, 128], [255, 0, 0]]]
        spread = colours.nearest_segments(np.array([[0.0, 3.0], [5.0, 9.0]]), (1, 4))
        assert spread.tolist() == [[5, 5, 9, 9]]

    def test_samples_of_every_trained_task_become_pictures_or_numbers(
        self, data: ReportData
    ) -> None:
        for entry in DICTIONARY:
            if entry.trained:
                shown = samples.example(entry.name, data.samples[entry.name])
                assert len(shown.strips) == (3 if entry.head == "image" else 0)
                assert len(shown.cards) == (4 if entry.head == "vector" else 0)


def test_numbers_are_named_by_what_they_are() -> None:
    def labels(name: str, classes: Sequence[str] = ()) -> set[str]:
        cards = samples.example(name, sample(task(name)), classes).cards
        return {number.label for card in cards for number in card.numbers}

    assert "turn x" in labels("fixated_pose")
    assert labels("point_matching") == {"different", "same"}
    assert labels("class_object") <= {f"class {i}" for i in range(1, 9)}
    assert labels("class_object", list("abcdefgh")) <= set("abcdefgh")


def test_pixels_without_a_label_are_grey() -> None:
    made = sample(task("depth_zbuffer"))
    mask = np.ones((6, 1, 32, 32), np.float32)
    mask[0, :, :16] = 0
    values = {"inputs": made.inputs, "target": made.target, "output": made.output}
    masked = samples.example("depth_zbuffer", Samples(**values, mask=mask)).strips[1]
    picture = Image.open(io.BytesIO(base64.b64decode(masked.uri.split(",")[1])))
    top = np.asarray(picture)[:24, :60].astype(int)
    assert np.abs(top - 128).max() < 8
    assert np.abs(np.asarray(picture)[40:, :60].astype(int) - 128).max() > 30


class _Page(html.parser.HTMLParser):
    """Collects what a page would fetch and the anchors that it offers and needs."""

    def __init__(self) -> None:
        super().__init__()
        self.fetched: list[str] = []
        self.wanted: set[str] = set()
        self.offered: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in ("src", "href", "xlink:href", "action") and value:
                if value.startswith("#"):
                    self.wanted.add(value[1:])
                elif not value.startswith("data:"):
                    self.fetched.append(f"{tag} {name}={value[:60]}")
            if name == "id" and value:
                self.offered.add(value)


class TestReport:
    def test_is_one_file_that_fetches_and_stores_nothing(self, page: str) -> None:
        found = _Page()
        found.feed(page)
        assert found.fetched == []
        assert found.wanted <= found.offered
        for word in ("localStorage", "sessionStorage", "fetch(", "@import", "url(", "cookie"):
            assert word not in page

    def test_is_small_and_the_same_each_time(self, data: ReportData, page: str) -> None:
        assert len(page.encode()) < 4 * 2**20
        assert render_report(data) == page

    def test_shows_one_policy_and_holds_all(self, data: ReportData, page: str) -> None:
        optimal = [p for p in data.taxonomy["policies"] if p["status"] == "optimal"]
        panels = page.split('<figure class="policy"')[1:]
        assert len(panels) == len(optimal)
        assert sum(" hidden>" not in panel.split("\n")[0] for panel in panels) == 1

    def test_says_what_is_missing(self, page: str) -> None:
        for words in (
            "no folder class_scene",
            "The data has one building.",
            "failed: the loss is not finite",
            "infeasible, no edge reaches normal",
        ):
            assert words in page

    def test_an_unknown_regime_is_bad_input(self, data: ReportData) -> None:
        values = {name: getattr(data, name) for name in ReportData.__dataclass_fields__}
        with pytest.raises(BadInput, match="no affinities of regime '16k'; found: 256"):
            render_report(ReportData(**values | {"regime": "16k"}))
