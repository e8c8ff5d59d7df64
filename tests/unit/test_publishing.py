"""The sanity table, the figures and the report."""

import html.parser
import itertools
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import jsonschema
import numpy as np
import pytest

from taskonomy.affinity.candidate import Candidate
from taskonomy.data import pictures
from taskonomy.dictionary import DICTIONARY
from taskonomy.errors import BadInput
from taskonomy.evaluation.sanity import Sanity, sanity
from taskonomy.publishing import artifact, charts, evaluation_charts, graph, matrices, samples
from taskonomy.publishing.pages import best_value
from taskonomy.publishing.report import ReportData, render_report
from tests.unit.published import REGIME, report_data, sample, taxonomy


@pytest.fixture(scope="module")
def data() -> ReportData:
    return report_data()


@pytest.fixture(scope="module")
def page(data: ReportData) -> str:
    return render_report(data)


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
        assert [b.times_chance for b in matrices.blocks(pairs, DICTIONARY)[0]] == pytest.approx(
            [0.5, 1.5]
        )

    def test_a_drawn_policy_has_every_edge_once(self, data: ReportData) -> None:
        for policy in data.taxonomy["policies"]:
            if policy["status"] != "optimal":
                continue
            drawn = graph.layout(policy, DICTIONARY)
            transfers = [e for e in policy["edges"] if e["kind"] != "supervised"]
            assert sorted(n.name for n in drawn.nodes if n.bought) == sorted(policy["sources"])
            assert {(c.source, c.target) for c in drawn.curves} == {
                (source, e["target"]) for e in transfers for source in e["sources"]
            }
            assert {j.target for j in drawn.joints} == {
                e["target"] for e in transfers if len(e["sources"]) > 1
            }

    def test_a_transfer_that_loses_to_the_guess_is_marked_wherever_it_is_shown(
        self, data: ReportData
    ) -> None:
        rows = [
            replace(row, win_vs_guess=0.4 if row.target == "reshading" else 0.8, n_choice=90,
                    affinity_choice=row.affinity)
            for row in data.affinity
        ]  # fmt: skip
        content = taxonomy(rows)
        jsonschema.validate(content, artifact.schema())
        page = render_report(replace(data, affinity=rows, taxonomy=content))
        policies = [p for p in content["policies"] if p["status"] == "optimal"]
        losing = [edge for p in policies for edge in p["edges"] if edge["target"] == "reshading"]
        transfers = [edge for edge in losing if edge["kind"] == "transfer"]

        assert transfers
        assert page.count('<b title="does not beat the informed guess">!</b>') == len(losing)
        lines = sum(len(edge["sources"]) for edge in transfers)
        assert len(re.findall(r'class="edge g-\w+ loses"', page)) == lines
        assert page.count("No better than the informed guess, the best constant") == len(policies)
        assert "40% against the informed guess, which it does not beat" in page
        assert "scale, on validation images" in page
        plain = render_report(data)
        assert "does not beat" not in plain
        assert "on validation images" not in plain

    def test_the_tree_draws_each_join_between_what_it_joins(self) -> None:
        drawn = charts.tree(
            np.array([[0.0, 2.0, 1.0, 2.0], [1.0, 3.0, 2.0, 3.0]]),
            ["normal", "jigsaw", "depth"],
            DICTIONARY,
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
        assert pictures.scalar_map(low_high, 0.0, 1.0).tolist() == [
            [[68, 1, 84], [253, 231, 37], [128, 128, 128]]
        ]
        lab = np.array([[[53.585, 0.0, 0.0], [53.24, 80.09, 67.20]]])
        assert pictures.lab_to_rgb(lab).tolist() == [[[128, 128, 128], [255, 0, 0]]]
        spread = pictures.nearest_segments(np.array([[0.0, 3.0], [5.0, 9.0]]), (1, 4))
        assert spread.tolist() == [[5, 5, 9, 9]]

    def test_samples_of_every_trained_task_become_pictures_or_numbers(
        self, data: ReportData
    ) -> None:
        for entry in DICTIONARY:
            if entry.trained:
                shown = samples.example(entry, data.samples[entry.name])
                assert len(shown.strips) == (3 if entry.head == "image" else 0)
                assert len(shown.cards) == (4 if entry.head == "vector" else 0)


def test_titles_on_the_map_cover_neither_each_other_nor_leave_it() -> None:
    places = {"normal": (0.0, 0.0), "reshading": (0.01, 0.01), "depth_zbuffer": (0.02, 0.0),
              "nonfixated_pose": (1.0, 0.5), "autoencoding": (0.3, 1.0)}  # fmt: skip
    rows = [{"frame": 0, "task": name, "x": x, "y": y} for name, (x, y) in places.items()]
    drawn = evaluation_charts.task_map(rows)
    boxes = []
    for dot in drawn.dots:
        wide = 6.0 * len(dot.title)
        left = dot.x + dot.dx - (wide if dot.anchor == "end" else 0)
        boxes.append((left, left + wide, dot.y + dot.dy - 10, dot.y + dot.dy))
    assert all(left >= 0 and right <= drawn.width for left, right, _, _ in boxes)
    for one, other in itertools.combinations(boxes, 2):
        beside = one[1] <= other[0] or other[1] <= one[0]
        assert beside or one[3] <= other[2] or other[3] <= one[2]


def test_numbers_are_named_by_what_they_are() -> None:
    def labels(name: str, classes: Sequence[str] = ()) -> set[str]:
        cards = samples.example(DICTIONARY[name], sample(DICTIONARY[name]), classes).cards
        return {number.label for card in cards for number in card.numbers}

    assert "turn x" in labels("fixated_pose")
    assert labels("point_matching") == {"different", "same"}
    assert labels("class_object") <= {f"class {i}" for i in range(1, 9)}
    assert labels("class_object", list("abcdefgh")) <= set("abcdefgh")


class _Page(html.parser.HTMLParser):
    """Collects what a page would fetch, the anchors that it offers and needs, and its tables."""

    def __init__(self) -> None:
        super().__init__()
        self.fetched: list[str] = []
        self.wanted: set[str] = set()
        self.offered: set[str] = set()
        self.boxes: list[str | None] = []
        self.boxes_of_tables: list[str | None] = []

    def handle_endtag(self, tag: str) -> None:
        if tag in ("div", "figure"):
            self.boxes.pop()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("div", "figure"):
            self.boxes.append(dict(attrs).get("class"))
        if tag == "table":
            self.boxes_of_tables.append(self.boxes[-1])
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

    def test_a_table_too_wide_for_the_screen_scrolls(self, page: str) -> None:
        found = _Page()
        found.feed(page)
        assert set(found.boxes_of_tables) == {"scroll"}
        assert ".scroll { overflow-x: auto;" in page

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
