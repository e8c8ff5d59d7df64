"""The report's links to the pages that later commands leave beside it.

A page is about one taxonomy, and says which. The report of another one, as after a run with another
seed into the same folder, does not lead to it.
"""

import hashlib
from pathlib import Path

from taskonomy import files
from taskonomy.errors import BadInput

_PAGES = {
    "evaluation/evaluation.html": "Error bars and baselines",
    "studies/studies.html": "Studies",
}
"""Every page by its place in the run's folder, with the words of its link."""

_MARK = "<!-- evaluation -->"
"""Where the report has room for links."""


def about(out: Path) -> str:
    """The name of the taxonomy that lies in a run's folder: a hash of taxonomy.json.

    A page that is about it holds this name.

    Raises:
        BadInput: there is none.
    """
    taxonomy = out / "taxonomy.json"
    if not taxonomy.is_file():
        raise BadInput(f"{taxonomy}: no such file; expected what `taskonomy run` leaves")
    return hashlib.sha256(taxonomy.read_bytes()).hexdigest()


def renew(out: Path) -> None:
    """Lead from the folder's report to the pages beside it that are about its taxonomy."""
    report = out / "report.html"
    if not report.is_file():
        return
    before = text = report.read_text(encoding="utf-8")
    name = about(out)
    for place, words in _PAGES.items():
        link, page = f'<a href="{place}">{words}</a>', out / place
        text = text.replace(link, "")
        if page.is_file() and name in page.read_text(encoding="utf-8"):
            text = text.replace(_MARK, link + _MARK)
    if text != before:
        files.write(report, text.encode())
