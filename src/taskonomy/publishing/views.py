"""Parts of the report as pages of their own, for the visualizations of Kubeflow's runs.

Kubeflow shows HTML in a frame that may run scripts but has no origin, no storage and no network:
each page is one file that holds all it needs.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from taskonomy.affinity.candidate import Candidate
from taskonomy.dictionary import Dictionary
from taskonomy.publishing import matrices
from taskonomy.publishing.pages import environment, groups, solved


def affinities(candidates: Sequence[Candidate], dictionary: Dictionary) -> str:
    """The matrix of first-order affinities of one regime, as a page."""
    after = matrices.after_ahp(matrices.first_order(candidates), dictionary)
    shown = groups(after.sources, dictionary)
    return _page(dictionary, "matrix.html.j2", "Affinities", after=after, groups=shown)


def taxonomies(policies: Sequence[Mapping[str, Any]], dictionary: Dictionary) -> str:
    """The graphs of one regime's policies (docs/contract.md), by budget and order, as a page."""
    names = {name for p in policies for edge in p["edges"] for name in edge["sources"]}
    known = [name for name in dictionary.names if name in names]
    shown = {"groups": groups(known, dictionary), **solved(policies, dictionary)}
    return _page(dictionary, "taxonomies.html.j2", "Taxonomies", **shown)


def _page(dictionary: Dictionary, part: str, title: str, **context: Any) -> str:
    template = environment(dictionary).get_template("view.html.j2")
    return template.render(part=part, title=title, **context)
