"""The page of studies, and the report's links to the pages beside it."""

import base64
import json
from pathlib import Path

import pytest

from taskonomy.config import load
from taskonomy.errors import BadInput
from taskonomy.publishing import links
from taskonomy.studies import catalogue, figures, shown
from taskonomy.studies.findings import Findings, Row, as_text, write

PARAMS = Path(__file__).parents[2] / "params.yaml"
ROWS: list[Row] = [
    {"target": "normal <3D>", "order": 1, "gain": 0.25},
    {"target": "reshading", "order": 2, "gain": None},
]


@pytest.fixture
def out(tmp_path: Path) -> Path:
    (tmp_path / "taxonomy.json").write_text("{}")
    (tmp_path / "report.html").write_text("<nav><a>Glossary</a><!-- evaluation --></nav>")
    return tmp_path


def found(out: Path, kind: str, name: str) -> Path:
    """Findings, left where a command leaves them."""
    folder = out / kind / name
    folder.mkdir(parents=True)
    text = f"Two targets:\n  with a & b\n\n{as_text(ROWS)}"
    figure = figures.bars(["normal"], {"gain": [0.25]}, "gain")
    write(folder, name, Findings(text=text, tables={"rows": ROWS}, figure=figure))
    return folder


def led_to(out: Path) -> list[str]:
    report = (out / "report.html").read_text()
    return [place for place in links._PAGES if report.count(f'href="{place}"') == 1]


def test_the_page_says_draws_and_tabulates_what_was_found_and_fetches_nothing(out: Path) -> None:
    config = load(PARAMS, "demo")
    for kind, name in (("studies", "label-efficiency"), ("novel", "depth_code")):
        shown.keep(out, found(out, kind, name), config)
    page = (out / "studies" / "studies.html").read_text()

    assert catalogue.STUDIES["label-efficiency"][1:] in page
    assert page.index("<h2>Label efficiency</h2>") < page.index("<h2>Depth code</h2>")
    assert "<p>Two targets:</p>" in page
    assert "<li>with a &amp; b</li>" in page
    assert '<td>normal &lt;3D&gt;</td><td class="num">1</td><td class="num">0.250</td>' in page
    assert '<td>reshading</td><td class="num">2</td><td class="num">-</td>' in page
    drawn = (out / "novel" / "depth_code" / "depth_code.svg").read_bytes()
    assert page.count('src="') == page.count('src="data:image/svg+xml;base64,') == 2
    assert base64.b64encode(drawn).decode() in page
    for place in ("label-efficiency/rows.csv", "../novel/depth_code/rows.parquet"):
        assert f'<a href="{place}">' in page
        assert (out / "studies" / place).is_file()
    kept = json.loads((out / "novel" / "depth_code" / "configuration.json").read_bytes())
    assert kept["run"] == json.loads(config.to_json())
    assert led_to(out) == ["studies/studies.html"]


def test_a_study_on_another_data_set_stands_after_the_study_s_own(out: Path) -> None:
    config = load(PARAMS, "demo")
    for name in ("generalisation-kitchen", "generalisation"):
        shown.keep(out, found(out, "studies", name), config)
    page = (out / "studies" / "studies.html").read_text()
    own, other = ("<h2>Generalisation</h2>", "<h2>Generalisation kitchen</h2>")
    assert 0 < page.index(own) < page.index(other)


def test_findings_of_another_taxonomy_are_named_and_left_out(out: Path) -> None:
    config = load(PARAMS, "demo")
    shown.keep(out, found(out, "studies", "order"), config)
    (out / "taxonomy.json").write_text('{"another": 1}')
    shown.keep(out, found(out, "sources", "mine"), config)
    page = (out / "studies" / "studies.html").read_text()
    assert "<h2>Mine</h2>" in page
    assert "<h2>Order</h2>" not in page
    assert "<code>studies/order</code>" in page


def test_a_report_leads_to_pages_about_its_own_taxonomy_alone(out: Path) -> None:
    bare = (out / "report.html").read_text()
    shown.keep(out, found(out, "studies", "order"), load(PARAMS, "demo"))
    (out / "evaluation").mkdir()
    (out / "evaluation" / "evaluation.html").write_text(links.about(out))
    links.renew(out)
    both = (out / "report.html").read_text()
    assert led_to(out) == ["evaluation/evaluation.html", "studies/studies.html"]

    # Published again, the same or another one, over the report that led there.
    (out / "report.html").write_text(bare)
    links.renew(out)
    assert (out / "report.html").read_text() == both
    (out / "taxonomy.json").write_text('{"another": 1}')
    links.renew(out)
    assert (out / "report.html").read_text() == bare


def test_findings_without_a_run_beside_them_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"taxonomy\.json: no such file; expected what"):
        shown.keep(tmp_path, found(tmp_path, "studies", "order"), load(PARAMS, "demo"))
